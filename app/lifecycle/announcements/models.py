"""Reports to the department (R4), announcements as public snapshots (R35) and reports to the ministry (R36)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.applications.models import Application
from tenants.models import Authority


class ReportBatch(Model):
    """Results that one authority reports to the department (信息上报, R4); only reported ones can be announced."""

    __tablename__ = "report_batches"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'sent', 'returned')", name="state"),
        Index("ix_report_batches_authority_code", "authority_code", "created_at", "id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    title: Mapped[str]
    reference: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    sent_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    authority: Mapped[Authority] = relationship(lazy="raise")
    entries: Mapped[list[ReportEntry]] = relationship(back_populates="batch", lazy="raise")


class ReportEntry(Model):
    """One application in a report; `live` until its report is returned, and live in one report at most."""

    __tablename__ = "report_entries"
    __table_args__ = (
        UniqueConstraint("batch_id", "application_id"),
        Index("uq_report_entries_live", "application_id", unique=True, postgresql_where=text("live")),
    )

    id: Mapped[UuidPk]
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("report_batches.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("applications.id"))
    authority_code: Mapped[str]
    live: Mapped[bool] = mapped_column(server_default=text("true"))

    batch: Mapped[ReportBatch] = relationship(back_populates="entries", lazy="raise")
    application: Mapped[Application] = relationship(lazy="raise")


class Announcement(Model):
    """An announcement (公布) of organisations and their occupations by the department alone (R35).

    A correction is a new version of the same `series_id`; what was public stays readable as `superseded`.
    `content_sha256` freezes the list at publication.
    """

    __tablename__ = "announcements"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'superseded', 'discarded')", name="state"),
        CheckConstraint("kind in ('filing', 'expansion', 'periodic_results', 'removal')", name="kind"),
        UniqueConstraint("series_id", "version"),
        Index("ix_announcements_state", "state", "published_at", "id"),
    )

    id: Mapped[UuidPk]
    series_id: Mapped[uuid.UUID]
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(server_default="filing")
    title: Mapped[str]
    doc_no: Mapped[str] = mapped_column(server_default="")
    foreword: Mapped[str] = mapped_column(server_default="")
    correction: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    content_sha256: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    published_on: Mapped[date | None]
    published_at: Mapped[datetime | None]

    entries: Mapped[list[AnnouncementEntry]] = relationship(
        back_populates="announcement", order_by="AnnouncementEntry.position", lazy="raise"
    )


class AnnouncementEntry(Model):
    """One item of an announcement, as it was: a public snapshot that follows no later change. Of periodic results, one
    organisation, with its grade as the remark (R61)."""

    __tablename__ = "announcement_entries"
    __table_args__ = (
        UniqueConstraint("announcement_id", "position"),
        Index("ix_announcement_entries_application_id", "application_id"),
        Index("ix_announcement_entries_renewal_cycle_id", "renewal_cycle_id"),
    )

    id: Mapped[UuidPk]
    announcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("announcements.id"))
    position: Mapped[int]
    application_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("applications.id"))
    item_id: Mapped[uuid.UUID | None]
    renewal_cycle_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("renewal_cycles.id"))
    organisation_name: Mapped[str]
    uscc: Mapped[str]
    level: Mapped[str]
    authority_code: Mapped[str]
    city_name: Mapped[str]
    occupation_code: Mapped[str] = mapped_column(server_default="")
    occupation_name: Mapped[str] = mapped_column(server_default="")
    work_type: Mapped[str] = mapped_column(server_default="")
    skill_level: Mapped[str] = mapped_column(server_default="")
    remark: Mapped[str] = mapped_column(server_default="")

    announcement: Mapped[Announcement] = relationship(back_populates="entries", lazy="raise")


class MinistryReport(Model):
    """That an announcement was reported to the ministry (报人力资源社会保障部备案, R36): date and document number."""

    __tablename__ = "ministry_reports"
    __table_args__ = (Index("ix_ministry_reports_announcement_id", "announcement_id"),)

    id: Mapped[UuidPk]
    announcement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("announcements.id"))
    reported_on: Mapped[date]
    document_no: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime]
