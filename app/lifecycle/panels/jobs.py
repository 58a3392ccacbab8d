"""What follows an expert's step: the panel's own state, which no expert may write."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.jobs import job
from app.lifecycle.panels import queries, seats
from tenants.scope import SYSTEM_ACTOR


@job()
def follow_panel(*, panel_id: str, at: str) -> None:
    """Reopen forming below three members, or note that all sheets are in; quiet when neither."""
    panel = queries.get_panel(uuid.UUID(panel_id), lock=True)
    if panel is not None:
        seats.settle(actor=SYSTEM_ACTOR, panel=panel, now=datetime.fromisoformat(at))
