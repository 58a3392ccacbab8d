"""Experts as an authority keeps them; the province's are open to every city."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk


class Expert(Model):
    """An expert (专家) in one authority's pool. `types` are keys of `rules.panels.EXPERT_TYPES`, `occupations` codes of
    their field, `related` credit codes of those they are otherwise tied to (回避).

    `user_id` is the account; an expert entered by name and address gets one from a job of the system.
    """

    __tablename__ = "experts"
    __table_args__ = (
        UniqueConstraint("authority_code", "email"),
        CheckConstraint("jsonb_array_length(types) > 0", name="types"),
        Index("ix_experts_authority_code", "authority_code", "created_at", "id"),
        Index("ix_experts_user_id", "user_id"),
    )

    id: Mapped[UuidPk]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str] = mapped_column(server_default="")
    employer: Mapped[str] = mapped_column(server_default="")
    employer_uscc: Mapped[str] = mapped_column(server_default="")
    types: Mapped[list[Any]]
    occupations: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    related: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    note: Mapped[str] = mapped_column(server_default="")
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]

    absences: Mapped[list[ExpertAbsence]] = relationship(
        back_populates="expert", order_by="ExpertAbsence.from_on", lazy="raise"
    )


class ExpertAbsence(Model):
    """Days on which an expert cannot serve, both ends included."""

    __tablename__ = "expert_absences"
    __table_args__ = (
        CheckConstraint("to_on >= from_on", name="order"),
        Index("ix_expert_absences_expert_id", "expert_id", "to_on"),
    )

    id: Mapped[UuidPk]
    expert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts.id"))
    authority_code: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date]
    reason: Mapped[str] = mapped_column(server_default="")
    cancelled_at: Mapped[datetime | None]

    expert: Mapped[Expert] = relationship(back_populates="absences", lazy="raise")
