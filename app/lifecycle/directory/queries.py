"""Searching the directory, as the public does: by organisation, code, occupation, level and city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import Select, func, or_, select

from app.db import db
from app.lifecycle.directory.models import DirectoryEntry


@dataclass(frozen=True)
class DirectoryFilter:
    """What is sought; empty means all. `on` is the day whose directory is shown; `history` shows what has left, too."""

    on: date
    text: str = ""
    occupation: str = ""
    skill_level: str = ""
    city: str = ""
    level: str = ""
    history: bool = False


@dataclass(frozen=True)
class Institution:
    """One organisation of the directory with the items that fit."""

    code: str
    name: str
    entries: list[DirectoryEntry]


def list_institutions(*, wanted: DirectoryFilter, after: str = "", limit: int = 30) -> list[Institution]:
    """One page of organisations by institution code; `after` is the last code seen."""
    codes = _filtered(select(DirectoryEntry.institution_code).distinct(), wanted)
    if after:
        codes = codes.where(DirectoryEntry.institution_code > after)
    page = list(db.session.scalars(codes.order_by(DirectoryEntry.institution_code).limit(limit)))
    query = _filtered(select(DirectoryEntry), wanted).where(DirectoryEntry.institution_code.in_(page))
    rows = db.session.scalars(_ordered(query)).all()
    return [
        Institution(code, entries[0].organisation_name, entries)
        for code, group in groupby(rows, key=lambda row: row.institution_code)
        if (entries := list(group))
    ]


def iter_entries(*, wanted: DirectoryFilter, limit: int = 500_000) -> Iterator[DirectoryEntry]:
    """All items that fit, in the order of the directory, a thousand in memory at a time."""
    query = _ordered(_filtered(select(DirectoryEntry), wanted)).limit(limit)
    yield from db.session.scalars(query.execution_options(yield_per=1000))


def list_of_institution(code: str) -> list[DirectoryEntry]:
    """Everything that ever stood in the directory under one institution code."""
    return list(db.session.scalars(_ordered(select(DirectoryEntry).where(DirectoryEntry.institution_code == code))))


def count_institutions(*, wanted: DirectoryFilter) -> int:
    """How many organisations fit."""
    query = _filtered(select(func.count(DirectoryEntry.institution_code.distinct())), wanted)
    return db.session.scalar(query) or 0


def _ordered(query: Select[DirectoryEntry]) -> Select[DirectoryEntry]:
    return query.order_by(
        DirectoryEntry.institution_code,
        DirectoryEntry.occupation_code,
        DirectoryEntry.work_type,
        DirectoryEntry.skill_level.desc(),
    )


def _filtered(query: Select, wanted: DirectoryFilter) -> Select:  # type: ignore[type-arg]
    if not wanted.history:
        query = query.where(
            DirectoryEntry.entered_on <= wanted.on,
            or_(DirectoryEntry.left_on.is_(None), DirectoryEntry.left_on > wanted.on),
        )
    if text := wanted.text.strip():
        query = query.where(
            or_(
                DirectoryEntry.organisation_name.icontains(text, autoescape=True),
                DirectoryEntry.institution_code.istartswith(text, autoescape=True),
                DirectoryEntry.uscc == text.upper(),
            )
        )
    if occupation := wanted.occupation.strip():
        query = query.where(
            or_(
                DirectoryEntry.occupation_name.icontains(occupation, autoescape=True),
                DirectoryEntry.work_type.icontains(occupation, autoescape=True),
                DirectoryEntry.occupation_code.startswith(occupation, autoescape=True),
            )
        )
    for column, value in (
        (DirectoryEntry.skill_level, wanted.skill_level),
        (DirectoryEntry.city_code, wanted.city),
        (DirectoryEntry.level, wanted.level),
    ):
        if value:
            query = query.where(column == value)
    return query
