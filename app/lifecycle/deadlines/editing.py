"""The department's editing of the working-day calendar (D3) and of the configuration keys (rules.md appendix)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app import outbox
from app.db import db
from app.lifecycle.deadlines.calendar import load_calendar
from app.lifecycle.deadlines.models import CalendarDay, ClockRun, Setting
from app.lifecycle.trail import need_reason
from app.rules import setting_checks as rules
from app.rules.core import N_, Refusal
from app.rules.settings import SPEC
from tenants import events
from tenants.scope import DEPARTMENT_CODE, Actor, ScopeKind

RECOMPUTE = "app.lifecycle.deadlines.jobs.recompute"
_LINE = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\s*[,,\s]\s*(休|班|放假|上班)\s*[,,\s]?\s*(.*)$")
_FIRST_YEAR, _LAST_YEAR = 2020, 2100
MOVES_CLOCKS = frozenset(
    {
        "supplement_due", "publicity_min_working_days", "publicity_count_publish_day", "objection_handling_days",
        "city_report_due", "incubation_max_days", "incubation_roll_holiday", "commitment_sign_due", "bank_submit_by",
        "renewal_apply_close", "rectification_roll_holiday", "exit_data_due",
    }
)  # fmt: skip
"""Settings by which a last day is computed: changing one moves what is open."""


@dataclass(frozen=True)
class SpecialDay:
    """A day that the published arrangement (国务院办公厅通知) names: off, or worked in exchange (调休上班)."""

    on: date
    is_workday: bool
    note: str


def parse_days(text: str, year: int) -> list[SpecialDay]:
    """Lines such as `2027-02-05 休 春节` and `2027-02-20 班 春节`; empty lines are skipped.

    Refusal calendar_line_invalid naming the line; calendar_other_year.
    """
    found: dict[date, SpecialDay] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.match(line.strip())
        try:
            day = date(*(int(part) for part in match.groups()[:3])) if match else None
        except ValueError:
            day = None
        if match is None or day is None:
            raise Refusal(
                "calendar_line_invalid",
                "R23",
                N_("第%(line)d行无法识别:“%(text)s”。请写成“2027-02-05 休 春节”或“2027-02-20 班 春节”。"),
                line=number,
                text=line.strip()[:40],
            )
        if day.year != year:
            raise Refusal(
                "calendar_other_year", "R23", N_("第%(line)d行不是%(year)d年的日期。请核对。"), line=number, year=year
            )
        found[day] = SpecialDay(day, match[4] in ("班", "上班"), match[5].strip()[:40])
    return [found[day] for day in sorted(found)]


def load_year(*, actor: Actor, year: int, days: Sequence[SpecialDay], now: datetime) -> int:
    """Load a year's published arrangement; every other day counts Monday to Friday. Open clocks are recomputed.

    Loading a year again replaces it. Refusals: calendar_only_by_department, calendar_year_invalid,
    calendar_year_empty (a year without a single holiday would silently move deadlines).
    """
    _check_department(actor, "calendar_only_by_department")
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Refusal("calendar_year_invalid", "R23", N_("年度应在2020年至2100年之间。"))
    if not any(not day.is_workday and day.on.weekday() < 5 for day in days):
        raise Refusal(
            "calendar_year_empty", "R23", N_("没有列出任何工作日放假的日期。请按国务院办公厅公布的放假安排逐日填写。")
        )
    special = {day.on: day for day in days}
    start = date(year, 1, 1)
    rows = []
    for offset in range((date(year + 1, 1, 1) - start).days):
        on = start + timedelta(days=offset)
        known = special.get(on)
        works = known.is_workday if known else on.weekday() < 5
        rows.append({"on": on, "is_workday": works, "note": known.note if known else ""})
    _write(rows)
    _changed(actor, now, f"{year}", count=len(special))
    return len(special)


def set_day(*, actor: Actor, on: date, is_workday: bool, note: str, reason: str, now: datetime) -> None:
    """Correct one day of a loaded year, with a reason. Refusals: calendar_only_by_department, calendar_year_missing."""
    _check_department(actor, "calendar_only_by_department")
    if on.year not in load_calendar(fresh=True).loaded_years:
        raise Refusal("calendar_year_missing", "R23", N_("该年度尚未载入,请先载入全年安排。"))
    reason = need_reason(reason, "R23")
    _write([{"on": on, "is_workday": is_workday, "note": note.strip()[:40]}])
    _changed(actor, now, on.isoformat(), reason=reason)


def _write(rows: list[dict[str, Any]]) -> None:
    statement = insert(CalendarDay).values(rows)
    changes = {"is_workday": statement.excluded.is_workday, "note": statement.excluded.note}
    db.session.execute(statement.on_conflict_do_update(index_elements=["on"], set_=changes))
    db.session.expire_all()


def _changed(actor: Actor, now: datetime, what: str, **data: Any) -> None:
    load_calendar(fresh=True)
    events.record(
        "calendar_changed",
        actor=actor,
        now=now,
        subject_type="calendar",
        subject_id=what[:4],
        rule="R23",
        title=what,
        **data,
    )
    request_run(cause="calendar", title=what, authority_code=DEPARTMENT_CODE, now=now)


def request_run(*, cause: str, title: str, authority_code: str, now: datetime) -> ClockRun:
    """After the commit, have all open clocks of an authority (the department's: all) computed anew."""
    run = ClockRun(id=uuid.uuid4(), cause=cause, title=title, authority_code=authority_code, requested_at=now)
    db.session.add(run)
    db.session.flush()
    outbox.add(RECOMPUTE, queue="default", key=f"recompute:{run.id}", run_id=str(run.id))
    return run


def list_runs(authority_code: str, *, limit: int = 5) -> list[ClockRun]:
    """The newest runs that an authority's changes asked for."""
    query = select(ClockRun).where(ClockRun.authority_code == authority_code)
    return list(db.session.scalars(query.order_by(ClockRun.requested_at.desc()).limit(limit)))


def list_years() -> list[int]:
    """The years that are loaded."""
    years = select(func.extract("year", CalendarDay.on)).distinct()
    return sorted(int(year) for year in db.session.scalars(years))


def list_special_days(year: int) -> list[CalendarDay]:
    """The days of a year that do not follow the week, or that have a name, by date."""
    query = select(CalendarDay).where(func.extract("year", CalendarDay.on) == year).order_by(CalendarDay.on)
    return [day for day in db.session.scalars(query) if day.note or day.is_workday != (day.on.weekday() < 5)]


# Settings -----------------------------------------------------------------------------------------------------------


def list_settings(authority_code: str) -> dict[str, Setting]:
    """The values an authority has set itself, by key."""
    query = select(Setting).where(Setting.authority_code == authority_code)
    return {row.key: row for row in db.session.scalars(query)}


def change_setting(*, actor: Actor, key: str, value: str, reason: str, now: datetime) -> Setting:
    """Set a configuration key for the actor's authority: the province, or a city where the key allows it.

    Refusals: setting_unknown, setting_invalid, setting_fixed, setting_below_floor, setting_above_ceiling,
    setting_not_city_overridable, settings_inconsistent, reason_missing.
    """
    code = actor.authority_code
    if code is None:
        raise Refusal("setting_only_by_authority", "", N_("配置由省厅统一设置。"))
    is_province = code == DEPARTMENT_CODE
    parsed = rules.check_setting(key, value) if is_province else rules.check_city_override(key, value)
    reason = need_reason(reason, SPEC[key].rule)
    stored = list_settings(code)
    province = {one: row.value["value"] for one, row in list_settings(DEPARTMENT_CODE).items()}
    city = {} if is_province else {one: row.value["value"] for one, row in stored.items()}
    (province if is_province else city)[key] = parsed
    rules.settings_from(province, city)
    row = stored.get(key)
    before = str(row.value["value"]) if row else str(SPEC[key].default)
    plain = _plain(parsed)
    if row is None:
        row = Setting(key=key, authority_code=code, value={"value": plain}, changed_at=now)
        db.session.add(row)
    else:
        row.value, row.changed_at = {"value": plain}, now
    db.session.flush()
    events.record(
        "setting_changed",
        actor=actor,
        now=now,
        subject_type="setting",
        subject_id=key,
        authority_code=code,
        before=before,
        after=str(plain),
        rule=SPEC[key].rule,
        title=SPEC[key].label,
        reason=f"{before} → {plain}:{reason}",
    )
    if key in MOVES_CLOCKS and before != str(plain):
        request_run(cause="setting", title=SPEC[key].label, authority_code=code, now=now)
    return row


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return [_plain(part) for part in value] if isinstance(value, tuple) else str(value)


def _check_department(actor: Actor, code: str) -> None:
    if actor.kind not in {ScopeKind.department, ScopeKind.system}:
        raise Refusal(code, "R23", N_("工作日历由省厅统一维护。"))
