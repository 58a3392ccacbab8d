"""Two consecutive excellent periods: the next may be renewed without assessment (R57)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import cancel_deadline
from app.lifecycle.filings.models import Filing
from app.lifecycle.renewals.models import RenewalCycle
from app.rules import renewal as rules
from app.rules.core import N_, ActorKind
from app.rules.states import RENEWAL_CYCLE, PeriodState
from tenants import events, notices
from tenants.scope import Actor


def history_of(filing: Filing) -> list[rules.PastPeriod]:
    """The completed periods of a filing, oldest first; a grade that came of rectification says so (R59)."""
    query = select(RenewalCycle.period_id).where(
        RenewalCycle.filing_id == filing.id, RenewalCycle.reassessed_grade.is_not(None)
    )
    rectified = set(db.session.scalars(query))
    return [
        rules.PastPeriod(period.grade, period.exempt, period.id in rectified)
        for period in filing.periods
        if period.state == PeriodState.COMPLETED
    ]


def find_exempt(*, actor: Actor, cycle: RenewalCycle, filing: Filing, name: str, now: datetime) -> bool:
    """List a renewal just opened as `exempt_eligible` where its history says so; its authority is asked to confirm.

    Nothing has to be applied for then, so that there is no last day for it; it never falls into `not_applied`.
    """
    if not rules.exempt_eligible(history_of(filing), load_settings(filing.authority_code)):
        return False
    before, cycle.state = cycle.state, RENEWAL_CYCLE.advance(cycle.state, "find_exempt", ActorKind.SYSTEM)
    cancel_deadline(kind="renewal_apply_close", subject_id=cycle.id, now=now)
    db.session.flush()
    events.record(
        "renewal_exempt_found",
        actor=actor,
        now=now,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        before=before,
        after=cycle.state,
        rule="R57",
    )
    notices.tell(
        kind="case_task",
        now=now,
        link=paths.of_renewal(cycle.id),
        authority_code=cycle.authority_code,
        rule="R57",
        key=f"renewal_exempt:{cycle.id}",
        title=N_("连续两个备案期评估优秀,可免于评估,请确认"),
        number=filing.institution_code or "",
        organisation=name,
        reason="",
    )
    return True
