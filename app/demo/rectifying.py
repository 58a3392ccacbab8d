"""A filed organisation whose renewal was graded unqualified: the notice is taken, the first defect answered (R58)."""

from __future__ import annotations

from datetime import timedelta

from app.db import db
from app.demo.accounts import DemoOrganisation, DemoPerson, credit_code
from app.demo.history import History, Story, at
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.rectifications import reporting, services
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.rectifications.services import Defect
from app.lifecycle.renewals import ending, grading
from app.lifecycle.renewals.services import open_renewal
from app.rules import clocks
from app.rules.renewal import Grade
from app.rules.states import RENEWAL_CYCLE
from tenants.models import Organisation
from tenants.scope import Actor, Role

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
_DEFECTS = (
    Defect("2025年度有3个批次没有内部督导报告。", "质量管控"),
    Defect("电工三级题库两年未更新,与现行国家职业标准不一致。", "题库建设"),
    Defect("1起考生投诉未在规定时间内答复。", "舆情反馈"),
)


def rectify(history: History, organisation: Organisation, owner: Actor, officer: Actor) -> Story:
    """From the opening of the renewal to the report that is being written."""
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

    graded_on = history.day(-6)
    yield at(graded_on, 15)
    cycle = ending.locked_cycle(cycle_id, actor=officer)
    # It was assessed on paper, before its authority did that in here: what came of it is taken over.
    for event, side in (("save", owner), ("submit", owner), ("form_panel", officer), ("conclude", officer)):
        cycle.state = RENEWAL_CYCLE.advance(cycle.state, event, side.kind)
    cycle.applied_at, cycle.suggested_grade = at(history.day(-30)), Grade.UNQUALIFIED
    meet_deadline(kind=ending.CLOSE, subject_id=cycle_id, now=at(history.day(-30)))
    cycle.suggestion = "质量管控和题库建设存在明显不足,建议评定为不合格。"
    db.session.flush()
    grading.grade_renewal(
        actor=officer, cycle_id=cycle_id, grade=Grade.UNQUALIFIED, defects=_DEFECTS, now=at(graded_on, 15)
    )

    taken_on = history.day(-5)
    yield at(taken_on, 9)
    row = find_of_cycle(cycle_id)
    if row is None:
        raise AssertionError("the notice was issued the day before")
    services.take_notice(actor=owner, rectification_id=row.id, now=at(taken_on, 9))
    answers = {row.defects[0].id: "已补齐3个批次的内部督导报告,并把督导纳入每批次的归档清单。"}
    reporting.save_answers(actor=owner, rectification_id=row.id, answers=answers, now=at(taken_on, 16))
