"""Reading uploads. Row-level security keeps each organisation to its own; removed files are not there any more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_

from app.db import db
from uploads.models import Dossier, DossierFile, DossierState, Upload, UploadState

OPEN_DOSSIERS = (DossierState.submitted, DossierState.dead_letter, DossierState.delivered, DossierState.accepted)
_ENDED = (UploadState.aborted, UploadState.expired)


def get_upload(upload_id: uuid.UUID, *, lock: bool = False, removed: bool = False) -> Upload | None:
    """One upload that has not been removed, or with `removed` any. `lock`: read afresh and held to the end."""
    query = select(Upload).where(Upload.id == upload_id)
    if not removed:
        query = query.where(Upload.removed_at.is_(None))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_uploads(
    organisation_id: uuid.UUID,
    *,
    purpose: str | None = None,
    subject_id: uuid.UUID | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[Upload]:
    """An organisation's files that are on their way or here, oldest first; `after` is the last one seen."""
    query = select(Upload).where(
        Upload.organisation_id == organisation_id, Upload.removed_at.is_(None), Upload.state.not_in(_ENDED)
    )
    if purpose is not None:
        query = query.where(Upload.purpose == purpose)
    if subject_id is not None:
        query = query.where(Upload.subject_id == subject_id)
    if after is not None:
        query = query.where(tuple_(Upload.created_at, Upload.id) > after)
    query = query.order_by(Upload.created_at, Upload.id)
    return list(db.session.scalars(query if limit is None else query.limit(limit)))


def list_by_ids(upload_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Upload]:
    """The uploads of these ids that the asker may see, removed ones too, by id."""
    return {upload.id: upload for upload in db.session.scalars(select(Upload).where(Upload.id.in_(list(upload_ids))))}


@dataclass(frozen=True)
class Use:
    """What an organisation has begun and not ended, has begun since some instant, and keeps; sizes in bytes."""

    receiving: int
    files_today: int
    bytes_today: int
    bytes_kept: int


def measure_use(organisation_id: uuid.UUID, *, since: datetime) -> Use:
    """An organisation's use of the store; files given up before they were complete count for nothing."""
    return _measure(Upload.organisation_id == organisation_id, since)


def measure_record_use(authority_code: str, *, since: datetime) -> Use:
    """An authority's use for the files of its own records, as `measure_use`; what objectors sent is not its doing."""
    return _measure(and_(Upload.authority_code == authority_code, Upload.ticket_hash.is_(None)), since)


def _measure(of: ColumnElement[bool], since: datetime) -> Use:
    begun = and_(Upload.created_at >= since, Upload.state.not_in(_ENDED))
    # A file that was removed still lies in the store until it is purged.
    kept = and_(Upload.purged_at.is_(None), Upload.state.not_in((*_ENDED, UploadState.rejected)))
    row = db.session.execute(
        select(
            func.count().filter(Upload.state == UploadState.receiving),
            func.count().filter(begun),
            func.coalesce(func.sum(Upload.declared_size).filter(begun), 0),
            func.coalesce(func.sum(Upload.declared_size).filter(kept), 0),
        ).where(of)
    ).one()
    return Use(int(row[0]), int(row[1]), int(row[2]), int(row[3]))


def is_done_with(upload: Upload) -> bool:
    """Whether nothing more will be read from quarantine: decided, given up or taken away."""
    if upload.removed_at is not None or upload.state in (*_ENDED, UploadState.checked):
        return True
    return upload.state == UploadState.rejected and not any(reason.get("retry") for reason in upload.reasons)


def is_handed_in(upload_id: uuid.UUID) -> bool:
    """Whether the file is part of a dossier that was submitted and not returned."""
    part_of = (
        select(DossierFile.id)
        .join(Dossier, Dossier.id == DossierFile.dossier_id)
        .where(DossierFile.upload_id == upload_id, Dossier.state.in_(OPEN_DOSSIERS))
    )
    return bool(db.session.scalar(select(exists(part_of))))


def handed_in_among(upload_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these are part of a dossier that was submitted and not returned."""
    part_of = (
        select(DossierFile.upload_id)
        .join(Dossier, Dossier.id == DossierFile.dossier_id)
        .where(DossierFile.upload_id.in_(list(upload_ids)), Dossier.state.in_(OPEN_DOSSIERS))
    )
    return set(db.session.scalars(part_of))
