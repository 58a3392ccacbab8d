"""Calls for applications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UuidPk


class Call(Model):
    """A call (征集通告), published by the department alone (R10); `sections` holds its six contents (R11).

    `priority` lists the favoured occupations as {code, name, tags} (R9). `complete_by` is the batch's outer deadline
    (完成时限). `version` counts changes, so that the second of two officers is told.
    """

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'open', 'closed', 'concluded', 'cancelled')", name="state"),
        UniqueConstraint("year", "batch_no"),
    )

    id: Mapped[UuidPk]
    year: Mapped[int]
    batch_no: Mapped[int]
    title: Mapped[str]
    doc_no: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    sections: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    priority: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    complete_by: Mapped[date | None]
    published_on: Mapped[date | None]
    apply_open_at: Mapped[datetime | None]
    apply_close_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
