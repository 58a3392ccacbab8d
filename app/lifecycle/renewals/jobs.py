"""The clock's part of a renewal: windows that open, applications that close, periods that end. All may run twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.filings.queries import current_period
from app.lifecycle.renewals import ending
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle
from app.lifecycle.renewals.services import begin_renewal
from app.rules.core import Refusal
from app.rules.renewal import EndOfPeriod
from app.rules.states import VALID_FILINGS, FilingState, PeriodState, RenewalState
from tenants.scope import SYSTEM_ACTOR

BATCH = 200
GRACE = timedelta(days=1)
"""The first day of the window is its authority's, to open the renewal itself (R47)."""
AWAITED = (RenewalState.OPEN, RenewalState.SELF_ASSESSING)
log = structlog.get_logger(__name__)


def follow_renewals(*, now: datetime) -> int:
    """Open what its authority did not, close what nobody applied for, end periods; commits each. Answers how many."""
    return (
        _each(_unopened(now), lambda filing_id: _open(filing_id, now))
        + _each(_unapplied(now), lambda cycle_id: _close(cycle_id, now))
        + _each(_ended(now), lambda filing_id: _end(filing_id, now))
    )


def _each(query: Select[Any], act: Callable[[uuid.UUID], bool]) -> int:
    """One transaction a row: what cannot be done for one organisation holds up no other."""
    done = 0
    for row_id in db.session.scalars(query.limit(BATCH)).all():
        try:
            done += act(row_id)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            log.error("renewal_not_followed", row=str(row_id), code=refusal.code)
    return done


def _unopened(now: datetime) -> Select[Any]:
    """Filings whose window has been open for a day and whose authority has not opened the renewal (R46): the time for
    applying must not be cut by an oversight of ours."""
    return (
        select(FilingPeriod.filing_id)
        .join(Filing, Filing.id == FilingPeriod.filing_id)
        .join(Deadline, (Deadline.kind == "renewal_open_on") & (Deadline.subject_id == FilingPeriod.id))
        .outerjoin(RenewalCycle, RenewalCycle.period_id == FilingPeriod.id)
        .where(
            FilingPeriod.state == PeriodState.CURRENT,
            Filing.state.in_(VALID_FILINGS),
            RenewalCycle.id.is_(None),
            Deadline.state.in_(("open", "missed")),
            Deadline.due_at <= now - GRACE,
        )
        .order_by(FilingPeriod.valid_to)
    )


def _open(filing_id: uuid.UUID, now: datetime) -> bool:
    filing = _locked(filing_id)
    begin_renewal(actor=SYSTEM_ACTOR, filing=filing, now=now)
    return True


def _unapplied(now: datetime) -> Select[Any]:
    today = now.astimezone(SHANGHAI).date()
    query = select(RenewalCycle.id).where(RenewalCycle.state.in_(AWAITED), RenewalCycle.apply_close_on < today)
    return query.order_by(RenewalCycle.apply_close_on)


def _close(cycle_id: uuid.UUID, now: datetime) -> bool:
    cycle = find_cycle(cycle_id, lock=True)
    return cycle is not None and ending.close_applications(actor=SYSTEM_ACTOR, cycle=cycle, now=now)


def _ended(now: datetime) -> Select[Any]:
    """Filings still valid after their last day, and those that waited for an application which then lapsed."""
    today = now.astimezone(SHANGHAI).date()
    lapsed = (Filing.state == FilingState.EXPIRED_PENDING_ASSESSMENT) & (RenewalCycle.state == RenewalState.NOT_APPLIED)
    return (
        select(FilingPeriod.filing_id)
        .join(Filing, Filing.id == FilingPeriod.filing_id)
        .outerjoin(RenewalCycle, RenewalCycle.period_id == FilingPeriod.id)
        .where(
            FilingPeriod.state == PeriodState.CURRENT,
            FilingPeriod.valid_to < today,
            or_(Filing.state.in_(VALID_FILINGS), lapsed),
        )
        .order_by(FilingPeriod.valid_to)
    )


def _end(filing_id: uuid.UUID, now: datetime) -> bool:
    filing = _locked(filing_id)
    period = current_period(filing)
    if period is None:
        return False
    return ending.end_period(actor=SYSTEM_ACTOR, filing=filing, period=period, now=now) is not EndOfPeriod.NOTHING


def _locked(filing_id: uuid.UUID) -> Filing:
    query = (
        select(Filing)
        .where(Filing.id == filing_id)
        .options(joinedload(Filing.organisation), selectinload(Filing.periods), selectinload(Filing.items))
    )
    return db.session.scalars(query.with_for_update(of=Filing).execution_options(populate_existing=True)).one()
