"""All deadlines, and why each falls on its day."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines import queries
from app.lifecycle.deadlines.models import Deadline
from app.reminders.wording import AUTHORITY_KINDS, wording_of
from app.web.applicant.base import found, page
from app.web.applicant.space import load_space
from app.web.deadlines import board, charts, one
from app.web.wording import DEADLINE_STATES, deadline_label


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


@page("/deadlines")
def deadlines() -> ResponseReturnValue:
    """Open and missed first, then what is over; `?q=` and `?kind=` narrow both."""
    space = load_space()
    every = sorted(space.deadlines, key=lambda row: (row.due_at, row.kind, row.subject_label))
    kind, wanted = request.args.get("kind", ""), request.args.get("q", "").strip().lower()
    shown = [
        row
        for row in every
        if (not kind or row.kind == kind)
        and (not wanted or wanted in f"{row.subject_label} {deadline_label(row.kind)}".lower())
    ]
    rows = [_row(deadline, space.today) for deadline in shown]
    live = [row for row in shown if row.state in ("open", "missed")]
    axis = charts.axis_for(live, space.today)
    return render_template(
        "applicant/deadlines.html",
        open_rows=[row for row in rows if row.deadline.state in ("open", "missed")],
        past_rows=[row for row in rows if row.deadline.state not in ("open", "missed")],
        axis=axis,
        lanes=charts.by_deadline(live, axis, href=lambda key: url_for("applicant.deadline", deadline_id=key)),
        kind=kind,
        kinds=[("", gettext("全部")), *((name, deadline_label(name)) for name in sorted({row.kind for row in every}))],
        has_any=bool(every),
        states=DEADLINE_STATES,
    )


@page("/deadlines/<uuid:deadline_id>")
def deadline(deadline_id: uuid.UUID) -> ResponseReturnValue:
    """Why it falls on its day, and what it was before. What binds the authority is not for the organisation."""
    row = found(queries.get_deadline(deadline_id))
    if row.kind in AUTHORITY_KINDS:
        row = found(None)
    return one.page_of(row, board="applicant.deadlines", one="applicant.deadline", action=gettext("去办理"))


@page("/deadlines.xlsx")
def deadlines_export() -> ResponseReturnValue:
    """All of them as a workbook."""
    space = load_space()
    rows = sorted(space.deadlines, key=lambda row: (row.due_at, row.kind, row.subject_label))
    names = {space.organisation.authority_code: space.organisation.authority.name}
    return board.workbook(
        rows, gettext("期限 %(on)s.xlsx", on=space.today.isoformat()), names, organisation=space.organisation.name
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
        note=gettext(one.DEFAULTS[deadline.kind]) if deadline.kind in one.DEFAULTS else "",
    )
