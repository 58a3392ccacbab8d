"""Publicity over real calendars, void and restart, objections by item, the day after into incubation."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.publicity import jobs, objections, queries, recommending, services
from app.lifecycle.publicity.models import Objection, Publicity
from app.lifecycle.publicity.objections import Lodged, ObjectionText
from app.lifecycle.publicity.recommending import Decision
from app.rules.core import Refusal
from tenants import scope
from tenants.scope import PUBLIC_ACTOR, Scope, ScopeKind
from tests.factories.people import People
from tests.factories.selection import World, make_world

# Before National Day: 2026-09-24 plus five working days is 2026-10-09.
NOW = datetime(2026, 9, 24, 10, tzinfo=SHANGHAI)
LAST = date(2026, 10, 9)
AFTER = datetime(2026, 10, 10, 0, 0, 1, tzinfo=SHANGHAI)


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=NOW - timedelta(days=30))
    made.add_experts(now=NOW - timedelta(days=20))
    made.assess("selection", now=NOW - timedelta(days=10))
    return made


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


def publish(world: World, *, now: datetime = NOW, end: date | None = None) -> uuid.UUID:
    with world.as_(world.competent) as actor:
        publicity = services.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
        services.publish_publicity(actor=actor, publicity_id=publicity.id, planned_end_on=end, now=now)
        return publicity.id


def object_to(world: World, publicity_id: uuid.UUID, *, now: datetime, items: tuple[str, ...] = ()) -> Lodged:
    with world.as_(PUBLIC_ACTOR) as actor:
        lodged = objections.lodge_objection(
            actor=actor,
            publicity_id=publicity_id,
            text=ObjectionText("李某", "13900000000", "设备清单与实际不符", item_ids=items),
            now=now,
        )
    world.drain()
    return lodged


def the_objection(world: World) -> uuid.UUID:
    with world.people.as_system():
        return db.session.scalars(select(Objection.id).order_by(Objection.received_at.desc())).first()  # type: ignore[return-value]


def state_of(world: World, publicity_id: uuid.UUID) -> str:
    with world.people.as_system():
        return db.session.get_one(Publicity, publicity_id).state


def test_a_decision_needs_every_item_and_a_reason_where_it_departs(world: World) -> None:
    items = world.seen().items
    with world.as_(world.officer) as actor:
        with refused("decisions_missing"):
            recommending.decide_recommendation(
                actor=actor, application_id=world.application_id, decisions={items[0].id: Decision(True)}, now=NOW
            )
        without = {item.id: Decision(item is not items[0]) for item in items}
        with refused("reason_missing"):
            recommending.decide_recommendation(
                actor=actor, application_id=world.application_id, decisions=without, now=NOW
            )
        db.session.rollback()
    world.recommend(now=NOW, except_for=0)
    seen = world.seen()
    assert seen.state == "recommended"
    assert [item.state for item in seen.items] == ["not_recommended", "recommended", "recommended"]
    with world.as_(world.owner):
        told = queries.find_recommendation(world.application_id)
        assert told is not None
        assert told.items[0]["reason"] == "师资不足"


def test_it_ends_after_the_fifth_working_day_over_national_day(world: World) -> None:
    world.recommend(now=NOW, except_for=0)
    with world.as_(world.officer) as actor:
        publicity = services.schedule_publicity(actor=actor, application_id=world.application_id, now=NOW)
        with pytest.raises(Refusal, match="2026-10-09"):
            services.publish_publicity(
                actor=actor, publicity_id=publicity.id, planned_end_on=date(2026, 10, 8), now=NOW
            )
        db.session.rollback()
    publicity_id = publish(world)
    with world.as_(PUBLIC_ACTOR):
        shown = queries.get_publicity(publicity_id)
        assert shown is not None
        assert shown.planned_end_on == LAST
        assert len(shown.content["items"]) == 2
        assert services.digest(shown) == shown.content_sha256
        assert sum(line["number"] is not None for line in shown.explanation) == 5
    with world.people.as_system():
        assert jobs.end_publicities(now=AFTER - timedelta(seconds=2)) == 0
        assert jobs.end_publicities(now=AFTER) == 1
        assert jobs.end_publicities(now=AFTER) == 0
    seen = world.seen()
    assert seen.state == "incubating"
    assert seen.incubation_start_on == date(2026, 10, 10)
    assert seen.incubation_due_on == date(2027, 4, 8)
    assert [item.state for item in seen.items] == ["not_recommended", "incubating", "incubating"]
    with world.people.as_system():
        kinds = {row.kind: row for row in db.session.scalars(select(Deadline))}
        assert {"incubation_due", "commitment_sign_due", "bank_submit_by", "publicity_end"} == set(kinds)
        assert kinds["publicity_end"].state == "met"
        assert db.session.scalar(select(func.count()).where(Deadline.kind == "bank_submit_by")) == 2


def test_a_void_publicity_begins_a_full_period_again_and_stays_readable(world: World) -> None:
    world.recommend(now=NOW)
    first = publish(world)
    later = NOW + timedelta(days=4)
    with world.as_(world.officer) as actor:
        with refused("reason_missing"):
            services.void_publicity(actor=actor, publicity_id=first, reason="", now=later)
        services.void_publicity(actor=actor, publicity_id=first, reason="名称有误", now=later)
    assert world.seen().state == "recommended"
    second = publish(world, now=later)
    with world.as_(PUBLIC_ACTOR):
        old, new = queries.get_publicity(first), queries.get_publicity(second)
        assert old is not None
        assert new is not None
        assert (old.state, old.void_reason) == ("void", "名称有误")
        assert new.replaces_id == first
        assert new.planned_end_on == date(2026, 10, 10), "10-10 is worked in place of a holiday"


def test_an_objection_holds_the_case_and_its_objector_stays_unknown(world: World) -> None:
    world.recommend(now=NOW)
    publicity_id = publish(world)
    with world.as_(PUBLIC_ACTOR) as actor, refused("objection_incomplete"):
        objections.lodge_objection(actor=actor, publicity_id=publicity_id, text=ObjectionText("", "1", "x"), now=NOW)
    lodged = object_to(world, publicity_id, now=AFTER - timedelta(seconds=2))
    with world.as_(PUBLIC_ACTOR) as actor, refused("publicity_over"):
        objections.lodge_objection(
            actor=actor, publicity_id=publicity_id, text=ObjectionText("某", "1", "x"), now=AFTER
        )
    assert (state_of(world, publicity_id), world.seen().state) == ("objection_pending", "publicity_objection")
    with world.people.as_system():
        assert jobs.end_publicities(now=AFTER) == 0
        assert db.session.scalar(select(Deadline.due_on).where(Deadline.kind == "objection_handling_due")) is not None
    for who in (world.owner, PUBLIC_ACTOR, world.people.official("370100")):
        with world.as_(who):
            assert db.session.scalar(select(func.count()).select_from(Objection)) == 0
    code = objections.hash_code(lodged.code.lower())
    with world.app.app_context():
        with scope.use(Scope(ScopeKind.gate, gate_keys=(code,))):
            found = queries.find_by_code(code)
            assert found is not None
            assert found.number == lodged.number
    with world.as_(world.officer) as actor:
        one = the_objection(world)
        with refused("objection_not_investigated"):
            objections.decide_objection(actor=actor, objection_id=one, upheld=False, reason="查无实据", now=AFTER)
        objections.investigate_objection(actor=actor, objection_id=one, inquiry="现场核对一致", now=AFTER)
        objections.decide_objection(actor=actor, objection_id=one, upheld=False, reason="查无实据", now=AFTER)
        objections.reply_objection(actor=actor, objection_id=one, reply="经核查,异议不成立。", now=AFTER)
    assert state_of(world, publicity_id) == "ended_objection_dismissed"
    seen = world.seen()
    assert (seen.state, seen.incubation_start_on) == ("incubating", date(2026, 10, 10))


def test_an_objection_upheld_for_one_item_lets_the_rest_proceed(world: World) -> None:
    world.recommend(now=NOW)
    publicity_id = publish(world)
    first = world.seen().items[0]
    during = NOW + timedelta(days=1)
    object_to(world, publicity_id, now=during, items=(str(first.id),))
    with world.as_(world.officer) as actor:
        one = the_objection(world)
        objections.accept_objection(actor=actor, objection_id=one, now=during)
        objections.investigate_objection(actor=actor, objection_id=one, inquiry="设备不全", now=during)
        objections.decide_objection(actor=actor, objection_id=one, upheld=True, reason="属实", now=during)
    assert (state_of(world, publicity_id), world.seen().state) == ("open", "in_publicity")
    with world.people.as_system():
        assert jobs.end_publicities(now=AFTER) == 1
    assert [item.state for item in world.seen().items] == ["cancelled", "incubating", "incubating"]


def test_an_objection_upheld_for_all_cancels_the_recommendation(world: World) -> None:
    world.recommend(now=NOW)
    publicity_id = publish(world)
    object_to(world, publicity_id, now=NOW)
    with world.as_(world.officer) as actor:
        one = the_objection(world)
        objections.investigate_objection(actor=actor, objection_id=one, inquiry="材料虚假", now=NOW)
        objections.decide_objection(actor=actor, objection_id=one, upheld=True, reason="材料虚假", now=NOW)
    assert state_of(world, publicity_id) == "ended_objection_upheld"
    assert world.seen().state == "recommendation_cancelled"


def handling_time(world: World) -> tuple[str, date, date | None]:
    """State and date of the only objection's handling deadline, and the date the objection shows."""
    with world.people.as_system():
        query = select(Deadline.state, Deadline.due_on).where(Deadline.kind == "objection_handling_due")
        state, due_on = db.session.execute(query).one()
        return state, due_on, db.session.scalar(select(Objection.due_on))


def test_an_open_objection_waits_for_the_publicity_that_begins_anew(world: World) -> None:
    world.recommend(now=NOW)
    first = publish(world)
    object_to(world, first, now=NOW)
    state, due_on, _ = handling_time(world)
    assert state == "open"
    with world.as_(world.officer) as actor:
        services.void_publicity(actor=actor, publicity_id=first, reason="名称有误", now=NOW)
        one = the_objection(world)
    assert handling_time(world)[0] == "cancelled", "nobody is reminded of what waits for the next publicity"
    with world.as_(world.officer) as actor:
        objections.investigate_objection(actor=actor, objection_id=one, inquiry="已核查", now=NOW)
        with refused("publicity_is_void"):
            objections.decide_objection(actor=actor, objection_id=one, upheld=True, reason="属实", now=NOW)
        # A second draft that is given up before it is published must not lose the objection of the first.
        draft = services.schedule_publicity(actor=actor, application_id=world.application_id, now=NOW)
        services.void_publicity(actor=actor, publicity_id=draft.id, reason="仍有误", now=NOW)
    later = NOW + timedelta(days=4)
    second = publish(world, now=later)
    assert state_of(world, second) == "objection_pending"
    with world.people.as_system():
        assert db.session.scalars(select(Objection.publicity_id)).all() == [second]
    state, anew, shown = handling_time(world)
    assert (state, anew > due_on, shown) == ("open", True, anew)
    with world.as_(world.officer) as actor:
        objections.decide_objection(actor=actor, objection_id=one, upheld=True, reason="属实", now=later)
    assert (state_of(world, second), handling_time(world)[0]) == ("ended_objection_upheld", "met")
    assert world.seen().state == "recommendation_cancelled"


def test_an_objection_that_the_void_overtakes_is_held_by_the_next_publicity(world: World) -> None:
    world.recommend(now=NOW)
    first = publish(world)
    with world.as_(PUBLIC_ACTOR) as actor:
        text = ObjectionText("某", "1", "x")
        objections.lodge_objection(actor=actor, publicity_id=first, text=text, now=NOW)
    with world.as_(world.officer) as actor:
        services.void_publicity(actor=actor, publicity_id=first, reason="名称有误", now=NOW)
    world.drain()
    with world.people.as_system():
        assert db.session.scalar(select(func.count()).where(Deadline.kind == "objection_handling_due")) == 0
    second = publish(world)
    assert (state_of(world, second), handling_time(world)[0]) == ("objection_pending", "open")
