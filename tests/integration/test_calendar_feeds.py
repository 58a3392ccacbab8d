"""Private calendar feeds over real HTTP, read as a calendar program reads them."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.serving import make_server

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import cancel_deadline, set_deadline
from app.reminders.feeds.models import CalendarFeed
from app.rules import clocks
from tenants.models import Membership
from tenants.scope import SYSTEM_ACTOR
from tests.factories.people import People, Person

NOW = datetime(2026, 9, 24, 10, tzinfo=SHANGHAI)


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The web application behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


Fetch = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def fetch(url: str) -> Fetch:
    def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url + path, headers=named)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    return get


def _address(client: FlaskClient, people: People, person: Person) -> str:
    people.sign_in(client, person)
    answer = client.post("/account/calendar")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r"https?://[^\s<]+(/calendar/cal_[\w-]+\.ics)", answer.text)
    assert found
    # Shown once: the page asked for again does not know it.
    assert found[1] not in client.get("/account/calendar").text
    return found[1]


def _set(organisation_id: uuid.UUID, kind: str, start: date, subject: uuid.UUID, *, city: str = "370200") -> uuid.UUID:
    computed = clocks.date_of(kind, start, load_calendar(), load_settings(city))
    return set_deadline(
        actor=SYSTEM_ACTOR, clock=computed, subject_type="other", subject_id=subject, subject_label="SQ-1",
        organisation_id=organisation_id, authority_code=city, link="/org/commitment", now=clock.now(),
    ).id  # fmt: skip


def _events(body: bytes) -> dict[str, icalendar.Event]:
    return {str(event["uid"]): event for event in icalendar.Calendar.from_ical(body).walk("VEVENT")}


@contextmanager
def _at(now: datetime) -> Iterator[None]:
    with clock.frozen(now):
        yield


def test_a_calendar_follows_its_deadlines(fetch: Fetch, client: FlaskClient, people: People) -> None:
    with _at(NOW):
        owner = people.member(people.organisation(name="甲评价中心"))
        other = people.member(people.organisation(name="乙评价中心"))
        assert owner.organisation_id is not None
        assert other.organisation_id is not None
        subject = uuid.uuid4()
        with people.as_system():
            mine = _set(owner.organisation_id, "commitment_sign_due", date(2026, 9, 24), subject)
            _set(other.organisation_id, "commitment_sign_due", date(2026, 9, 24), uuid.uuid4())
            _set(owner.organisation_id, "objection_handling_due", date(2026, 9, 24), uuid.uuid4())
            db.session.commit()
        path = _address(client, people, owner)
        status, headers, body = fetch(path)
        assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        assert headers["Cache-Control"] == "private, no-cache"
        events = _events(body)
        # One's own, and not what binds the authority.
        assert list(events) == [f"deadline-{mine}@sheping"]
        event = events[f"deadline-{mine}@sheping"]
        assert event.decoded("dtstart") == date(2026, 10, 15)
        assert event.decoded("dtend") == date(2026, 10, 16)
        assert (event["sequence"], event["status"], event["class"]) == (0, "CONFIRMED", "PRIVATE")
        assert [alarm.decoded("trigger") for alarm in event.walk("VALARM")] == [
            timedelta(days=-6, hours=-15), timedelta(hours=-15), timedelta(hours=9),
        ]  # fmt: skip
        calendar = icalendar.Calendar.from_ical(body)
        assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Shanghai"]
        assert b"\r\n" in body
        assert max(len(line) for line in body.split(b"\r\n")) <= 75
        # Nothing changed: neither the bytes nor the answer.
        assert fetch(path, If_None_Match=headers["ETag"])[0] == 304
        assert fetch(path, If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert fetch(path)[2] == body
    with _at(NOW + timedelta(days=2)):
        with people.as_system():
            _set(owner.organisation_id, "commitment_sign_due", date(2026, 9, 28), subject)
            db.session.commit()
        status, moved, body = fetch(path, If_None_Match=headers["ETag"])
        assert status == 200
        event = _events(body)[f"deadline-{mine}@sheping"]
        assert (event.decoded("dtstart"), event["sequence"]) == (date(2026, 10, 16), 1)
        assert moved["ETag"] != headers["ETag"]
    with _at(NOW + timedelta(days=3)):
        with people.as_system():
            cancel_deadline(kind="commitment_sign_due", subject_id=subject, now=clock.now())
            db.session.commit()
        event = _events(fetch(path)[2])[f"deadline-{mine}@sheping"]
        assert (event["status"], event["sequence"]) == ("CANCELLED", 2)
        assert not event.walk("VALARM")


def test_an_address_ends_with_its_person_and_at_their_wish(fetch: Fetch, client: FlaskClient, people: People) -> None:
    owner = people.member(people.organisation())
    first = _address(client, people, owner)
    assert fetch(first)[0] == 200
    second = _address(client, people, owner)
    assert [fetch(path)[0] for path in (first, second)] == [404, 200]
    assert fetch(second.replace("cal_", "cal_x"))[0] == 404
    with people.as_system():
        stored = db.session.scalars(select(CalendarFeed.token_hash)).all()
        assert all(second.split("/")[-1].removesuffix(".ics") != one for one in stored)
        assert db.session.scalar(select(CalendarFeed.fetched_at).where(CalendarFeed.revoked_at.is_(None)))
    # Nobody else's page can revoke it.
    stranger = people.member(people.organisation())
    people.sign_in(client, stranger)
    assert client.post("/account/calendar/revoke").status_code == 303
    assert fetch(second)[0] == 200
    with people.as_system():
        db.session.get_one(Membership, owner.membership_id).removed_at = clock.now()
        db.session.commit()
    assert fetch(second)[0] == 404
    third = _address(client, people, stranger)
    people.sign_in(client, stranger)
    client.post("/account/calendar/revoke")
    assert fetch(third)[0] == 404


def test_a_bureau_s_calendar_has_its_city_and_a_provisional_day_says_so(
    fetch: Fetch, client: FlaskClient, people: People
) -> None:
    with _at(datetime(2026, 12, 28, 9, tzinfo=SHANGHAI)):
        here, there = people.organisation(name="甲"), people.organisation(city="370100", name="乙")
        with people.as_system():
            mine = _set(here, "publicity_end", date(2026, 12, 29), uuid.uuid4())
            _set(there, "publicity_end", date(2026, 12, 29), uuid.uuid4(), city="370100")
            closing = clocks.call_close(
                date(2026, 12, 30), load_calendar(), load_settings(), datetime(2026, 12, 30, 17, tzinfo=SHANGHAI)
            )
            timed = set_deadline(
                actor=SYSTEM_ACTOR, clock=replace(closing, starts_on=date(2026, 12, 1)), subject_type="other",
                subject_id=uuid.uuid4(), subject_label="第1批", organisation_id=here, authority_code="370200",
                link="/org", now=clock.now(),
            ).id  # fmt: skip
            db.session.commit()
        events = _events(fetch(_address(client, people, people.official("370200")))[2])
        assert set(events) == {f"deadline-{mine}@sheping", f"deadline-{timed}@sheping"}
        # 2027 is not loaded: the day may still move.
        assert events[f"deadline-{mine}@sheping"]["status"] == "TENTATIVE"
        closes = events[f"deadline-{timed}@sheping"]
        assert closes["dtstart"].params["TZID"] == "Asia/Shanghai"
        assert closes.decoded("dtend") == datetime(2026, 12, 30, 17, tzinfo=SHANGHAI)


def test_the_database_itself_keeps_feeds_apart(app: Flask, client: FlaskClient, people: People) -> None:
    one, two = people.member(people.organisation()), people.member(people.organisation())
    _address(client, people, one)
    with app.app_context():
        from tenants import scope
        from tenants.scope import PUBLIC, Scope, ScopeKind

        for wanted, seen in (
            (PUBLIC, 0), (two.actor.scope, 0), (Scope(ScopeKind.account, user_id=two.user_id), 0),
            (Scope(ScopeKind.account, user_id=one.user_id), 1),
        ):  # fmt: skip
            with scope.use(wanted):
                assert db.session.scalar(text("select count(*) from calendar_feeds")) == seen
                db.session.rollback()
    assert Deadline.__tablename__
