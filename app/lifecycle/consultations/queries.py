"""Consultations, by what the scope may see."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.consultations.models import NationalConsultation
from app.rules.states import ConsultationState


def find_usable(organisation_id: uuid.UUID) -> NationalConsultation | None:
    """The consultation an application would rest on: one agreed, else the newest of those not yet used."""
    agreed_first = case((NationalConsultation.state == ConsultationState.AGREED, 0), else_=1)
    query = (
        select(NationalConsultation)
        .where(
            NationalConsultation.organisation_id == organisation_id,
            NationalConsultation.state != ConsultationState.USED,
        )
        .order_by(agreed_first, NationalConsultation.created_at.desc())
    )
    return db.session.scalars(query).first()


def get_consultation(consultation_id: uuid.UUID, *, lock: bool = False) -> NationalConsultation | None:
    """One with its branch. With `lock`, read afresh and held."""
    query = (
        select(NationalConsultation)
        .where(NationalConsultation.id == consultation_id)
        .options(joinedload(NationalConsultation.organisation))
    )
    if lock:
        query = query.with_for_update(of=NationalConsultation).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_consultations(
    *, states: tuple[str, ...] = (), after: tuple[datetime, uuid.UUID] | None = None, limit: int = 50
) -> list[NationalConsultation]:
    """One page, newest first, with the branch."""
    query = select(NationalConsultation).options(joinedload(NationalConsultation.organisation))
    if states:
        query = query.where(NationalConsultation.state.in_(states))
    if after is not None:
        query = query.where(tuple_(NationalConsultation.created_at, NationalConsultation.id) < after)
    query = query.order_by(NationalConsultation.created_at.desc(), NationalConsultation.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def count_consultations() -> dict[str, int]:
    """How many stand in each state."""
    query = select(NationalConsultation.state, func.count()).group_by(NationalConsultation.state)
    return {state: count for state, count in db.session.execute(query).all()}
