"""When the mail server refuses, greylists, breaks off or is away, and when a sender is really killed (SIGKILL)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock, outbox
from app.config import ROOT
from app.db import db
from app.embedded.state import free_port
from app.outbox import OutboxMessage
from app.reminders import engine, sending
from app.reminders.models import Reminder
from tenants import notices
from tenants.models import User
from tenants.notices import Notice
from tenants.scope import Role
from tests.factories.people import People, Person
from tests.integration.mail_server import Mailbox, running
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)
NOW = at(START)

# A mail worker's life in small: one process, one reminder.
SENDER = """
import sys, uuid
from datetime import datetime
from app.factory import create_app
from app.reminders.sending import send_reminder
from tenants import scope
with create_app("worker").app_context(), scope.use(scope.SYSTEM):
    send_reminder(uuid.UUID(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox, port: int) -> Iterator[World]:
    before = system.config["SHEPING"]
    with running(mailbox, port):
        system.config["SHEPING"] = replace(before, smtp_url=f"smtp://127.0.0.1:{port}")
        yield World(system, people, mailbox)
    system.config["SHEPING"] = before


def planned(world: World, *, roles: tuple[Role, ...] = (Role.editor,)) -> list[Reminder]:
    organisation = world.people.organisation()
    for role in roles:
        world.people.member(organisation, role)
    world.deadline(organisation, due_on=START + 7 * DAY)
    engine.plan(now=NOW)
    return world.reminders()


def run_jobs(world: World) -> None:
    with clock.frozen(NOW):
        world.run_jobs()


def test_an_address_that_does_not_exist_fails_for_good_and_is_shown(world: World, mailbox: Mailbox) -> None:
    planned(world, roles=(Role.owner, Role.editor))
    bad = db.session.scalars(select(User.email).order_by(User.email)).first()
    db.session.rollback()
    mailbox.refuse[str(bad)] = "550 5.1.1 no such user"
    for _ in range(3):
        run_jobs(world)
        world.let_time_pass()
    states = Counter((reminder.state, reminder.attempts) for reminder in world.reminders())
    assert states == {("failed", 1): 1, ("sent", 1): 1}
    assert Counter(db.session.scalars(select(Notice.state))) == {"bounced": 1, "sent": 1}
    errors = set(db.session.scalars(select(Notice.last_error))) - {None}
    assert errors == {"550 5.1.1 no such user"}


def test_a_greylisting_server_is_asked_again_later(world: World, mailbox: Mailbox) -> None:
    (reminder,) = planned(world)
    email = db.session.scalars(select(User.email)).one()
    db.session.rollback()
    mailbox.grey[email] = 2
    run_jobs(world)
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts) == ("pending", 1)
    assert "greylisted" in str(reminder.last_error)
    assert db.session.scalar(select(Notice.state)) == "deferred"
    run_jobs(world)
    assert world.reminders()[0].attempts == 1, "it waits before it asks again"
    for _ in range(2):
        world.let_time_pass()
        run_jobs(world)
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts, len(world.mails())) == ("sent", 3, 1)
    assert db.session.scalar(select(Notice.state)) == "sent"


def test_after_five_tries_it_is_given_up(world: World, mailbox: Mailbox) -> None:
    planned(world)
    mailbox.data_answer = "451 4.3.0 not now"
    for _ in range(8):
        run_jobs(world)
        world.let_time_pass()
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts) == ("failed", sending.MAX_ATTEMPTS)


def test_a_line_that_breaks_after_data_delays_but_loses_nothing(world: World, mailbox: Mailbox) -> None:
    planned(world)
    mailbox.drop_after_data = 1
    run_jobs(world)
    assert (world.reminders()[0].state, world.mails()) == ("pending", [])
    world.let_time_pass()
    run_jobs(world)
    assert (world.reminders()[0].state, len(world.mails())) == ("sent", 1)


def test_while_no_server_answers_the_work_waits_and_no_try_is_counted(world: World, system: Flask, port: int) -> None:
    planned(world)
    good = system.config["SHEPING"]
    system.config["SHEPING"] = replace(good, smtp_url=f"smtp://127.0.0.1:{free_port()}")
    for _ in range(7):
        world.let_time_pass()
        run_jobs(world)
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts) == ("pending", 0)
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 1, "the inbox has it meanwhile"
    system.config["SHEPING"] = good
    world.let_time_pass()
    run_jobs(world)
    assert (world.reminders()[0].state, len(world.mails())) == ("sent", 1)


def test_a_mail_that_cannot_be_written_is_our_fault_and_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(world)

    def broken(*args: object, **kwargs: object) -> None:
        raise LookupError("no such template")

    monkeypatch.setattr("app.reminders.mailer.render", broken)
    for _ in range(12):
        world.let_time_pass()
        run_jobs(world)
        sending.sweep(now=NOW)
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts) == ("failed", 5)
    assert "no such template" in str(reminder.last_error)


@pytest.mark.parametrize(("hold_at", "copies"), [("recipient", 1), ("taken", 2)])
def test_a_sender_killed_before_and_after_the_server_took_the_mail(
    world: World, mailbox: Mailbox, port: int, stack_env: dict[str, str], hold_at: str, copies: int
) -> None:
    (reminder,) = planned(world)
    mailbox.hold_at = hold_at
    environ = {**os.environ, **stack_env, "SMTP_URL": f"smtp://127.0.0.1:{port}"}
    sender = subprocess.Popen([sys.executable, "-c", SENDER, str(reminder.id), NOW.isoformat()], cwd=ROOT, env=environ)
    try:
        assert mailbox.held.wait(60), "the sender never came to the point where it is to be killed"
        assert world.reminders()[0].state == "claimed"
    finally:
        os.kill(sender.pid, signal.SIGKILL)
        sender.wait(10)
        mailbox.hold_at = ""
        mailbox.go_on.set()
    assert sender.returncode == -signal.SIGKILL
    run_jobs(world)
    assert world.reminders()[0].state == "claimed", "nobody sends what another may still be sending"
    sending.sweep(now=NOW)
    assert world.reminders()[0].state == "claimed", "the claim is not old enough"
    sending.sweep(stale=timedelta(0), now=NOW)
    run_jobs(world)
    (reminder,) = world.reminders()
    assert (reminder.state, reminder.attempts) == ("sent", 2)
    mails = world.mails()
    assert len(mails) == copies
    assert {mail["Message-ID"] for mail in mails} == {reminder.message_id}


def test_a_sender_that_always_dies_is_given_up(world: World) -> None:
    (reminder,) = planned(world)
    for _ in range(sending.MAX_ATTEMPTS):
        assert sending.claim(Reminder, reminder.id)
        sending.sweep(stale=timedelta(0), now=NOW)
    assert world.reminders()[0].state == "failed"


def test_what_waits_without_being_on_its_way_is_found(world: World) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    engine.plan(now=NOW, enqueue=False)
    run_jobs(world)
    assert world.mails() == []
    assert sending.sweep(now=NOW) == 1
    assert sending.sweep(now=NOW) == 0
    run_jobs(world)
    assert len(world.mails()) == 1


def tell(world: World, *, statutory: bool = False, off: tuple[str, ...] = ()) -> Person:
    organisation = world.people.organisation()
    person = world.people.member(organisation, Role.owner)
    db.session.get_one(User, person.user_id).preferences = {"mail_off": list(off)}
    notices.tell(
        kind="dossier_returned",
        now=NOW,
        link="/org/dossiers/1",
        organisation_id=organisation,
        rule="R32",
        statutory=statutory,
        number="D-1",
        title="题库:电工 三级",
        reason="缺少<答案>\n请补齐",
        decided_at=NOW.isoformat(),
    )
    db.session.commit()
    return person


def test_a_notice_is_mailed_once_with_its_reason_and_clause(world: World) -> None:
    user = tell(world, statutory=True)
    run_jobs(world)
    run_jobs(world)
    ((to, message),) = world.mailbox.taken
    assert to == user.email
    assert message["Subject"] == "已退回,请修改后重新提交:题库:电工 三级(D-1)"
    assert "缺少&lt;答案&gt;" in message.get_body(("html",)).get_content()
    assert "二(二)3第一段" in message.get_body(("plain",)).get_content()
    notice = db.session.scalars(select(Notice)).one()
    assert (notice.state, notice.message_id, notice.sent_at) == ("sent", message["Message-ID"], NOW)


def test_a_notice_switched_off_stays_in_the_inbox_unless_it_is_statutory(world: World) -> None:
    for statutory, state in ((False, "in_app_only"), (True, "sent")):
        user = tell(world, statutory=statutory, off=("dossier_returned",))
        run_jobs(world)
        query = select(Notice.state).where(Notice.user_id == user.user_id)
        assert db.session.scalar(query) == state
    assert len(world.mailbox.taken) == 1


def test_a_notice_greylisted_is_sent_later_and_a_bounced_one_can_be_sent_again(world: World, mailbox: Mailbox) -> None:
    user = tell(world)
    mailbox.grey[user.email] = 3
    run_jobs(world)
    assert db.session.scalar(select(Notice.state)) == "deferred"
    for _ in range(3):
        world.let_time_pass()
        run_jobs(world)
    assert (db.session.scalar(select(Notice.state)), len(mailbox.taken)) == ("sent", 1)
    other = tell(world)
    mailbox.refuse[other.email] = "550 no such user"
    run_jobs(world)
    query = select(Notice).where(Notice.user_id == other.user_id).execution_options(populate_existing=True)
    notice = db.session.scalars(query).one()
    assert (notice.state, notice.last_error) == ("bounced", "550 no such user")
    mailbox.refuse.clear()
    outbox.add("app.reminders.jobs.resend_notice", queue="mail", notice_id=str(notice.id))
    db.session.commit()
    run_jobs(world)
    notice = db.session.scalars(query).one()
    assert (notice.state, len(mailbox.taken)) == ("sent", 2)


def test_a_notice_waits_while_no_server_answers(world: World, system: Flask) -> None:
    tell(world)
    good = system.config["SHEPING"]
    system.config["SHEPING"] = replace(good, smtp_url="")
    for _ in range(6):
        run_jobs(world)
        world.let_time_pass()
    row = db.session.scalars(select(OutboxMessage).where(OutboxMessage.key.like("notice:%"))).one()
    assert (row.state, row.attempts) == ("pending", 0)
    system.config["SHEPING"] = good
    run_jobs(world)
    assert len(world.mailbox.taken) == 1
