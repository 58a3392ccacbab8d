"""The public directory: one row a filed item, derived from filings and never edited by hand (R7)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model


class DirectoryEntry(Model):
    """One item of the directory (目录): who may assess what from when to when, and when and why it left.

    `filed_item_id` is the row it follows. Nothing here is private: the public reads this table and no other.
    """

    __tablename__ = "directory_entries"
    __table_args__ = (
        CheckConstraint("left_on is null or left_on >= entered_on", name="order"),
        Index("ix_directory_entries_organisation", "organisation_name", "institution_code"),
        Index("ix_directory_entries_occupation", "occupation_code", "skill_level"),
        Index("ix_directory_entries_city", "city_code", "institution_code"),
    )

    filed_item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filed_items.id"), primary_key=True)
    filing_id: Mapped[uuid.UUID]
    institution_code: Mapped[str]
    organisation_name: Mapped[str]
    uscc: Mapped[str]
    level: Mapped[str]
    city_code: Mapped[str]
    city_name: Mapped[str]
    occupation_code: Mapped[str]
    occupation_name: Mapped[str]
    work_type: Mapped[str] = mapped_column(server_default="")
    skill_level: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    entered_on: Mapped[date]
    left_on: Mapped[date | None]
    leave_reason: Mapped[str] = mapped_column(server_default="")
    derived_at: Mapped[datetime]
