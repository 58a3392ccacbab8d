"""Reading publicities and objections, for officers, applicants and everybody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.publicity.models import Objection, Publicity, Recommendation
from app.rules.states import OPEN_OBJECTIONS, ApplicationState, PublicityState

After = tuple[datetime, uuid.UUID] | None
RUNNING = (PublicityState.OPEN, PublicityState.OBJECTION_PENDING)
LIVE = (PublicityState.SCHEDULED, *RUNNING)
_FALLEN_AWAY = (ApplicationState.RECOMMENDATION_CANCELLED, ApplicationState.NATURALLY_ELIMINATED)


@dataclass(frozen=True)
class PublicityFilter:
    """What a list shows; empty means all."""

    states: tuple[str, ...] = ()
    text: str = ""
    authority_code: str = ""


def count_recommended(authority_code: str, call_id: uuid.UUID) -> int:
    """How many organisations an authority has recommended in a call, without those that have fallen away since."""
    query = (
        select(func.count())
        .select_from(Recommendation)
        .join(Application, Application.id == Recommendation.application_id)
        .where(
            Recommendation.authority_code == authority_code,
            Recommendation.recommended,
            Application.call_id == call_id,
            Application.state.not_in(_FALLEN_AWAY),
        )
    )
    return db.session.scalar(query) or 0


def list_publicities(*, wanted: PublicityFilter, after: After = None, limit: int = 30) -> list[Publicity]:
    """One page of an authority's publicities, newest first, with objections."""
    query = _filtered(select(Publicity), wanted)
    if after is not None:
        query = query.where(tuple_(Publicity.created_at, Publicity.id) < after)
    query = query.options(selectinload(Publicity.objections))
    return list(db.session.scalars(query.order_by(Publicity.created_at.desc(), Publicity.id.desc()).limit(limit)))


def list_public(*, wanted: PublicityFilter, after: After = None, limit: int = 20) -> list[Publicity]:
    """One page of what is or was public, the newest first, with the authority."""
    query = _filtered(select(Publicity).where(Publicity.published_at.is_not(None)), wanted)
    if after is not None:
        query = query.where(tuple_(Publicity.published_at, Publicity.id) < after)
    query = query.options(joinedload(Publicity.authority))
    return list(db.session.scalars(query.order_by(Publicity.published_at.desc(), Publicity.id.desc()).limit(limit)))


def _filtered(query: Select, wanted: PublicityFilter) -> Select:  # type: ignore[type-arg]
    if wanted.states:
        query = query.where(Publicity.state.in_(wanted.states))
    if wanted.authority_code:
        query = query.where(Publicity.authority_code == wanted.authority_code)
    if text := wanted.text.strip():
        named = Publicity.content["organisation"].astext
        query = query.where(
            or_(
                named.icontains(text, autoescape=True),
                Publicity.title.icontains(text, autoescape=True),
                Publicity.number.icontains(text, autoescape=True),
            )
        )
    return query


def count_publicities(authority_code: str) -> dict[str, int]:
    """How many of an authority's publicities stand in each state."""
    query = select(Publicity.state, func.count()).where(Publicity.authority_code == authority_code)
    return {state: count for state, count in db.session.execute(query.group_by(Publicity.state)).all()}


def get_publicity(publicity_id: uuid.UUID, *, lock: bool = False) -> Publicity | None:
    """One publicity with its authority and the objections this scope may see."""
    query = (
        select(Publicity)
        .where(Publicity.id == publicity_id)
        .options(joinedload(Publicity.authority), selectinload(Publicity.objections))
    )
    if lock:
        query = query.with_for_update(of=Publicity).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_of_application(application_id: uuid.UUID) -> list[Publicity]:
    """An application's publicities, newest first, void ones too."""
    query = select(Publicity).where(Publicity.application_id == application_id)
    query = query.options(selectinload(Publicity.objections))
    return list(db.session.scalars(query.order_by(Publicity.created_at.desc())))


def find_recommendation(application_id: uuid.UUID) -> Recommendation | None:
    """The decision on an application."""
    return db.session.scalar(select(Recommendation).where(Recommendation.application_id == application_id))


def get_objection(objection_id: uuid.UUID, *, lock: bool = False) -> Objection | None:
    """One objection with its publicity."""
    query = select(Objection).where(Objection.id == objection_id).options(joinedload(Objection.publicity))
    if lock:
        query = query.with_for_update(of=Objection).execution_options(populate_existing=True)
    return db.session.scalar(query)


def find_by_code(code_hash: str) -> Objection | None:
    """The objection of a query code; the scope must be the gate with this hash."""
    query = select(Objection).where(Objection.code_hash == code_hash).options(joinedload(Objection.publicity))
    return db.session.scalar(query)


def list_objections(authority_code: str, *, open_only: bool, after: After = None, limit: int = 30) -> list[Objection]:
    """One page of the objections an authority handles, newest first, with their publicities."""
    query = select(Objection).where(Objection.authority_code == authority_code)
    if open_only:
        query = query.where(Objection.state.in_(OPEN_OBJECTIONS))
    if after is not None:
        query = query.where(tuple_(Objection.received_at, Objection.id) < after)
    query = query.options(joinedload(Objection.publicity))
    return list(db.session.scalars(query.order_by(Objection.received_at.desc(), Objection.id.desc()).limit(limit)))
