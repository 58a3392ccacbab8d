"""All deadlines, and why each falls on its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.reminders.wording import wording_of
from app.rules import clocks
from app.rules.clocks import Day
from app.rules.core import N_
from app.web.applicant.base import page
from app.web.applicant.space import load_space
from app.web.dates import cn_date
from app.web.wording import DEADLINE_STATES, deadline_label

# Days that are ours, not the notice's: the page says so.
NOTES = {
    "commitment_sign_due": N_("提醒日,通知未规定签署时限"),
    "bank_submit_by": N_("为题库评估预留时间"),
}


@dataclass(frozen=True)
class Line:
    """One step of a count: a day, and what it is in the count."""

    on: date
    text: str
    provisional: bool


@dataclass(frozen=True)
class Row:
    """One deadline as it is shown; `total_days` draws how much of the time is used."""

    deadline: Deadline
    label: str
    about: str
    days_left: int
    total_days: int | None
    todo: str
    missed: str
    note: str
    explanation: list[Line]


@page("/deadlines")
def deadlines() -> ResponseReturnValue:
    """Open and missed first, then what is over."""
    space = load_space()
    ordered = sorted(space.deadlines, key=lambda row: (row.due_at, row.kind, row.subject_label))
    rows = [_row(deadline, space.today) for deadline in ordered]
    return render_template(
        "applicant/deadlines.html",
        open_rows=[row for row in rows if row.deadline.state in ("open", "missed")],
        past_rows=[row for row in rows if row.deadline.state not in ("open", "missed")],
        states=DEADLINE_STATES,
    )


def _row(deadline: Deadline, today: date) -> Row:
    wording = wording_of(deadline.kind)
    forward = deadline.starts_on < deadline.due_on
    return Row(
        deadline=deadline,
        label=deadline_label(deadline.kind),
        about=deadline.subject_label if deadline.kind == "bank_submit_by" else "",
        days_left=(deadline.due_on - today).days,
        total_days=(deadline.due_on - deadline.starts_on).days if forward else None,
        todo=gettext(wording.todo),
        missed=gettext(wording.missed),
        note=gettext(NOTES[deadline.kind]) if deadline.kind in NOTES else "",
        explanation=_explain(deadline),
    )


def _explain(deadline: Deadline) -> list[Line]:
    """Day by day as the rules count; nothing where a person has since set another date."""
    kind = clocks.KINDS.get(deadline.kind)
    if kind is None:
        return []
    clock = kind.compute(deadline.starts_on, load_calendar(), load_settings(deadline.authority_code))
    if clock.due_on != deadline.due_on:
        return [Line(deadline.due_on, gettext("该日期由主管部门另行确定,或按设定当时的日历计算。"), False)]
    return [Line(day.on, _words(day), day.provisional) for day in clock.explanation]


def _words(day: Day) -> str:
    text = gettext(day.message, **day.params) if day.params else gettext(day.message)
    return str(gettext("%(on)s:%(text)s", on=cn_date(day.on), text=text))
