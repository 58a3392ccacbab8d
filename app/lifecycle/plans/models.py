"""Collection plans, by the state names of rules.md B1."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.calls.models import Call
from tenants.models import Authority


class CollectionPlan(Model):
    """A collection plan (征集计划) of one authority and year: quantity, occupations and levels (R8).

    `occupations` lists {code, name, tags}: the tags are the favoured directions of R9. `quota` counts organisations.
    """

    __tablename__ = "collection_plans"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'confirmed', 'incorporated', 'withdrawn')", name="state"),
        CheckConstraint("quota >= 0", name="quota"),
        Index("ix_collection_plans_authority_code", "authority_code", "created_at", "id"),
    )

    id: Mapped[UuidPk]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    year: Mapped[int]
    title: Mapped[str]
    quota: Mapped[int] = mapped_column(server_default="0")
    occupations: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    levels: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    rationale: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id"))
    reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    authority: Mapped[Authority] = relationship(lazy="raise")
    call: Mapped[Call | None] = relationship(lazy="raise")
