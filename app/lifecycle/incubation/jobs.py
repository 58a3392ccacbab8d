"""The clock's part of the incubation: day 181."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.lifecycle.incubation import acceptance, board
from app.rules.states import ApplicationState
from tenants.scope import SYSTEM_ACTOR


def flag_overdue(*, now: datetime, limit: int = 200) -> int:
    """Mark each incubation whose last day is over; commits each. Returns how many (R27, R29)."""
    query = select(Application.id).where(
        Application.state == ApplicationState.INCUBATING, Application.incubation_due_on < board.today_of(now)
    )
    flagged = 0
    for application_id in db.session.scalars(query.order_by(Application.incubation_due_on).limit(limit)).all():
        application = casework.locked_case(application_id)
        flagged += bool(acceptance.judge_overdue(actor=SYSTEM_ACTOR, application=application, now=now))
        db.session.commit()
    return flagged
