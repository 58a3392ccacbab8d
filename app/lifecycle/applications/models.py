"""Applications and their items, by the state names of rules.md B4, B5 and B7."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.calls.models import Call
from app.lifecycle.consultations.models import NationalConsultation
from tenants.models import Organisation, User

# A national organisation's branch keeps its one slot (R14) until its application ends without a filing.
_ENDED = (
    "('not_accepted', 'withdrawn', 'preliminary_failed', 'not_recommended', 'recommendation_cancelled',"
    " 'naturally_eliminated')"
)


class Application(Model):
    """An application (申报) of one organisation to one call; the incubation's dates are inclusive (R25, R27).

    `city_code` is the bureau that accepts it (R15) and keeps seeing it; `authority_code` the one that holds it now:
    that bureau, or the department from the final review of a provincial application on (R24). `version` counts
    changes by officers, so that the second of two is told. `progress` names the steps of the form already visited.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint("level in ('municipal', 'provincial')", name="level"),
        # The ceiling of the notice, whatever a program or a person writes: 期限不超过180天 (R27).
        CheckConstraint("incubation_due_on <= incubation_start_on + 180", name="incubation_ceiling"),
        Index("ix_applications_organisation_id", "organisation_id"),
        Index("ix_applications_authority_code", "authority_code", "state"),
        Index("ix_applications_city_code", "city_code", "submitted_at", "id"),
        Index("ix_applications_call_id", "call_id", "state"),
        Index(
            "uq_applications_branch",
            "national_uscc",
            unique=True,
            postgresql_where=text(f"national_uscc <> '' and state not in {_ENDED}"),
        ),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    city_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id"))
    level: Mapped[str]
    state: Mapped[str]
    contact_name: Mapped[str] = mapped_column(server_default="")
    contact_phone: Mapped[str] = mapped_column(server_default="")
    contact_email: Mapped[str] = mapped_column(server_default="")
    bank_plan: Mapped[str] = mapped_column(server_default="")
    remark: Mapped[str] = mapped_column(server_default="")
    progress: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    consultation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("national_consultations.id"))
    national_uscc: Mapped[str] = mapped_column(server_default="")
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    held_at: Mapped[datetime | None]
    held_reason: Mapped[str] = mapped_column(server_default="")
    rerouting_to: Mapped[str] = mapped_column(server_default="")
    accepted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    submitted_at: Mapped[datetime | None]
    incubation_start_on: Mapped[date | None]
    incubation_due_on: Mapped[date | None]
    created_at: Mapped[datetime]

    call: Mapped[Call] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    consultation: Mapped[NationalConsultation | None] = relationship(lazy="raise")
    assignee: Mapped[User | None] = relationship(lazy="raise")
    items: Mapped[list[ApplicationItem]] = relationship(
        back_populates="application", order_by="ApplicationItem.position", lazy="raise"
    )
    lines: Mapped[list[ApplicationLine]] = relationship(
        back_populates="application", order_by="ApplicationLine.position", lazy="raise"
    )
    supplements: Mapped[list[SupplementRequest]] = relationship(
        back_populates="application", order_by="SupplementRequest.requested_at", lazy="raise"
    )


class ApplicationItem(Model):
    """One item (申报项): occupation, work type and skill level; `bank_state` follows its question bank (B7)."""

    __tablename__ = "application_items"
    __table_args__ = (
        CheckConstraint("skill_level in ('level_5', 'level_4', 'level_3', 'level_2', 'level_1')", name="skill_level"),
        UniqueConstraint("application_id", "occupation_code", "work_type", "skill_level"),
        Index("ix_application_items_organisation_id", "organisation_id"),
        Index("ix_application_items_authority_code", "authority_code", "state"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    city_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    position: Mapped[int]
    occupation_code: Mapped[str]
    occupation_name: Mapped[str]
    work_type: Mapped[str] = mapped_column(server_default="")
    skill_level: Mapped[str]
    state: Mapped[str]
    bank_state: Mapped[str] = mapped_column(server_default="not_started")

    application: Mapped[Application] = relationship(back_populates="items", lazy="raise")


class ApplicationLine(Model):
    """One line of a list that goes with an application: premises, equipment, an assessor or a supervisor (R21).

    `values` are the columns of its kind (`applications.rosters`), as typed or imported.
    """

    __tablename__ = "application_lines"
    __table_args__ = (
        CheckConstraint("kind in ('premises', 'equipment', 'assessor', 'supervisor')", name="kind"),
        Index("ix_application_lines_application_id", "application_id", "kind", "position"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    position: Mapped[int]
    values: Mapped[dict[str, Any]]

    application: Mapped[Application] = relationship(back_populates="lines", lazy="raise")


class SupplementRequest(Model):
    """What a bureau asked to be added (补正): `asked` lists {part, label, note}; `answer` says what was changed.

    `due_on` is the last day, inclusive; `before` pictures the application when it was asked, to show what changed.
    """

    __tablename__ = "supplement_requests"
    __table_args__ = (
        CheckConstraint("state in ('open', 'answered', 'lapsed', 'cancelled')", name="state"),
        Index("uq_supplement_requests_open", "application_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_supplement_requests_application_id", "application_id", "requested_at"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    asked: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(server_default="")
    before: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    answer: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str]
    due_on: Mapped[date]
    due_at: Mapped[datetime]
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(back_populates="supplements", lazy="raise")


class ApplicationRoute(Model):
    """That an application went from one city to another, with its files (转办, R15)."""

    __tablename__ = "application_routes"
    __table_args__ = (Index("ix_application_routes_application_id", "application_id", "routed_at"),)

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    from_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    to_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    reason: Mapped[str]
    routed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    routed_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
