"""Bringing the occupation catalogue up to date: read a file, look at it, confirm it (D3)."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Any

from app.db import db
from app.lifecycle.catalogue import queries
from app.lifecycle.catalogue.models import Occupation, OccupationImport
from app.lifecycle.catalogue.reading import read_occupations
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor, ScopeKind

ERRORS_KEPT = 500


def preview_import(*, actor: Actor, data: bytes, file_name: str, now: datetime) -> OccupationImport:
    """Read a file and keep what it says; nothing of the catalogue changes before `confirm_import`.

    Refusals: catalogue_only_by_department and those of reading a sheet.
    """
    check_department(actor)
    rows, errors = read_occupations(data, file_name)
    preview = OccupationImport(
        id=uuid.uuid4(),
        file_name=file_name[:255],
        sha256=hashlib.sha256(data).hexdigest(),
        rows=rows,
        errors=[error.as_json() for error in errors[:ERRORS_KEPT]],
        state="previewed",
        created_by=actor.user_id,
        created_at=now,
    )
    db.session.add(preview)
    db.session.flush()
    return preview


def compare(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What an import would do: the rows that are new, those that change something, and those that are as stored."""
    known = queries.map_current([(row["code"], row["edition"]) for row in rows])
    answer: dict[str, list[dict[str, Any]]] = {"new": [], "changed": [], "same": []}
    for row in rows:
        stored = known.get((row["code"], row["edition"]))
        if stored is None:
            answer["new"].append(row)
        else:
            answer["same" if _is_same(stored, row) else "changed"].append(row)
    return answer


_FIELDS = ("name", "work_types", "levels", "tags")


def _is_same(stored: Occupation, row: dict[str, Any]) -> bool:
    return stored.retired_at is None and all(getattr(stored, field) == row[field] for field in _FIELDS)


def confirm_import(*, actor: Actor, import_id: uuid.UUID, now: datetime) -> dict[str, int]:
    """Add and change what a previewed file says; its faulty rows are not in it. Answers the counts.

    Refusals: catalogue_only_by_department, import_unknown, import_done, import_empty.
    """
    check_department(actor)
    preview = queries.get_import(import_id, lock=True)
    if preview is None:
        raise Refusal("import_unknown", "", N_("没有找到这次导入。请重新上传文件。"))
    if preview.state != "previewed":
        raise Refusal("import_done", "", N_("这次导入已经处理过。请重新上传文件。"))
    if not preview.rows:
        raise Refusal("import_empty", "", N_("文件中没有可以导入的行。请按提示改正后重新上传。"))
    plan = compare(preview.rows)
    known = queries.map_current([(row["code"], row["edition"]) for row in preview.rows])
    for row in plan["new"]:
        db.session.add(Occupation(**row, changed_at=now))
    for row in plan["changed"]:
        stored = known[row["code"], row["edition"]]
        for field in _FIELDS:
            setattr(stored, field, row[field])
        stored.retired_at, stored.changed_at = None, now
    preview.state, preview.confirmed_at = "confirmed", now
    counts: dict[str, Any] = {name: len(rows) for name, rows in plan.items()}
    events.record(
        "occupations_imported",
        actor=actor,
        now=now,
        subject_type="occupation_import",
        subject_id=preview.id,
        rule="R9",
        file=preview.file_name,
        sha256=preview.sha256,
        **counts,
    )
    db.session.flush()
    return counts


def check_department(actor: Actor) -> None:
    """Refusal catalogue_only_by_department for anyone else."""
    if actor.kind not in {ScopeKind.department, ScopeKind.system}:
        raise Refusal("catalogue_only_by_department", "R9", N_("职业目录由省厅统一维护。如需增补,请联系省厅。"))
