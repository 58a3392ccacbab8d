"""A filed organisation whose renewal was assessed and graded unqualified; it has taken the notice and answered the
first defect (R48–R58)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

from app.db import db
from app.demo.accounts import DemoOrganisation, DemoPerson, credit_code
from app.demo.history import Story, at, run_waiting
from app.demo.uploading import attach
from app.demo.walk import Sides
from app.lifecycle.experts.models import Expert
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.panels import assessing, forming, queries, seats
from app.lifecycle.panels.assessing import SheetContent
from app.lifecycle.panels.models import Panel
from app.lifecycle.rectifications import reporting, services
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.rectifications.services import Defect
from app.lifecycle.renewals import grading
from app.lifecycle.renewals.self_assessing import save_self_assessment
from app.lifecycle.renewals.services import open_renewal
from app.lifecycle.submissions import reviews
from app.lifecycle.submissions.services import submit_dossier
from app.rules import clocks
from app.rules.renewal import Grade
from tenants.models import Organisation
from tenants.scope import Actor, Role
from uploads.models import Purpose, ReviewTask

ORGANISATION = DemoOrganisation(
    key="lingshanwan",
    name="青岛灵山湾职业培训学校",
    uscc=credit_code("52370200", "MJDEM003"),
    org_type="private_non_enterprise",
    affiliation="private_non_enterprise",
    registration_authority="青岛市民政局",
    city="370200",
    phone="0532-5550193",
)
OWNER = DemoPerson("owner@lingshanwan.demo", "李建宁", Role.owner, organisation="lingshanwan")
_PERIOD_LEFT = 75
_OWN_SCORES = {"P1": 85.0, "P2": 82.0, "P3": 70.0, "P4": 80.0, "P5": 75.0, "P6": 78.0}
_PANEL_SCORES = {"P1": 72.0, "P2": 70.0, "P3": 41.0, "P4": 63.0, "P5": 38.0, "P6": 55.0}
_DEFECTS = (
    Defect("2025年度有3个批次没有内部督导报告。", "质量管控"),
    Defect("电工三级题库两年未更新,与现行国家职业标准不一致。", "题库建设"),
    Defect("1起考生投诉未在规定时间内答复。", "舆情反馈"),
)


def rectify(sides: Sides, organisation: Organisation, owner: Actor, officer: Actor) -> Story:
    """From the opening of the renewal to the report that is being written."""
    history = sides.history
    opened_on = history.day(-60)
    yield at(opened_on, 9)
    first = clocks.add_years(history.today + timedelta(days=_PERIOD_LEFT), -3)
    filing = import_filing(
        actor=officer,
        organisation=organisation,
        institution_code="S000037990062",
        items=[NewItem("6-31-01-03", "电工", "level_3"), NewItem("6-31-01-03", "电工", "level_4")],
        periods=[ImportedPeriod(first)],
        now=at(opened_on, 9),
    )
    cycle_id = open_renewal(actor=officer, filing=filing, now=at(opened_on, 9)).id
    yield from _apply(sides, cycle_id, owner, officer)
    yield from _assess(sides, cycle_id, officer)

    graded_at = at(history.day(-6), 15)
    yield graded_at
    grading.grade_renewal(actor=officer, cycle_id=cycle_id, grade=Grade.UNQUALIFIED, defects=_DEFECTS, now=graded_at)

    taken_on = history.day(-5)
    yield at(taken_on, 9)
    row = find_of_cycle(cycle_id)
    if row is None:
        raise AssertionError("the notice was issued the day before")
    services.take_notice(actor=owner, rectification_id=row.id, now=at(taken_on, 9))
    answers = {row.defects[0].id: "已补齐3个批次的内部督导报告,并把督导纳入每批次的归档清单。"}
    reporting.save_answers(actor=owner, rectification_id=row.id, answers=answers, now=at(taken_on, 16))


def _apply(sides: Sides, cycle_id: uuid.UUID, owner: Actor, officer: Actor) -> Story:
    """It scores itself, hands in its evidence, and its authority takes the application up (R48, R49)."""
    now = at(sides.history.day(-40), 10)
    yield now
    save_self_assessment(actor=owner, cycle_id=cycle_id, scores=_OWN_SCORES, notes={}, now=now)
    upload_id = attach(owner, "自查自评报告.pdf", Purpose.self_assessment, cycle_id, now)
    submit_dossier(
        actor=owner, kind="self_assessment", subject_id=cycle_id, upload_ids=[upload_id],
        idempotency_key=f"demo:renewal:{cycle_id}", now=now,
    )  # fmt: skip
    now = at(sides.history.day(-36), 10)
    yield now
    handed = ReviewTask.dossier.has(kind="self_assessment", subject_id=cycle_id)
    task_id = db.session.scalars(select(ReviewTask.id).where(handed)).one()
    reviews.decide_review(actor=officer, task_id=task_id, decision="accept", now=now)


def _assess(sides: Sides, cycle_id: uuid.UUID, officer: Actor) -> Story:
    """Three specialists read and score; what they say is that it does not pass (R51–R54)."""
    now = at(sides.history.day(-30), 10)
    yield now
    panel_id = grading.open_assessment(actor=officer, cycle_id=cycle_id, now=now).id
    pool = db.session.execute(select(Expert.id, Expert.user_id, Expert.types).order_by(Expert.name)).all()
    chosen = [row for row in pool if "policy_norm_specialist" in row.types and row.id != sides.guest][:3]
    members = forming.invite_experts(actor=officer, panel_id=panel_id, expert_ids=[row.id for row in chosen], now=now)
    leader_id, experts = members[0].id, [sides.experts[member.user_id] for member in members]
    for expert in experts:
        seats.accept_seat(actor=expert, panel_id=panel_id, no_conflict=True, now=now)
    run_waiting()
    forming.appoint_leader(actor=officer, panel_id=panel_id, member_id=leader_id, now=now)
    forming.form_panel(actor=officer, panel_id=panel_id, now=now)
    assessing.start_panel(actor=officer, panel_id=panel_id, now=now)

    now = at(sides.history.day(-18), 14)
    yield now
    assessing.log_method(
        actor=officer, panel_id=panel_id, method="on_site_check", held_on=now.date(), place="机构档案室、考场",
        people="评估组全体成员、机构负责人", minutes="抽查12个批次档案,核对题库更新记录和投诉台账。", now=now,
    )  # fmt: skip
    _score(panel_id, experts, now)

    now = at(sides.history.day(-12), 16)
    yield now
    assessing.record_opinion(
        actor=experts[0], panel_id=panel_id, opinion="质量管控和题库建设存在明显不足,建议评定为不合格。", items={},
        grade=Grade.UNQUALIFIED, now=now,
    )  # fmt: skip
    assessing.conclude_panel(actor=officer, panel_id=panel_id, now=now)


def _score(panel_id: uuid.UUID, experts: list[Actor], now: datetime) -> None:
    template = queries.template_of(db.session.get_one(Panel, panel_id))
    for number, expert in enumerate(experts):
        (sheet,) = assessing.open_sheets(actor=expert, panel_id=panel_id, now=now)
        content = SheetContent(
            scores={code: _PANEL_SCORES.get(code, 60.0) + 2 * number for code in template.mandatory},
            gates={str(position): "yes" for position in range(len(template.gates))},
            votes={assessing.GRADE: Grade.UNQUALIFIED},
            comment="督导档案缺失,题库长期未更新。",
        )
        assessing.save_sheet(actor=expert, sheet_id=sheet.id, content=content, now=now)
        assessing.submit_sheets(actor=expert, panel_id=panel_id, now=now)
    run_waiting()
