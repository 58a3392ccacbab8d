"""Files on their way: uploads, the dossiers they are handed in with, and the bureau's review tasks."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from tenants.models import Organisation, User


class UploadState(StrEnum):
    """`receiving` parts → `received` → `checking` → `checked` or `rejected`; `aborted` and `expired` end early."""

    receiving = "receiving"
    received = "received"
    checking = "checking"
    checked = "checked"
    rejected = "rejected"
    aborted = "aborted"
    expired = "expired"


class Purpose(StrEnum):
    """What an upload is for; it decides which types are allowed and whether it is inspected as a question bank."""

    question_bank = "question_bank"
    self_assessment = "self_assessment"
    filing_materials = "filing_materials"
    commitment = "commitment"
    supplement = "supplement"
    rectification_report = "rectification_report"
    exit_data = "exit_data"
    consultation = "consultation"
    # Files of an authority's own record, and of whoever objects to a publicity: never part of a dossier.
    panel_method = "panel_method"
    publicity_proof = "publicity_proof"
    guidance = "guidance"
    objection = "objection"


RECORD_PURPOSES = frozenset({Purpose.panel_method, Purpose.publicity_proof, Purpose.guidance})
CASE_PURPOSES = RECORD_PURPOSES | {Purpose.objection}


class DossierState(StrEnum):
    """`submitted` → `delivered` (files in the bureau's bucket, task in its inbox) → `accepted` or `returned`.

    `dead_letter`: the delivery failed for good and waits for a retry by hand.
    """

    submitted = "submitted"
    dead_letter = "dead_letter"
    delivered = "delivered"
    accepted = "accepted"
    returned = "returned"


class ReviewState(StrEnum):
    """A task in a bureau's inbox."""

    waiting = "waiting"
    in_review = "in_review"
    accepted = "accepted"
    returned = "returned"


def _one_of(states: type[StrEnum]) -> str:
    return "({})".format(", ".join(f"'{state}'" for state in states))


class Upload(Model):
    """One file in its holder's own bucket, an organisation's or an authority's. Sizes in bytes; hashes in lower hex.

    What an objector sends belongs to the authority that handles the objection; `ticket_hash` is that of the secret in
    the objector's session, by which the form and afterwards the objection knows its files.

    `quarantine` names the bucket it arrives in, under the same key, as long as something may lie there; `sealed`: it is
    encrypted in `bucket` (docs/decisions/0005-custody.md). `reasons`: list of {code, message, location, params};
    `report`: what the inspection found, counts and rows only.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(f"state in {_one_of(UploadState)}", name="state"),
        CheckConstraint("declared_size > 0", name="declared_size"),
        CheckConstraint("(organisation_id is null) <> (authority_code is null)", name="holder"),
        CheckConstraint("(ticket_hash is not null) = (purpose = 'objection')", name="ticket"),
        CheckConstraint("created_by is not null or ticket_hash is not null", name="created_by"),
        Index(
            "ix_uploads_held",
            "purpose",
            "subject_id",
            "created_at",
            postgresql_where=text("authority_code is not null"),
        ),
        Index("ix_uploads_ticket_hash", "ticket_hash", postgresql_where=text("ticket_hash is not null")),
        Index("ix_uploads_subject", "organisation_id", "purpose", "subject_id", "created_at"),
        Index("ix_uploads_receiving", "expires_at", postgresql_where=text("state = 'receiving'")),
        Index("ix_uploads_quarantine", "created_at", postgresql_where=text("quarantine is not null")),
        Index(
            "ix_uploads_removed", "removed_at", postgresql_where=text("removed_at is not null and purged_at is null")
        ),
        Index("ix_uploads_created", "organisation_id", "created_at"),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    ticket_hash: Mapped[str | None]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    subject_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    declared_size: Mapped[int] = mapped_column(BigInteger)
    part_size: Mapped[int]
    bucket: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    multipart_id: Mapped[str]
    state: Mapped[str]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    sm3: Mapped[str | None]
    type: Mapped[str | None]
    mime: Mapped[str | None]
    scan: Mapped[str | None]
    reasons: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    report: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    quarantine: Mapped[str | None]
    sealed: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    purged_at: Mapped[datetime | None]


class Dossier(Model):
    """What was handed in (报送材料): frozen at submission, with its manifest's SHA-256 as the receipt's witness.

    The web role may not change what was submitted, only how it went on (column grants, migrations/0002).
    """

    __tablename__ = "dossiers"
    __table_args__ = (
        CheckConstraint(f"state in {_one_of(DossierState)}", name="state"),
        UniqueConstraint("organisation_id", "idempotency_key"),
        Index(
            "uq_dossiers_open",
            "kind",
            "subject_id",
            unique=True,
            postgresql_where=text("state in ('submitted', 'dead_letter', 'delivered', 'accepted')"),
        ),
        Index("ix_dossiers_organisation_id", "organisation_id", "submitted_at", "id"),
        Index("ix_dossiers_authority_code", "authority_code", "submitted_at", "id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    title: Mapped[str]
    idempotency_key: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    manifest_sha256: Mapped[str]
    submitted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime]
    state: Mapped[str]
    delivered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]

    files: Mapped[list[DossierFile]] = relationship(
        back_populates="dossier", order_by="DossierFile.position", lazy="raise"
    )
    organisation: Mapped[Organisation] = relationship(lazy="raise")


class DossierFile(Model):
    """One file of a dossier: the organisation's object, and after delivery the bureau's own copy."""

    __tablename__ = "dossier_files"
    __table_args__ = (
        UniqueConstraint("dossier_id", "upload_id"),
        Index("ix_dossier_files_upload_id", "upload_id"),
        Index("ix_dossier_files_bureau_key", "bureau_key"),
    )

    id: Mapped[UuidPk]
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossiers.id"))
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("uploads.id"))
    organisation_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    position: Mapped[int]
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    sm3: Mapped[str]
    type: Mapped[str]
    mime: Mapped[str]
    scan: Mapped[str]
    report: Mapped[dict[str, Any] | None]
    source_bucket: Mapped[str]
    source_key: Mapped[str]
    bureau_bucket: Mapped[str | None]
    bureau_key: Mapped[str | None]
    copied_at: Mapped[datetime | None]
    sealed: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    purged_at: Mapped[datetime | None]

    dossier: Mapped[Dossier] = relationship(back_populates="files", lazy="raise")


class ReviewTask(Model):
    """One dossier in a bureau's inbox: exactly one a dossier, whatever is retried (unique on the dossier).

    `version` counts changes, so that the second of two officers is told what the first one did.
    """

    __tablename__ = "review_tasks"
    __table_args__ = (
        CheckConstraint(f"state in {_one_of(ReviewState)}", name="state"),
        Index("ix_review_tasks_inbox", "authority_code", "state", "arrived_at", "id"),
        Index("ix_review_tasks_arrived", "authority_code", "arrived_at", "id"),
    )

    id: Mapped[UuidPk]
    dossier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dossiers.id"), unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    state: Mapped[str]
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    arrived_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")

    dossier: Mapped[Dossier] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    assignee: Mapped[User | None] = relationship(foreign_keys=[assigned_to], lazy="raise")
