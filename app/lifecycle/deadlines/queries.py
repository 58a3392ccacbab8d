"""Lists of deadlines for the people who must keep or watch them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.deadlines.models import Deadline, DeadlineChange
from tenants.models import Organisation


@dataclass(frozen=True)
class DeadlineFilter:
    """What a board shows; empty means all."""

    states: tuple[str, ...] = ("open", "missed")
    kind: str = ""
    text: str = ""
    due_before: datetime | None = None


def list_for_organisation(organisation_id: uuid.UUID, *, states: tuple[str, ...] = ()) -> list[Deadline]:
    """An organisation's deadlines by due date."""
    query = select(Deadline).where(Deadline.organisation_id == organisation_id)
    if states:
        query = query.where(Deadline.state.in_(states))
    return list(db.session.scalars(query.order_by(Deadline.due_at, Deadline.id)))


def list_for_authority(
    authority_code: str,
    *,
    wanted: DeadlineFilter,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 50,
) -> list[Deadline]:
    """One page of an authority's board by due date, with organisations loaded; `after` is the last row seen."""
    query = _filtered(select(Deadline).where(Deadline.authority_code == authority_code), wanted)
    if after is not None:
        query = query.where(tuple_(Deadline.due_at, Deadline.id) > after)
    query = query.options(joinedload(Deadline.organisation)).order_by(Deadline.due_at, Deadline.id).limit(limit)
    return list(db.session.scalars(query))


def count_for_authority(authority_code: str, *, now: datetime, week_end: datetime) -> dict[str, int]:
    """How many of an authority's deadlines are overdue, due by `week_end`, and open in all."""
    row = db.session.execute(
        select(
            func.count().filter(Deadline.state == "missed"),
            func.count().filter(Deadline.state == "open", Deadline.due_at <= week_end),
            func.count().filter(Deadline.state == "open"),
        ).where(Deadline.authority_code == authority_code)
    ).one()
    return {"missed": row[0], "week": row[1], "open": row[2]}


def list_changes(deadline_id: uuid.UUID) -> list[DeadlineChange]:
    """What became of one deadline, newest first."""
    query = select(DeadlineChange).where(DeadlineChange.deadline_id == deadline_id)
    return list(db.session.scalars(query.order_by(DeadlineChange.id.desc())))


def _filtered(query: Select[Deadline], wanted: DeadlineFilter) -> Select[Deadline]:
    if wanted.states:
        query = query.where(Deadline.state.in_(wanted.states))
    if wanted.kind:
        query = query.where(Deadline.kind == wanted.kind)
    if wanted.due_before is not None:
        query = query.where(Deadline.due_at <= wanted.due_before)
    if wanted.text:
        like = f"%{wanted.text}%"
        named = select(Organisation.id).where(Organisation.name.ilike(like))
        query = query.where(or_(Deadline.subject_label.ilike(like), Deadline.organisation_id.in_(named)))
    return query
