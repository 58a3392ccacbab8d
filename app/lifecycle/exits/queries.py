"""Exit cases, as the scope lets them be seen."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.db import db
from app.lifecycle.exits.models import ExitCase, ExitEntry
from app.lifecycle.filings.models import Filing
from app.lifecycle.filings.queries import narrowed
from app.rules.states import EXIT_CASE, ExitState

LIVE = tuple(state for state in EXIT_CASE.states if EXIT_CASE.is_live(state))


def get_exit(case_id: uuid.UUID, *, lock: bool = False) -> ExitCase | None:
    """One case with all that its page shows; with `lock` the row is held and read afresh."""
    query = select(ExitCase).where(ExitCase.id == case_id).options(*_WHOLE)
    if lock:
        query = query.with_for_update(of=ExitCase).execution_options(populate_existing=True)
    return db.session.scalar(query)


def find_exit_of_filing(filing_id: uuid.UUID) -> ExitCase | None:
    """The exit that stands, of a filing; None where there is none, or it was put right as an error."""
    query = select(ExitCase).where(ExitCase.filing_id == filing_id, ExitCase.state != ExitState.REJECTED)
    return db.session.scalar(query.options(*_WHOLE))


def list_exits(
    authority_code: str,
    *,
    state: str = "",
    text: str = "",
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 30,
) -> list[ExitCase]:
    """One page of an authority's exits, newest first; `after` is the last row seen."""
    query = select(ExitCase).join(ExitCase.organisation).join(ExitCase.filing)
    query = query.where(
        *narrowed(ExitCase, live=LIVE, authority_code=authority_code, state=state, text=text, number=ExitCase.number)
    )
    if after is not None:
        query = query.where(tuple_(ExitCase.opened_at, ExitCase.id) < after)
    query = query.options(
        contains_eager(ExitCase.organisation), contains_eager(ExitCase.filing), selectinload(ExitCase.entries)
    )
    return list(db.session.scalars(query.order_by(ExitCase.opened_at.desc(), ExitCase.id.desc()).limit(limit)))


def count_live(authority_code: str) -> int:
    """How many exits are not closed yet."""
    query = select(func.count()).where(ExitCase.authority_code == authority_code, ExitCase.state.in_(LIVE))
    return db.session.scalar(query) or 0


def find_entry(case: ExitCase, entry_id: uuid.UUID) -> ExitEntry | None:
    """A line of the case's checklist."""
    return next((entry for entry in case.entries if entry.id == entry_id), None)


_WHOLE = (
    joinedload(ExitCase.organisation),
    joinedload(ExitCase.filing).options(selectinload(Filing.periods), selectinload(Filing.items)),
    joinedload(ExitCase.period),
    selectinload(ExitCase.entries),
)
