"""Lists of cases after acceptance: an authority's own, and for a city those it handed over to the department."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application
from tenants.models import Organisation


def _of(authority_code: str) -> ColumnElement[bool]:
    # A failed preliminary assessment of a provincial applicant is the department's to call up (R24).
    called = Application.level == "provincial"
    mine = or_(Application.authority_code == authority_code, Application.city_code == authority_code)
    return or_(mine, called & (Application.state == "preliminary_failed")) if authority_code == "370000" else mine


def list_cases(
    authority_code: str,
    *,
    states: Sequence[str],
    text: str = "",
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 30,
) -> list[Application]:
    """One page of cases in these states, newest first, with organisation and items."""
    query = select(Application).where(_of(authority_code), Application.state.in_(states))
    if text := text.strip():
        named = select(Organisation.id).where(
            or_(Organisation.name.icontains(text, autoescape=True), Organisation.uscc.icontains(text, autoescape=True))
        )
        query = query.where(
            or_(Application.organisation_id.in_(named), Application.number.icontains(text, autoescape=True))
        )
    if after is not None:
        query = query.where(tuple_(Application.created_at, Application.id) < after)
    query = query.options(joinedload(Application.organisation), selectinload(Application.items))
    return list(db.session.scalars(query.order_by(Application.created_at.desc(), Application.id.desc()).limit(limit)))


def count_cases(authority_code: str) -> dict[str, int]:
    """How many cases stand in each state."""
    query = select(Application.state, func.count()).where(_of(authority_code)).group_by(Application.state)
    return {state: count for state, count in db.session.execute(query).all()}
