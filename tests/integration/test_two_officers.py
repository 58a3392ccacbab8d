"""Two officers, one record: the second is told what changed and by whom, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import SHANGHAI
from app.lifecycle.applications import accepting
from app.lifecycle.publicity import recommending, services
from app.lifecycle.publicity.recommending import Decision
from app.rules.core import Refusal
from tenants.scope import Actor
from tests.factories.people import People
from tests.factories.selection import World, make_world

NOW = datetime(2026, 9, 24, 10, tzinfo=SHANGHAI)


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=NOW - timedelta(days=30))
    made.add_experts(now=NOW - timedelta(days=20))
    made.assess("selection", now=NOW - timedelta(days=10))
    return made


def second_is_told(event: str, verb: Callable[..., Any], actor: Actor, **step: Any) -> None:
    with pytest.raises(Refusal) as caught:
        verb(actor=actor, now=NOW, **step)
    assert (caught.value.code, caught.value.params["event"]) == ("changed_meanwhile", event)


def test_whoever_comes_second_to_a_held_application_is_told(world: World) -> None:
    colleague, seen = world.people.official(world.seen().authority_code), world.seen().version
    step = {"application_id": world.application_id, "expected_version": seen}
    with world.as_(world.officer) as actor:
        accepting.hold_application(actor=actor, reason="等待函复", now=NOW, **step)
    with world.as_(colleague) as actor:
        second_is_told("application_held", accepting.release_application, actor, **step)
        second_is_told("application_held", accepting.accept_application, actor, **step)
    assert world.seen().held_reason == "等待函复"


def test_whoever_comes_second_to_a_decision_or_a_publicity_is_told(world: World) -> None:
    colleague, case = world.people.official(world.seen().authority_code), world.seen()
    step = {"application_id": case.id, "expected_version": case.version}
    every = {item.id: Decision(True) for item in case.items}
    with world.as_(world.competent) as actor:
        recommending.decide_recommendation(actor=actor, decisions=every, now=NOW, **step)
        publicity = services.schedule_publicity(actor=actor, application_id=case.id, now=NOW)
        step = {"publicity_id": publicity.id, "expected_version": publicity.version}
        services.publish_publicity(actor=actor, now=NOW, **step)
    with world.as_(colleague) as actor:
        second_is_told("publicity_published", services.publish_publicity, actor, **step)
        step = {"application_id": case.id, "expected_version": case.version}
        second_is_told("publicity_opened", recommending.decide_recommendation, actor, decisions=every, **step)
