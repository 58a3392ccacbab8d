"""Recommendations, publicities with their frozen content, and objections (rules.md B9)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.applications.models import Application
from tenants.models import Authority


class Recommendation(Model):
    """The authority's decision (择优推荐, R22): `items` are {item_id, label, panel_recommends, recommended, reason};
    `remarks` the three of R64; `letter` the text sent to the applicant, if any."""

    __tablename__ = "recommendations"

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"), unique=True)
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    recommended: Mapped[bool]
    items: Mapped[list[Any]]
    remarks: Mapped[dict[str, Any]]
    letter: Mapped[str] = mapped_column(server_default="")
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime]


class Publicity(Model):
    """A publicity (公示) of one recommended organisation, at least five working days (R23).

    `content` is frozen at publication and hashed; the public reads this row and no other. `explanation` says day by
    day how the end was counted. `planned_end_on` is the last day, inclusive; `due_at` its 24:00. `replaces_id` is the
    void one that this begins anew; `proofs` are {at, kind, link, note}: where it was displayed.
    """

    __tablename__ = "publicities"
    __table_args__ = (
        CheckConstraint(
            "state in ('scheduled', 'open', 'objection_pending', 'ended_clear', 'ended_objection_dismissed',"
            " 'ended_objection_upheld', 'void')",
            name="state",
        ),
        CheckConstraint("state = 'scheduled' or state = 'void' or content_sha256 <> ''", name="frozen"),
        Index(
            "uq_publicities_running",
            "application_id",
            unique=True,
            postgresql_where=text("state in ('scheduled', 'open', 'objection_pending')"),
        ),
        Index("ix_publicities_authority_code", "authority_code", "created_at", "id"),
        Index("ix_publicities_public", "published_at", "id", postgresql_where=text("state <> 'scheduled'")),
        Index("ix_publicities_due", "due_at", postgresql_where=text("state in ('open', 'objection_pending')")),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    title: Mapped[str]
    state: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_sha256: Mapped[str] = mapped_column(server_default="")
    explanation: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    proofs: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    published_on: Mapped[date | None]
    published_at: Mapped[datetime | None]
    planned_end_on: Mapped[date | None]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(server_default="")
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("publicities.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]

    authority: Mapped[Authority] = relationship(lazy="raise")
    application: Mapped[Application] = relationship(lazy="raise")
    objections: Mapped[list[Objection]] = relationship(
        back_populates="publicity", order_by="Objection.received_at, Objection.id", lazy="raise"
    )


class Objection(Model):
    """A named objection (异议) by anybody while a publicity runs (R25). The applicant never sees who objected.

    `item_ids` are the items it concerns (none: all); `upheld_items` those for which it stands. Of the query code, with
    which the objector follows it, only the hash is kept, and so of the ticket under which its files were sent.
    """

    __tablename__ = "objections"
    __table_args__ = (
        CheckConstraint(
            "state in ('received', 'accepted', 'not_accepted', 'investigating', 'upheld', 'dismissed', 'replied')",
            name="state",
        ),
        CheckConstraint("lodged_by in ('public', 'organisation', 'bureau', 'department')", name="lodged_by"),
        Index("ix_objections_publicity_id", "publicity_id"),
        Index("ix_objections_authority_code", "authority_code", "received_at", "id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    publicity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("publicities.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    lodged_by: Mapped[str]
    name: Mapped[str]
    contact: Mapped[str]
    statement: Mapped[str]
    evidence: Mapped[str] = mapped_column(server_default="")
    item_ids: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    code_hash: Mapped[str] = mapped_column(unique=True)
    ticket_hash: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str]
    received_at: Mapped[datetime]
    due_on: Mapped[date | None]
    inquiry: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    upheld_items: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    outcome: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(server_default="")
    replied_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")

    publicity: Mapped[Publicity] = relationship(back_populates="objections", lazy="raise")
