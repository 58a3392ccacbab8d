"""Which due instants have a reminder of one offset falling into a span of time: the inverse of `send_at`.

With it the engine asks an index for a range of `due_at` instead of looking at every deadline.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.rules.clocks import end_of_day, local_date, midnight
from app.rules.core import SHANGHAI
from app.rules.reminders import ON_THE_DAY, SENDING_TIME

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Deadlines with `after < due_at <= until` have their reminder of `offset` in the span asked for."""

    offset: int
    after: datetime
    until: datetime


def window_of(offset: int, *, since: datetime, until: datetime) -> Window | None:
    """The due instants whose `send_at(due_at, offset)` lies in (since, until]; None when no sending time does."""
    first, last = _sending_day_after(since), _sending_day_after(until) - _DAY
    if first > last:
        return None
    if offset >= ON_THE_DAY:
        ahead = timedelta(days=offset)
        return Window(offset, midnight(first + ahead), end_of_day(last + ahead))
    behind = timedelta(days=-offset - 1)
    return Window(offset, _sending(first - behind - _DAY), _sending(last - behind))


def catch_up_span(offsets: Sequence[int]) -> timedelta:
    """How far back a fresh start looks: past the widest gap, so that every deadline's latest offset is found."""
    ordered = sorted(offsets, reverse=True)
    gaps = [wide - narrow for wide, narrow in itertools.pairwise(ordered)]
    return timedelta(days=max(gaps, default=1) + 2)


def _sending_day_after(instant: datetime) -> date:
    """The first day whose sending time lies after `instant`."""
    day = local_date(instant)
    return day if _sending(day) > instant else day + _DAY


def _sending(day: date) -> datetime:
    return datetime.combine(day, SENDING_TIME, SHANGHAI)
