"""The clock's part of a rectification: a notice that nobody took, a month that passed without a report, one that the
holidays made longer."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar
from app.lifecycle.rectifications import queries
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.rectifications.stepping import due_at, move, tell_organisation, today_of
from app.rules import rectification as rules
from app.rules.core import N_
from app.rules.states import RectificationState
from tenants import notices
from tenants.scope import SYSTEM_ACTOR

BATCH = 200


def follow_rectifications(*, now: datetime) -> int:
    """Ask after what nobody took, mark what is overdue, let run again what is not any more; commits each. Run again
    it does nothing."""
    done = 0
    for row_id in db.session.scalars(_untaken(now)).all():
        done += _ask_after(row_id, now)
        db.session.commit()
    for row_id in db.session.scalars(_due(now)).all():
        done += _follow(row_id, now)
        db.session.commit()
    return done


def _untaken(now: datetime) -> Select[Any]:
    """What has lain long enough in calendar days that it may have lain long enough in working days."""
    asked = func.coalesce(Rectification.asked_after_on, Rectification.issued_on)
    return (
        select(Rectification.id)
        .where(
            Rectification.state == RectificationState.ISSUED,
            asked < today_of(now) - timedelta(days=rules.UNTAKEN_WORKING_DAYS),
        )
        .order_by(asked)
        .limit(BATCH)
    )


def _ask_after(row_id: uuid.UUID, now: datetime) -> bool:
    """Without delivery no month runs (R58): the organisation is asked to take it, its authority to serve it."""
    row = queries.get_rectification(row_id, lock=True)
    if row is None or not rules.is_untaken(row.state, row.issued_on, row.asked_after_on, now, load_calendar()):
        return False
    row.asked_after_on = today_of(now)
    common: dict[str, Any] = {
        "number": row.filing.institution_code or row.number,
        "organisation": row.organisation.name,
        "issued_on": row.issued_on.isoformat(),
    }
    key = f"{row.id}:{row.asked_after_on.isoformat()}"
    notices.tell(
        kind="rectification_untaken",
        now=now,
        link=paths.RECTIFICATION,
        organisation_id=row.organisation_id,
        rule="R58",
        statutory=True,
        key=f"rectification_untaken:{key}",
        **common,
    )
    notices.tell(
        kind="rectification_untaken_officer",
        now=now,
        link=paths.of_rectification(row.id),
        authority_code=row.authority_code,
        rule="R58",
        key=f"rectification_untaken_officer:{key}",
        **common,
    )
    return True


def _due(now: datetime) -> Select[Any]:
    today, state = today_of(now), Rectification.state
    return (
        select(Rectification.id)
        .where(
            or_(
                and_(state == RectificationState.DELIVERED, Rectification.due_on < today),
                and_(state == RectificationState.OVERDUE, Rectification.due_on >= today),
            )
        )
        .order_by(Rectification.due_on)
        .limit(BATCH)
    )


def _follow(row_id: uuid.UUID, now: datetime) -> bool:
    row = queries.get_rectification(row_id, lock=True)
    if row is None or row.due_on is None:
        return False
    if rules.is_overdue(row.state, now, due_at(row)):
        move(SYSTEM_ACTOR, row, "overdue", "rectification_overdue", now, due_on=row.due_on.isoformat())
        _tell_overdue(row, now)
        return True
    if rules.is_extended(row.state, now, due_at(row)):
        move(SYSTEM_ACTOR, row, "extend", "rectification_extended", now, due_on=row.due_on.isoformat())
        tell_organisation(row, N_("整改末日顺延,仍可提交整改报告"), "R58", now, due_on=row.due_on)
        return True
    return False


def _tell_overdue(row: Rectification, now: datetime) -> None:
    """Both sides, in the morning if it is night: the clock says so, not a person."""
    common: dict[str, Any] = {
        "number": row.filing.institution_code or row.number,
        "organisation": row.organisation.name,
        "ended_on": row.due_on.isoformat() if row.due_on else "",
    }
    notices.tell(
        kind="rectification_overdue",
        now=now,
        link=paths.RECTIFICATION,
        organisation_id=row.organisation_id,
        rule="R58",
        statutory=True,
        key=f"rectification_overdue:{row.id}:{row.version}",
        **common,
    )
    notices.tell(
        kind="rectification_overdue_officer",
        now=now,
        link=paths.of_rectification(row.id),
        authority_code=row.authority_code,
        rule="R59",
        key=f"rectification_overdue_officer:{row.id}:{row.version}",
        **common,
    )
