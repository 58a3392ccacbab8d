"""Rectifications and the defects that they must answer (rules.md B13)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.filings.models import Filing
from app.lifecycle.renewals.models import RenewalCycle
from tenants.models import Organisation


class Rectification(Model):
    """One rectification notice (整改通知书) and what came of it (R58, R59); a renewal has one at most.

    `delivered_how` is one of app.rules.rectification.DELIVERY_LABELS; `due_on` the last day of the month that counts
    from delivery, empty until then. `asked_after_on` is when a notice that nobody took was last pointed out;
    `result_reason` is why the authority came to its result.
    """

    __tablename__ = "rectifications"
    __table_args__ = (
        CheckConstraint(
            "state in ('issued', 'delivered', 'report_submitted', 'overdue', 'reassessing', 'qualified',"
            " 'unqualified')",
            name="state",
        ),
        CheckConstraint("state = 'issued' or (delivered_on is not null and due_on is not null)", name="delivered"),
        Index("ix_rectifications_authority_code", "authority_code", "issued_at", "id"),
        Index("ix_rectifications_organisation_id", "organisation_id"),
        Index("ix_rectifications_untaken", "issued_on", postgresql_where=text("state = 'issued'")),
        Index("ix_rectifications_running", "due_on", postgresql_where=text("state in ('delivered', 'overdue')")),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    renewal_cycle_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("renewal_cycles.id"), unique=True)
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    state: Mapped[str]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    asked_after_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    delivered_at: Mapped[datetime | None]
    delivered_how: Mapped[str] = mapped_column(server_default="")
    delivered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    delivery_note: Mapped[str] = mapped_column(server_default="")
    due_on: Mapped[date | None]
    report_submitted_at: Mapped[datetime | None]
    reassessing_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    concluded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    result_reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")

    cycle: Mapped[RenewalCycle] = relationship(lazy="raise")
    filing: Mapped[Filing] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    defects: Mapped[list[RectificationDefect]] = relationship(order_by="RectificationDefect.position", lazy="raise")


class RectificationDefect(Model):
    """One defect as the notice lists it, and the organisation's answer.

    `files`, once the report is in: upload_id, name, size and sha256 of those that prove the answer.
    """

    __tablename__ = "rectification_defects"
    __table_args__ = (UniqueConstraint("rectification_id", "position"),)

    id: Mapped[UuidPk]
    rectification_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rectifications.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    position: Mapped[int]
    indicator: Mapped[str] = mapped_column(server_default="")
    wording: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    files: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
