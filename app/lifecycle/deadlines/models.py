"""Deadlines: a row with a due instant for everything that must be done in time."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from tenants.models import Organisation


class Deadline(Model):
    """What an organisation must do by when. `due_on` is the last day, inclusive; `due_at` its end, 24:00 in Shanghai.

    `provisional`: some day counted lies in a year whose holidays are not yet loaded. `starts_on`: the day counted from.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        CheckConstraint("state in ('open', 'met', 'missed', 'cancelled')", name="state"),
        UniqueConstraint("kind", "subject_id"),
        Index("ix_deadlines_due", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_deadlines_organisation_id", "organisation_id", "due_at"),
        Index("ix_deadlines_authority_code", "authority_code", "due_at"),
    )

    id: Mapped[UuidPk]
    kind: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    subject_label: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    rule: Mapped[str]
    starts_on: Mapped[date]
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    provisional: Mapped[bool]
    set_at: Mapped[datetime]
    state: Mapped[str]
    link: Mapped[str]
    met_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="raise")


class DeadlineChange(Model):
    """What a deadline was, what it became and why; append-only."""

    __tablename__ = "deadline_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    deadline_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deadlines.id"), index=True)
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str]


class CalendarDay(Model):
    """A day whose status the published holidays change or confirm; a loaded year has all its days (D3)."""

    __tablename__ = "calendar_days"

    on: Mapped[date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    note: Mapped[str] = mapped_column(server_default="")


class Setting(Model):
    """A configured value: the province's, or a city's where the key is city-overridable (rules.md appendix)."""

    __tablename__ = "settings"
    __table_args__ = (UniqueConstraint("key", "authority_code"),)

    id: Mapped[UuidPk]
    key: Mapped[str]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
