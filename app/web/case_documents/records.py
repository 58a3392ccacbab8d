"""Which documents stand on which page; row-level security leaves out what is not the asker's to see."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from app.db import db
from app.documents import queries
from app.documents.models import Document
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry
from app.lifecycle.filings.models import Filing
from app.lifecycle.publicity.models import Publicity


def list_of_case(application_id: uuid.UUID) -> list[Document]:
    """Everything issued in a case, the oldest first: its own, its publicities', its filing's and the announcement's."""
    subjects: list[object] = [application_id]
    subjects += db.session.scalars(select(Publicity.id).where(Publicity.application_id == application_id))
    subjects += db.session.scalars(select(Filing.id).where(Filing.application_id == application_id))
    series = (
        select(Announcement.series_id)
        .join(AnnouncementEntry, AnnouncementEntry.announcement_id == Announcement.id)
        .where(AnnouncementEntry.application_id == application_id)
        .distinct()
    )
    subjects += db.session.scalars(series)
    return _in_order(queries.list_documents(subject_ids=subjects))


def list_of_subjects(*subject_ids: object) -> list[Document]:
    """What was issued under these records, the oldest first."""
    return _in_order(queries.list_documents(subject_ids=[one for one in subject_ids if one is not None]))


def list_commitments(application_id: uuid.UUID) -> list[Document]:
    """The commitments of a case, the newest first."""
    return queries.list_documents(subject_id=application_id, kind="commitment")


def _in_order(rows: Iterable[Document]) -> list[Document]:
    return sorted(rows, key=lambda one: (one.created_at, one.number))


def is_moving(rows: Iterable[Document]) -> bool:
    """Whether a file is still being made and nothing stands in its way."""
    return any(one.sha256 is None and not one.problem for one in rows)
