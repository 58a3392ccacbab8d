"""The clock's part of publicity, and what follows an objection; both may run twice."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from sqlalchemy import select

from app.db import db
from app.jobs import job
from app.lifecycle.publicity import objections, queries, services
from app.lifecycle.publicity.models import Publicity
from app.rules.core import Refusal
from tenants.scope import SYSTEM_ACTOR

log = structlog.get_logger(__name__)


@job()
def follow_objection(*, objection_id: str) -> None:
    """Hold the case for an objection; the objector may not touch it."""
    objection = queries.get_objection(uuid.UUID(objection_id), lock=True)
    if objection is not None:
        objections.hold_case(actor=SYSTEM_ACTOR, objection=objection)


def end_publicities(*, now: datetime, limit: int = 200) -> int:
    """End every publicity whose last day is over and that nothing holds; commits each. Returns how many (R25)."""
    query = select(Publicity.id).where(Publicity.state.in_(queries.RUNNING), Publicity.due_at <= now)
    ended = 0
    for publicity_id in db.session.scalars(query.order_by(Publicity.due_at).limit(limit)).all():
        try:
            services.clear_publicity(actor=SYSTEM_ACTOR, publicity_id=publicity_id, now=now)
            db.session.commit()
            ended += 1
        except Refusal as refusal:
            # Held by an objection: it ends with its last decision.
            db.session.rollback()
            log.info("publicity_held", publicity=str(publicity_id), code=refusal.code)
    return ended
