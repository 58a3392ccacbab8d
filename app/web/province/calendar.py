"""The working-day calendar: its years, loading one, correcting a day (D3)."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines import editing
from app.lifecycle.deadlines.calendar import load_calendar
from app.rules.core import Refusal
from app.rules.workdays import find_worked_holidays
from app.web.access import Right
from app.web.dates import cn_date
from app.web.errors import refusal_text
from app.web.forms import date_arg
from app.web.guards import actor
from app.web.province.base import page
from tenants.scope import DEPARTMENT_CODE


def _year(text: str) -> int:
    return int(text) if text.isdigit() and len(text) == 4 else g.now.astimezone(SHANGHAI).year


@page("/calendar")
def calendar() -> ResponseReturnValue:
    """One year; the next one too, so that its absence shows."""
    return _page(_year(request.args.get("year", "")))


def _page(year: int, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    years = editing.list_years()
    days = editing.list_special_days(year)
    shown = sorted({*years, year, g.now.astimezone(SHANGHAI).year + 1})
    tabs: list[dict[str, Any]] = [
        {
            "label": gettext("%(year)d年", year=one) if one in years else gettext("%(year)d年(未载入)", year=one),
            "href": url_for("province.calendar", year=one),
            "active": one == year,
        }
        for one in shown
    ]
    page = render_template(
        "province/calendar.html",
        year=year,
        loaded=year in years,
        year_tabs=tabs,
        days=days,
        runs=editing.list_runs(DEPARTMENT_CODE),
        problems=problems,
        typed=request.form,
        as_text="\n".join(
            f"{day.on.isoformat()} {'班' if day.is_workday else '休'} {day.note}".strip() for day in days
        ),
    )
    return page, 422 if problems else 200


@page("/calendar", right=Right.decide, methods=("POST",))
def calendar_load() -> ResponseReturnValue:
    """Load a year; open clocks follow."""
    year = _year(request.form.get("year", ""))
    try:
        days = editing.parse_days(request.form.get("days", ""), year)
        editing.load_year(actor=actor(), year=year, days=days, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page(year, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已载入%(year)d年安排,进行中的期限正在重新计算。", year=year), "success")
    if worked := find_worked_holidays(load_calendar(fresh=True), year):
        names = "、".join(cn_date(day) for day in worked)
        flash(gettext("请核对:%(days)s是法定节假日,现按工作日计算。如有遗漏,请补全后重新载入。", days=names), "warning")
    return redirect(url_for("province.calendar", year=year), 303)


@page("/calendar/runs")
def calendar_runs() -> ResponseReturnValue:
    """How far the computing of clocks is; asked for again while one runs."""
    return render_template("province/_runs.html", runs=editing.list_runs(DEPARTMENT_CODE))


@page("/calendar/day", right=Right.decide, methods=("POST",))
def calendar_day() -> ResponseReturnValue:
    """Correct one day."""
    on = date_arg(request.form.get("on", ""))
    if on is None:
        return _page(_year(""), (gettext("请填写日期。"),))
    try:
        editing.set_day(
            actor=actor(),
            on=on,
            is_workday=request.form.get("works") == "work",
            note=request.form.get("note", ""),
            reason=request.form.get("reason", ""),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(on.year, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已更正,进行中的期限正在重新计算。"), "success")
    return redirect(url_for("province.calendar", year=on.year), 303)
