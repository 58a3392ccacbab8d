"""Which reminder of a deadline is due now. Offsets are days before the due day; 0 is the day itself, -1 overdue."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.rules.clocks import local_date
from app.rules.core import SHANGHAI
from app.rules.ladders import INFORMATION_KINDS
from app.rules.settings import Hours, Settings

SENDING_TIME = time(9, 0)
"""Reminders go out at 09:00 in Asia/Shanghai, when a clerk is at the desk."""
ON_THE_DAY = 0
OVERDUE = -1
RULES = ("R43", "R50")
ENDS_BY_ITSELF = frozenset({"auto_exit_due"}) | INFORMATION_KINDS
"""Kinds after whose last day there is nothing left to be done."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """`offset`: the one to send now, None if nothing is due. `superseded`: earlier ones that an outage (or a deadline
    set late) overtook; they are recorded as superseded, never sent. `next_at`: when to look again, None if done."""

    offset: int | None
    superseded: tuple[int, ...]
    next_at: datetime | None


def offsets_for(kind: str, settings: Settings) -> tuple[int, ...]:
    """The offsets of a deadline of this kind: the configured days, the day itself, and overdue.

    An automatic exit (R50) has no overdue: what was due has happened by itself, and its notice says so. Nor has a
    window (R43) that closed unused: nobody owed anything.
    """
    own = dict(settings.reminder_offsets_by_kind).get(kind, settings.reminder_offsets)
    days = (*own, ON_THE_DAY)
    return days if kind in ENDS_BY_ITSELF else (*days, OVERDUE)


def all_offsets(settings: Iterable[Settings]) -> tuple[int, ...]:
    """Every offset that some kind has under some authority's settings, the widest first."""
    found = {ON_THE_DAY, OVERDUE}
    for one in settings:
        found.update(one.reminder_offsets)
        found.update(step for _, days in one.reminder_offsets_by_kind for step in days)
    return tuple(sorted(found, reverse=True))


def escalations_for(kind: str, settings: Settings) -> tuple[int, int] | None:
    """The steps after the last of the ladder, when nothing was done: to a second person, then to the bureau.

    So many days after the overdue reminder. None for an automatic exit: it has happened, and its bureau was shown it a
    week ahead. None for a window that closed unused.
    """
    if kind in ENDS_BY_ITSELF:
        return None
    second, bureau = sorted(settings.escalation_days)
    return OVERDUE - second, OVERDUE - bureau


def quiet_until(instant: datetime, hours: Hours, due_at: datetime | None = None) -> datetime | None:
    """When the quiet hours that `instant` lies in are over; None when a mail may go now.

    A mail never waits past the instant that it warns of: it goes at once where that comes before the end.
    """
    local = instant.astimezone(SHANGHAI)
    if not hours.holds(local.time()):
        return None
    end = datetime.combine(local.date(), hours.end, SHANGHAI)
    if end <= local:
        end += timedelta(days=1)
    return None if due_at is not None and instant < due_at <= end else end


def due_day(due_at: datetime) -> date:
    """The last day of a deadline: 24:00 belongs to the day that ends."""
    return local_date(due_at - timedelta(microseconds=1))


def send_at(due_at: datetime, offset: int) -> datetime:
    """The instant of one offset. Overdue is the first 09:00 at or after the deadline."""
    if offset > OVERDUE:
        return datetime.combine(due_day(due_at) - timedelta(days=offset), SENDING_TIME, SHANGHAI)
    local_due = due_at.astimezone(SHANGHAI)
    first = datetime.combine(local_due.date(), SENDING_TIME, SHANGHAI)
    if first < local_due:
        first += timedelta(days=1)
    return first + timedelta(days=-offset - 1)


def due_reminders(
    due_at: datetime,
    now: datetime,
    offsets: Iterable[int],
    already: Collection[int],
    since: datetime | None = None,
) -> Reminder:
    """What to send at `now` for a deadline, given the offsets `already` sent or superseded.

    Only the latest offset reached is sent; older ones that were missed are superseded. Once the deadline has passed,
    only 'overdue' is sent. `since` is when the deadline was set: offsets that lay before it are superseded, so that a
    deadline set two weeks ahead does not at once send its 15-day reminder.
    """
    ordered = sorted(set(offsets), reverse=True)
    passed = now >= due_at
    reached = [offset for offset in ordered if offset not in already and send_at(due_at, offset) <= now]
    lost = [offset for offset in reached if _is_lost(due_at, offset, passed, since)]
    # Before 09:00 of the day after, the deadline has passed but 'overdue' has not been reached: the rest is moot.
    moot = [offset for offset in ordered if passed and offset > OVERDUE and offset not in (*already, *reached)]
    live = [offset for offset in reached if offset not in lost]
    chosen = live[-1] if live else None
    superseded = tuple(offset for offset in ordered if offset in (*lost, *moot, *live[:-1]))
    handled = {*already, *superseded, *([] if chosen is None else [chosen])}
    coming = [send_at(due_at, offset) for offset in ordered if offset not in handled]
    return Reminder(chosen, superseded, min(coming, default=None))


def _is_lost(due_at: datetime, offset: int, passed: bool, since: datetime | None) -> bool:
    if passed and offset > OVERDUE:
        return True
    return since is not None and send_at(due_at, offset) < since
