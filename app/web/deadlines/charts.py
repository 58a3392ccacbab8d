"""What is drawn: each case's limits over the months, and how many end on each day of the coming weeks.

Only attributes and classes: bars are rects in a box 1000 wide that the page stretches, labels are text of the page.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from flask_babel import gettext

from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.queries import Load
from app.rules.clocks import add_months, local_date
from app.rules.workdays import Calendar
from app.web.dates import cn_date
from app.web.wording import DEADLINE_STATES, deadline_label

WIDTH = 1000
LANE = 10
MONTHS_BEFORE, MONTHS_AFTER = 2, 7
_SOON = timedelta(days=7)


@dataclass(frozen=True)
class Axis:
    """Whole months from `first`; each takes the same width, so that their names can stand in equal columns."""

    first: date
    months: int
    today: date

    def x(self, day: date) -> float:
        """Where a day begins, 0 to 1000; days outside lie on the edge."""
        month = (day.year - self.first.year) * 12 + day.month - self.first.month
        length = (add_months(day.replace(day=1), 1) - day.replace(day=1)).days
        return round(min(max((month + (day.day - 1) / length) / self.months, 0.0), 1.0) * WIDTH, 1)

    @property
    def names(self) -> list[date]:
        return [add_months(self.first, n) for n in range(self.months)]

    @property
    def ticks(self) -> list[float]:
        return [round(n * WIDTH / self.months, 1) for n in range(1, self.months)]


@dataclass(frozen=True)
class Bar:
    """One limit: from the day counted from to its last day. `tone`: done, over, soon, calm."""

    x: float
    width: float
    y: int
    tone: str
    title: str


@dataclass
class Lane:
    """One row of the chart: a case, or one deadline of an organisation."""

    label: str
    note: str
    href: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def height(self) -> int:
        return max(len(self.bars), 1) * LANE

    @property
    def told(self) -> str:
        return "; ".join(bar.title for bar in self.bars)


def axis_for(rows: Iterable[Deadline], today: date) -> Axis:
    """The months around today, wider where a running limit needs it, at most a year ahead."""
    live = [row for row in rows if row.state in ("open", "missed")]
    first = add_months(today.replace(day=1), -MONTHS_BEFORE)
    earliest = min((row.starts_on for row in live), default=today)
    first = max(min(first, earliest.replace(day=1)), add_months(today.replace(day=1), -6))
    last = max((row.due_on for row in live), default=today)
    ahead = (last.year - today.year) * 12 + last.month - today.month + 1
    until = add_months(today.replace(day=1), min(max(ahead, 3), 12 if ahead > MONTHS_AFTER else MONTHS_AFTER))
    return Axis(first, (until.year - first.year) * 12 + until.month - first.month, today)


def by_case(rows: Sequence[Deadline], axis: Axis, *, href: Callable[[uuid.UUID], str]) -> list[Lane]:
    """A row a case, its limits beneath each other."""
    lanes: dict[object, Lane] = {}
    for row in rows:
        lane = lanes.setdefault(row.case_id, Lane(row.organisation.name, "", href(row.id)))
        lane.bars.append(_bar(row, axis, len(lane.bars)))
        if row.state == "open" and row.due_on >= axis.today and not lane.note:
            lane.note = gettext("下一期限:%(kind)s %(on)s", kind=deadline_label(row.kind), on=cn_date(row.due_on))
            lane.href = href(row.id)
    return list(lanes.values())


def by_deadline(rows: Sequence[Deadline], axis: Axis, *, href: Callable[[uuid.UUID], str]) -> list[Lane]:
    """A row a deadline."""
    return [
        Lane(
            deadline_label(row.kind) + (f" · {row.subject_label}" if row.kind == "bank_submit_by" else ""),
            cn_date(row.due_on),
            href(row.id),
            [_bar(row, axis, 0)],
        )
        for row in rows
    ]


def _bar(row: Deadline, axis: Axis, position: int) -> Bar:
    start = row.starts_on
    if row.starts_on > row.due_on:
        # Counted back from a later day: the time to do it runs from when it was set.
        start = min(local_date(row.set_at), row.due_on)
    left, right = axis.x(start), axis.x(row.due_on + timedelta(days=1))
    title = gettext(
        "%(kind)s:%(first)s 至 %(last)s,%(state)s",
        kind=deadline_label(row.kind),
        first=cn_date(start),
        last=cn_date(row.due_on),
        state=DEADLINE_STATES[row.state][1],
    )
    return Bar(left, max(round(right - left, 1), 4.0), position * LANE, _tone(row, axis.today), title)


def _tone(row: Deadline, today: date) -> str:
    if row.state in ("met", "cancelled"):
        return "done"
    if row.state == "missed" or row.due_on < today:
        return "over"
    return "soon" if row.due_on - today <= _SOON else "calm"


@dataclass(frozen=True)
class LoadDay:
    """One day of the coming weeks: how many deadlines end on it, and its share of the fullest day's."""

    on: date
    count: int
    share: float
    kind: str
    name: str
    today: bool
    past: bool


def load_weeks(load: Load, calendar: Calendar, today: date) -> list[list[LoadDay]]:
    """The load in weeks from Monday."""
    most = load.most or 1
    days = [
        LoadDay(
            on,
            count,
            round(count / most, 3),
            "holiday" if calendar.is_holiday(on) else "makeup" if calendar.is_makeup(on)
            else "work" if calendar.is_workday(on) else "weekend",
            calendar.name_of(on) if calendar.is_holiday(on) else "",
            on == today,
            on < today,
        )
        for on, count in sorted(load.counts.items())
    ]  # fmt: skip
    return [days[start : start + 7] for start in range(0, len(days), 7)]
