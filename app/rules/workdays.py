"""Working days (工作日): statutory holidays and make-up days (调休) decide, weekdays only where nothing is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar

FIRST_PACKAGED_YEAR = 2004
LAST_PACKAGED_YEAR = 2026
"""The years whose published arrangements (国务院办公厅通知) the seeding package holds."""

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}
_WEEKDAYS = 5
_DAY = timedelta(days=1)


class CalendarIncomplete(Exception):
    """A year is said to be loaded, but holds no holiday at all: counting with it would move deadlines silently."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days by table.

    `days` holds the days that are decided (True working, False not); any other day counts Monday–Friday.
    Days of a year outside `loaded_years` are *provisional*: the State Council has not yet published it, or the
    province has not yet loaded it. `names` gives the holiday's name for an explanation.
    """

    days: Mapping[date, bool]
    loaded_years: frozenset[int]
    names: Mapping[date, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with_holidays = {day.year for day, works in self.days.items() if not works}
        if empty := sorted(self.loaded_years - with_holidays):
            raise CalendarIncomplete(f"years without a single holiday: {empty}")

    def is_workday(self, day: date) -> bool:
        decided = self.days.get(day)
        return day.weekday() < _WEEKDAYS if decided is None else decided

    def is_provisional(self, day: date) -> bool:
        return day.year not in self.loaded_years

    def is_makeup(self, day: date) -> bool:
        """A Saturday or Sunday that is worked (调休上班)."""
        return day.weekday() >= _WEEKDAYS and self.is_workday(day)

    def is_holiday(self, day: date) -> bool:
        """A weekday that is not worked, or a weekend day inside a named holiday."""
        return not self.is_workday(day) and (day.weekday() < _WEEKDAYS or day in self.names)

    def name_of(self, day: date) -> str:
        return self.names.get(day, "")

    def next_workday(self, day: date) -> date:
        """`day` itself if it is worked, else the first worked day after it."""
        while not self.is_workday(day):
            day += _DAY
        return day

    def add_workdays(self, start: date, count: int) -> date:
        """The `count`-th working day after `start`; `start` itself is never counted."""
        day = start
        while count > 0:
            day += _DAY
            count -= self.is_workday(day)
        return day

    def count_workdays(self, first: date, last: date) -> int:
        """Working days from `first` to `last`, both included; 0 if `last` is earlier."""
        return sum(self.is_workday(first + timedelta(days=n)) for n in range((last - first).days + 1))


def calendar_from_chinesecalendar(
    years: Iterable[int] = range(FIRST_PACKAGED_YEAR, LAST_PACKAGED_YEAR + 1),
) -> Calendar:
    """The published arrangements of `years`, from the `chinesecalendar` package.

    Raises CalendarIncomplete for a year that the package does not hold: never a calendar without its holidays.
    """
    wanted = frozenset(years)
    if not wanted:
        raise CalendarIncomplete("no year asked for")
    days = {day: False for day in chinese_calendar.holidays if day.year in wanted}
    days |= {day: True for day in chinese_calendar.workdays if day.year in wanted}
    names = {day: _NAMES.get(name, name) for day, name in chinese_calendar.holidays.items() if day.year in wanted}
    return Calendar(days=days, loaded_years=wanted, names=names)


FIXED_HOLIDAYS = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
"""Month and day of the statutory holidays (《全国年节及纪念日放假办法》) that the moon does not move."""


def find_worked_holidays(calendar: Calendar, year: int) -> list[date]:
    """The fixed statutory holidays that a loaded year would count as working days: a sign that lines were left out."""
    return [day for month, on in FIXED_HOLIDAYS if calendar.is_workday(day := date(year, month, on))]
