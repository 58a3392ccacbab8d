"""Which plans there are."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.plans.models import CollectionPlan

After = tuple[datetime, uuid.UUID] | None


def list_plans(
    *, authority_code: str = "", year: int | None = None, state: str = "", after: After = None, limit: int = 50
) -> list[CollectionPlan]:
    """One page of plans, newest first, with their authority and call; what the scope may see."""
    query = select(CollectionPlan).options(joinedload(CollectionPlan.authority), joinedload(CollectionPlan.call))
    if authority_code:
        query = query.where(CollectionPlan.authority_code == authority_code)
    if year is not None:
        query = query.where(CollectionPlan.year == year)
    if state:
        query = query.where(CollectionPlan.state == state)
    if after is not None:
        query = query.where(tuple_(CollectionPlan.created_at, CollectionPlan.id) < after)
    return list(
        db.session.scalars(query.order_by(CollectionPlan.created_at.desc(), CollectionPlan.id.desc()).limit(limit))
    )


def count_plans(*, authority_code: str = "") -> dict[str, int]:
    """How many plans stand in each state."""
    query = select(CollectionPlan.state, func.count())
    if authority_code:
        query = query.where(CollectionPlan.authority_code == authority_code)
    return {state: count for state, count in db.session.execute(query.group_by(CollectionPlan.state)).all()}


def get_plan(plan_id: uuid.UUID, *, lock: bool = False) -> CollectionPlan | None:
    """One plan with its authority and call. With `lock`, read afresh and held."""
    query = (
        select(CollectionPlan)
        .where(CollectionPlan.id == plan_id)
        .options(joinedload(CollectionPlan.authority), joinedload(CollectionPlan.call))
    )
    if lock:
        query = query.with_for_update(of=CollectionPlan).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_plans_of_call(call_id: uuid.UUID) -> list[CollectionPlan]:
    """The plans taken into one call."""
    query = select(CollectionPlan).where(CollectionPlan.call_id == call_id)
    return list(
        db.session.scalars(query.options(joinedload(CollectionPlan.authority)).order_by(CollectionPlan.authority_code))
    )


def find_quota(authority_code: str, call_id: uuid.UUID) -> int | None:
    """How many organisations an authority's plan in this call foresees; None where it has none (R8, soft)."""
    query = select(func.sum(CollectionPlan.quota)).where(
        CollectionPlan.authority_code == authority_code, CollectionPlan.call_id == call_id
    )
    return db.session.scalar(query)
