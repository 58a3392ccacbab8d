"""A statutory notice that could not be delivered is seen by the competent bureau, and by no other, and sent again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.db import db
from app.reminders import engine
from app.reminders.models import Reminder
from tenants import notices, scope
from tenants.events import Event
from tenants.notices import Notice
from tenants.scope import SYSTEM, Role
from tests.factories.people import People, Person
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

NOW = at(START)
ADDRESS = "/bureau/failures/mails"


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    with delivering(mailbox, system):
        yield World(system, people, mailbox)


@pytest.fixture
def bounced(world: World, mailbox: Mailbox) -> Person:
    """A clerk of Qingdao whose address refuses a decision and a reminder."""
    organisation = world.people.organisation(city="370200", name="青岛海岸评价中心")
    clerk = world.people.member(organisation, Role.owner)
    mailbox.refuse[clerk.email] = "550 5.1.1 no such user"
    for statutory, number in ((True, "D-1"), (False, "D-2")):
        notices.tell(
            kind="dossier_returned", now=NOW, link="/org", organisation_id=organisation, statutory=statutory,
            number=number, title="题库", reason="缺少答案", decided_at=NOW.isoformat(),
        )  # fmt: skip
    db.session.commit()
    world.deadline(organisation, due_on=START + timedelta(days=7))
    engine.plan(now=NOW)
    run_jobs(world)
    return clerk


def run_jobs(world: World) -> None:
    # A request before has ended its own scope, and with it this thread's.
    with clock.frozen(NOW), scope.use(SYSTEM):
        world.run_jobs()


def notice_ids() -> list[uuid.UUID]:
    with scope.use(SYSTEM):
        found = list(db.session.scalars(select(Notice.id).where(Notice.authority_code == "370200")))
        db.session.rollback()
    return found


def as_officer(app: Flask, people: People, code: str) -> FlaskClient:
    return people.sign_in(app.test_client(), people.official(code))


def test_its_own_bureau_sees_what_bounced_and_why(app: Flask, people: People, bounced: Person) -> None:
    page = as_officer(app, people, "370200").get(ADDRESS).text
    assert page.count("法定通知未送达") == 2
    for words in ("青岛海岸评价中心", "550 5.1.1 no such user", "(D-1)", "孵化培育期2026年1月12日(周一)期满", "未读"):
        assert words in page, words
    assert "(D-2)" not in page, "a mail that may be switched off is the organisation's own matter"
    assert bounced.email not in page, "roles are told, never people"


def test_no_other_bureau_sees_it(app: Flask, people: People, bounced: Person) -> None:
    page = as_officer(app, people, "370100").get(ADDRESS).text
    assert "青岛海岸评价中心" not in page
    assert "没有未送达的通知" in page


def test_sent_again_after_the_address_was_put_right(
    app: Flask, people: People, bounced: Person, world: World, mailbox: Mailbox
) -> None:
    officer = as_officer(app, people, "370200")
    mailbox.refuse.clear()
    for notice_id in notice_ids():
        assert officer.post(f"{ADDRESS}/{notice_id}/resend").status_code == 303
    run_jobs(world)
    assert sorted(message["Subject"][:3] for _, message in mailbox.taken) == ["已退回", "还剩7"]
    with scope.use(SYSTEM):
        assert db.session.scalars(select(Reminder.state)).all() == ["sent"]
        assert len(db.session.scalars(select(Event).where(Event.name == "notice_resent")).all()) == 2
        db.session.rollback()
    assert "没有未送达的通知" in officer.get(ADDRESS).text


def test_another_bureau_cannot_send_it_again(
    app: Flask, people: People, bounced: Person, world: World, mailbox: Mailbox
) -> None:
    officer = as_officer(app, people, "370100")
    notice_id = notice_ids()[0]
    mailbox.refuse.clear()
    assert officer.post(f"{ADDRESS}/{notice_id}/resend").status_code in (404, 422)
    run_jobs(world)
    assert mailbox.taken == []
