"""One occupation at a time (D3): add, change, retire, bring back. Each is an event that keeps what was there before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.db import db
from app.lifecycle.catalogue import queries
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.catalogue.reading import read_one
from app.lifecycle.catalogue.services import check_department
from app.lifecycle.trail import need_reason
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor

FIELDS: dict[str, str] = {
    "name": N_("职业名称"),
    "work_types": N_("工种"),
    "levels": N_("等级"),
    "tags": N_("重点方向"),
}


def add_occupation(*, actor: Actor, given: Mapping[str, str], now: datetime) -> Occupation:
    """Add one, typed as a row of the import's table is. Refusals: occupation_invalid, occupation_known."""
    check_department(actor)
    row = _read(given)
    occupation = Occupation(id=uuid.uuid4(), **row, changed_at=now)
    try:
        with db.session.begin_nested():
            db.session.add(occupation)
    except IntegrityError as error:
        if "uq_occupations" not in str(getattr(getattr(error.orig, "diag", None), "constraint_name", "")):
            raise
        raise Refusal(
            "occupation_known",
            "R9",
            N_("%(edition)s版目录中已有编码%(occupation)s。请查找后修改。"),
            edition=row["edition"],
            occupation=row["code"],
        ) from None
    _record("occupation_added", actor, occupation, now)
    return occupation


def change_occupation(*, actor: Actor, occupation_id: uuid.UUID, given: Mapping[str, str], now: datetime) -> Occupation:
    """Change name, work types, levels or directions; the code and its edition are what it is. Refusals:
    occupation_unknown, occupation_invalid, occupation_unchanged."""
    occupation = _locked(actor, occupation_id)
    row = _read({**given, "code": occupation.code, "edition": occupation.edition})
    changes = {
        field: [getattr(occupation, field), row[field]] for field in FIELDS if getattr(occupation, field) != row[field]
    }
    if not changes:
        raise Refusal("occupation_unchanged", "R9", N_("内容没有变化。"))
    for field in changes:
        setattr(occupation, field, row[field])
    occupation.changed_at = now
    _record("occupation_changed", actor, occupation, now, changes=changes)
    return occupation


def retire_occupation(*, actor: Actor, occupation_id: uuid.UUID, reason: str, now: datetime) -> Occupation:
    """Take an occupation out of what may be applied for; what was filed under it stays as it is."""
    occupation = _locked(actor, occupation_id)
    reason = need_reason(reason, "R9")
    if occupation.retired_at is None:
        occupation.retired_at = occupation.changed_at = now
        _record("occupation_retired", actor, occupation, now, reason=reason)
    return occupation


def return_occupation(*, actor: Actor, occupation_id: uuid.UUID, now: datetime) -> Occupation:
    """Bring a retired one back."""
    occupation = _locked(actor, occupation_id)
    if occupation.retired_at is not None:
        occupation.retired_at, occupation.changed_at = None, now
        _record("occupation_returned", actor, occupation, now)
    return occupation


def _locked(actor: Actor, occupation_id: uuid.UUID) -> Occupation:
    check_department(actor)
    occupation = queries.get_occupation(occupation_id, lock=True)
    if occupation is None:
        raise Refusal("occupation_unknown", "", N_("没有找到这个职业。请刷新页面。"))
    return occupation


def _read(given: Mapping[str, str]) -> dict[str, Any]:
    row, errors = read_one(given)
    if row is None or errors:
        raise Refusal(
            "occupation_invalid",
            "R9",
            N_("请更正:%(faults)s"),
            faults=";".join(f"{one.column}:{one.message}" for one in errors),
        )
    return row


def _record(name: str, actor: Actor, occupation: Occupation, now: datetime, **data: Any) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="occupation",
        subject_id=occupation.id,
        rule="R9",
        title=f"{occupation.code} {occupation.name}",
        **data,
    )
