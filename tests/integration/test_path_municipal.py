"""A municipal organisation from the collection plan to its receipt, every actor in turn (R8–R38)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Flask
from sqlalchemy import select

from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.directory.services import derive_directory
from app.lifecycle.filings.models import Receipt
from app.lifecycle.incubation import acceptance
from app.lifecycle.incubation.models import ItemOutcome
from app.lifecycle.panels.models import Panel
from tenants import events
from tenants.scope import PUBLIC_ACTOR
from tests.factories.people import People
from tests.integration.journey import begin


def test_from_plan_to_filed(app: Flask, people: People, drain: Callable[[], int]) -> None:
    journey = begin(app, people, drain, level="municipal")
    world = journey.world
    journey.plan_and_call(date(2026, 3, 2))
    journey.apply(date(2026, 3, 10))
    with journey.on(date(2026, 3, 20)) as now:
        world.add_experts(now=now)
        world.assess("selection", now=now)
    journey.publicise(date(2026, 4, 1))
    seen = world.seen()
    # 清明 4-06 is a holiday: five working days after 4-01 end on 4-09.
    assert seen.incubation_start_on == date(2026, 4, 10)
    assert seen.incubation_due_on == date(2026, 10, 7)
    assert [item.state for item in seen.items] == ["incubating"] * 3 + ["not_recommended"]

    journey.sign(date(2026, 4, 15))
    for number, item in enumerate(seen.items[:3]):
        journey.hand_in_bank(date(2026, 6, 1), item.id, key=str(number))
    panel_id = journey.bank_panel(date(2026, 6, 10))
    first, second, third = journey.before_panel(panel_id)
    journey.vote(date(2026, 6, 20), panel_id, "pass", but={first: "revise"})
    journey.conclude(date(2026, 6, 21), panel_id, [second, third, first])
    assert [item.bank_state for item in world.seen().items[:3]].count("passed") == 2

    journey.hand_in_bank(date(2026, 7, 1), first, key="again")
    with journey.on(date(2026, 7, 2)) as now, world.as_(world.officer) as actor:
        acceptance.take_up_revision(actor=actor, panel_id=panel_id, now=now)
    journey.vote(date(2026, 7, 10), panel_id, "pass")
    journey.conclude(date(2026, 7, 11), panel_id, [first])
    seen = world.seen()
    assert seen.state == "acceptance_passed"
    with people.as_system():
        assert db.session.get_one(Panel, panel_id).state == "concluded"
        outcomes = {row.outcome for row in db.session.scalars(select(ItemOutcome))}
        assert outcomes == {"passed"}

    journey.announce_and_file(date(2026, 7, 20), "S000037000072")
    seen = world.seen()
    assert seen.state == "filed"
    assert [item.state for item in seen.items] == ["filed"] * 3 + ["not_recommended"]
    with world.as_(world.owner):
        receipt = db.session.scalars(select(Receipt)).one()
        assert (receipt.valid_from, receipt.valid_to) == (date(2026, 7, 21), date(2029, 7, 20))
        assert len(receipt.items) == 3
    with people.as_system():
        entered = [row.institution_code for row in db.session.scalars(select(DirectoryEntry))]
        assert entered == ["S000037000072"] * 3, "the receipt itself had the directory derived"
        assert derive_directory(now=journey.now) == 0, "and deriving it again changes nothing"
        db.session.commit()
        assert list(events.verify()) == []
        states = {row.kind: row.state for row in db.session.scalars(select(Deadline))}
        assert states["incubation_due"] == states["publicity_end"] == states["commitment_sign_due"] == "met"
    with world.as_(PUBLIC_ACTOR):
        assert {row.institution_code for row in db.session.scalars(select(DirectoryEntry))} == {"S000037000072"}
