"""The authority's part of a periodic assessment (定期评估): opening it, the grade (评估等次), and what a reassessment
after rectification comes to (R49–R59)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import cancel_deadline
from app.lifecycle.exits.opening import open_exit
from app.lifecycle.panels import forming
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.panels.models import Panel
from app.lifecycle.rectifications.concluding import settle_reassessment
from app.lifecycle.rectifications.services import Defect, issue_notice
from app.lifecycle.renewals.ending import CLOSE, SUPPLEMENT, locked_cycle, move, tell
from app.lifecycle.renewals.models import RenewalCycle
from app.rules import rectification
from app.rules import renewal as rules
from app.rules.core import N_, Refusal
from app.rules.exit import ExitCause
from app.rules.states import PanelKind, PanelState, RenewalState
from tenants.scope import Actor
from uploads.models import Dossier, DossierState, Purpose


def open_assessment(*, actor: Actor, cycle_id: uuid.UUID, expected: int | None = None, now: datetime) -> Panel:
    """Begin the panel of a renewal whose application was accepted; once formed, the renewal is under assessment.

    Refusals: renewal_unknown, changed_meanwhile, no_renewal_application (R50), renewal_not_accepted (R49),
    panel_exists, not_competent.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    if cycle.state != RenewalState.UNDER_ASSESSMENT:
        rules.check_can_open_assessment(cycle.state)
    if not is_application_accepted(cycle):
        raise Refusal("renewal_not_accepted", "R49", N_("续期申请材料尚未受理。请先审核并受理材料,再组建评估组。"))
    return forming.create_renewal_panel(actor=actor, cycle=cycle, kind=PanelKind.PERIODIC, now=now)


def is_application_accepted(cycle: RenewalCycle) -> bool:
    """Whether the newest self-assessment handed in was accepted in the queue."""
    query = select(Dossier.state).where(Dossier.kind == Purpose.self_assessment, Dossier.subject_id == cycle.id)
    return db.session.scalars(query.order_by(Dossier.submitted_at.desc())).first() == DossierState.accepted


def grade_renewal(
    *,
    actor: Actor,
    cycle_id: uuid.UUID,
    grade: str,
    reason: str = "",
    defects: Sequence[Defect] = (),
    expected: int | None = None,
    now: datetime,
) -> RenewalCycle:
    """Set the grade beside the panel's suggestion; a departure from it needs its reason (R54, R55).

    Excellent and qualified are renewed (R56); unqualified goes into rectification, whose notice lists `defects` (R58).
    Refusals: renewal_unknown, changed_meanwhile, grade_unknown, suggestion_missing, reason_missing, defects_missing,
    transition_not_allowed.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    settings = load_settings(cycle.authority_code)
    decided = rules.check_grade(grade, cycle.suggested_grade, reason, is_reassessment=False, settings=settings)
    if decided is rules.Grade.UNQUALIFIED:
        rectification.check_notice([defect.text for defect in defects])
    event = "grade_unqualified" if decided is rules.Grade.UNQUALIFIED else "grade"
    cycle.grade, cycle.grade_reason = decided, reason.strip()
    cycle.graded_at, cycle.graded_by = now, actor.user_id
    rule = "R58" if decided is rules.Grade.UNQUALIFIED else "R55"
    move(actor, cycle, event, "renewal_graded", now, rule=rule, title=rules.GRADE_LABELS[decided], **_told(reason))
    if decided is rules.Grade.UNQUALIFIED:
        issue_notice(actor=actor, cycle=cycle, defects=defects, now=now)
    else:
        _renew(actor, cycle, "decide", now, reason)
    return cycle


def record_reassessment(
    *,
    actor: Actor,
    cycle_id: uuid.UUID,
    grade: str,
    reason: str = "",
    without_report: bool = False,
    expected: int | None = None,
    now: datetime,
) -> RenewalCycle:
    """The result of the one reassessment: renewed, or not renewed and out of the directory (R59).

    `without_report`: no report came in time and the authority records `unqualified` without a panel; a reason is
    needed then. Refusals: as `grade_renewal`, and reassessment_excellent.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    panel = panel_queries.find_of_renewal(cycle.id, PanelKind.REASSESSMENT)
    suggested = panel.suggested_grade if panel is not None and panel.state == PanelState.CONCLUDED else None
    if suggested is None and without_report and grade == rules.Grade.UNQUALIFIED and reason.strip():
        suggested = rules.Grade.UNQUALIFIED
    settings = load_settings(cycle.authority_code)
    decided = rules.check_grade(grade, suggested, reason, is_reassessment=True, settings=settings)
    event = rectification.reassessment_event(decided)
    cycle.reassessed_grade = decided
    settle_reassessment(actor=actor, cycle=cycle, grade=decided, reason=reason, now=now)
    if event == "reassess_qualified":
        _renew(actor, cycle, event, now, reason, rule="R59")
    else:
        _remove(actor, cycle, event, reason.strip(), now)
    return cycle


def _renew(actor: Actor, cycle: RenewalCycle, event: str, now: datetime, reason: str, *, rule: str = "R56") -> None:
    cycle.decided_at = now
    label = rules.GRADE_LABELS[cycle.final_grade or ""]
    move(actor, cycle, event, "renewal_decided", now, rule=rule, title=label, **_told(reason))
    tell(cycle, N_("定期评估等次已评定,准予续期"), rule, now, reason=reason.strip())


def _remove(actor: Actor, cycle: RenewalCycle, event: str, reason: str, now: datetime) -> None:
    cycle.decided_at, cycle.decision_reason = now, reason
    cycle.period.grade = cycle.final_grade
    move(actor, cycle, event, "renewal_not_renewed", now, rule="R59", **_told(reason))
    for kind in (CLOSE, SUPPLEMENT):
        cancel_deadline(kind=kind, subject_id=cycle.id, now=now)
    open_exit(
        actor=actor,
        filing=cycle.filing,
        period=cycle.period,
        organisation=cycle.filing.organisation,
        cause=ExitCause.UNQUALIFIED,
        removed_on=now.astimezone(SHANGHAI).date(),
        reason=reason,
        now=now,
    )


def _told(reason: str) -> dict[str, str]:
    return {"reason": reason.strip()} if reason.strip() else {}
