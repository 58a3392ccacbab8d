"""Panels: forming with limits and conflicts, sheets, opinion, both steps of a provincial application; who sees."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.services import ExpertParticulars, add_absence, edit_expert
from app.lifecycle.panels import assessing, drawing, forming, preliminary, queries, seats
from app.lifecycle.panels.assessing import SheetContent
from app.lifecycle.panels.models import Panel, PanelMember, ScoreSheet
from app.rules.core import Refusal
from tenants import events
from tests.factories.people import People
from tests.factories.selection import SELECTION_TYPES, START, World, make_world

NOW = START


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain)
    made.add_experts()
    return made


def state_of(world: World, panel_id: uuid.UUID) -> str:
    with world.people.as_system():
        return db.session.get_one(Panel, panel_id).state


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


def test_a_panel_goes_from_invitation_to_opinion_and_the_application_with_it(world: World) -> None:
    panel_id = world.assess("selection", now=NOW)
    assert state_of(world, panel_id) == "concluded"
    assert world.seen().state == "panel_concluded"
    with world.as_(world.officer):
        sheets = queries.list_sheets(panel_id)
        panel = queries.get_panel(panel_id)
        assert panel is not None
        matrix = queries.make_matrix(queries.template_of(panel), sheets)
        assert (matrix.mean, matrix.spread) == (80.0, 0.0)
        assert all(len(votes) == 3 for votes in matrix.votes.values())
        names = [event.name for event in events.list_for_subject("panel", panel_id)]
    assert {"panel_created", "panel_formed", "panel_started", "panel_sheets_in", "panel_concluded"} <= set(names)


def test_two_members_do_not_make_a_panel_and_six_are_too_many(world: World) -> None:
    world.add_experts([*SELECTION_TYPES, *SELECTION_TYPES])
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
        with refused("panel_size_wrong"):
            forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids, now=NOW)
        forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids[:2], now=NOW)
        panel_id = panel.id
    for expert in world.experts[:2]:
        with world.as_(expert) as actor:
            seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=NOW)
    with world.as_(world.officer) as actor, refused("panel_size_wrong"):
        forming.form_panel(actor=actor, panel_id=panel_id, now=NOW)


def test_who_works_for_the_applicant_or_is_away_is_not_invited(world: World) -> None:
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
        first, second, third = (db.session.get_one(Expert, one) for one in world.expert_ids)
        first.employer = panel.organisation_name
        second.related = [panel.uscc]
        add_absence(
            actor=actor, expert_id=third.id, from_on=date(2026, 3, 1), to_on=date(2026, 3, 5), reason="出差", now=NOW
        )
        db.session.flush()
        for expert, code in ((first, "conflict_employed"), (second, "conflict_related"), (third, "member_unavailable")):
            db.session.expire_all()
            with refused(code):
                forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=[expert.id], now=NOW)
        with refused("pool_too_small"):
            drawing.draw_experts(actor=actor, panel_id=panel.id, count=3, now=NOW)


def test_a_draw_can_be_repeated_from_its_seed_and_covers_the_named_kinds(world: World) -> None:
    world.add_experts([["other"]] * 5 + [["evaluation_expert"], ["technical_expert"]])
    drawn = []
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
        everyone = sorted((db.session.get_one(Expert, one) for one in world.expert_ids), key=lambda one: str(one.id))
        drawn = [[one.id for one in drawing.draw_from(panel, everyone, 3, "seed")] for _ in range(2)]
        members = drawing.draw_experts(actor=actor, panel_id=panel.id, count=3, seed="another", now=NOW)
        kinds = {kind for member in members for kind in member.types}
        assert panel.draws[0]["seed"] == "another"
        assert len(panel.draws[0]["candidates"]) == 10
    assert drawn[0] == drawn[1]
    assert {"evaluation_expert", "technical_expert"} <= kinds


def test_a_file_opens_to_an_expert_only_while_seated(world: World) -> None:
    def sees(expert: object) -> tuple[int, int]:
        with world.as_(expert) as _:  # type: ignore[arg-type]
            return (
                db.session.scalar(select(func.count()).select_from(Application)) or 0,
                db.session.scalar(select(func.count()).select_from(Panel)) or 0,
            )

    outsider = world.people.expert()
    first, second, _ = world.experts
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
        members = forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids, now=NOW)
        panel_id, leader_id = panel.id, members[1].id
    assert sees(first) == (0, 1)
    for expert in world.experts:
        with world.as_(expert) as actor:
            with refused("declaration_missing"):
                seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=False, now=NOW)
            seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=NOW)
    assert sees(first) == (0, 1), "the panel is not formed yet"
    with world.as_(world.officer) as actor:
        forming.appoint_leader(actor=actor, panel_id=panel_id, member_id=leader_id, now=NOW)
        forming.form_panel(actor=actor, panel_id=panel_id, now=NOW)
    assert sees(first) == (1, 1)
    assert sees(outsider) == (0, 0)
    with world.as_(world.officer) as actor:
        assessing.start_panel(actor=actor, panel_id=panel_id, now=NOW)
    with world.as_(first) as actor:
        assessing.open_sheets(actor=actor, panel_id=panel_id, now=NOW)
    with world.as_(second) as actor:
        assert db.session.scalar(select(func.count()).select_from(ScoreSheet)) == 0
        assert db.session.scalar(select(func.count()).select_from(PanelMember)) == 3
    with world.as_(first) as actor:
        seats.recuse(actor=actor, panel_id=panel_id, reason="亲属任职", now=NOW)
    assert sees(first) == (0, 0)
    world.drain()
    assert state_of(world, panel_id) == "forming", "two are left"
    assert sees(second) == (0, 1)
    other = world.people.official("370100")
    with world.as_(other):
        assert queries.get_panel(panel_id) is None


def test_blanks_are_named_and_a_signed_sheet_is_final(world: World) -> None:
    panel_id = world.seat_panel("selection", now=NOW)
    with world.as_(world.experts[0]) as actor:
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=NOW)
        assessing.save_sheet(
            actor=actor, sheet_id=sheet.id, content=SheetContent(scores={"S1": 70, "S2": None}), now=NOW
        )
        with refused("score_out_of_range"):
            assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=SheetContent(scores={"S1": 101}), now=NOW)
        with refused("sheet_saved_elsewhere"):
            assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=SheetContent(), expected_version=1, now=NOW)
    with world.as_(world.experts[0]) as actor:
        with pytest.raises(Refusal, match="设施设备") as refusal:
            assessing.submit_sheets(actor=actor, panel_id=panel_id, now=NOW)
        assert refusal.value.params["count"] == 4 + 4 + 3
        db.session.rollback()
    with world.as_(world.officer) as actor, refused("sheets_missing"):
        assessing.conclude_panel(actor=actor, panel_id=panel_id, now=NOW)
    world.fill_sheets(panel_id, vote="recommend", now=NOW)
    with world.as_(world.experts[0]) as actor, refused("sheet_submitted"):
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=NOW)
        assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=SheetContent(), now=NOW)


def test_no_conclusion_without_a_method_and_an_opinion(world: World) -> None:
    panel_id = world.seat_panel("selection", now=NOW)
    world.fill_sheets(panel_id, vote="recommend", now=NOW)
    assert state_of(world, panel_id) == "opinions_in"
    with world.as_(world.officer) as actor:
        with refused("method_missing"):
            assessing.conclude_panel(actor=actor, panel_id=panel_id, now=NOW)
        entry = {"place": "", "people": "全体", "minutes": "", "now": NOW}
        with refused("method_in_future"):
            assessing.log_method(actor=actor, panel_id=panel_id, method="site_visit", held_on=date(2026, 3, 3), **entry)
        with refused("method_unknown"):
            assessing.log_method(actor=actor, panel_id=panel_id, method="dream", held_on=date(2026, 3, 2), **entry)
        assessing.log_method(actor=actor, panel_id=panel_id, method="site_visit", held_on=date(2026, 3, 2), **entry)
        with refused("opinion_missing"):
            assessing.conclude_panel(actor=actor, panel_id=panel_id, now=NOW)
    with world.as_(world.experts[1]) as actor, refused("panel_unknown"):
        assessing.record_opinion(actor=actor, panel_id=panel_id, opinion="好", items={}, now=NOW)


def test_the_second_officer_hears_that_the_panel_changed(world: World) -> None:
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
        seen = panel.version
        forming.invite_experts(
            actor=actor, panel_id=panel.id, expert_ids=world.expert_ids[:1], expected_version=seen, now=NOW
        )
        with refused("changed_meanwhile"):
            forming.invite_experts(
                actor=actor, panel_id=panel.id, expert_ids=world.expert_ids[1:], expected_version=seen, now=NOW
            )


def test_a_removed_member_reopens_forming_and_a_replacement_completes_the_panel(world: World) -> None:
    panel_id = world.seat_panel("selection", now=NOW)
    world.fill_sheets(panel_id, vote="recommend", now=NOW)
    with world.as_(world.officer) as actor:
        panel = queries.get_panel(panel_id)
        assert panel is not None
        gone = next(member.id for member in panel.members if not member.is_leader)
        with refused("reason_missing"):
            seats.remove_member(actor=actor, panel_id=panel_id, member_id=gone, reason=" ", now=NOW)
        seats.remove_member(actor=actor, panel_id=panel_id, member_id=gone, reason="病假", now=NOW)
    assert state_of(world, panel_id) == "forming"
    before = world.experts
    world.add_experts([["technical_expert"]])
    with world.as_(world.officer) as actor:
        forming.invite_experts(actor=actor, panel_id=panel_id, expert_ids=world.expert_ids, now=NOW)
    with world.as_(world.experts[0]) as actor:
        seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=NOW)
    with world.as_(world.officer) as actor:
        forming.form_panel(actor=actor, panel_id=panel_id, now=NOW)
        assessing.start_panel(actor=actor, panel_id=panel_id, now=NOW)
    assert state_of(world, panel_id) == "assessing"
    world.fill_sheets(panel_id, vote="recommend", now=NOW)
    assert state_of(world, panel_id) == "opinions_in"
    assert before != world.experts


def test_a_provincial_application_takes_both_steps(app: Flask, people: People, drain: Callable[[], int]) -> None:
    world = make_world(app, people, drain, level="provincial")
    world.add_experts()
    with world.as_(world.officer) as actor, refused("act_not_for_level"):
        forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=NOW)
    world.assess("selection_preliminary", now=NOW)
    assert world.seen().state == "under_preliminary_assessment"
    with world.as_(world.department) as actor, pytest.raises(Refusal):
        forming.create_panel(actor=actor, application_id=world.application_id, kind="selection_final", now=NOW)
    with world.as_(world.officer) as actor:
        preliminary.decide_preliminary(actor=actor, application_id=world.application_id, passed=True, now=NOW)
    handed = world.seen()
    assert (handed.state, handed.authority_code) == ("under_final_review", "370000")
    with world.as_(world.officer) as actor:
        assert db.session.get(Application, world.application_id) is not None, "the city keeps reading"
        with refused("application_unknown"):
            forming.create_panel(actor=actor, application_id=world.application_id, kind="selection_final", now=NOW)
    world.add_experts(by=world.department)
    world.assess("selection_final", by=world.department, now=NOW + timedelta(days=5))
    assert world.seen().state == "panel_concluded"


def test_a_failed_preliminary_stops_until_the_department_calls_it_up(
    app: Flask, people: People, drain: Callable[[], int]
) -> None:
    world = make_world(app, people, drain, level="provincial")
    world.add_experts()
    world.assess("selection_preliminary", now=NOW, verdict="not_recommend")
    with world.as_(world.officer) as actor:
        with refused("reason_missing"):
            preliminary.decide_preliminary(actor=actor, application_id=world.application_id, passed=False, now=NOW)
        preliminary.decide_preliminary(
            actor=actor, application_id=world.application_id, passed=False, reason="场地不足", now=NOW
        )
    assert world.seen().state == "preliminary_failed"
    with world.as_(world.department) as actor:
        with refused("reason_missing"):
            preliminary.call_up(actor=actor, application_id=world.application_id, reason="", now=NOW)
        preliminary.call_up(actor=actor, application_id=world.application_id, reason="急需紧缺", now=NOW)
    assert world.seen().state == "under_final_review"
    with world.people.as_system():
        codes = set(db.session.scalars(select(ApplicationItem.authority_code)))
    assert codes == {"370000"}


def test_an_address_with_an_account_cannot_be_changed(world: World) -> None:
    with world.as_(world.officer) as actor, refused("expert_address_fixed"):
        edit_expert(
            actor=actor,
            expert_id=world.expert_ids[0],
            particulars=ExpertParticulars("新名", "other@example.com", ["other"]),
            expected_version=None,
            now=NOW,
        )
