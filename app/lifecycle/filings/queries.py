"""An organisation's filing with its periods and items."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.db import db
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.rules.states import PeriodState


def find_filing(organisation_id: uuid.UUID) -> Filing | None:
    """The organisation's newest filing, periods and items loaded."""
    query = (
        select(Filing)
        .where(Filing.organisation_id == organisation_id)
        .options(selectinload(Filing.periods), selectinload(Filing.items))
        .order_by(Filing.created_at.desc())
    )
    return db.session.scalars(query).first()


def current_period(filing: Filing) -> FilingPeriod | None:
    """The running period of a filing whose periods are loaded; None once it has left the directory."""
    return next((period for period in filing.periods if period.state == PeriodState.CURRENT), None)
