"""Quiet hours (静默时段): what the clock sends at night waits for the morning; what a person did is told at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.lifecycle.deadlines.calendar import load_settings_of
from app.rules.reminders import quiet_until
from app.rules.settings import Settings
from tenants.models import Authority

SCHEDULED_NOTICES = frozenset(
    {
        "deadlines_missed",
        "calendar_changed",
        "exit_opened",
        "exit_opened_officer",
        "filing_expired",
        "rectification_overdue",
        "rectification_overdue_officer",
        "rectification_untaken",
        "rectification_untaken_officer",
    }
)
"""Kinds of notice that the clock causes, not a person."""


def until(settings: Settings, now: datetime, due_at: datetime | None = None) -> datetime | None:
    """When a mail of an authority's business may go, None for now; never after the instant that it warns of."""
    return quiet_until(now, settings.quiet_hours, due_at)


def list_quiet(now: datetime) -> dict[str, datetime]:
    """The authorities whose hours are quiet at `now`, and when each wakes."""
    known = load_settings_of(db.session.scalars(select(Authority.code)).all())
    return {code: end for code, settings in known.items() if (end := until(settings, now))}
