"""Documents with standing (文书): what was issued, its files, its numbers and the texts the department may edit."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk


class DocumentState(StrEnum):
    """`awaiting`: numbered, its file is still being made; then `issued`, until something ends its standing."""

    awaiting = "awaiting"
    issued = "issued"
    superseded = "superseded"
    revoked = "revoked"


class TimestampState(StrEnum):
    """Whether a trusted time (RFC 3161) was asked for, and whether it came yet."""

    none = "none"
    awaiting = "awaiting"
    done = "done"


class Document(Model):
    """One document: number and content are for ever, its standing may change (column grants, migrations/0040).

    `number` is the official one (文号), gapless per authority, series and year; `code` is the unguessable part of the
    address at which anybody may check it. `data` is exactly what the template was given.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("authority_code", "series", "year", "serial", name="uq_documents_serial"),
        CheckConstraint("state in ('awaiting', 'issued', 'superseded', 'revoked')", name="state"),
        CheckConstraint("timestamp_state in ('none', 'awaiting', 'done')", name="timestamp_state"),
        CheckConstraint("state <> 'issued' or sha256 is not null", name="issued_file"),
        Index("ix_documents_subject", "subject_type", "subject_id"),
        Index("ix_documents_organisation_id", "organisation_id", "created_at"),
        Index("ix_documents_authority_code", "authority_code", "created_at"),
        Index(
            "ix_documents_waiting",
            "tried_at",
            postgresql_where=text("state = 'awaiting' or timestamp_state = 'awaiting' or sha256 is null"),
        ),
    )

    id: Mapped[UuidPk]
    kind: Mapped[str]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    series: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    issued_on: Mapped[date]
    data: Mapped[dict[str, Any]]
    data_sha256: Mapped[str]
    template_version: Mapped[str]
    template_sha256: Mapped[str]
    for_organisation: Mapped[bool]
    is_public: Mapped[bool]
    state: Mapped[str]
    state_reason: Mapped[str] = mapped_column(server_default="")
    standing_changed_at: Mapped[datetime | None]
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    superseded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    superseded_by_number: Mapped[str | None]
    superseded_by_kind: Mapped[str | None]
    problem: Mapped[str] = mapped_column(server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    tried_at: Mapped[datetime | None]
    timestamp_state: Mapped[str] = mapped_column(server_default="none")
    sha256: Mapped[str | None]
    size: Mapped[int | None]
    pages: Mapped[int | None]
    signer: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    issued_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    files: Mapped[list[DocumentFile]] = relationship(order_by="DocumentFile.revision", lazy="raise", viewonly=True)

    @property
    def reference(self) -> str:
        """What the QR code's address ends with: the number in ASCII, then the unguessable code."""
        return f"{self.authority_code}-{self.series}-{self.year}-{self.serial:04d}-{self.code}"


class DocumentSeries(Model):
    """The last number drawn of a series in a year; written only by `draw_document_number`."""

    __tablename__ = "document_series"

    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"), primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class DocumentFile(Model):
    """One file of a document in the object store. The second one differs only by the timestamp it carries."""

    __tablename__ = "document_files"
    __table_args__ = (UniqueConstraint("document_id", "revision"),)

    id: Mapped[UuidPk]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    revision: Mapped[int]
    sha256: Mapped[str]
    size: Mapped[int]
    bucket: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class DocumentText(Model):
    """A version of an editable text part of a kind; the newest is in force, none is ever changed."""

    __tablename__ = "document_texts"
    __table_args__ = (UniqueConstraint("kind", "part", "version"),)

    id: Mapped[UuidPk]
    kind: Mapped[str]
    part: Mapped[str]
    version: Mapped[int]
    body: Mapped[str]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
