"""A provincial organisation: 初评 by the city, 复评, publicity, incubation, acceptance and filing by the department."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Flask
from sqlalchemy import select

from app.db import db
from app.lifecycle.filings.models import Filing
from app.lifecycle.incubation.models import ItemOutcome
from app.lifecycle.panels import preliminary
from app.lifecycle.panels.models import Panel
from app.lifecycle.publicity.models import Publicity
from tenants import events
from tests.factories.people import People
from tests.integration.journey import begin


def test_from_plan_to_filed(app: Flask, people: People, drain: Callable[[], int]) -> None:
    journey = begin(app, people, drain, level="provincial")
    world = journey.world
    journey.plan_and_call(date(2026, 3, 2))
    journey.apply(date(2026, 3, 10))
    with journey.on(date(2026, 3, 20)) as now:
        world.add_experts(now=now)
        world.assess("selection_preliminary", now=now)
        with world.as_(world.officer) as actor:
            preliminary.decide_preliminary(
                actor=actor, application_id=world.application_id, passed=True, reason="同意推荐", now=now
            )
        drain()
    assert world.seen().authority_code == "370000"
    with journey.on(date(2026, 3, 30)) as now:
        world.add_experts(by=world.department, now=now)
        world.assess("selection_final", by=world.department, now=now)
    journey.publicise(date(2026, 4, 1))
    journey.sign(date(2026, 4, 15))
    items = world.seen().items
    for number, item in enumerate(items[:3]):
        journey.hand_in_bank(date(2026, 6, 1), item.id, key=str(number))
    panel_id = journey.bank_panel(date(2026, 6, 10))
    *passing, last = journey.before_panel(panel_id)
    journey.vote(date(2026, 6, 20), panel_id, "pass", but={last: "fail"})
    journey.conclude(date(2026, 6, 21), panel_id, passing)
    assert world.seen().state == "incubating"
    journey.conclude(date(2026, 6, 22), panel_id, [last])
    seen = world.seen()
    assert seen.state == "acceptance_passed"
    assert [item.state for item in seen.items] == [
        "bank_passed",
        "bank_passed",
        "naturally_eliminated",
        "not_recommended",
    ]

    journey.announce_and_file(date(2026, 7, 20), "S000037000073")
    seen = world.seen()
    assert (seen.state, [item.state for item in seen.items].count("filed")) == ("filed", 2)
    with world.as_(world.owner):
        told = {row.item_id: row.reason for row in db.session.scalars(select(ItemOutcome))}
        assert told[last] == "见评估意见"
    with people.as_system():
        assert db.session.scalars(select(Filing.authority_code)).all() == ["370000"]
        kinds = list(db.session.scalars(select(Panel.kind).order_by(Panel.created_at)))
        assert kinds == ["selection_preliminary", "selection_final", "question_bank"]
        assert db.session.scalars(select(Publicity.authority_code)).all() == ["370000"]
        assert list(events.verify()) == []
