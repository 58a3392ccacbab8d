"""A board of deadlines: what the address asks for, its figures and rows, and the same as a workbook."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, request, url_for
from flask_babel import gettext, lazy_gettext

from app.clock import SHANGHAI
from app.lifecycle.deadlines import queries
from app.lifecycle.deadlines.calendar import load_calendar
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.queries import NOBODY, WEEK, DeadlineFilter
from app.lifecycle.sheets import write_workbook
from app.rules import clauses, clocks
from app.web import exports, wording
from app.web.cursors import read_cursor, write_cursor
from app.web.dates import local_time
from app.web.deadlines import charts
from app.web.forms import date_arg

PAGE_SIZE = 50
LOAD_WEEKS = 8
CASES_DRAWN = 12
SHOWS = {
    "": lazy_gettext("进行中和已逾期"),
    "missed": lazy_gettext("已逾期"),
    "week": lazy_gettext("七日内到期"),
    "risk": lazy_gettext("有风险(已用时超过八成)"),
    "met": lazy_gettext("已完成"),
}
_STATES = {"missed": ("missed",), "met": ("met",), "week": ("open",), "risk": ("open",)}
COLUMNS = (
    ("截止日期", 14), ("截止时刻", 10), ("状态", 10), ("期限", 20), ("事项", 26), ("单位", 34), ("主管部门", 14),
    ("起算日", 14), ("依据", 22), ("暂定", 8),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    filter: DeadlineFilter
    show: str
    officer: str
    authority: str

    @property
    def narrowed(self) -> bool:
        return bool(
            self.show or self.officer or self.authority or self.filter.kind or self.filter.text or self.filter.on
        )


def read(now: datetime, *, authorities: Iterable[str] = ()) -> Asked:
    """The filter of a request; what makes no sense is left out."""
    show = request.args.get("show", "")
    show = show if show in SHOWS else ""
    officer = request.args.get("officer", "")
    authority = request.args.get("authority", "")
    return Asked(
        DeadlineFilter(
            states=_STATES.get(show, ("open", "missed")),
            kind=kind if (kind := request.args.get("kind", "")) in clocks.KINDS else "",
            text=request.args.get("q", "").strip()[:100],
            due_before=now + WEEK if show == "week" else None,
            officer=NOBODY if officer == "none" else _uuid(officer),
            on=date_arg(request.args.get("on", "")),
            at_risk=now if show == "risk" else None,
        ),
        show,
        officer,
        authority if authority in set(authorities) else "",
    )


def _uuid(given: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(given)
    except ValueError:
        return None


def page_of(authority_code: str | None, asked: Asked, *, endpoint: str, one: str) -> dict[str, Any]:
    """Everything the template of a board is given; `endpoint` is the board's, `one` that of a single deadline."""
    now: datetime = g.now
    today = now.astimezone(SHANGHAI).date()
    rows = queries.list_for_authority(
        authority_code, wanted=asked.filter, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    first = today - timedelta(days=today.weekday())
    load = queries.load_per_day(authority_code, first=first, days=LOAD_WEEKS * 7)
    limits = queries.list_case_limits(authority_code, cases=CASES_DRAWN, now=now)
    axis = charts.axis_for(limits, today)
    by_kind = queries.count_by_kind(authority_code, now=now)
    return {
        "rows": rows,
        "officers": queries.officer_names(rows),
        "next_cursor": write_cursor(rows[-1].due_at, rows[-1].id) if more else None,
        "counts": queries.count_for_authority(authority_code, now=now, week_end=now + WEEK),
        "by_kind": _bars(by_kind, endpoint),
        "weeks": charts.load_weeks(load, load_calendar(), today),
        "axis": axis,
        "lanes": charts.by_case(limits, axis, href=lambda key: url_for(one, deadline_id=key)),
        "asked": asked,
        "kinds": [("", gettext("全部")), *((row[0], wording.deadline_label(row[0])) for row in sorted(by_kind))],
        "shows": list(SHOWS.items()),
        "label_of": wording.deadline_label,
        "deadline_states": wording.DEADLINE_STATES,
        "first_page": not request.args.get("cursor"),
        "endpoint": endpoint,
        "one": one,
    }


def _bars(rows: Iterable[Any], endpoint: str) -> list[dict[str, Any]]:
    found = list(rows)
    most = max((row[1] + row[3] for row in found), default=1) or 1
    return [
        {
            "label": wording.deadline_label(row[0]),
            "share": (row[1] + row[3]) / most,
            "text": gettext(
                "进行中 %(open)s · 七日内 %(week)s · 逾期 %(missed)s", open=row[1], week=row[2], missed=row[3]
            ),
            "tone": "bad" if row[3] else "action" if row[2] else None,
            "href": url_for(endpoint, kind=row[0]),
        }
        for row in found
    ]


def workbook(rows: Iterable[Deadline], name: str, authorities: dict[str, str], *, organisation: str = "") -> Response:
    """The rows as XLSX; nothing that a person typed becomes a formula. `organisation`: whose they all are."""
    cells = _cells(rows, authorities, organisation)
    return exports.workbook(write_workbook(title="期限", columns=COLUMNS, rows=cells), name)


def _cells(rows: Iterable[Deadline], authorities: dict[str, str], organisation: str) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        clause = clauses.find(row.rule)
        yield (
            row.due_on,
            "24:00" if row.due_at == clocks.end_of_day(row.due_on) else local_time(row.due_at),
            str(wording.DEADLINE_STATES[row.state][1]),
            wording.deadline_label(row.kind),
            row.subject_label,
            organisation or row.organisation.name,
            authorities.get(row.authority_code, row.authority_code),
            row.starts_on,
            clause.title if clause else row.rule,
            "是" if row.provisional else "",
        )
