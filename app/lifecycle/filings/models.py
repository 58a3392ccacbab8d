"""Filings, their three-year periods and filed items (rules.md B10, B11)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.applications.models import Application
from tenants.models import Organisation


class Filing(Model):
    """A filing (备案): one institution code (机构代码), kept for the organisation's life (R37)."""

    __tablename__ = "filings"
    __table_args__ = (
        Index("ix_filings_organisation_id", "organisation_id"),
        Index("ix_filings_authority_code", "authority_code", "state"),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    application_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("applications.id"))
    institution_code: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str]
    created_at: Mapped[datetime]

    organisation: Mapped[Organisation] = relationship(lazy="raise")
    periods: Mapped[list[FilingPeriod]] = relationship(order_by="FilingPeriod.period_no", lazy="raise")
    items: Mapped[list[FiledItem]] = relationship(order_by="FiledItem.position", lazy="raise")


class FilingPeriod(Model):
    """A filing period (备案期), generally three years, both ends inclusive (R45)."""

    __tablename__ = "filing_periods"
    __table_args__ = (
        UniqueConstraint("filing_id", "period_no"),
        CheckConstraint("valid_to >= valid_from", name="order"),
        CheckConstraint("grade in ('excellent', 'qualified', 'unqualified')", name="grade"),
        Index("uq_filing_periods_current", "filing_id", unique=True, postgresql_where=text("state = 'current'")),
    )

    id: Mapped[UuidPk]
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    period_no: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    state: Mapped[str]
    grade: Mapped[str | None]
    exempt: Mapped[bool] = mapped_column(server_default=text("false"))


class FiledItem(Model):
    """A filed occupation, work type and level."""

    __tablename__ = "filed_items"
    __table_args__ = (UniqueConstraint("filing_id", "occupation_code", "work_type", "skill_level"),)

    id: Mapped[UuidPk]
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    position: Mapped[int]
    occupation_code: Mapped[str]
    occupation_name: Mapped[str]
    work_type: Mapped[str] = mapped_column(server_default="")
    skill_level: Mapped[str]
    state: Mapped[str]


class Receipt(Model):
    """A filing receipt (备案回执, R38), one current a filing; `items` as issued, `content_sha256` over all it says."""

    __tablename__ = "filing_receipts"
    __table_args__ = (
        CheckConstraint("kind in ('first', 'renewal', 'expansion', 'replacement')", name="kind"),
        CheckConstraint("state in ('current', 'superseded', 'void')", name="state"),
        CheckConstraint("valid_to >= valid_from", name="order"),
        Index("uq_filing_receipts_current", "filing_id", unique=True, postgresql_where=text("state = 'current'")),
        Index("ix_filing_receipts_organisation_id", "organisation_id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    period_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_periods.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    kind: Mapped[str]
    issued_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    items: Mapped[list[Any]]
    content_sha256: Mapped[str]
    state: Mapped[str]
    issued_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[datetime]


class ReceiptBatch(Model):
    """Receipts issued in one go (批量出具回执), a line each; `finished_at` once no line waits any more."""

    __tablename__ = "receipt_batches"
    __table_args__ = (Index("ix_receipt_batches_authority_code", "authority_code", "created_at"),)

    id: Mapped[UuidPk]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    lines: Mapped[list[ReceiptBatchLine]] = relationship(order_by="ReceiptBatchLine.position", lazy="raise")


class ReceiptBatchLine(Model):
    """One application of a batch: `waiting`, `issued`, or `failed` with the reason a person can act on."""

    __tablename__ = "receipt_batch_lines"
    __table_args__ = (CheckConstraint("state in ('waiting', 'issued', 'failed')", name="state"),)

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("receipt_batches.id"), primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    authority_code: Mapped[str]
    position: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="waiting")
    problem: Mapped[str] = mapped_column(server_default="")
    receipt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("filing_receipts.id"))

    application: Mapped[Application] = relationship(lazy="raise")
    receipt: Mapped[Receipt | None] = relationship(lazy="raise")
