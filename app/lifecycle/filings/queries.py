"""An organisation's filing with its periods and items."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.rules.states import FILING, PeriodState
from tenants.models import Organisation


def find_filing(organisation_id: uuid.UUID) -> Filing | None:
    """The organisation's newest filing, periods and items loaded."""
    query = (
        select(Filing)
        .where(Filing.organisation_id == organisation_id)
        .options(selectinload(Filing.periods), selectinload(Filing.items))
        .order_by(Filing.created_at.desc())
    )
    return db.session.scalars(query).first()


def get_filing(filing_id: uuid.UUID) -> Filing | None:
    """One filing with its organisation, periods and items."""
    query = select(Filing).where(Filing.id == filing_id)
    query = query.options(joinedload(Filing.organisation), selectinload(Filing.periods), selectinload(Filing.items))
    return db.session.scalar(query)


def current_period(filing: Filing) -> FilingPeriod | None:
    """The running period of a filing whose periods are loaded; None once it has left the directory."""
    if not FILING.is_live(filing.state):
        return None
    return next((period for period in filing.periods if period.state == PeriodState.CURRENT), None)


def narrowed(
    row: Any, *, live: Collection[str], authority_code: str, state: str, text: str, number: Any = None
) -> list[ColumnElement[bool]]:
    """What narrows an authority's list of rows that hang on a filing: `state` "live" leaves out what is over, and
    `text` is a part of the organisation's name, the beginning of its code, or the row's own `number` where it has one.

    Filing and Organisation must be joined.
    """
    found: list[ColumnElement[bool]] = [row.authority_code == authority_code]
    if state == "live":
        found.append(row.state.in_(live))
    elif state:
        found.append(row.state == state)
    if wanted := text.strip():
        hits = [
            Organisation.name.icontains(wanted, autoescape=True),
            Filing.institution_code.istartswith(wanted, autoescape=True),
        ]
        if number is not None:
            hits.append(number == wanted.upper())
        found.append(or_(*hits))
    return found
