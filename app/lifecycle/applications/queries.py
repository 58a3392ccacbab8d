"""Applications: an organisation's own, and those on an authority's acceptance desk."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem, ApplicationRoute
from app.rules.occupations import SKILL_LEVELS
from app.rules.states import APPLICATION, ApplicationState
from tenants.models import Organisation

IN_INCUBATION = (ApplicationState.INCUBATING, ApplicationState.INCUBATION_OVERDUE)
_LIVE = tuple(state for state in APPLICATION.states if APPLICATION.is_live(state))


def find_current_application(organisation_id: uuid.UUID) -> Application | None:
    """The newest application that has not ended, with its call and items; one live application at a time (R12)."""
    query = (
        select(Application)
        .where(Application.organisation_id == organisation_id, Application.state.in_(_LIVE))
        .options(joinedload(Application.call), selectinload(Application.items), joinedload(Application.organisation))
        .order_by(Application.created_at.desc())
    )
    return db.session.scalars(query).first()


def find_item(item_id: uuid.UUID) -> ApplicationItem | None:
    """One item with its application, if this scope may see it."""
    return db.session.scalar(
        select(ApplicationItem)
        .where(ApplicationItem.id == item_id)
        .options(joinedload(ApplicationItem.application).joinedload(Application.organisation))
    )


def label_of(occupation_name: str, work_type: str, skill_level: str) -> str:
    """An item in words: 电工(维修电工)三级/高级工."""
    named = f"{occupation_name}({work_type})" if work_type else occupation_name
    return f"{named} {SKILL_LEVELS[skill_level].label}"


def count_by_state(*, call_id: uuid.UUID) -> dict[str, int]:
    """How many applications of a call stand in each state; drafts are not the scope's to count."""
    query = select(Application.state, func.count()).where(Application.call_id == call_id)
    return {state: count for state, count in db.session.execute(query.group_by(Application.state)).all()}


def list_live(organisation_id: uuid.UUID) -> list[Application]:
    """An organisation's applications that have not ended, with their call."""
    query = (
        select(Application)
        .where(Application.organisation_id == organisation_id, Application.state.in_(_LIVE))
        .where(Application.state != ApplicationState.FILED)
        .options(joinedload(Application.call))
        .order_by(Application.created_at)
    )
    return list(db.session.scalars(query))


def list_of_organisation(organisation_id: uuid.UUID) -> list[Application]:
    """All applications of an organisation, newest first, with call and items."""
    query = (
        select(Application)
        .where(Application.organisation_id == organisation_id)
        .options(joinedload(Application.call), selectinload(Application.items))
        .order_by(Application.created_at.desc(), Application.id)
    )
    return list(db.session.scalars(query))


def get_application(application_id: uuid.UUID, *, lock: bool = False) -> Application | None:
    """One application with all that goes with it, if the scope may see it. With `lock`, read afresh and held."""
    query = (
        select(Application)
        .where(Application.id == application_id)
        .options(
            joinedload(Application.call),
            joinedload(Application.organisation),
            joinedload(Application.consultation),
            joinedload(Application.assignee),
            selectinload(Application.items),
            selectinload(Application.lines),
            selectinload(Application.supplements),
        )
    )
    if lock:
        query = query.with_for_update(of=Application).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_routes(application_id: uuid.UUID) -> list[ApplicationRoute]:
    """Where an application went from city to city, oldest first."""
    query = select(ApplicationRoute).where(ApplicationRoute.application_id == application_id)
    return list(db.session.scalars(query.order_by(ApplicationRoute.routed_at, ApplicationRoute.id)))


@dataclass(frozen=True)
class DeskFilter:
    """What an acceptance desk shows; empty means all. `city` narrows the department's view."""

    states: tuple[str, ...] = ()
    level: str = ""
    text: str = ""
    call_id: uuid.UUID | None = None
    city: str = ""
    assigned_to: uuid.UUID | None = None
    held: bool = False


def list_desk(
    *, wanted: DeskFilter, after: tuple[datetime, uuid.UUID] | None = None, oldest_first: bool = False, limit: int = 50
) -> list[Application]:
    """One page of what was handed in and the scope may see, newest first unless asked, with call, organisation, items
    and assignee; `after` is the last row seen."""
    query = _desk(select(Application), wanted).options(
        joinedload(Application.call),
        joinedload(Application.organisation),
        joinedload(Application.assignee),
        selectinload(Application.items),
    )
    place = tuple_(Application.submitted_at, Application.id)
    if after is not None:
        query = query.where(place > after if oldest_first else place < after)
    order = (
        (Application.submitted_at, Application.id)
        if oldest_first
        else (Application.submitted_at.desc(), Application.id.desc())
    )
    return list(db.session.scalars(query.order_by(*order).limit(limit)))


def count_desk(*, wanted: DeskFilter) -> dict[str, int]:
    """How many stand in each state, of those that the other fields of the filter let through."""
    every = DeskFilter(
        (), wanted.level, wanted.text, wanted.call_id, wanted.city, wanted.assigned_to, wanted.held
    )  # fmt: skip
    query = _desk(select(Application.state, func.count()), every).group_by(Application.state)
    return {state: count for state, count in db.session.execute(query).all()}


def _desk(query: Select, wanted: DeskFilter) -> Select:  # type: ignore[type-arg]
    query = query.where(Application.submitted_at.is_not(None))
    if wanted.states:
        query = query.where(Application.state.in_(wanted.states))
    if wanted.level:
        query = query.where(Application.level == wanted.level)
    if wanted.call_id is not None:
        query = query.where(Application.call_id == wanted.call_id)
    if wanted.city:
        query = query.where(Application.city_code == wanted.city)
    if wanted.assigned_to is not None:
        query = query.where(Application.assigned_to == wanted.assigned_to)
    if wanted.held:
        query = query.where(Application.held_at.is_not(None))
    if text := wanted.text.strip():
        named = select(Organisation.id).where(
            or_(Organisation.name.icontains(text, autoescape=True), Organisation.uscc == text.upper())
        )
        items = select(ApplicationItem.application_id).where(
            or_(
                ApplicationItem.occupation_name.icontains(text, autoescape=True),
                ApplicationItem.occupation_code.startswith(text, autoescape=True),
            )
        )
        query = query.where(
            or_(
                Application.number.icontains(text, autoescape=True),
                Application.organisation_id.in_(named),
                Application.id.in_(items),
            )
        )
    return query
