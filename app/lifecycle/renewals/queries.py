"""The renewal an organisation is in, and an authority's list of them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.filings.queries import narrowed
from app.lifecycle.renewals.models import AssessmentPlan, RenewalCycle
from app.rules.states import RENEWAL_CYCLE, VALID_FILINGS, AssessmentPlanState, PeriodState
from tenants.models import Organisation

LIVE = tuple(state for state in RENEWAL_CYCLE.states if RENEWAL_CYCLE.is_live(state))


def find_cycle(cycle_id: uuid.UUID, *, lock: bool = False) -> RenewalCycle | None:
    """One cycle with its filing, organisation and period, if this scope may see it; with `lock` held, read afresh."""
    query = select(RenewalCycle).where(RenewalCycle.id == cycle_id)
    query = query.options(
        joinedload(RenewalCycle.filing).options(
            joinedload(Filing.organisation), selectinload(Filing.periods), selectinload(Filing.items)
        ),
        joinedload(RenewalCycle.period),
    )
    if lock:
        query = query.with_for_update(of=RenewalCycle).execution_options(populate_existing=True)
    return db.session.scalar(query)


def find_cycle_of_period(period_id: uuid.UUID) -> RenewalCycle | None:
    """The renewal at the end of one filing period, once its window has opened."""
    query = select(RenewalCycle).where(RenewalCycle.period_id == period_id)
    return db.session.scalar(query.options(joinedload(RenewalCycle.filing), joinedload(RenewalCycle.period)))


def find_plan(authority_code: str, first: date, last: date) -> AssessmentPlan | None:
    """The published plan of an authority whose window meets these days."""
    query = select(AssessmentPlan).where(
        AssessmentPlan.authority_code == authority_code,
        AssessmentPlan.state == AssessmentPlanState.PUBLISHED,
        AssessmentPlan.window_first <= last,
        AssessmentPlan.window_last >= first,
    )
    return db.session.scalars(query.order_by(AssessmentPlan.published_at.desc())).first()


def list_cycles(
    authority_code: str,
    *,
    state: str = "",
    text: str = "",
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = 30,
) -> list[Row[Any]]:
    """One page of an authority's renewals as (cycle, filing, period, organisation), the nearest end of period first;
    `state` "live" leaves out what is over; `after` is the last (valid_to, id) seen."""
    query = (
        select(RenewalCycle, Filing, FilingPeriod, Organisation)
        .join(Filing, Filing.id == RenewalCycle.filing_id)
        .join(FilingPeriod, FilingPeriod.id == RenewalCycle.period_id)
        .join(Organisation, Organisation.id == RenewalCycle.organisation_id)
    )
    query = query.where(*narrowed(RenewalCycle, live=LIVE, authority_code=authority_code, state=state, text=text))
    if after is not None:
        query = query.where(tuple_(FilingPeriod.valid_to, RenewalCycle.id) > after)
    return list(db.session.execute(query.order_by(FilingPeriod.valid_to, RenewalCycle.id).limit(limit)))


def list_unopened(authority_code: str, *, until: date, limit: int = 50) -> list[Row[Any]]:
    """Filings whose window opens until a day and whose renewal is not open yet, as (filing, period, organisation,
    the day it opens), the nearest first (R46)."""
    query = (
        select(Filing, FilingPeriod, Organisation, Deadline.due_on)
        .join(FilingPeriod, FilingPeriod.filing_id == Filing.id)
        .join(Organisation, Organisation.id == Filing.organisation_id)
        .join(Deadline, (Deadline.kind == "renewal_open_on") & (Deadline.subject_id == FilingPeriod.id))
        .outerjoin(RenewalCycle, RenewalCycle.period_id == FilingPeriod.id)
        .where(
            Filing.authority_code == authority_code,
            Filing.state.in_(VALID_FILINGS),
            FilingPeriod.state == PeriodState.CURRENT,
            RenewalCycle.id.is_(None),
            Deadline.due_on <= until,
        )
    )
    return list(db.session.execute(query.order_by(Deadline.due_on, Filing.id).limit(limit)))
