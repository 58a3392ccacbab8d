"""A person's private feed, and what is planned with a date: a visit or a meeting of a panel."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.panels.models import Panel


class CalendarFeed(Model):
    """The address under which one membership's calendar can be fetched; only its hash is kept.

    One live address a membership; a new one revokes the old. Whoever leaves is served nothing any more.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        Index("uq_calendar_feeds_live", "membership_id", unique=True, postgresql_where=text("revoked_at is null")),
        Index("ix_calendar_feeds_user_id", "user_id"),
    )

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    membership_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("memberships.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PanelVisit(Model):
    """A date on which a panel will work in one of the notice's ways (R20): 现场察看, 质询答辩 and so on, ahead of time.

    What was done is recorded afterwards as a `PanelMethod`. `sequence` grows with every change, so that calendars of
    those invited replace what they have.
    """

    __tablename__ = "panel_visits"
    __table_args__ = (
        CheckConstraint("state in ('planned', 'cancelled')", name="state"),
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_panel_visits_panel_id", "panel_id", "starts_at"),
        Index("ix_panel_visits_authority_code", "authority_code", "starts_at"),
        Index("ix_panel_visits_organisation_id", "organisation_id", "starts_at"),
    )

    id: Mapped[UuidPk]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    authority_code: Mapped[str]
    organisation_id: Mapped[uuid.UUID]
    method: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    sequence: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str] = mapped_column(server_default="")
    planned_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime]

    panel: Mapped[Panel] = relationship(lazy="raise")


class CalendarInvitation(Model):
    """What a person's own calendar was last told of one event: by it updates and cancellations find who has it.

    `told` pictures time and place as they were told; `visit_id` is none for a panel's own limit.
    """

    __tablename__ = "calendar_invitations"
    __table_args__ = (
        UniqueConstraint("uid", "user_id"),
        CheckConstraint("method in ('REQUEST', 'CANCEL')", name="method"),
        Index("ix_calendar_invitations_panel_id", "panel_id"),
        Index("ix_calendar_invitations_ends_at", "ends_at"),
    )

    id: Mapped[UuidPk]
    uid: Mapped[str]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("panel_visits.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    method: Mapped[str]
    sequence: Mapped[int]
    told: Mapped[str]
    ends_at: Mapped[datetime]
    sent_at: Mapped[datetime]
