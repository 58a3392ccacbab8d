"""The working-day calendar and the settings in force, from the tables the province edits to the rules' plain values."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import date

from flask import current_app
from sqlalchemy import select

from app.db import db
from app.lifecycle.deadlines.models import CalendarDay, Setting
from app.rules.setting_checks import merge_settings
from app.rules.settings import SPEC, Settings
from app.rules.workdays import Calendar, CalendarIncomplete
from tenants.scope import DEPARTMENT_CODE

_CACHE_SECONDS = 20.0
_KEY = "sheping_calendar"


def load_calendar(*, fresh: bool = False) -> Calendar:
    """The calendar as loaded by the province; kept for some seconds, since it changes once a year.

    Raises CalendarIncomplete when no year is loaded at all: an empty table would silently turn holidays into work.
    """
    kept: tuple[float, Calendar] | None = current_app.extensions.get(_KEY)
    if kept is not None and not fresh and time.monotonic() - kept[0] < _CACHE_SECONDS:
        return kept[1]
    rows = db.session.execute(select(CalendarDay.on, CalendarDay.is_workday, CalendarDay.note)).all()
    if not rows:
        raise CalendarIncomplete("no year is loaded: run `sheping db upgrade`")
    days: dict[date, bool] = {row.on: row.is_workday for row in rows}
    names = {row.on: row.note for row in rows if row.note}
    calendar = Calendar(days=days, loaded_years=frozenset(day.year for day in days), names=names)
    current_app.extensions[_KEY] = (time.monotonic(), calendar)
    return calendar


def load_settings(authority_code: str = DEPARTMENT_CODE) -> Settings:
    """What applies to one authority: the defaults of rules.md, the province's changes, a city's where it may."""
    return load_settings_of((authority_code,))[authority_code]


def load_settings_of(authority_codes: Collection[str]) -> dict[str, Settings]:
    """The same for several authorities, by one question."""
    rows = db.session.scalars(
        select(Setting).where(Setting.authority_code.in_({DEPARTMENT_CODE, *authority_codes}))
    ).all()
    return {
        code: _settings([row for row in rows if row.authority_code in (DEPARTMENT_CODE, code)])
        for code in authority_codes
    }


def _settings(rows: Iterable[Setting]) -> Settings:
    province, city = {}, {}
    for row in rows:
        if row.authority_code == DEPARTMENT_CODE:
            province[row.key] = row.value["value"]
        elif SPEC[row.key].city_overridable:
            city[row.key] = row.value["value"]
    return merge_settings(province, city)
