"""The ledger of reminders: what was to be sent to whom, and what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.deadlines.models import Deadline
from tenants.models import User


class Reminder(Model):
    """One reminder: unique on deadline, recipient and offset, so that it exists, and is sent, once.

    pending → claimed (by a conditional update) → sent, or skipped (deadline met, superseded by a later step) or failed.
    `offset_days`: days before the due date, 0 the day itself, -1 overdue.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("deadline_id", "recipient_id", "offset_days"),
        CheckConstraint("state in ('pending', 'claimed', 'sent', 'skipped', 'failed')", name="state"),
        Index("ix_reminders_open", "state", "id", postgresql_where=text("state in ('pending', 'claimed')")),
    )

    id: Mapped[UuidPk]
    deadline_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deadlines.id"))
    recipient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    offset_days: Mapped[int]
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
