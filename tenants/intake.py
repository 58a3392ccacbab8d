"""Pausing the intake of one authority: what is submitted meanwhile waits in the outbox."""

from __future__ import annotations

from datetime import datetime

from app.db import db
from tenants import events
from tenants.models import Authority
from tenants.scope import Actor


def pause_intake(*, actor: Actor, now: datetime) -> None:
    """Have what is submitted to the actor's authority wait in the outbox; nothing is lost. Again: nothing happens."""
    _set_paused(actor, now, paused_at=now, name="intake_paused")


def resume_intake(*, actor: Actor, now: datetime) -> None:
    """Let what waited come in."""
    _set_paused(actor, now, paused_at=None, name="intake_resumed")


def _set_paused(actor: Actor, now: datetime, *, paused_at: datetime | None, name: str) -> None:
    authority = db.session.get_one(Authority, actor.authority_code)
    if bool(authority.paused_at) is bool(paused_at):
        return
    authority.paused_at = paused_at
    events.record(
        name, actor=actor, now=now, subject_type="authority", subject_id=authority.code, authority_code=authority.code
    )
    db.session.flush()
