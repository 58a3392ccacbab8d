"""The periodic assessment of a renewal: its panel, the suggestion and the grade (R47, R50–R59)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.db import db
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.panels import assessing, forming, queries, reading
from app.lifecycle.panels.assessing import SheetContent
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.rectifications.services import Defect
from app.lifecycle.renewals import deciding, grading
from app.lifecycle.renewals.deciding import Activity
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.core import Refusal
from tests.factories.people import People
from tests.factories.renewing import ELECTRICIAN, GRID, Renewing, make_renewing
from uploads.models import Dossier


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> Renewing:
    made = make_renewing(app, people, drain)
    made.add_specialists()
    return made


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    db.session.rollback()
    return caught.value.code


def test_a_renewal_goes_from_application_through_panel_and_grade_to_its_receipt(world: Renewing) -> None:
    now = clock.now()
    panel_id = world.seat_panel()
    assert world.seen().state == "under_assessment"
    world.score(panel_id, grade="excellent")
    with world.as_(world.officer) as actor:
        assessing.conclude_panel(actor=actor, panel_id=panel_id, now=now)
    cycle = world.seen()
    assert (cycle.state, cycle.suggested_grade, cycle.suggestion) == (
        "suggested", "excellent", "制度健全,实施规范。",
    )  # fmt: skip
    with world.as_(world.officer) as actor:
        grade = lambda **more: grading.grade_renewal(actor=actor, cycle_id=world.cycle_id, now=now, **more)  # noqa: E731
        assert refused(lambda: grade(grade="good")) == "grade_unknown"
        assert refused(lambda: grade(grade="qualified")) == "reason_missing"
        assert refused(lambda: grade(grade="unqualified", reason="不实")) == "defects_missing"
        assert grade(grade="qualified", reason="投诉较多").state == "renewal_decided"
    with world.as_(world.officer) as actor:
        deciding.issue_renewal_receipt(
            actor=actor, cycle_id=world.cycle_id, activity={ELECTRICIAN: Activity(20), GRID: Activity(0)}, now=now
        )
    cycle = world.seen()
    assert (cycle.state, cycle.grade, cycle.grade_reason, cycle.graded_by) == (
        "renewed", "qualified", "投诉较多", world.officer.user_id,
    )  # fmt: skip
    with world.people.as_system():
        period = db.session.get_one(FilingPeriod, cycle.period_id)
        assert (period.state, period.grade) == ("completed", "qualified")
        assert db.session.get_one(Filing, world.filing_id).state == "active"


def test_one_whose_period_ended_while_it_was_assessed_is_renewed_from_the_day_after(world: Renewing) -> None:
    now = clock.now()
    with world.people.as_system():
        db.session.get_one(Filing, world.filing_id).state = "expired_pending_assessment"
        db.session.commit()
    world.assess()
    with world.as_(world.officer) as actor:
        grading.grade_renewal(actor=actor, cycle_id=world.cycle_id, grade="qualified", now=now)
        receipt = deciding.issue_renewal_receipt(
            actor=actor, cycle_id=world.cycle_id, activity={ELECTRICIAN: Activity(20), GRID: Activity(3)}, now=now
        )
        assert receipt.valid_from == world.valid_to + timedelta(days=1)
    assert (world.seen().state, world.filing_state()) == ("renewed", "active")


def test_who_did_not_apply_or_whose_papers_wait_is_not_assessed(world: Renewing) -> None:
    now = clock.now()
    open_it = lambda actor: grading.open_assessment(actor=actor, cycle_id=world.cycle_id, now=now)  # noqa: E731
    with world.people.as_system():
        db.session.get_one(Dossier, world.dossier_id).state = "delivered"
        db.session.commit()
    with world.as_(world.officer) as actor:
        assert refused(lambda: open_it(actor)) == "renewal_not_accepted"
    with world.people.as_system():
        db.session.get_one(RenewalCycle, world.cycle_id).state = "not_applied"
        db.session.commit()
    with world.as_(world.officer) as actor:
        assert refused(lambda: open_it(actor)) == "no_renewal_application"
    with world.as_(world.people.official("370100")) as stranger:
        assert refused(lambda: open_it(stranger)) == "renewal_unknown"


def test_one_panel_of_three_to_five_at_a_time_and_another_after_it_was_dissolved(world: Renewing) -> None:
    now = clock.now()
    with world.as_(world.officer) as actor:
        panel = grading.open_assessment(actor=actor, cycle_id=world.cycle_id, now=now)
        forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids[:2], now=now)
        first = panel.id
    with world.as_(world.officer) as actor:
        assert refused(lambda: forming.form_panel(actor=actor, panel_id=first, now=now)) == "panel_size_wrong"
        again = lambda: grading.open_assessment(actor=actor, cycle_id=world.cycle_id, now=now)  # noqa: E731
        assert refused(again) == "panel_exists"
        forming.dissolve_panel(actor=actor, panel_id=first, reason="人员变动", now=now)
    panel_id = world.seat_panel()
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="须回避", now=now)
    world.seat_panel()
    assert world.seen().state == "under_assessment"


def test_a_sheet_is_complete_with_six_indicators_and_a_suggested_grade(world: Renewing) -> None:
    now = clock.now()
    panel_id = world.seat_panel()
    with world.as_(world.experts[0]) as actor:
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=now)
        panel = queries.get_panel(panel_id)
        assert panel is not None
        template = queries.template_of(panel)
        assert list(template.mandatory) == ["P1", "P2", "P3", "P4", "P5", "P6"]
        scores = dict.fromkeys(template.mandatory, 70.0)
        save = lambda votes: assessing.save_sheet(  # noqa: E731
            actor=actor, sheet_id=sheet.id, content=SheetContent(scores=scores, votes=votes), now=now
        )
        save({})
        assert assessing.find_blanks(panel, sheet) == ["建议等次"]
        db.session.commit()
        assert refused(lambda: save({"grade": "recommend"})) == "vote_unknown"
        assert refused(lambda: save({str(panel_id): "qualified"})) == "vote_unknown"
        assert refused(lambda: assessing.submit_sheets(actor=actor, panel_id=panel_id, now=now)) == "sheet_blank"


def test_the_applicants_record_opens_to_a_seated_member_and_to_no_other_expert(world: Renewing) -> None:
    now = clock.now()
    with world.as_(world.officer) as actor:
        panel = grading.open_assessment(actor=actor, cycle_id=world.cycle_id, now=now)
        forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids, now=now)
        panel_id = panel.id

    def reads(who: object) -> tuple[int, int, int]:
        with world.as_(who):  # type: ignore[arg-type]
            row = queries.get_panel(panel_id)
            dossiers = reading.list_dossiers(row) if row is not None else []
            cycles = db.session.scalars(select(RenewalCycle)).all()
            return len(dossiers), len(cycles), len(db.session.scalars(select(Filing)).all())

    assert reads(world.experts[0]) == (0, 0, 0)
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="改期", now=now)
    panel_id = world.seat_panel()
    assert reads(world.experts[0]) == (1, 1, 1)
    assert reads(world.people.expert()) == (0, 0, 0)
    assert reads(world.people.official("370100")) == (0, 0, 0)


@pytest.mark.parametrize("grade", ["qualified", "unqualified"])
def test_after_rectification_it_is_renewed_or_removed(world: Renewing, grade: str) -> None:
    now = clock.now()
    world.assess(grade="unqualified")
    with world.as_(world.officer) as actor:
        again = grading.grade_renewal(
            actor=actor, cycle_id=world.cycle_id, grade="unqualified", defects=[Defect("题库三年未更新")], now=now
        )
        assert again.state == "rectifying"
    row_id = world.rectify()
    world.assess(grade=grade, kind="reassessment")
    with world.as_(world.officer) as actor:
        record = lambda wanted: grading.record_reassessment(  # noqa: E731
            actor=actor, cycle_id=world.cycle_id, grade=wanted, now=now
        )
        assert refused(lambda: record("excellent")) == "reassessment_excellent"
        record(grade)
    with world.people.as_system():
        assert db.session.get_one(Rectification, row_id).state == grade
    cycle = world.seen()
    assert (cycle.grade, cycle.reassessed_grade, cycle.suggested_grade) == ("unqualified", grade, "unqualified")
    if grade == "qualified":
        assert (cycle.state, world.filing_state()) == ("renewal_decided", "renewal_due")
    else:
        assert (cycle.state, world.filing_state()) == ("not_renewed", "removed_unqualified")
        with world.people.as_system():
            case = find_exit_of_filing(world.filing_id)
            assert case is not None
            assert case.cause == "unqualified"
            assert db.session.get_one(FilingPeriod, cycle.period_id).grade == "unqualified"


def test_a_provincial_organisation_is_assessed_by_the_department(
    app: Flask, people: People, drain: Callable[[], int]
) -> None:
    world = make_renewing(app, people, drain, level="provincial")
    world.add_specialists()
    world.assess()
    assert world.seen().state == "suggested"
    with world.as_(people.official("370200")) as stranger:
        grade = lambda: grading.grade_renewal(  # noqa: E731
            actor=stranger, cycle_id=world.cycle_id, grade="qualified", now=clock.now()
        )
        assert refused(grade) == "renewal_unknown"
