"""How days are counted (民法典 200–203): what every clock of `app.rules.clocks` is made of.

The first day is not counted; a period of months ends on the corresponding date, or on the month's last day where there
is none; it ends at 24:00 in Asia/Shanghai.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from app.rules.core import N_, SHANGHAI
from app.rules.settings import Span, Unit
from app.rules.workdays import Calendar

DAY = timedelta(days=1)
_MONTHS = 12
WORKING_DAYS_MAX = 250
"""More than any period asked for; a bound that keeps a mistyped length from walking decades."""


class DayKind(StrEnum):
    START = "start"
    COUNTED = "counted"
    MAKEUP = "makeup"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    NOMINAL = "nominal"
    ROLLED = "rolled"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Day:
    """One line of an explanation: a day, its number in the count (None: not counted), and why. `message` is a msgid."""

    on: date
    number: int | None
    kind: DayKind
    message: str
    params: dict[str, Any] = field(default_factory=dict)
    provisional: bool = False

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True, slots=True)
class Clock:
    """A computed deadline. `due_on` is the last day; `due_at` the instant it is over (24:00 in Asia/Shanghai, that is
    00:00 of the next day), so `now < due_at` is in time. `provisional`: the working-day table of a year it depends on
    is not loaded yet, and it will be recomputed."""

    kind: str
    starts_on: date
    due_on: date
    due_at: datetime
    provisional: bool
    rule: str
    explanation: tuple[Day, ...]


def midnight(day: date) -> datetime:
    """00:00 of a day in Asia/Shanghai."""
    return datetime.combine(day, time(0), tzinfo=SHANGHAI)


def end_of_day(day: date) -> datetime:
    """24:00 of a day in Asia/Shanghai."""
    return midnight(day + DAY)


def local_date(instant: datetime) -> date:
    """The date in Asia/Shanghai of an aware instant; ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("naive datetime: an instant must say its time zone")
    return instant.astimezone(SHANGHAI).date()


def is_over(clock_or_due: Clock | datetime, now: datetime) -> bool:
    """Whether a clock, or the instant it ends, has passed."""
    due_at = clock_or_due.due_at if isinstance(clock_or_due, Clock) else clock_or_due
    return now >= due_at


def add_months(day: date, months: int) -> date:
    """The corresponding date, or the month's last day where there is none (民法典 202)."""
    index = day.year * _MONTHS + day.month - 1 + months
    year, month = divmod(index, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    return add_months(day, years * _MONTHS)


def make_clock(
    kind: str, start: date, due_on: date, rule: str, lines: list[Day], *, provisional: bool = False
) -> Clock:
    """A clock that is over at 24:00 of its last day."""
    return Clock(kind, start, due_on, end_of_day(due_on), provisional, rule, tuple(lines))


def _off_day(calendar: Calendar, day: date) -> Day:
    provisional = calendar.is_provisional(day)
    if name := calendar.name_of(day):
        return Day(day, None, DayKind.HOLIDAY, N_("%(name)s放假,不计入"), {"name": name}, provisional)
    if calendar.is_holiday(day):
        return Day(day, None, DayKind.HOLIDAY, N_("放假,不计入"), {}, provisional)
    return Day(day, None, DayKind.WEEKEND, N_("周末,不计入"), {}, provisional)


def _work_day(calendar: Calendar, day: date, number: int) -> Day:
    makeup = calendar.is_makeup(day)
    message = N_("调休上班,第%(number)d个工作日") if makeup else N_("第%(number)d个工作日")
    kind = DayKind.MAKEUP if makeup else DayKind.COUNTED
    return Day(day, number, kind, message, {"number": number}, calendar.is_provisional(day))


def count_workdays(
    kind: str, start: date, count: int, calendar: Calendar, rule: str, *, count_start: bool = False
) -> Clock:
    """The last of `count` working days after `start` (from `start` itself with `count_start`)."""
    if not 1 <= count <= WORKING_DAYS_MAX:
        raise ValueError(f"working days out of range: {count}")
    lines: list[Day] = []
    day = start
    if not count_start:
        lines.append(Day(start, None, DayKind.START, N_("起始日,不计入")))
        day += DAY
    number = 0
    while True:
        if calendar.is_workday(day):
            number += 1
            lines.append(_work_day(calendar, day, number))
        else:
            lines.append(_off_day(calendar, day))
        if number == count:
            break
        day += DAY
    lines.append(Day(day, None, DayKind.DUE, N_("截止于当日24时")))
    provisional = any(line.provisional for line in lines)
    return make_clock(kind, start, day, rule, lines, provisional=provisional)


def count_days(kind: str, start: date, count: int, rule: str) -> Clock:
    """`count` calendar days after `start`; `start` itself is not counted."""
    due_on = start + timedelta(days=count)
    lines = [
        Day(start, None, DayKind.START, N_("起始日,不计入")),
        Day(start + DAY, 1, DayKind.COUNTED, N_("第1天,按自然日连续计算,含周末和节假日")),
        Day(due_on, count, DayKind.COUNTED, N_("第%(number)d天"), {"number": count}),
        Day(due_on, None, DayKind.DUE, N_("截止于当日24时")),
    ]
    return make_clock(kind, start, due_on, rule, lines)


def count_back(kind: str, anchor: date, count: int, rule: str) -> Clock:
    """The day `count` calendar days before `anchor`, the last day on which it may be done."""
    due_on = anchor - timedelta(days=count)
    lines = [
        Day(anchor, None, DayKind.START, N_("基准日")),
        Day(due_on, count, DayKind.COUNTED, N_("基准日前第%(number)d天(自然日)"), {"number": count}),
        Day(due_on, None, DayKind.DUE, N_("截止于当日24时")),
    ]
    return make_clock(kind, anchor, due_on, rule, lines)


def count_span(kind: str, start: date, span: Span, calendar: Calendar, rule: str) -> Clock:
    if span.unit is Unit.WORKING_DAY:
        return count_workdays(kind, start, span.amount, calendar, rule)
    return count_days(kind, start, span.amount, rule)


def roll(clock: Clock, calendar: Calendar) -> Clock:
    """民法典 203: a last day that is not worked is replaced by the next working day."""
    due_on = calendar.next_workday(clock.due_on)
    walked = [clock.due_on + timedelta(days=n) for n in range((due_on - clock.due_on).days + 1)]
    lines = list(clock.explanation[:-1])
    if due_on != clock.due_on:
        lines += [_off_day(calendar, day) for day in walked[:-1]]
        lines.append(Day(due_on, None, DayKind.ROLLED, N_("末日遇休息日,顺延至其后第一个工作日(民法典第二百零三条)")))
    lines.append(Day(due_on, None, DayKind.DUE, N_("截止于当日24时")))
    provisional = clock.provisional or any(calendar.is_provisional(day) for day in walked)
    return make_clock(clock.kind, clock.starts_on, due_on, clock.rule, lines, provisional=provisional)
