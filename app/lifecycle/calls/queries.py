"""Which calls there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

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
