"""The renewal cycle an organisation is in."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.renewals.models import RenewalCycle


def find_cycle(cycle_id: uuid.UUID) -> RenewalCycle | None:
    """One cycle with its filing and period, if this scope may see it."""
    query = select(RenewalCycle).where(RenewalCycle.id == cycle_id)
    return db.session.scalar(query.options(joinedload(RenewalCycle.filing), joinedload(RenewalCycle.period)))


def find_cycle_of_period(period_id: uuid.UUID) -> RenewalCycle | None:
    """The renewal at the end of one filing period, once its window has opened."""
    query = select(RenewalCycle).where(RenewalCycle.period_id == period_id)
    return db.session.scalar(query.options(joinedload(RenewalCycle.filing), joinedload(RenewalCycle.period)))
