"""Openings of banks, the download switch of a panel, fingerprints of questions and what came of comparing them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UuidPk


class BankOpening(Model):
    """One person opened one bank for one purpose. Without such a row no question is shown.

    `reader`, `role`: as whom; the organisation reads these, never a name. `pages` are those shown on the screen,
    1-based, each of `page_size` questions. `mark` stands, hidden, in every copy that was handed out: it names this row.
    """

    __tablename__ = "bank_openings"
    __table_args__ = (
        CheckConstraint("reader in ('organisation', 'case_officer', 'panel_member')", name="reader"),
        CheckConstraint("manner in ('screen', 'original', 'watermarked')", name="manner"),
        CheckConstraint("(reader = 'organisation') = (file_id is null)", name="file"),
        Index("ix_bank_openings_upload_id", "upload_id", "opened_at"),
        Index("ix_bank_openings_user_id", "user_id", "upload_id", "last_at"),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("uploads.id"))
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("dossier_files.id"))
    panel_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("panels.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    reader: Mapped[str]
    role: Mapped[str]
    manner: Mapped[str]
    purpose: Mapped[str]
    mark: Mapped[str] = mapped_column(unique=True)
    page_size: Mapped[int]
    pages: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]


class BankDownloadSwitch(Model):
    """Whether a panel's members may take watermarked copies; a panel without a row may not."""

    __tablename__ = "bank_download_switches"

    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"), primary_key=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    is_allowed: Mapped[bool]
    reason: Mapped[str]
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime]


class BankPrint(Model):
    """A keyed fingerprint of one question, and where it stands in its own file. Only the system reads it."""

    __tablename__ = "bank_prints"
    __table_args__ = (Index("ix_bank_prints_print", "print", postgresql_include=["organisation_id"]),)

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier_files.id"), primary_key=True)
    print: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    sheet: Mapped[str]
    row: Mapped[int]


class BankOverlap(Model):
    """C24: how many of a file's questions other organisations' banks hold too, and in which rows of its own.

    `banks` counts the other files; `rows` are {sheet, row} of this file, cut to the first few hundred.
    """

    __tablename__ = "bank_overlaps"

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossier_files.id"), primary_key=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    questions: Mapped[int]
    shared: Mapped[int]
    banks: Mapped[int]
    rows: Mapped[list[Any]]
    computed_at: Mapped[datetime]
