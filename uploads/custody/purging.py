"""Destroying files for good: their data keys first (crypto-shredding), then the objects, with a record that stays."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select

from app import outbox
from app.clock import SHANGHAI
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from tenants import events
from tenants.scope import SYSTEM_ACTOR
from uploads.custody.erasing import forget_data_keys, forget_places
from uploads.custody.models import PurgeRecord
from uploads.custody.sealing import SUFFIX
from uploads.errors import PartDown
from uploads.models import DossierFile, Upload
from uploads.store import ObjectStore

ERASE = "uploads.custody.purging.erase"
# The certificate is a document, and documents stand above this package.
CERTIFY = "app.documents.purge_certificates.issue_certificate"
BATCH = 100
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Purge:
    """What is to be destroyed together, by which rule, since when it was due and by whom."""

    organisation_id: uuid.UUID
    authority_code: str
    rule: str
    subject_type: str
    subject_id: uuid.UUID
    title: str
    due_on: date
    purged_by: str


def purge(
    order: Purge, *, uploads: Sequence[Upload], files: Sequence[DossierFile], now: datetime
) -> PurgeRecord | None:
    """Destroy the keys now, the objects after the commit; None when it was done before. As the system."""
    done = select(PurgeRecord.id).where(PurgeRecord.subject_id == order.subject_id)
    if db.session.scalar(done) is not None:
        return None
    day = now.astimezone(SHANGHAI)
    record = PurgeRecord(
        id=uuid.uuid4(),
        number=f"X{day:%Y%m%d}-{order.authority_code}-" + "".join(secrets.choice(_ALPHABET) for _ in range(6)),
        organisation_id=order.organisation_id,
        authority_code=order.authority_code,
        rule=order.rule,
        subject_type=order.subject_type,
        subject_id=order.subject_id,
        title=order.title,
        files=_describe(uploads, files),
        due_on=order.due_on,
        purged_by=order.purged_by,
        purged_at=now,
    )
    db.session.add(record)
    places = {(file.bureau_bucket, file.bureau_key) for file in files if file.bureau_bucket and file.bureau_key}
    # A copy outlives the upload that its organisation had destroyed before.
    forget_places(places)
    for file in files:
        file.purged_at = now
    for upload in uploads:
        places |= _places(upload)
        upload.purged_at = now
        forget_data_keys(upload.id)
    events.record(
        "files_purged",
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type=order.subject_type,
        subject_id=order.subject_id,
        organisation_id=order.organisation_id,
        authority_code=order.authority_code,
        rule=order.rule,
        number=record.number,
        title=order.title,
        files=len(record.files),
        hashes=[one["sha256"] for one in record.files],
    )
    outbox.add(ERASE, queue="default", key=f"erase:{record.id}", places=sorted(map(list, places)))
    outbox.add(CERTIFY, queue="default", key=f"certify:{record.id}", record_id=str(record.id))
    db.session.flush()
    return record


def _describe(uploads: Sequence[Upload], files: Sequence[DossierFile]) -> list[dict[str, Any]]:
    copies: dict[uuid.UUID, int] = {}
    for file in files:
        copies[file.upload_id] = copies.get(file.upload_id, 0) + bool(file.bureau_key)
    own = {upload.id for upload in uploads}
    orphans = {file.upload_id: file for file in files if file.upload_id not in own and file.bureau_key}
    return [_entry(file, copies[file.upload_id]) for file in orphans.values()] + [
        {
            "name": upload.name,
            "size": upload.size or upload.declared_size,
            "sha256": upload.sha256 or "",
            "sm3": upload.sm3 or "",
            "copies": 1 + copies.get(upload.id, 0),
            "sealed": upload.sealed,
        }
        for upload in uploads
    ]


def _entry(file: DossierFile, copies: int) -> dict[str, Any]:
    """What remained of a file whose original was destroyed before: copies only."""
    return {
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "sm3": file.sm3,
        "copies": copies,
        "sealed": file.sealed,
    }


def _places(upload: Upload) -> set[tuple[str, str]]:
    places = {(upload.bucket, upload.key)}
    return places | {(upload.quarantine, upload.key)} if upload.quarantine else places


@job()
def erase(*, places: list[list[str]]) -> None:
    """Remove the objects, whose keys are destroyed already. Raises NotReady while the store is down."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    for bucket, key in places:
        try:
            # Sealed later than it came: the plain object beside it may still wait for its removal.
            for name in {key, key.removesuffix(SUFFIX)}:
                store.remove(bucket, name)
        except PartDown as down:
            raise NotReady(f"waiting for the {down.part}: {down}") from down


def purge_removed(*, now: datetime, limit: int = BATCH) -> int:
    """Destroy files that their organisation took away longer ago than the configuration keeps them; commits each."""
    settings: Config = current_app.config["SHEPING"]
    since = now - timedelta(days=settings.removed_days)
    query = select(Upload.id).where(Upload.removed_at <= since, Upload.purged_at.is_(None))
    purged = 0
    for upload_id in db.session.scalars(query.order_by(Upload.removed_at).limit(limit)).all():
        upload = db.session.get(Upload, upload_id, with_for_update=True)
        if upload is None or upload.purged_at is not None:
            continue
        # The bureau's copy of one that was returned has keys of its own and its own end.
        own = sorted(map(list, _places(upload)))
        forget_places([(upload.bucket, upload.key)])
        upload.purged_at = now
        events.record(
            "upload_purged",
            actor=SYSTEM_ACTOR,
            now=now,
            subject_type="upload",
            subject_id=upload.id,
            organisation_id=upload.organisation_id,
            authority_code=upload.authority_code,
            name_of_file=upload.name,
            sha256=upload.sha256,
        )
        outbox.add(ERASE, queue="default", key=f"erase:{upload.id}", places=own)
        db.session.commit()
        purged += 1
    return purged


def list_records(*, limit: int = 200) -> list[PurgeRecord]:
    """What was destroyed of the asking side, newest first."""
    query = select(PurgeRecord).order_by(PurgeRecord.purged_at.desc(), PurgeRecord.id)
    return list(db.session.scalars(query.limit(limit)))


def get_record(record_id: uuid.UUID) -> PurgeRecord | None:
    """One record that the asking side may see."""
    return db.session.get(PurgeRecord, record_id)
