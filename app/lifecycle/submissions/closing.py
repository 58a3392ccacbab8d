"""Tasks of the queue whose files are decided on a page of their own: they follow that decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.db import db
from tenants.scope import Actor
from uploads.models import DossierState, ReviewState, ReviewTask

_DONE = (ReviewState.accepted, ReviewState.returned)


def close_tasks(
    tasks: Iterable[ReviewTask], *, actor: Actor, state: ReviewState, reason: str = "", now: datetime
) -> None:
    """Mark the open ones and their delivered dossiers as decided; one that has not arrived yet is found decided when
    it is looked at."""
    outcome = DossierState.accepted if state == ReviewState.accepted else DossierState.returned
    for task in tasks:
        if task.state in _DONE:
            continue
        task.state, task.decided_at, task.decided_by, task.reason = state, now, actor.user_id, reason or None
        task.version += 1
        if task.dossier.state == DossierState.delivered:
            task.dossier.state, task.dossier.decided_at, task.dossier.reason = outcome, now, reason or None
    db.session.flush()
