"""Invitations that go with mails: planned, moved, called off, and for whoever joins or leaves a panel."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.calls.models import Call
from app.lifecycle.panels import forming, seats
from app.reminders.feeds import inviting
from tests.factories.people import People, Person
from tests.factories.selection import World, make_world

NOW = datetime(2026, 9, 1, 10, tzinfo=SHANGHAI)
Read = Callable[[Person], list[icalendar.Event]]


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> Iterator[World]:
    with clock.frozen(NOW):
        made = make_world(app, people, drain, now=NOW)
        made.add_experts(now=NOW)
        with people.as_system():
            application = db.session.get_one(Application, made.application_id)
            db.session.get_one(Call, application.call_id).complete_by = date(2026, 11, 30)
            db.session.commit()
        yield made


@pytest.fixture
def read(mail_folder: Path) -> Read:
    """The calendar messages one person got, oldest first, each as its program takes it from the mail."""
    for old in mail_folder.glob("*.eml"):
        old.unlink()

    def events(person: Person) -> list[icalendar.Event]:
        found = []
        for path in sorted(mail_folder.glob("*.eml"), key=lambda one: one.stat().st_mtime_ns):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if person.email not in str(message["To"]):
                continue
            for part in message.walk():
                if part.get_content_type() == "text/calendar":
                    calendar = icalendar.Calendar.from_ical(part.get_content())
                    assert part.get_param("method") == str(calendar["method"])
                    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Shanghai"]
                    (event,) = calendar.walk("VEVENT")
                    event["x-method"] = str(calendar["method"])
                    assert str(event["attendee"]).lower() == f"mailto:{person.email}"
                    attached = [one for one in message.iter_attachments() if one.get_filename() == "invite.ics"]
                    assert len(attached) == 1
                    found.append(event)
        return found

    return events


def _told(events: list[icalendar.Event]) -> list[tuple[str, str, int, str]]:
    return [(e["x-method"], str(e["uid"]).split("-")[0], int(e["sequence"]), str(e["status"])) for e in events]


def test_a_visit_is_invited_to_moved_and_called_off(
    world: World, client: FlaskClient, people: People, read: Read
) -> None:
    with world.as_(world.officer) as actor:
        panel_id = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW).id
        forming.invite_experts(actor=actor, panel_id=panel_id, expert_ids=world.expert_ids[:3], now=NOW)
    world.drain()
    first, second, third = world.experts[:3]
    # The mail that asks them to sit on the panel says until when it works (R11).
    limit = read(first)[0]
    assert _told([limit]) == [("REQUEST", "panel", 0, "CONFIRMED")]
    assert limit.decoded("dtstart") == date(2026, 11, 30)
    assert str(limit["organizer"]).lower().startswith("mailto:")

    people.sign_in(client, world.officer)
    page = f"/bureau/panels/{panel_id}/visits"
    assert page in client.get(f"/bureau/panels/{panel_id}").text
    given = {"method": "site_visit", "day": "2026-09-10", "from": "09:00", "until": "11:30", "place": "李沧区1号"}
    for wrong in ({"day": "2026-08-10"}, {"until": "08:00"}, {"place": " "}, {"method": "lunch"}, {"day": ""}):
        assert client.post(page, data={**given, **wrong}).status_code == 422
    assert client.post(page, data=given).status_code == 303
    world.drain()
    visit = read(first)[-1]
    assert _told([visit]) == [("REQUEST", "visit", 0, "CONFIRMED")]
    assert visit["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert visit.decoded("dtstart") == datetime(2026, 9, 10, 9, tzinfo=SHANGHAI)
    assert visit["location"] == "李沧区1号"
    # Whom it comes to hears of it too, and of no panel.
    host = read(world.owner)[-1]
    assert host["uid"] == visit["uid"]
    assert "panels" not in str(host["url"])

    text = client.get(page).text
    action = re.search(r'action="(/bureau/visits/[^"]+/change)"', text)
    assert action
    moved = {**given, "day": "2026-09-11", "sequence": "0"}
    assert client.post(action[1], data=moved).status_code == 303
    assert client.post(action[1], data=moved).status_code == 422, "somebody moved it meanwhile"
    world.drain()
    assert _told(read(first)[-1:]) == [("REQUEST", "visit", 1, "CONFIRMED")]
    assert read(first)[-1].decoded("dtstart") == datetime(2026, 9, 11, 9, tzinfo=SHANGHAI)

    # Who stands aside loses what they had; the others nothing.
    with world.as_(third) as actor:
        seats.recuse(actor=actor, panel_id=panel_id, reason="亲属关系", now=NOW)
    with people.as_system():
        inviting.follow_invitations(now=NOW)
        assert inviting.follow_invitations(now=NOW) == 0
    world.drain()
    assert sorted(_told(read(third)[-2:])) == [("CANCEL", "panel", 1, "CANCELLED"), ("CANCEL", "visit", 2, "CANCELLED")]
    assert len(read(second)) == 3

    cancel = action[1].replace("/change", "/cancel")
    assert client.post(cancel, data={"reason": "", "sequence": "1"}).status_code == 422
    assert client.post(cancel, data={"reason": "天气", "sequence": "1"}).status_code == 303
    world.drain()
    last = read(first)[-1]
    assert _told([last]) == [("CANCEL", "visit", 2, "CANCELLED")]
    assert last["uid"] == visit["uid"]
    assert len(read(third)) == 5, "a cancellation is not sent twice"
    people.sign_in(client, people.official("370100"))
    assert client.get(page).status_code == 404
    assert client.post(cancel, data={"reason": "x"}).status_code == 404


def test_a_newcomer_gets_what_is_planned_and_a_dissolved_panel_frees_all(
    world: World, people: People, read: Read
) -> None:
    from app.reminders.feeds import visits

    with world.as_(world.officer) as actor:
        panel_id = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW).id
        visits.plan_visit(
            actor=actor, panel_id=panel_id, method="video_link", starts_at=NOW + timedelta(days=3),
            ends_at=NOW + timedelta(days=3, hours=1), place="会议号 123", now=NOW,
        )  # fmt: skip
        forming.invite_experts(actor=actor, panel_id=panel_id, expert_ids=world.expert_ids[:1], now=NOW)
    world.drain()
    with people.as_system():
        inviting.follow_invitations(now=NOW)
        db.session.commit()
    world.drain()
    (newcomer,) = world.experts[:1]
    assert sorted(_told(read(newcomer))) == [("REQUEST", "panel", 0, "CONFIRMED"), ("REQUEST", "visit", 0, "CONFIRMED")]
    assert not read(world.owner), "a meeting of the panel is its own affair"
    with people.as_system():
        application = db.session.get_one(Application, world.application_id)
        db.session.get_one(Call, application.call_id).complete_by = date(2026, 12, 15)
        db.session.flush()
        inviting.follow_invitations(now=NOW)
    world.drain()
    assert _told(read(newcomer)[-1:]) == [("REQUEST", "panel", 1, "CONFIRMED")]
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="重组", now=NOW)
    with people.as_system():
        inviting.follow_invitations(now=NOW)
    world.drain()
    assert sorted(_told(read(newcomer)[-2:])) == [
        ("CANCEL", "panel", 2, "CANCELLED"), ("CANCEL", "visit", 1, "CANCELLED"),
    ]  # fmt: skip
