"""Deriving the directory (目录) from filings (R7): never edited by hand, nothing ever taken out of its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload, selectinload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod
from app.rules.authority import Level
from app.rules.filing import LEAVE_REASONS
from app.rules.routing import CITIES, PROVINCE_CODE
from app.rules.states import FILED_ITEM, FILING, FiledItemState, FilingState

_GONE = (FiledItemState.NOT_RENEWED, FiledItemState.ENDED_WITH_FILING)
_BATCH = 500


def derive_directory(*, now: datetime) -> int:
    """Bring every entry in line with its filing, as the system; answers how many changed. Again: none."""
    query = (
        select(Filing)
        .where(Filing.institution_code.is_not(None))
        .options(joinedload(Filing.organisation), selectinload(Filing.periods), selectinload(Filing.items))
        .order_by(Filing.id)
    )
    today = now.astimezone(SHANGHAI).date()
    standing = {row.filed_item_id: row for row in db.session.scalars(select(DirectoryEntry))}
    changed = []
    for filing in db.session.scalars(query):
        if not filing.periods:
            continue
        for item in filing.items:
            known = standing.get(item.id)
            values = _entry(filing, item, known, today)
            if known is None or any(getattr(known, name) != value for name, value in values.items()):
                changed.append({**values, "derived_at": now})
    for start in range(0, len(changed), _BATCH):
        _write(changed[start : start + _BATCH])
    return len(changed)


def _write(rows: list[dict[str, Any]]) -> None:
    statement = insert(DirectoryEntry).values(rows)
    updates = {name: statement.excluded[name] for name in rows[0] if name != "filed_item_id"}
    db.session.execute(statement.on_conflict_do_update(index_elements=["filed_item_id"], set_=updates))
    db.session.expire_all()


def _entry(filing: Filing, item: FiledItem, known: DirectoryEntry | None, today: date) -> Mapping[str, Any]:
    organisation, last = filing.organisation, _period_of(filing, item, today)
    reason = _reason(filing, item)
    # An automatic exit takes effect the day after the last valid day (R50), and so does an occupation that was not
    # renewed with its filing (R60); any other on the day it was decided.
    left_on = None
    if reason:
        at_end = filing.state == FilingState.EXITED_AUTOMATIC or FILING.is_live(filing.state)
        natural = last.valid_to + timedelta(days=1) if at_end else today
        left_on = known.left_on if known is not None and known.left_on is not None else natural
    city = organisation.registration_city_code
    return {
        "filed_item_id": item.id,
        "filing_id": filing.id,
        "institution_code": filing.institution_code,
        "organisation_name": organisation.name,
        "uscc": organisation.uscc,
        "level": Level.PROVINCIAL.value if filing.authority_code == PROVINCE_CODE else Level.MUNICIPAL.value,
        "city_code": city,
        "city_name": CITIES[city].name,
        "occupation_code": item.occupation_code,
        "occupation_name": item.occupation_name,
        "work_type": item.work_type,
        "skill_level": item.skill_level,
        "valid_from": last.valid_from,
        "valid_to": last.valid_to,
        "entered_on": known.entered_on if known is not None else last.valid_from,
        "left_on": left_on,
        "leave_reason": reason,
    }


def _period_of(filing: Filing, item: FiledItem, today: date) -> FilingPeriod:
    """The period that the entry tells: the one that runs, also where the next was granted before its end (R56); of an
    item that was not renewed with its filing the one before the newest."""
    begun = [period for period in filing.periods if period.valid_from <= today] or filing.periods[:1]
    if item.state == FiledItemState.NOT_RENEWED and FILING.is_live(filing.state) and len(filing.periods) > 1:
        return min(begun[-1], filing.periods[-2], key=lambda period: period.period_no)
    return begun[-1]


def _reason(filing: Filing, item: FiledItem) -> str:
    if filing.state in LEAVE_REASONS:
        return LEAVE_REASONS[filing.state]
    return FILED_ITEM.label(item.state) if item.state in _GONE else ""
