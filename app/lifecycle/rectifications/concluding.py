"""The one reassessment (重新评估) after rectification: its panel, and what its result makes of the rectification (R59).

What becomes of the renewal and of the filing is the renewal's own (`renewals.grading.record_reassessment`).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from app.db import db
from app.lifecycle.deadlines.services import cancel_deadline
from app.lifecycle.panels import forming
from app.lifecycle.panels.models import Panel
from app.lifecycle.rectifications import queries
from app.lifecycle.rectifications.stepping import DUE, SUBJECT, due_at, move, tell_organisation, unknown
from app.lifecycle.renewals import ending
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.submissions import closing
from app.lifecycle.submissions.queries import list_tasks_of
from app.lifecycle.trail import check_unchanged
from app.rules import rectification as rules
from app.rules.core import N_, ActorKind, Refusal
from app.rules.renewal import Grade
from app.rules.states import PanelKind, RectificationState
from tenants.scope import Actor
from uploads.models import ReviewState

_COLUMNS = ["state", "version", "due_on", "reassessing_at"]


def start_reassessment(
    *, actor: Actor, rectification_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> Panel:
    """Begin the one reassessment with a new panel: after the report, which may be early, or after the month (R59).

    Under way already, a panel that was dissolved is replaced. Refusals: rectification_unknown, changed_meanwhile,
    rectification_not_delivered, reassessed_already, rectification_running, reassessment_not_possible, panel_exists.
    """
    row = queries.get_rectification(rectification_id)
    if row is None:
        raise unknown()
    cycle = ending.locked_cycle(row.renewal_cycle_id, actor=actor)
    # Held behind the renewal, as all that decides it does; only these columns, or what was just loaded would be let go.
    db.session.refresh(row, _COLUMNS, with_for_update=True)
    check_unchanged(subject_type=SUBJECT, subject_id=row.id, version=row.version, expected=expected_version)
    if row.state == RectificationState.ISSUED:
        raise Refusal("rectification_not_delivered", "R58", N_("整改通知书尚未送达,一个月的整改期限还没有开始。"))
    if row.state != RectificationState.REASSESSING:
        rules.check_can_reassess(row.state, 1 if row.reassessing_at else 0, now, due_at(row))
        if row.state == RectificationState.DELIVERED:
            # Over, and the clock has not come by yet.
            move(actor, row, "overdue", "rectification_overdue", now, kind=ActorKind.SYSTEM)
        row.reassessing_at = now
        move(actor, row, "reassess", "rectification_reassessing", now, rule="R59")
        cancel_deadline(kind=DUE, subject_id=row.id, now=now)
        closing.close_tasks(list_tasks_of(row.id), actor=actor, state=ReviewState.accepted, now=now)
        tell_organisation(row, N_("整改后重新评估已开始"), "R59", now)
    return forming.create_renewal_panel(actor=actor, cycle=cycle, kind=PanelKind.REASSESSMENT, now=now)


def settle_reassessment(*, actor: Actor, cycle: RenewalCycle, grade: str, reason: str, now: datetime) -> None:
    """The result, on the rectification: after the panel, or, where no report came in time, without one (R59).

    The renewal is held. Refusals: rectification_missing, rectification_not_overdue, reason_missing,
    transition_not_allowed.
    """
    row = queries.find_of_cycle(cycle.id)
    if row is None:
        raise Refusal("rectification_missing", "R59", N_("该续期没有整改事项,不能登记重新评估结果。"))
    db.session.refresh(row, _COLUMNS, with_for_update=True)
    reason = reason.strip()
    row.concluded_at, row.concluded_by, row.result_reason = now, actor.user_id, reason
    if grade != Grade.UNQUALIFIED:
        move(actor, row, "qualify", "rectification_qualified", now, rule="R59", reason=reason)
        return
    event = "disqualify"
    if row.state != RectificationState.REASSESSING:
        rules.check_can_record_unqualified(row.state, reason)
        event = "record_unqualified"
    move(actor, row, event, "rectification_unqualified", now, rule="R59", reason=reason)
    cancel_deadline(kind=DUE, subject_id=row.id, now=now)
    closing.close_tasks(list_tasks_of(row.id), actor=actor, state=ReviewState.accepted, now=now)
