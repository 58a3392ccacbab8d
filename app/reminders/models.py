"""The ledger of reminders: what was to be sent to whom, and what became of it; digests, bounces, webhooks."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.deadlines.models import Deadline
from tenants.models import User


class Reminder(Model):
    """One reminder: unique on deadline, recipient, offset and due date, so that it exists, and is sent, once.

    pending → claimed (by a conditional update) → sent, or held (for the person's daily digest, then sent), or skipped
    (deadline met, superseded by a later step) or failed. `offset_days`: days before the due date, 0 the day itself, -1
    overdue, below that an escalation. `due_on`: the due date it was planned for; a deadline moved by months is reminded
    of anew. `audience`: whom the deadline binds, the second person of its side, or its bureau.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("deadline_id", "recipient_id", "offset_days", "due_on"),
        CheckConstraint("state in ('pending', 'claimed', 'held', 'sent', 'skipped', 'failed')", name="state"),
        CheckConstraint("audience in ('bound', 'second', 'bureau')", name="audience"),
        Index("ix_reminders_step", "due_on", "offset_days", "audience", "deadline_id"),
        Index("ix_reminders_open", "state", "id", postgresql_where=text("state in ('pending', 'claimed')")),
    )

    id: Mapped[UuidPk]
    deadline_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deadlines.id"))
    recipient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    offset_days: Mapped[int]
    due_on: Mapped[date]
    audience: Mapped[str] = mapped_column(server_default="bound")
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str | None]
    last_error: Mapped[str | None]

    deadline: Mapped[Deadline] = relationship(lazy="raise")
    recipient: Mapped[User] = relationship(lazy="raise")


class Digest(Model):
    """One person's mail of a working day (每日汇总) instead of one a message; its notices name it.

    Claimed and marked as a reminder is.
    """

    __tablename__ = "digests"
    __table_args__ = (
        UniqueConstraint("user_id", "authority_code", "on"),
        CheckConstraint("state in ('pending', 'claimed', 'sent', 'empty', 'failed')", name="state"),
        Index("ix_digests_open", "state", postgresql_where=text("state in ('pending', 'claimed')")),
    )

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str | None]
    last_error: Mapped[str | None]


class MailBounce(Model):
    """A delivery report (RFC 3464) that came back: taken once, by the hash of its text."""

    __tablename__ = "mail_bounces"

    id: Mapped[UuidPk]
    sha256: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    reference: Mapped[str | None]
    action: Mapped[str]
    status: Mapped[str]
    recipient: Mapped[str]
    diagnostic: Mapped[str]
    applied: Mapped[bool]


class Webhook(Model):
    """The other channel of one side (an organisation or an authority): an address that signed messages are posted to.

    The secret is shown once and kept sealed; it signs, so it cannot be kept as a hash.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("(organisation_id is null) <> (authority_code is null)", name="one_side"),
        Index("ix_webhooks_organisation_id", "organisation_id"),
        Index("ix_webhooks_authority_code", "authority_code"),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    label: Mapped[str]
    url: Mapped[str]
    sealed_secret: Mapped[str]
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class WebhookDelivery(Model):
    """One message to one address: queued until a 2xx, dead after the last try or a refusal; unique on its key."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "key"),
        CheckConstraint("state in ('queued', 'sent', 'dead')", name="state"),
        Index("ix_webhook_deliveries_webhook_id", "webhook_id", "created_at"),
    )

    id: Mapped[UuidPk]
    webhook_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhooks.id"))
    organisation_id: Mapped[uuid.UUID | None]
    authority_code: Mapped[str | None]
    key: Mapped[str]
    event: Mapped[str]
    title: Mapped[str]
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    webhook: Mapped[Webhook] = relationship(lazy="raise")
