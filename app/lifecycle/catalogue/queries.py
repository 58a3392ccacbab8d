"""Finding occupations by code or name."""

from __future__ import annotations

import re
import unicodedata
import uuid

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select

from app.db import db
from app.lifecycle.catalogue.models import Occupation, OccupationImport
from app.rules.core import Refusal
from app.rules.occupations import normalise_code

_CODE_LIKE = re.compile(r"^[\d\-.\s]+$")


def find_occupations(text: str, *, limit: int = 20) -> list[Occupation]:
    """Current occupations whose code begins with `text` (`6-31-1-3` and `6-31-01-03` alike) or whose name or work
    types contain it, by code; nothing for an empty text."""
    if not text.strip():
        return []
    query = _matching(text).where(Occupation.retired_at.is_(None))
    return list(db.session.scalars(query.order_by(Occupation.code).limit(limit)))


def list_occupations(
    *, text: str = "", tag: str = "", retired: bool = False, after: str = "", limit: int = 50
) -> list[Occupation]:
    """One page of the catalogue by code; `after` is the last code and edition seen, joined by a blank."""
    query = _matching(text) if text.strip() else select(Occupation)
    if not retired:
        query = query.where(Occupation.retired_at.is_(None))
    if tag:
        query = query.where(Occupation.tags.contains([tag]))
    if after:
        query = query.where(_place() > after)
    return list(db.session.scalars(query.order_by(_place()).limit(limit)))


def _place() -> ColumnElement[str]:
    return Occupation.code.concat(" ").concat(Occupation.edition)


def place_of(occupation: Occupation) -> str:
    """Where an occupation stands in the list."""
    return f"{occupation.code} {occupation.edition}"


def _matching(text: str) -> Select[Occupation]:
    plain = unicodedata.normalize("NFKC", text).strip()
    for dash in "‐‑‒–—―−":
        plain = plain.replace(dash, "-")
    by_words = or_(
        Occupation.name.icontains(plain, autoescape=True),
        cast(Occupation.work_types, String).icontains(plain, autoescape=True),
    )
    query = select(Occupation)
    if not _CODE_LIKE.match(plain):
        return query.where(by_words)
    try:
        return query.where(Occupation.code == normalise_code(plain))
    except Refusal:
        return query.where(or_(Occupation.code.startswith(plain, autoescape=True), by_words))


def count_occupations() -> int:
    """How many are current."""
    return db.session.scalar(select(func.count()).select_from(Occupation).where(Occupation.retired_at.is_(None))) or 0


def find_by_code(code: str) -> Occupation | None:
    """The current occupation of a code, of the newest edition. Raises Refusal occupation_code_invalid."""
    query = select(Occupation).where(Occupation.code == normalise_code(code), Occupation.retired_at.is_(None))
    return db.session.scalars(query.order_by(Occupation.edition.desc())).first()


def get_occupation(occupation_id: uuid.UUID, *, lock: bool = False) -> Occupation | None:
    """One occupation."""
    query = select(Occupation).where(Occupation.id == occupation_id)
    return db.session.scalar(query.with_for_update() if lock else query)


def get_import(import_id: uuid.UUID, *, lock: bool = False) -> OccupationImport | None:
    """One import with its rows."""
    query = select(OccupationImport).where(OccupationImport.id == import_id)
    return db.session.scalar(query.with_for_update() if lock else query)


def map_current(codes: list[tuple[str, str]]) -> dict[tuple[str, str], Occupation]:
    """The stored occupations of these codes and editions."""
    query = select(Occupation).where(Occupation.code.in_([code for code, _ in codes]))
    wanted = set(codes)
    found = {(row.code, row.edition): row for row in db.session.scalars(query)}
    return {key: row for key, row in found.items() if key in wanted}
