"""Finding experts of the pool that an authority may use: its own and the province's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_
from sqlalchemy.orm import selectinload

from app.db import db
from app.lifecycle.experts.models import Expert, ExpertAbsence

After = tuple[datetime, uuid.UUID] | None


@dataclass(frozen=True)
class PoolFilter:
    """What a list of experts shows; empty means all. `free_on` leaves out who is absent that day."""

    text: str = ""
    expert_type: str = ""
    occupation: str = ""
    free_on: date | None = None
    with_retired: bool = False


def list_experts(*, wanted: PoolFilter, after: After = None, limit: int | None = 50) -> list[Expert]:
    """One page of the pool, newest first, absences loaded."""
    query = select(Expert).options(selectinload(Expert.absences))
    if not wanted.with_retired:
        query = query.where(Expert.retired_at.is_(None))
    if text := wanted.text.strip():
        like = (Expert.name, Expert.employer, Expert.email)
        query = query.where(func.concat_ws(" ", *like).icontains(text, autoescape=True))
    if wanted.expert_type:
        query = query.where(Expert.types.contains([wanted.expert_type]))
    if wanted.occupation:
        query = query.where(Expert.occupations.contains([wanted.occupation]))
    if wanted.free_on is not None:
        query = query.where(~_absent(wanted.free_on))
    if after is not None:
        query = query.where(tuple_(Expert.created_at, Expert.id) < after)
    query = query.order_by(Expert.created_at.desc(), Expert.id.desc())
    return list(db.session.scalars(query if limit is None else query.limit(limit)))


def _absent(on: date) -> ColumnElement[bool]:
    return exists().where(
        and_(
            ExpertAbsence.expert_id == Expert.id,
            ExpertAbsence.cancelled_at.is_(None),
            ExpertAbsence.from_on <= on,
            ExpertAbsence.to_on >= on,
        )
    )


def get_expert(expert_id: uuid.UUID, *, lock: bool = False) -> Expert | None:
    """One expert with absences, if this scope may see them."""
    query = select(Expert).where(Expert.id == expert_id).options(selectinload(Expert.absences))
    if lock:
        query = query.with_for_update(of=Expert).execution_options(populate_existing=True)
    return db.session.scalar(query)


def is_absent(expert: Expert, on: date) -> bool:
    """Whether one of the expert's loaded absences covers the day."""
    return any(one.cancelled_at is None and one.from_on <= on <= one.to_on for one in expert.absences)
