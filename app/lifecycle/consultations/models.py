"""Consultations of national organisations, by the state names of rules.md B3."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from tenants.models import Organisation


class NationalConsultation(Model):
    """A national organisation's letter about its Shandong branch, and the department's reply (函商, R14, R16).

    `organisation_id` is the branch that will apply; `national_uscc` identifies the parent, which may have one branch.
    """

    __tablename__ = "national_consultations"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'sent', 'agreed', 'declined', 'used')", name="state"),
        CheckConstraint("state not in ('agreed', 'used') or replied_on is not null", name="replied"),
        Index("ix_national_consultations_organisation_id", "organisation_id"),
        Index("ix_national_consultations_state", "state", "created_at", "id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    national_name: Mapped[str]
    national_uscc: Mapped[str]
    national_code: Mapped[str] = mapped_column(server_default="")
    letter_no: Mapped[str] = mapped_column(server_default="")
    letter_on: Mapped[date | None]
    occupations: Mapped[str] = mapped_column(server_default="")
    statement: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    reply_no: Mapped[str] = mapped_column(server_default="")
    replied_on: Mapped[date | None]
    reply_text: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="raise")
