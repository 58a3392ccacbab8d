"""Reading uploads. Row-level security keeps each organisation to its own; removed files are not there any more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import exists, func, select, tuple_

from app.db import db
from uploads.models import Dossier, DossierFile, DossierState, Upload, UploadState

OPEN_DOSSIERS = (DossierState.submitted, DossierState.dead_letter, DossierState.delivered, DossierState.accepted)
_ENDED = (UploadState.aborted, UploadState.expired)


def get_upload(upload_id: uuid.UUID, *, lock: bool = False) -> Upload | None:
    """One upload that has not been removed. With `lock`, read afresh and held until the transaction ends."""
    query = select(Upload).where(Upload.id == upload_id, Upload.removed_at.is_(None))
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


def count_receiving(organisation_id: uuid.UUID) -> int:
    """How many uploads of an organisation have been begun and neither finished nor given up."""
    query = select(func.count()).select_from(Upload)
    return (
        db.session.scalar(query.where(Upload.organisation_id == organisation_id, Upload.state == UploadState.receiving))
        or 0
    )


def is_handed_in(upload_id: uuid.UUID) -> bool:
    """Whether the file is part of a dossier that was submitted and not returned."""
    part_of = (
        select(DossierFile.id)
        .join(Dossier, Dossier.id == DossierFile.dossier_id)
        .where(DossierFile.upload_id == upload_id, Dossier.state.in_(OPEN_DOSSIERS))
    )
    return bool(db.session.scalar(select(exists(part_of))))
