"""What a change of the calendar or of a setting does to open clocks, to the records they belong to and to people."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem, SupplementRequest
from app.lifecycle.deadlines import editing, recomputing
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.jobs import recompute
from app.lifecycle.deadlines.models import ClockRun, Deadline, DeadlineChange
from app.lifecycle.deadlines.queries import list_changes
from app.lifecycle.deadlines.services import find_deadline, set_deadline
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.publicity.services import days_of, digest
from app.rules import clocks, selection
from tenants import events
from tenants.notices import Notice
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People
from tests.factories.selection import make_world

CITY = "370200"
NEW_YEAR = "2027-01-01 休 元旦\n2027-01-02 休 元旦\n2027-01-03 休 元旦\n2027-01-04 休 元旦"
PUBLISHED = datetime(2026, 12, 28, 10, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _put_back(app: Flask, worker_app: Flask, stack_env: dict[str, str]) -> Iterator[None]:
    """The calendar stays between tests: what these tests load is taken away again."""
    yield
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("""delete from calendar_days where "on" >= '2027-01-01'""")
    for one in (app, worker_app):
        one.extensions.pop("sheping_calendar", None)


def _publicity(application: Application, until: date | None = None) -> Publicity:
    """A publicity as its service publishes it on Monday, 28 December 2026."""
    published_on = PUBLISHED.date()
    least = clocks.publicity_end(published_on, load_calendar(), load_settings(CITY))
    computed = selection.check_publicity_end(published_on, until or least.due_on, load_calendar(), load_settings(CITY))
    publicity = Publicity(
        id=uuid.uuid4(), number=f"GS-{uuid.uuid4().hex[:6]}", application_id=application.id,
        organisation_id=application.organisation_id, authority_code=CITY, title="公示", state="open",
        content={"organisation": "甲"}, explanation=days_of(computed), provisional=computed.provisional,
        published_on=published_on, published_at=PUBLISHED, planned_end_on=computed.due_on, due_at=computed.due_at,
        version=1, created_at=PUBLISHED,
    )  # fmt: skip
    publicity.content_sha256 = digest(publicity)
    db.session.add(publicity)
    db.session.flush()
    set_deadline(
        actor=SYSTEM_ACTOR, clock=computed, subject_type="publicity", subject_id=publicity.id, subject_label="甲",
        organisation_id=application.organisation_id, authority_code=CITY, link="/bureau", now=PUBLISHED,
    )  # fmt: skip
    return publicity


def test_a_running_publicity_is_computed_anew_with_its_words_and_its_hash(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    world = make_world(app, people, drain, now=PUBLISHED - timedelta(days=30))
    other = make_world(app, people, drain, now=PUBLISHED - timedelta(days=30))
    with clock.frozen(PUBLISHED), people.as_system():
        short = _publicity(db.session.get_one(Application, world.application_id))
        long = _publicity(db.session.get_one(Application, other.application_id), until=date(2027, 1, 20))
        ids, was_hash = (short.id, long.id), short.content_sha256
        # 29, 30, 31 December, 1 and 4 January while 2027 counts Monday to Friday.
        assert (short.planned_end_on, short.provisional) == (date(2027, 1, 4), True)
        db.session.commit()
    with clock.frozen(PUBLISHED + timedelta(days=1)):
        people.sign_in(client, people.official(DEPARTMENT_CODE))
        assert client.post("/province/calendar", data={"year": "2027", "days": NEW_YEAR}).status_code == 303
        assert "等待开始" in client.get("/province/calendar").text
        drain()
        done = client.get("/province/calendar/runs").text
        assert "已完成" in done
        assert "hx-trigger" not in done
    with people.as_system():
        short, long = (db.session.get_one(Publicity, one) for one in ids)
        deadline = find_deadline("publicity_end", short.id)
        assert deadline is not None
        # The holiday takes two of its days: 5 and 6 January instead.
        assert short.planned_end_on == deadline.due_on == date(2027, 1, 6)
        assert short.due_at == deadline.due_at == datetime(2027, 1, 7, tzinfo=SHANGHAI)
        assert not short.provisional
        assert [line["on"] for line in short.explanation if line["number"] == 5] == ["2027-01-06"]
        assert any("元旦" in str(line["params"]) for line in short.explanation)
        # What the public reads is what is hashed, and the trail knows both hashes.
        assert short.content_sha256 == digest(short) != was_hash
        (moved,) = [one for one in events.list_for_subject("publicity", short.id) if one.name == "publicity_end_moved"]
        assert (moved.before, moved.after, moved.data["was_sha256"]) == ("2027-01-04", "2027-01-06", was_hash)
        assert next(change.reason for change in list_changes(deadline.id)) == "calendar:2027"
        # A longer one keeps the day that the public was told, and is provisional no more.
        assert (long.planned_end_on, long.provisional) == (date(2027, 1, 20), False)
        told = db.session.scalars(select(Notice).where(Notice.kind == "calendar_changed")).all()
        assert {notice.user_id for notice in told} >= {world.owner.user_id, world.officer.user_id}
        entry = next(one for one in told if one.user_id == world.owner.user_id).params["entries"]
        assert [(one["was_on"], one["due_on"]) for one in entry] == [("2027-01-04", "2027-01-06")]
        assert list(events.verify()) == []
    people.sign_in(client, world.officer)
    page = client.get(f"/bureau/deadlines/{deadline.id}").text
    assert "工作日历变更(2027)" in page
    assert "2027年1月4日(周一) → <strong>2027年1月6日(周三)</strong>" in page


def test_a_run_goes_on_where_it_died_and_tells_nobody_twice(
    system: Flask, people: People, monkeypatch: pytest.MonkeyPatch, drain: Callable[[], int]
) -> None:
    organisations = [people.organisation() for _ in range(3)]
    owners = [people.member(one) for one in organisations]
    provisional = clocks.supplement_due(date(2026, 12, 28), load_calendar(fresh=True), load_settings(CITY))
    for organisation_id in organisations:
        for _ in range(4):
            set_deadline(
                actor=SYSTEM_ACTOR, clock=provisional, subject_type="other", subject_id=uuid.uuid4(),
                subject_label="SB", organisation_id=organisation_id, authority_code=CITY, link="/org", now=PUBLISHED,
            )  # fmt: skip
    db.session.commit()
    with clock.frozen(PUBLISHED):
        days = editing.parse_days(NEW_YEAR, 2027)
        editing.load_year(actor=people.official(DEPARTMENT_CODE).actor, year=2027, days=days, now=PUBLISHED)
        db.session.commit()
        run = db.session.scalars(select(ClockRun)).one()
        monkeypatch.setattr(recomputing, "BATCH", 5)
        dying = recomputing.Recomputation(run, now=PUBLISHED)
        dying.begin()
        assert dying.step(dying._first)
        db.session.expire_all()
        assert (run.state, run.total, run.done, run.moved) == ("running", 12, 5, 5)
        recompute(run_id=str(run.id))
        db.session.commit()
        assert (run.state, run.done, run.moved, run.told) == ("done", 12, 12, 4)
        recompute(run_id=str(run.id))
        db.session.commit()
        drain()
    assert set(db.session.scalars(select(Deadline.due_on))) == {date(2027, 1, 13)}
    assert db.session.scalar(select(func.count()).where(DeadlineChange.run_id == run.id)) == 12
    count = select(func.count()).where(Notice.kind == "calendar_changed", Notice.user_id == owners[0].user_id)
    # One message that names four, not four.
    assert db.session.scalar(count) == 1
    assert [one.name for one in events.list_for_subject("clock_run", run.id)] == ["deadlines_recomputed"]


def test_a_setting_moves_what_is_open_but_puts_nobody_into_the_past(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    young, old = people.organisation(), people.organisation()
    lifecycle = Lifecycle(people)
    fresh = lifecycle.incubatee(young, items=1, day=20)
    late = lifecycle.incubatee(old, items=1, day=160)
    with people.as_system():
        application = db.session.get_one(Application, fresh.application_id)
        request = SupplementRequest(
            id=uuid.uuid4(), application_id=application.id, organisation_id=young, authority_code=CITY, asked=[],
            state="open", due_on=date(2026, 1, 1), due_at=clock.now(), requested_at=clock.now(),
        )  # fmt: skip
        db.session.add(request)
        asked = clocks.supplement_due(clock.today(), load_calendar(), load_settings(CITY))
        set_deadline(
            actor=SYSTEM_ACTOR, clock=asked, subject_type="supplement_request", subject_id=request.id,
            subject_label="SB", organisation_id=young, authority_code=CITY, link="/org", now=clock.now(),
        )  # fmt: skip
        before = {kind: find_deadline(kind, key).due_on for kind, key in (  # type: ignore[union-attr]
            ("incubation_due", fresh.application_id), ("bank_submit_by", fresh.item_ids[0]),
        )}  # fmt: skip
        kept = find_deadline("incubation_due", late.application_id).due_on  # type: ignore[union-attr]
        request_id = request.id
        db.session.commit()
    people.sign_in(client, people.official(DEPARTMENT_CODE))
    save = "/bureau/settings/{}".format
    assert client.post(save("incubation_max_days"), data={"value": "150", "reason": "提速"}).status_code == 303
    assert client.post(save("supplement_due"), data={"value": "5wd", "reason": "提速"}).status_code == 303
    drain()
    with people.as_system():
        due = find_deadline("incubation_due", fresh.application_id)
        bank = find_deadline("bank_submit_by", fresh.item_ids[0])
        assert due is not None
        assert bank is not None
        assert due.due_on == before["incubation_due"] - timedelta(days=30)
        # What is counted back from it follows, and so do the records themselves.
        assert (bank.starts_on, bank.due_on) == (due.due_on, before["bank_submit_by"] - timedelta(days=30))
        assert db.session.get_one(Application, fresh.application_id).incubation_due_on == due.due_on
        assert find_deadline("incubation_due", late.application_id).due_on == kept  # type: ignore[union-attr]
        assert db.session.scalars(select(ClockRun.kept).order_by(ClockRun.requested_at)).all()[0] == 1
        asked_until = clocks.supplement_due(clock.today(), load_calendar(), load_settings(CITY)).due_on
        assert db.session.get_one(SupplementRequest, request_id).due_on == asked_until
        assert db.session.get_one(ApplicationItem, fresh.item_ids[0]).application_id == fresh.application_id
        runs = db.session.scalar(select(func.count()).select_from(ClockRun))
    assert client.post(save("panel_composition_mode"), data={"value": "block", "reason": "x"}).status_code == 303
    with people.as_system():
        assert db.session.scalar(select(func.count()).select_from(ClockRun)) == runs, "no clock depends on it"
    # A city's own value moves its own clocks alone.
    elsewhere = lifecycle.incubatee(people.organisation(city="370100"), items=1, day=20)
    with people.as_system():
        theirs = find_deadline("bank_submit_by", elsewhere.item_ids[0]).due_on  # type: ignore[union-attr]
    people.sign_in(client, people.official(CITY))
    assert client.post(save("bank_submit_by"), data={"value": "40d", "reason": "排期"}).status_code == 303
    drain()
    with people.as_system():
        assert find_deadline("bank_submit_by", elsewhere.item_ids[0]).due_on == theirs  # type: ignore[union-attr]
        assert find_deadline("bank_submit_by", fresh.item_ids[0]).due_on == bank.due_on - timedelta(days=10)  # type: ignore[union-attr]


def test_who_missed_by_a_provisional_day_gets_the_published_one(system: Flask, people: People) -> None:
    organisation_id = people.organisation()
    provisional = clocks.supplement_due(date(2026, 12, 28), load_calendar(fresh=True), load_settings(CITY))
    deadline = set_deadline(
        actor=SYSTEM_ACTOR, clock=provisional, subject_type="other", subject_id=uuid.uuid4(), subject_label="SB",
        organisation_id=organisation_id, authority_code=CITY, link="/org", now=PUBLISHED,
    )  # fmt: skip
    deadline.state = "missed"
    gone = set_deadline(
        actor=SYSTEM_ACTOR, clock=replace(provisional, due_on=date(2026, 3, 2), due_at=PUBLISHED - timedelta(days=200)),
        subject_type="other", subject_id=uuid.uuid4(), subject_label="SB", organisation_id=organisation_id,
        authority_code=CITY, link="/org", now=PUBLISHED,
    )  # fmt: skip
    gone.state = "missed"
    now = datetime(2027, 1, 12, 9, tzinfo=SHANGHAI)
    assert provisional.due_on == date(2027, 1, 11)
    with clock.frozen(now):
        editing.load_year(
            actor=people.official(DEPARTMENT_CODE).actor, year=2027, days=editing.parse_days(NEW_YEAR, 2027), now=now
        )
        db.session.commit()
        recompute(run_id=str(db.session.scalars(select(ClockRun.id)).one()))
        db.session.commit()
    db.session.expire_all()
    assert (deadline.state, deadline.due_on) == ("open", date(2027, 1, 13))
    assert (gone.state, gone.due_on) == ("missed", date(2026, 3, 2))
