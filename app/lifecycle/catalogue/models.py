"""Occupations and the imports they came with (D3)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UuidPk


class Occupation(Model):
    """An occupation (职业) of the national classification: its code, work types (工种), levels and R9 directions.

    A work type has no code of its own. `edition` is the classification's year; a code may differ between editions.
    """

    __tablename__ = "occupations"
    __table_args__ = (
        UniqueConstraint("code", "edition"),
        CheckConstraint(r"code ~ '^[1-8]-\d{2}-\d{2}-\d{2}$'", name="code"),
        Index("ix_occupations_name", "name"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str]
    name: Mapped[str]
    edition: Mapped[str] = mapped_column(server_default="2022")
    work_types: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    levels: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    tags: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    retired_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class OccupationImport(Model):
    """A file of occupations as read: its rows and what is wrong with them, shown before anything is changed."""

    __tablename__ = "occupation_imports"
    __table_args__ = (CheckConstraint("state in ('previewed', 'confirmed', 'discarded')", name="state"),)

    id: Mapped[UuidPk]
    file_name: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[list[Any]]
    errors: Mapped[list[Any]]
    state: Mapped[str]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
