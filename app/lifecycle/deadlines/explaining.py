"""Why a deadline falls on its day: its clock computed again, and every day on the way with its place in the count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.lifecycle.deadlines.models import Deadline
from app.rules import clocks, renewal, selection
from app.rules.clocks import Clock, Day, DayKind
from app.rules.settings import Settings
from app.rules.workdays import Calendar

STATED = frozenset({"call_close", "call_complete_by", "panel_work_due"})
"""Days that a document states, or another deadline: they are not counted from their start."""
LONGEST_GRID = 250
"""Days shown one by one; of a longer time, as three years, the first and the last month say enough."""

_NAMED = (DayKind.START, DayKind.MAKEUP, DayKind.WEEKEND, DayKind.HOLIDAY)


@dataclass(frozen=True)
class GridDay:
    """One day: `number` in the count (None: not counted), `kind` start, counted, makeup, weekend, holiday, plain or
    outside; `due` marks the last day; `name` is the holiday's."""

    on: date
    number: int | None
    kind: str
    due: bool
    provisional: bool
    name: str


@dataclass(frozen=True)
class GridMonth:
    """A month in weeks from Monday; None where a week has days of another month."""

    first: date
    weeks: list[list[GridDay | None]]


def clock_of(deadline: Deadline, calendar: Calendar, settings: Settings) -> Clock | None:
    """The clock as the rules compute it today, or None where the deadline was set by other means: another calendar,
    another setting, a kind that has since gone."""
    kind = clocks.KINDS.get(deadline.kind)
    if kind is None:
        return None
    if deadline.kind in STATED:
        clock = kind.compute(deadline.due_on, calendar, settings)
        return replace(clock, starts_on=deadline.starts_on, due_at=deadline.due_at)
    if deadline.kind == "publicity_end":
        least = clocks.publicity_end(deadline.starts_on, calendar, settings)
        if deadline.due_on < least.due_on:
            return None
        return selection.check_publicity_end(deadline.starts_on, deadline.due_on, calendar, settings)
    if renewal.is_admitted_close(deadline.kind, deadline.starts_on, deadline.due_on):
        stated = renewal.planned_close if deadline.rule == "R47" else renewal.admitted_close
        return stated(deadline.starts_on, deadline.due_on)
    clock = kind.compute(deadline.starts_on, calendar, settings)
    return clock if clock.due_on == deadline.due_on else None


def months_of(clock: Clock, calendar: Calendar) -> list[GridMonth]:
    """The days between start and end as a calendar, each with its number; a span too long is cut in the middle."""
    first, last = sorted((clock.starts_on, clock.due_on))
    lines: dict[date, list[Day]] = {}
    for line in clock.explanation:
        lines.setdefault(line.on, []).append(line)
    found: list[GridMonth] = []
    month = first.replace(day=1)
    is_long = (last - first).days > LONGEST_GRID
    while month <= last:
        following = clocks.add_months(month, 1)
        if not is_long or month.replace(day=1) in (first.replace(day=1), last.replace(day=1)):
            found.append(_month(month, following, clock, lines, calendar))
        month = following
    return found


def _month(month: date, following: date, clock: Clock, lines: dict[date, list[Day]], calendar: Calendar) -> GridMonth:
    cells: list[GridDay | None] = [None] * month.weekday()
    cells += [_day(month + timedelta(days=n), clock, lines, calendar) for n in range((following - month).days)]
    cells += [None] * (-len(cells) % 7)
    weeks = [cells[start : start + 7] for start in range(0, len(cells), 7)]
    # Weeks in which nothing was counted say nothing.
    return GridMonth(month, [week for week in weeks if any(day is not None and day.kind != "outside" for day in week)])


def _day(on: date, clock: Clock, lines: dict[date, list[Day]], calendar: Calendar) -> GridDay:
    here = lines.get(on, [])
    number = next((line.number for line in here if line.number is not None), None)
    first, last = sorted((clock.starts_on, clock.due_on))
    if number is None and not here and first < on < last and _counts_every_day(clock):
        number = (on - clock.starts_on).days if clock.due_on > clock.starts_on else (clock.starts_on - on).days
    kinds = {line.kind for line in here}
    named = next((one for one in _NAMED if one in kinds), None)
    kind = str(named) if named else _plain(on, number, first <= on <= last, calendar)
    return GridDay(
        on,
        number,
        kind,
        on == clock.due_on,
        calendar.is_provisional(on) and first <= on <= last,
        calendar.name_of(on) if not calendar.is_workday(on) else "",
    )


def _plain(on: date, number: int | None, inside: bool, calendar: Calendar) -> str:
    if not inside:
        return "outside"
    if number is not None:
        return "counted"
    if calendar.is_workday(on):
        return "plain"
    return "holiday" if calendar.is_holiday(on) else "weekend"


def _counts_every_day(clock: Clock) -> bool:
    """Whether the clock runs on calendar days: then its explanation names only some of them."""
    numbers = [line.number for line in clock.explanation if line.number is not None]
    return bool(numbers) and len(numbers) < max(numbers)
