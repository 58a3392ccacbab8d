"""Deadlines: a row with a due instant for everything that must be done in time."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from tenants.models import Organisation

LIVE = "state in ('open', 'missed')"
"""What a board shows: to be done, or not done in time. Written out, so that the planner sees the partial indexes."""


class Deadline(Model):
    """What an organisation must do by when. `due_on` is the last day, inclusive; `due_at` its end, 24:00 in Shanghai.

    `provisional`: some day counted lies in a year whose holidays are not yet loaded. `starts_on`: the day counted from.
    `case_id` is the application it belongs to, if any: whose officer and whose other limits go with it.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        CheckConstraint("state in ('open', 'met', 'missed', 'cancelled')", name="state"),
        UniqueConstraint("kind", "subject_id"),
        Index("ix_deadlines_due", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_deadlines_organisation_id", "organisation_id", "due_at"),
        Index("ix_deadlines_authority_code", "authority_code", "due_at"),
        Index("ix_deadlines_board", "authority_code", "due_at", "id", postgresql_where=text(LIVE)),
        Index("ix_deadlines_province", "due_at", "id", postgresql_where=text(LIVE)),
        Index("ix_deadlines_live_kind", "kind", "subject_id", postgresql_where=text(LIVE)),
        Index("ix_deadlines_case_id", "case_id", postgresql_where=text("case_id is not null")),
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
    case_id: Mapped[uuid.UUID | None]

    organisation: Mapped[Organisation] = relationship(lazy="raise")


class DeadlineChange(Model):
    """What a deadline was, what it became and why; append-only. `run_id`: the run that computed the clocks anew."""

    __tablename__ = "deadline_changes"
    __table_args__ = (
        Index("ix_deadline_changes_run_id", "run_id", "organisation_id", postgresql_where=text("run_id is not null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    deadline_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deadlines.id"), index=True)
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str]
    run_id: Mapped[uuid.UUID | None]


class ClockRun(Model):
    """One run that computes the open clocks anew, after the calendar or a setting changed; its page shows how far.

    `last_id` is the last deadline looked at: a run that died goes on from there. `moved`: another day; `settled`: only
    no longer provisional (or now so); `kept`: a changed setting would have put them into the past, so they stay.
    """

    __tablename__ = "clock_runs"
    __table_args__ = (
        CheckConstraint("cause in ('calendar', 'setting')", name="cause"),
        CheckConstraint("state in ('waiting', 'running', 'done')", name="state"),
        Index("ix_clock_runs_requested_at", "authority_code", "requested_at"),
    )

    id: Mapped[UuidPk]
    cause: Mapped[str]
    title: Mapped[str]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    total: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    moved: Mapped[int] = mapped_column(server_default="0")
    settled: Mapped[int] = mapped_column(server_default="0")
    kept: Mapped[int] = mapped_column(server_default="0")
    told: Mapped[int] = mapped_column(server_default="0")
    last_id: Mapped[uuid.UUID | None]
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


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
