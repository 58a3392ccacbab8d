"""Issuing a rectification notice (整改通知书) and serving it: from its delivery the month counts (R58)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.rectifications import queries
from app.lifecycle.rectifications.models import Rectification, RectificationDefect
from app.lifecycle.rectifications.stepping import (
    SUBJECT,
    locked,
    move,
    note,
    tell_authority,
    tell_organisation,
    today_of,
    unknown,
)
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.trail import new_number
from app.rules import rectification as rules
from app.rules.core import N_, Refusal
from app.rules.rectification import Delivery
from app.rules.states import RECTIFICATION, RectificationState, RenewalState
from tenants import notices
from tenants.scope import Actor, ScopeKind

NOTE_LIMIT = 500


@dataclass(frozen=True)
class Defect:
    """One defect (存在的问题) of a notice; `indicator` is the Annex 4 indicator it falls under, if one is named."""

    text: str
    indicator: str = ""


def issue_notice(*, actor: Actor, cycle: RenewalCycle, defects: Sequence[Defect], now: datetime) -> Rectification:
    """Issue the notice of a renewal that was graded unqualified: a sealed document that lists its defects.

    `cycle` is held and `rectifying`; its filing, organisation and period are loaded. A blank defect is left out.
    Refusals: defects_missing, defects_too_many, defect_too_long, and those of the document's data.
    """
    if cycle.state != RenewalState.RECTIFYING:
        raise ValueError("only a renewal graded unqualified is rectified")
    rules.check_notice([defect.text for defect in defects])
    listed = [defect for defect in defects if defect.text.strip()]
    row = Rectification(
        id=uuid.uuid4(),
        number=new_number("ZG", cycle.authority_code, now),
        renewal_cycle_id=cycle.id,
        filing_id=cycle.filing_id,
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        state=RECTIFICATION.advance(None, "issue", actor.kind),
        issued_on=today_of(now),
        issued_at=now,
        delivered_how="",
        delivery_note="",
        result_reason="",
        version=1,
        cycle=cycle,
        filing=cycle.filing,
        organisation=cycle.filing.organisation,
        defects=[_defect(cycle, position, defect) for position, defect in enumerate(listed, start=1)],
    )
    db.session.add(row)
    note("rectification_issued", actor, row, now, rule="R58", before=None, count=str(len(listed)))
    if load_settings(row.authority_code).rectification_basis == "issued_on":
        _start(actor, row, row.issued_on, Delivery.ISSUE, "", now)
    notices.tell(
        kind="rectification_issued",
        now=now,
        link=paths.RECTIFICATION,
        organisation_id=row.organisation_id,
        rule="R58",
        statutory=True,
        key=f"rectification_issued:{row.id}",
        number=row.filing.institution_code or row.number,
        organisation=row.organisation.name,
        due_on=row.due_on.isoformat() if row.due_on else "",
    )
    reach(Milestone.rectification_issued, actor=actor, now=now, rectification=row)
    return row


def _defect(cycle: RenewalCycle, position: int, defect: Defect) -> RectificationDefect:
    return RectificationDefect(
        id=uuid.uuid4(),
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        position=position,
        indicator=defect.indicator.strip(),
        wording=defect.text.strip(),
        answer="",
        files=[],
    )


def take_notice(*, actor: Actor, rectification_id: uuid.UUID, now: datetime) -> Rectification:
    """The organisation opens the notice in the system, which is its receipt: delivered today. Again changes nothing.

    Refusal rectification_unknown.
    """
    if actor.kind != ScopeKind.organisation:
        raise ValueError("only its organisation takes a notice")
    row = queries.get_rectification(rectification_id, lock=True)
    if row is None:
        # Its report is in, or further: there is nothing left to take.
        row = queries.get_rectification(rectification_id)
    if row is None or row.organisation_id != actor.organisation_id:
        raise unknown()
    if row.state == RectificationState.ISSUED:
        _start(actor, row, today_of(now), Delivery.READ, "", now)
        tell_authority(row, N_("整改通知书已由机构签收"), "R58", now)
    return row


def record_delivery(
    *,
    actor: Actor,
    rectification_id: uuid.UUID,
    delivered_on: date,
    how: str,
    proof: str,
    expected_version: int | None = None,
    now: datetime,
) -> Rectification:
    """The officer records service outside the system: its day, its way and its proof.

    Refusals: rectification_unknown, changed_meanwhile, rectification_delivered, delivery_date_wrong,
    delivery_way_unknown, delivery_note_missing.
    """
    row = locked(rectification_id, actor=actor, expected_version=expected_version)
    if row.state != RectificationState.ISSUED:
        raise Refusal("rectification_delivered", "R58", N_("整改通知书已经送达,送达日期不能再改。请刷新页面。"))
    rules.check_delivery(row.issued_on, delivered_on, today_of(now))
    rules.check_way(how, proof)
    _start(actor, row, delivered_on, how, proof.strip()[:NOTE_LIMIT], now)
    tell_organisation(row, N_("整改通知书已送达,请在期限内完成整改并提交整改报告"), "R58", now, due_on=row.due_on)
    return row


def _start(actor: Actor, row: Rectification, delivered_on: date, how: str, proof: str, now: datetime) -> None:
    """Delivered: the month begins, with its deadline."""
    clock = rules.start_clock(
        issued_on=row.issued_on,
        delivered_on=delivered_on,
        calendar=load_calendar(),
        settings=load_settings(row.authority_code),
    )
    if clock is None:
        raise AssertionError("a delivered notice has a last day")
    row.delivered_on, row.delivered_at, row.delivered_how = delivered_on, now, how
    row.delivered_by, row.delivery_note, row.due_on = actor.user_id, proof, clock.due_on
    move(
        actor,
        row,
        "deliver",
        "rectification_delivered",
        now,
        title=rules.DELIVERY_LABELS[how],
        reason=proof,
        delivered_on=delivered_on.isoformat(),
        due_on=clock.due_on.isoformat(),
    )
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type=SUBJECT,
        subject_id=row.id,
        subject_label=row.filing.institution_code or row.number,
        organisation_id=row.organisation_id,
        authority_code=row.authority_code,
        link=paths.RECTIFICATION,
        now=now,
    )
