"""Reference data that every installation needs, brought up to date by `sheping db upgrade`; safe to run again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.db import db
from app.lifecycle.deadlines.models import CalendarDay
from app.lifecycle.incubation.models import AnnexTemplate
from app.rules import commitment, routing
from app.rules.workdays import LAST_PACKAGED_YEAR, calendar_from_chinesecalendar
from tenants.models import Authority
from tenants.scope import DEPARTMENT_CODE

# Filings of the oldest period still running began three years ago; a year more leaves room for their history.
FIRST_YEAR = 2022


def seed_reference(*, now: datetime) -> None:
    """Add the authorities, the published working days and the drafted annexes that are not there yet.

    What the province has edited since is left alone.
    """
    _seed_authorities()
    _seed_calendar()
    _seed_commitment_template(now)
    db.session.flush()


def _seed_authorities() -> None:
    rows = [{"code": DEPARTMENT_CODE, "kind": "province", "name": "山东省人力资源和社会保障厅", "city_name": "山东省"}]
    rows += [
        {"code": city.code, "kind": "city", "name": f"{city.name}人力资源和社会保障局", "city_name": city.name}
        for city in routing.CITIES.values()
    ]
    db.session.execute(insert(Authority).values(rows).on_conflict_do_nothing(index_elements=["code"]))


def _seed_calendar() -> None:
    loaded = set(db.session.scalars(select(func.extract("year", CalendarDay.on)).distinct()))
    years = [year for year in range(FIRST_YEAR, LAST_PACKAGED_YEAR + 1) if year not in loaded]
    if not years:
        return
    calendar = calendar_from_chinesecalendar(years)
    rows = [
        {"on": day, "is_workday": calendar.is_workday(day), "note": calendar.name_of(day)}
        for year in years
        for day in (date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days))
    ]
    db.session.execute(insert(CalendarDay).values(rows).on_conflict_do_nothing(index_elements=["on"]))


def _seed_commitment_template(now: datetime) -> None:
    for version, template in enumerate(commitment.TEMPLATES.values(), start=1):
        row = {
            "kind": "commitment",
            "version": version,
            "source": template.source,
            "official": template.official,
            "body": template.body,
            "created_at": now,
        }
        db.session.execute(insert(AnnexTemplate).values(row).on_conflict_do_nothing())
