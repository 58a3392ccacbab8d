"""The commitment of an incubatee and the versioned templates of the notice's annexes."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.applications.models import Application


class AnnexTemplate(Model):
    """A version of an annex (附件1–4). Until the province uploads the official text, `official` is false (R68).

    A used version is frozen: a new text is a new row (the web role cannot update the body).
    """

    __tablename__ = "annex_templates"
    __table_args__ = (
        UniqueConstraint("kind", "version"),
        CheckConstraint(
            "kind in ('selection_assessment', 'commitment', 'bank_assessment', 'periodic_assessment')", name="kind"
        ),
    )

    id: Mapped[UuidPk]
    kind: Mapped[str]
    version: Mapped[int]
    source: Mapped[str]
    official: Mapped[bool]
    body: Mapped[str]
    created_at: Mapped[datetime]


class Commitment(Model):
    """A signed work commitment (孵化培育对象工作承诺书, annex 2): the exact text, its hash and who signed it (R28)."""

    __tablename__ = "commitments"
    __table_args__ = (
        CheckConstraint("state in ('issued', 'signed', 'confirmed', 'returned', 'superseded', 'void')", name="state"),
        Index(
            "uq_commitments_live",
            "application_id",
            unique=True,
            postgresql_where=text("state in ('signed', 'confirmed')"),
        ),
        Index("ix_commitments_organisation_id", "organisation_id"),
        Index("ix_commitments_authority_code", "authority_code"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    template_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("annex_templates.id"))
    body: Mapped[str]
    body_sha256: Mapped[str]
    state: Mapped[str]
    signed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    signatory_name: Mapped[str]
    signatory_capacity: Mapped[str]
    signed_at: Mapped[datetime]
    ip: Mapped[str]
    user_agent: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(server_default="")

    application: Mapped[Application] = relationship(lazy="raise")
    template: Mapped[AnnexTemplate] = relationship(lazy="raise")
    evidence: Mapped[CommitmentEvidence | None] = relationship(back_populates="commitment", lazy="raise")


class CommitmentEvidence(Model):
    """How a commitment was signed: by whom in which role, confirmed how, and the signature itself. Never changed.

    `method` `paper`: signed on paper, the scan handed in as a dossier; it counts only once the authority confirmed it.
    `account` is the signed-in person's e-mail address, `confirmed_by` what proved that it was them.
    """

    __tablename__ = "commitment_evidence"
    __table_args__ = (
        CheckConstraint("method in ('typed', 'drawn', 'paper')", name="method"),
        CheckConstraint("(method = 'drawn') = (drawing is not null)", name="drawn"),
        CheckConstraint("octet_length(drawing) <= 100000", name="drawing_size"),
        CheckConstraint("method <> 'paper' or dossier_id is not null", name="paper_scan"),
    )

    commitment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("commitments.id"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    method: Mapped[str]
    signed_on: Mapped[date]
    drawing: Mapped[bytes | None]
    drawing_sha256: Mapped[str | None]
    account: Mapped[str]
    role: Mapped[str]
    role_since: Mapped[datetime | None]
    confirmed_by: Mapped[str]
    dossier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("dossiers.id"))

    commitment: Mapped[Commitment] = relationship(back_populates="evidence", lazy="raise")


class GuidanceEntry(Model):
    """One act of guidance during the incubation (评价相关工作指导, R26)."""

    __tablename__ = "guidance_entries"
    __table_args__ = (Index("ix_guidance_entries_application_id", "application_id", "held_on", "id"),)

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    held_on: Mapped[date]
    topic: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime]


class ItemOutcome(Model):
    """How an item left the incubation: passed (R33) or naturally eliminated (R34), at what scope and why.

    `flag` `overdue_by_authority`: in time but not assessed when the 180 days were over; the item is protected (R29).
    """

    __tablename__ = "item_outcomes"
    __table_args__ = (
        CheckConstraint("outcome in ('passed', 'eliminated', 'protected')", name="outcome"),
        CheckConstraint("scope in ('organisation', 'occupation', 'work_type', 'skill_level')", name="scope"),
        UniqueConstraint("item_id", "outcome"),
        Index("ix_item_outcomes_application_id", "application_id"),
    )

    id: Mapped[UuidPk]
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application_items.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    outcome: Mapped[str]
    scope: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    comment: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime]
