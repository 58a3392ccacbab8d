"""What waits for an officer's daily digest (每日汇总), and when the next one is.

One mail a working day instead of forty. What would come too late by then goes at once, and so does everything to a
person who asked for single mails; organisations' mails never wait.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from app.clock import SHANGHAI
from app.lifecycle.deadlines.calendar import load_calendar
from app.lifecycle.deadlines.models import Deadline
from app.rules.settings import Settings
from app.rules.workdays import Calendar
from tenants.models import User
from tenants.notices import Notice

PREFERENCE = "digest"
DAILY, EACH = "daily", "each"
HELD_NOTICES = frozenset(
    {
        "deadlines_missed",
        "dossiers_arrived",
        "commitment_received",
        "application_arrived",
        "application_resubmitted",
        "application_withdrawn",
    }
)
"""Kinds of notice to an authority's people that can wait until the next working morning."""
_LONGEST_HOLIDAY_DAYS = 15


def wants_digest(user: User) -> bool:
    """Whether the person gets the day's messages together; so it is unless they chose otherwise."""
    return bool((user.preferences or {}).get(PREFERENCE, DAILY) == DAILY)


def is_held(user: User, deadline: Deadline, settings: Settings, now: datetime) -> bool:
    """Whether a reminder to one of an authority's people waits: only if the digest comes before the deadline ends."""
    if not wants_digest(user):
        return False
    coming = next_digest(now, settings, load_calendar())
    return deadline.due_at <= now or coming < deadline.due_at


def is_held_notice(user: User, notice: Notice) -> bool:
    """The same for another message."""
    officers = notice.authority_code is not None and notice.organisation_id is None
    return officers and notice.kind in HELD_NOTICES and wants_digest(user)


def digest_instant(day: date, settings: Settings) -> datetime:
    """When the digest of a working day goes out."""
    return datetime.combine(day, settings.digest_at, SHANGHAI)


def next_digest(now: datetime, settings: Settings, calendar: Calendar) -> datetime:
    """The first digest at or after `now`: on a working day, at the configured time."""
    day = now.astimezone(SHANGHAI).date()
    for _ in range(_LONGEST_HOLIDAY_DAYS + 1):
        if calendar.is_workday(day) and digest_instant(day, settings) >= now:
            return digest_instant(day, settings)
        day += timedelta(days=1)
    raise ValueError(f"no working day within {_LONGEST_HOLIDAY_DAYS} days of {now}: the calendar cannot be right")
