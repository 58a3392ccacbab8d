"""After the calendar changed: open clocks are computed anew, and those affected are told (design.md section 5)."""

from __future__ import annotations

from sqlalchemy import select

from app import clock
from app.db import db
from app.jobs import job
from app.lifecycle.applications.models import SupplementRequest
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import set_deadline
from app.rules import clocks
from app.rules.clocks import Clock
from tenants import notices
from tenants.scope import SYSTEM_ACTOR

# What counts working days, or rolls over a holiday. A publicity's end may be later than the least that the notice
# asks for: its own record says how long it runs, so it is not computed from the minimum here.
RECOMPUTED = (
    "supplement_due",
    "objection_handling_due",
    "city_report_due",
    "commitment_sign_due",
    "rectification_due",
    "exit_data_due",
)


@job()
def recompute() -> None:
    """Compute every open clock that counts working days from its start again; run again, nothing changes."""
    calendar, now = load_calendar(fresh=True), clock.now()
    query = select(Deadline).where(Deadline.state == "open", Deadline.kind.in_(RECOMPUTED)).order_by(Deadline.id)
    for deadline in db.session.scalars(query).all():
        fresh = clocks.date_of(deadline.kind, deadline.starts_on, calendar, load_settings(deadline.authority_code))
        if (fresh.due_on, fresh.provisional) == (deadline.due_on, deadline.provisional):
            continue
        moved = fresh.due_on != deadline.due_on
        set_deadline(
            actor=SYSTEM_ACTOR,
            clock=fresh,
            subject_type=deadline.subject_type,
            subject_id=deadline.subject_id,
            subject_label=deadline.subject_label,
            organisation_id=deadline.organisation_id,
            authority_code=deadline.authority_code,
            link=deadline.link,
            now=now,
            reason="calendar",
        )
        if moved:
            _follow(deadline, fresh)
            notices.tell(
                kind="calendar_changed",
                now=now,
                link=deadline.link,
                organisation_id=deadline.organisation_id,
                rule=deadline.rule,
                statutory=True,
                key=f"calendar_changed:{deadline.id}:{fresh.due_on.isoformat()}",
                title=clocks.KINDS[deadline.kind].label,
                number=deadline.subject_label,
                due_on=fresh.due_on.isoformat(),
            )


def _follow(deadline: Deadline, fresh: Clock) -> None:
    if deadline.subject_type == "supplement_request":
        request = db.session.get(SupplementRequest, deadline.subject_id)
        if request is not None and request.state == "open":
            request.due_on, request.due_at = fresh.due_on, fresh.due_at
