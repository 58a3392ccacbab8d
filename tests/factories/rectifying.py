"""Renewals graded unqualified, with the notice issued by their bureau's officer."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Flask

from app.db import db
from app.lifecycle.rectifications.services import Defect, issue_notice
from app.lifecycle.renewals import ending
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.renewal import Grade
from app.rules.states import RenewalState
from tenants import scope
from tests.factories.people import People, Person

DEFECTS = (
    Defect("2025年度有3个批次没有督导报告。", "质量管控"),
    Defect("电工三级题库两年未更新,与现行国家职业标准不一致。", "题库建设"),
)


def issue_to(
    app: Flask,
    people: People,
    officer: Person,
    cycle_id: uuid.UUID,
    *,
    now: datetime,
    defects: tuple[Defect, ...] = DEFECTS,
) -> uuid.UUID:
    """The notice of a renewal whose grade was just found unqualified; the rectification's id."""
    with people.as_system():
        cycle = db.session.get_one(RenewalCycle, cycle_id)
        cycle.state, cycle.applied_at, cycle.grade = RenewalState.RECTIFYING, now, Grade.UNQUALIFIED
        db.session.commit()
    with app.app_context(), scope.use(officer.actor.scope):
        held = ending.locked_cycle(cycle_id, actor=officer.actor)
        row = issue_notice(actor=officer.actor, cycle=held, defects=defects, now=now)
        row_id = row.id
        db.session.commit()
    return row_id
