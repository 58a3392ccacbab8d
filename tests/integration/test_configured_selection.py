"""What the province may configure about a selection, seen where it matters: quota, fields, lines, codes, terms."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.editing import change_setting
from app.lifecycle.panels import forming, seats
from app.lifecycle.plans.models import CollectionPlan
from app.rules.core import Refusal
from tests.factories.people import People
from tests.factories.selection import BANK_TYPES, World, make_world


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def configure(world: World, **values: str) -> None:
    """The department sets keys."""
    with world.as_(world.department) as actor:
        for key, value in values.items():
            change_setting(actor=actor, key=key, value=value, reason="按通知办理", now=clock.now())


def plan(world: World, quota: int) -> None:
    """The city's plan is part of the call."""
    with world.people.as_system():
        call_id = db.session.get_one(Application, world.application_id).call_id
        db.session.add(
            CollectionPlan(
                id=uuid.uuid4(), authority_code=world.city, year=2026, title="征集计划", quota=quota, call_id=call_id,
                state="incorporated", occupations=[], levels=["level_4"], created_at=clock.now(),
            )
        )  # fmt: skip
        db.session.commit()


def page(world: World, address: str) -> str:
    """What the competent officer reads there."""
    return world.people.sign_in(world.app.test_client(), world.officer).get(address).text


def test_more_than_planned_is_a_warning_and_where_configured_a_refusal(
    app: Flask, people: People, drain: Callable[[], int], world: World
) -> None:
    """R8: quotas are soft unless the province binds them; what fell away does not count."""
    other = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    other.add_experts(now=clock.now())
    with people.as_system():
        call_id = db.session.get_one(Application, world.application_id).call_id
        db.session.execute(update(Application).where(Application.id == other.application_id).values(call_id=call_id))
        db.session.commit()
    plan(world, 1)
    for one in (world, other):
        one.assess("selection", now=clock.now())
    case = f"/bureau/cases/{other.application_id}"
    assert "超过征集计划" not in page(other, case)
    world.recommend(now=clock.now())
    assert "拟推荐2家,超过征集计划的1家" in page(other, case)
    configure(world, plan_quota_mode="block")
    with pytest.raises(Refusal) as refused:
        other.recommend(now=clock.now())
    assert (refused.value.code, refused.value.rule) == ("quota_exceeded", "R8")
    with people.as_system():
        fallen = update(Application).where(Application.id == world.application_id)
        db.session.execute(fallen.values(state="naturally_eliminated"))
        db.session.commit()
    other.recommend(now=clock.now())
    assert other.seen().state == "recommended"


def test_a_bank_panel_without_a_content_expert_of_the_field_is_told(world: World) -> None:
    """R30: a warning, and gone with an expert of the item's occupation."""
    items = [item.id for item in world.seen().items if item.occupation_code == "6-31-01-03"]
    with world.people.as_system():
        db.session.get_one(Application, world.application_id).state = "incubating"
        mine = update(ApplicationItem).where(ApplicationItem.application_id == world.application_id)
        db.session.execute(mine.values(state="bank_submitted", bank_state="accepted_for_panel"))
        db.session.commit()
    world.add_experts(BANK_TYPES, now=clock.now())
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(
            actor=actor, application_id=world.application_id, kind="question_bank", item_ids=items, now=clock.now()
        )
        forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids, now=clock.now())
        panel_id = panel.id
    for expert in world.experts:
        with world.as_(expert) as actor:
            seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=clock.now())
    address = f"/bureau/panels/{panel_id}"
    assert "职业6-31-01-03没有对应专业的内容专家" in page(world, address)
    with world.people.as_system():
        for member in forming.queries.get_panel(panel_id).members:
            member.occupations = ["6-31-01-03"]
        db.session.commit()
    assert "没有对应专业的内容专家" not in page(world, address)


def test_a_line_to_compare_with_is_shown_and_decides_nothing(world: World) -> None:
    """R21: without one nothing is said; with one a mean below it is marked, and the case goes on."""
    panel_id = world.assess("selection", now=clock.now())
    assert "参考分数线" not in page(world, f"/bureau/panels/{panel_id}")
    configure(world, selection_pass_line="85")
    shown = page(world, f"/bureau/panels/{panel_id}")
    assert "低于参考分数线" in shown
    assert "参考分数线85分" in shown
    configure(world, selection_pass_line="80")
    assert "低于参考分数线" not in page(world, f"/bureau/panels/{panel_id}")
    world.recommend(now=clock.now())
    assert world.seen().state == "recommended"


def test_code_and_term_are_suggested_as_configured(world: World) -> None:
    """R37: a number is drawn only where the province says so; R45: the usual term is the configured one."""
    with world.people.as_system():
        db.session.get_one(Application, world.application_id).state = "announced"
        db.session.commit()
    case = f"/bureau/cases/{world.application_id}"
    assert "S0000370" not in page(world, case)
    configure(world, code_autogenerate="true", filing_term_years="2")
    assert 'value="S000037000001"' in page(world, case)
    officer = world.people.sign_in(world.app.test_client(), world.officer)
    refused = officer.post(f"{case}/code", data={"code": "S12"})
    assert refused.status_code == 422
    assert 'value="S12"' in refused.text, "what was typed stays"
    assert officer.post(f"{case}/code", data={"code": "s000037000001"}).status_code == 303
    assert 'name="years" value="2"' in officer.get(case).text
