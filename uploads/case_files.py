"""Files outside dossiers: those of an authority's own record (photos, minutes, proofs) and those of an objection.

They travel as every upload does (quarantine, intake, sealed under the authority's key). Who may add one to which record
is decided by the packages of the records; here are the limits, the rows and their reading.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from app.config import MIB, Config
from app.db import db
from app.rules.core import N_, Refusal
from tenants.queries import bucket_of
from tenants.scope import Actor
from uploads import limits, naming, transfer
from uploads.limits import Limits
from uploads.models import Purpose, Upload, UploadState
from uploads.store import ObjectStore
from uploads.transfer import Arrival, Ticket

RECORD_BYTES = 50 * MIB
RECORD_FILES = 30
OBJECTION_BYTES = 20 * MIB
OBJECTION_FILES = 5
_ENDED = (UploadState.aborted, UploadState.expired)


def bytes_of(purpose: Purpose) -> int:
    """The largest file of a purpose, in bytes."""
    return OBJECTION_BYTES if purpose is Purpose.objection else RECORD_BYTES


def start_upload(
    *,
    actor: Actor,
    store: ObjectStore,
    settings: Config,
    authority_code: str,
    name: str,
    size: int,
    purpose: Purpose,
    subject_id: uuid.UUID,
    ticket_hash: str | None = None,
    now: datetime,
) -> Ticket:
    """Begin a file that the authority will hold. What the session holds uncommitted is refused.

    Refusals: those of `uploads.naming`, too_many_case_files, daily_files_reached, daily_bytes_reached. Raises PartDown.
    """
    cleaned = naming.clean_name(name)
    naming.check_extension(cleaned, purpose)
    naming.check_size(cleaned, size, min(bytes_of(purpose), settings.max_upload_bytes))
    _check_count(purpose, subject_id, ticket_hash)
    if ticket_hash is None:
        # An objector sees no files but their own: those are limited by the number and by the place they come from.
        limits.check_record_limits(authority_code, size=size, limits=Limits.of(settings), now=now)

    def add(arrival: Arrival) -> Upload:
        return _add(
            Upload(
                id=uuid.uuid4(),
                authority_code=authority_code,
                ticket_hash=ticket_hash,
                created_by=None if ticket_hash else actor.user_id,
                purpose=purpose,
                subject_id=subject_id,
                name=cleaned,
                declared_size=size,
                part_size=arrival.part_size,
                bucket=arrival.bucket,
                key=arrival.key,
                quarantine=arrival.quarantine,
                multipart_id=arrival.multipart_id,
                state=UploadState.receiving,
                reasons=[],
                created_at=now,
                expires_at=now + min(arrival.lifetime, timedelta(hours=4)),
            )
        )

    return transfer.begin(
        store=store,
        settings=settings,
        bucket=bucket_of(authority_code, settings.bucket_prefix),
        size=size,
        now=now,
        add=add,
    )


def _add(upload: Upload) -> Upload:
    db.session.add(upload)
    db.session.flush()
    return upload


def _check_count(purpose: Purpose, subject_id: uuid.UUID, ticket_hash: str | None) -> None:
    limit = OBJECTION_FILES if purpose is Purpose.objection else RECORD_FILES
    same = Upload.ticket_hash == ticket_hash if ticket_hash else Upload.subject_id == subject_id
    standing = select(func.count()).where(same, Upload.purpose == purpose, *_standing())
    if (db.session.scalar(standing) or 0) >= limit:
        raise Refusal(
            "too_many_case_files", "", N_("这里最多放 %(limit)d 个文件。请移除不需要的,或合并后再上传。"), limit=limit
        )


def _standing() -> tuple[ColumnElement[bool], ...]:
    return (Upload.authority_code.is_not(None), Upload.removed_at.is_(None), Upload.state.not_in(_ENDED))


def list_files(purpose: Purpose, subject_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Upload]]:
    """The files of these records that the asker may see, oldest first, by record; a record without files is absent."""
    if not subject_ids:
        return {}
    query = select(Upload).where(Upload.purpose == purpose, Upload.subject_id.in_(list(subject_ids)), *_standing())
    found: dict[uuid.UUID, list[Upload]] = {}
    for upload in db.session.scalars(query.order_by(Upload.created_at, Upload.id)):
        if upload.subject_id is not None:
            found.setdefault(upload.subject_id, []).append(upload)
    return found


def list_of_ticket(ticket_hash: str | None) -> list[Upload]:
    """What was sent under an objector's ticket, oldest first, as far as the asker may see it."""
    if ticket_hash is None:
        return []
    query = select(Upload).where(Upload.ticket_hash == ticket_hash, *_standing())
    return list(db.session.scalars(query.order_by(Upload.created_at, Upload.id)))
