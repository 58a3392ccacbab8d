"""An organisation's application and its items."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.rules.occupations import SKILL_LEVELS
from app.rules.states import APPLICATION, ApplicationState

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
