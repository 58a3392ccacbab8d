"""Exit cases and their checklists (rules.md B14)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.filings.models import Filing, FilingPeriod
from tenants.models import Organisation


class ExitCase(Model):
    """One exit (退出): why, since when, and how far its tail is (R50, R59, R60, R62, R65).

    `cause` is one of app.rules.exit.CAUSE_LABELS; `removed_on` the first day outside the directory. A filing has one
    exit at most that was not rejected; an automatic one put right as an error is `rejected`, with `reverse_reason`.
    """

    __tablename__ = "exit_cases"
    __table_args__ = (
        CheckConstraint(
            "state in ('initiated', 'under_review', 'decided', 'rejected', 'removed', 'closing', 'closed')",
            name="state",
        ),
        Index("uq_exit_cases_standing", "filing_id", unique=True, postgresql_where=text("state <> 'rejected'")),
        Index("ix_exit_cases_authority_code", "authority_code", "opened_at", "id"),
        Index("ix_exit_cases_organisation_id", "organisation_id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    period_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_periods.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    cause: Mapped[str]
    state: Mapped[str]
    removed_on: Mapped[date]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reversed_at: Mapped[datetime | None]
    reverse_reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")

    filing: Mapped[Filing] = relationship(lazy="raise")
    period: Mapped[FilingPeriod] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    entries: Mapped[list[ExitEntry]] = relationship(order_by="ExitEntry.position", lazy="raise")


class ExitEntry(Model):
    """One line of the checklist (收尾清单) as configured when the case was opened: open, done or waived (R65)."""

    __tablename__ = "exit_entries"
    __table_args__ = (
        UniqueConstraint("case_id", "key"),
        CheckConstraint("done_on is null or waived_reason = ''", name="done_or_waived"),
    )

    id: Mapped[UuidPk]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exit_cases.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    position: Mapped[int]
    key: Mapped[str]
    label: Mapped[str]
    done_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(server_default="")
    waived_reason: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    @property
    def is_open(self) -> bool:
        """Neither done nor waived."""
        return self.done_on is None and not self.waived_reason
