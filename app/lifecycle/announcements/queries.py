"""Reports and announcements, by what the scope may see: the public reads published ones alone."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.announcements.models import (
    Announcement,
    AnnouncementEntry,
    MinistryReport,
    ReportBatch,
    ReportEntry,
)
from app.lifecycle.applications.models import Application
from app.rules.states import ApplicationState

After = tuple[datetime, uuid.UUID] | None
PUBLIC_STATES = ("published", "superseded")
_WITH = (joinedload(Application.organisation), selectinload(Application.items), joinedload(Application.call))


def _is_reported() -> ColumnElement[bool]:
    return exists().where(ReportEntry.application_id == Application.id, ReportEntry.live)


def list_reportable(authority_code: str) -> list[Application]:
    """What an authority has to report: passed, or returned to it, and in no live report (R4)."""
    query = select(Application).where(
        Application.authority_code == authority_code,
        Application.state.in_((ApplicationState.ACCEPTANCE_PASSED, ApplicationState.PENDING_ANNOUNCEMENT)),
        ~_is_reported(),
    )
    return list(db.session.scalars(query.options(*_WITH).order_by(Application.submitted_at, Application.id)))


def list_announceable() -> list[Application]:
    """What was reported and waits to be announced (R33, R35), by authority."""
    query = select(Application).where(
        Application.state == ApplicationState.PENDING_ANNOUNCEMENT,
        _is_reported(),
    )
    return list(db.session.scalars(query.options(*_WITH).order_by(Application.city_code, Application.number)))


def list_by_ids(application_ids: Collection[uuid.UUID], *, lock: bool = False) -> list[Application]:
    """These applications in a stable order. With `lock`, read afresh and held."""
    query = select(Application).where(Application.id.in_(list(application_ids))).options(*_WITH)
    query = query.order_by(Application.city_code, Application.number)
    if lock:
        query = query.with_for_update(of=Application).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def list_reported_ids(application_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these stand in a live report."""
    query = select(ReportEntry.application_id).where(
        ReportEntry.application_id.in_(list(application_ids)), ReportEntry.live
    )
    return set(db.session.scalars(query))


def list_reports(*, authority_code: str = "", after: After = None, limit: int = 50) -> list[ReportBatch]:
    """One page of reports, newest first, with authority, entries and their organisations."""
    query = select(ReportBatch).options(
        joinedload(ReportBatch.authority),
        selectinload(ReportBatch.entries).joinedload(ReportEntry.application).joinedload(Application.organisation),
    )
    if authority_code:
        query = query.where(ReportBatch.authority_code == authority_code)
    if after is not None:
        query = query.where(tuple_(ReportBatch.created_at, ReportBatch.id) < after)
    return list(db.session.scalars(query.order_by(ReportBatch.created_at.desc(), ReportBatch.id.desc()).limit(limit)))


def get_report(batch_id: uuid.UUID, *, lock: bool = False) -> ReportBatch | None:
    """One report with entries, applications, organisations and items."""
    application = selectinload(ReportBatch.entries).joinedload(ReportEntry.application)
    query = (
        select(ReportBatch)
        .where(ReportBatch.id == batch_id)
        .options(
            joinedload(ReportBatch.authority),
            application.joinedload(Application.organisation),
            application.selectinload(Application.items),
        )
    )
    if lock:
        query = query.with_for_update(of=ReportBatch).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_announcements(
    *, states: tuple[str, ...] = (), text: str = "", after: After = None, limit: int = 30
) -> list[Announcement]:
    """One page, newest first."""
    query = select(Announcement)
    if states:
        query = query.where(Announcement.state.in_(states))
    if text.strip():
        query = query.where(Announcement.title.icontains(text.strip(), autoescape=True))
    if after is not None:
        query = query.where(tuple_(Announcement.created_at, Announcement.id) < after)
    query = query.order_by(Announcement.created_at.desc(), Announcement.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def get_announcement(announcement_id: uuid.UUID, *, lock: bool = False) -> Announcement | None:
    """One with its entries."""
    query = select(Announcement).where(Announcement.id == announcement_id).options(selectinload(Announcement.entries))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_versions(series_id: uuid.UUID) -> list[Announcement]:
    """All versions of an announcement that the scope may see, the first one first."""
    query = select(Announcement).where(Announcement.series_id == series_id)
    return list(db.session.scalars(query.order_by(Announcement.version)))


def count_entries(announcement_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    """How many organisations and items each announcement has."""
    query = (
        select(
            AnnouncementEntry.announcement_id,
            func.count(AnnouncementEntry.uscc.distinct()),
            func.count(),
        )
        .where(AnnouncementEntry.announcement_id.in_(list(announcement_ids)))
        .group_by(AnnouncementEntry.announcement_id)
    )
    return {row[0]: (row[1], row[2]) for row in db.session.execute(query).all()}


def list_ministry_reports(announcement_id: uuid.UUID) -> list[MinistryReport]:
    """What was recorded of reports to the ministry, newest first (R36)."""
    query = select(MinistryReport).where(MinistryReport.announcement_id == announcement_id)
    return list(db.session.scalars(query.order_by(MinistryReport.recorded_at.desc())))
