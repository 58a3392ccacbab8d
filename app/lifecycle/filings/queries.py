"""An organisation's filing with its periods and items."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.rules.states import FILING, PeriodState


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
