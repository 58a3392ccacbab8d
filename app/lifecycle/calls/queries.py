"""Which calls there are."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, text, tuple_

from app.db import db
from app.lifecycle.calls.models import Call
from app.rules.states import CallState


def find_open_call(now: datetime) -> Call | None:
    """The call that takes applications at `now`, the one closing first; judged by its hours, not by its state alone."""
    query = (
        select(Call)
        .where(Call.state.in_((CallState.PUBLISHED, CallState.OPEN)))
        .where(Call.apply_open_at <= now, Call.apply_close_at > now)
        .order_by(Call.apply_close_at, Call.id)
    )
    return db.session.scalars(query).first()


def find_next_call(now: datetime) -> Call | None:
    """The published call that opens next, if one is announced."""
    query = (
        select(Call)
        .where(Call.state == CallState.PUBLISHED, Call.apply_open_at > now)
        .order_by(Call.apply_open_at, Call.id)
    )
    return db.session.scalars(query).first()


def find_call(year: int, batch_no: int) -> Call | None:
    """One batch by its year and number."""
    return db.session.scalar(select(Call).where(Call.year == year, Call.batch_no == batch_no))


def get_call(call_id: uuid.UUID, *, lock: bool = False) -> Call | None:
    """One call, if the scope may see it: drafts are the department's own."""
    query = select(Call).where(Call.id == call_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_calls(
    *, states: tuple[str, ...] = (), search: str = "", after: tuple[datetime, uuid.UUID] | None = None, limit: int = 30
) -> list[Call]:
    """One page of calls, newest first."""
    query = select(Call)
    if states:
        query = query.where(Call.state.in_(states))
    if search.strip():
        query = query.where(Call.title.icontains(search.strip(), autoescape=True))
    if after is not None:
        query = query.where(tuple_(Call.created_at, Call.id) < after)
    return list(db.session.scalars(query.order_by(Call.created_at.desc(), Call.id.desc()).limit(limit)))


def count_calls() -> dict[str, int]:
    """How many calls stand in each state."""
    return {state: count for state, count in db.session.execute(select(Call.state, func.count()).group_by(Call.state))}


def next_batch_no(year: int) -> int:
    """The next free batch number of a year."""
    return (db.session.scalar(select(func.max(Call.batch_no)).where(Call.year == year)) or 0) + 1


def count_unfinished(call_id: uuid.UUID) -> int:
    """Applications of a call that are neither filed nor ended; drafts, which can no longer be sent, do not count."""
    query = text(
        "select count(*) from applications where call_id = :call and state not in ('draft', 'filed', 'not_accepted',"
        " 'withdrawn', 'preliminary_failed', 'not_recommended', 'recommendation_cancelled', 'naturally_eliminated')"
    )
    return int(db.session.scalar(query, {"call": call_id}) or 0)


def list_due(now: datetime) -> list[Call]:
    """Calls whose hour to open or to close has come, held until the transaction ends."""
    query = select(Call).where(
        ((Call.state == CallState.PUBLISHED) & (Call.apply_open_at <= now))
        | ((Call.state == CallState.OPEN) & (Call.apply_close_at <= now))
    )
    return list(db.session.scalars(query.order_by(Call.apply_open_at).with_for_update(skip_locked=True)))
