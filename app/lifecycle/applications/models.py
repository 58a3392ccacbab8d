"""Applications and their items, by the state names of rules.md B4, B5 and B7."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.calls.models import Call
from tenants.models import Organisation


class Application(Model):
    """An application (申报) of one organisation to one call; the incubation's dates are inclusive (R25, R27)."""

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint("level in ('municipal', 'provincial')", name="level"),
        # The ceiling of the notice, whatever a program or a person writes: 期限不超过180天 (R27).
        CheckConstraint("incubation_due_on <= incubation_start_on + 180", name="incubation_ceiling"),
        Index("ix_applications_organisation_id", "organisation_id"),
        Index("ix_applications_authority_code", "authority_code", "state"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id"))
    level: Mapped[str]
    state: Mapped[str]
    submitted_at: Mapped[datetime | None]
    incubation_start_on: Mapped[date | None]
    incubation_due_on: Mapped[date | None]
    created_at: Mapped[datetime]

    call: Mapped[Call] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    items: Mapped[list[ApplicationItem]] = relationship(
        back_populates="application", order_by="ApplicationItem.position", lazy="raise"
    )


class ApplicationItem(Model):
    """One item (申报项): occupation, work type and skill level; `bank_state` follows its question bank (B7)."""

    __tablename__ = "application_items"
    __table_args__ = (
        CheckConstraint(
            "skill_level in ('level_5', 'level_4', 'level_3', 'level_2', 'level_1')", name="skill_level"
        ),
        UniqueConstraint("application_id", "occupation_code", "work_type", "skill_level"),
        Index("ix_application_items_organisation_id", "organisation_id"),
        Index("ix_application_items_authority_code", "authority_code", "state"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    position: Mapped[int]
    occupation_code: Mapped[str]
    occupation_name: Mapped[str]
    work_type: Mapped[str] = mapped_column(server_default="")
    skill_level: Mapped[str]
    state: Mapped[str]
    bank_state: Mapped[str] = mapped_column(server_default="not_started")

    application: Mapped[Application] = relationship(back_populates="items", lazy="raise")
