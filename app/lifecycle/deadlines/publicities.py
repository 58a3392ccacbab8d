"""What a publicity (公示) itself says of its last day, brought in line with its clock (R23)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.publicity.services import days_of, digest
from app.rules.clocks import Clock
from tenants import events
from tenants.scope import SYSTEM_ACTOR


def follow_publicities(clocks: Mapping[uuid.UUID, Clock], *, now: datetime, reason: str) -> int:
    """Set last day, its instant and the explanation of running publicities; answers how many changed.

    What the public reads changed, so it is hashed again; an event keeps both hashes.
    """
    if not clocks:
        return 0
    changed = 0
    query = select(Publicity).where(Publicity.id.in_(clocks)).with_for_update()
    for publicity in db.session.scalars(query.execution_options(populate_existing=True)):
        clock = clocks[publicity.id]
        days = days_of(clock)
        was_on, was_hash = publicity.planned_end_on, publicity.content_sha256
        if (was_on, publicity.provisional, publicity.explanation) == (clock.due_on, clock.provisional, days):
            continue
        publicity.planned_end_on, publicity.due_at = clock.due_on, clock.due_at
        publicity.provisional, publicity.explanation = clock.provisional, days
        publicity.content_sha256 = digest(publicity)
        publicity.version += 1
        changed += 1
        events.record(
            "publicity_end_moved" if was_on != clock.due_on else "publicity_end_confirmed",
            actor=SYSTEM_ACTOR,
            now=now,
            subject_type="publicity",
            subject_id=publicity.id,
            organisation_id=publicity.organisation_id,
            authority_code=publicity.authority_code,
            before=was_on.isoformat() if was_on else None,
            after=clock.due_on.isoformat(),
            rule="R23",
            number=publicity.number,
            reason=f"{reason}:{was_on} → {clock.due_on}" if was_on != clock.due_on else reason,
            sha256=publicity.content_sha256,
            was_sha256=was_hash,
        )
    db.session.flush()
    return changed
