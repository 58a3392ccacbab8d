"""Sealing what lies plain: files from before there was encryption, or from when it was off.

One upload at a time, with all its copies. The ciphertext goes to places of its own (the plain one's key and SUFFIX)
under a data key that was committed before; then one transaction turns the rows to them, so that whoever reads meanwhile
reads the one or the other, whole. The plain objects go last, when no address handed out for them can still be valid.
Cut off anywhere and run again it ends the same.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import current_app
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from app.db import db
from tenants import events
from tenants.scope import SYSTEM_ACTOR
from uploads import queries
from uploads.custody import cipher, keys, reading
from uploads.custody.models import StoredObject
from uploads.custody.reading import Place
from uploads.models import Dossier, DossierFile, DossierState, Upload, UploadState
from uploads.store import ObjectGone, ObjectStore
from uploads.transfer import DOWNLOAD_SECONDS

SUFFIX = "-sealed"
# Addresses handed out for a plain object end after DOWNLOAD_SECONDS; a download that has begun may take longer.
GRACE = timedelta(seconds=DOWNLOAD_SECONDS * 2)
BATCH = 200
_UNDELIVERED = (DossierState.submitted, DossierState.dead_letter)


class Outcome(StrEnum):
    """What became of one upload: `waiting` for its delivery, `missing` in the store, `damaged` there, else `sealed`."""

    sealed = "sealed"
    waiting = "waiting"
    missing = "missing"
    damaged = "damaged"
    nothing = "nothing"


@dataclass(frozen=True)
class _Plan:
    """Where the bytes of one upload are and where they go; `copies`: the authorities' new places by dossier file.

    `purged`: the organisation's own object was destroyed, and the first of the copies is where the bytes are.
    """

    upload_id: uuid.UUID
    plain: tuple[str, str] | None
    sealed: tuple[str, str]
    size: int
    sha256: str
    copies: dict[uuid.UUID, tuple[str, str]]
    purged: bool = False


def _is_plain() -> ColumnElement[bool]:
    """An upload that lies plain itself, or a copy of which does; once destroyed, only a delivered copy."""
    copied = exists().where(
        DossierFile.upload_id == Upload.id,
        DossierFile.sealed.is_(False),
        DossierFile.purged_at.is_(None),
        or_(Upload.purged_at.is_(None), DossierFile.bureau_key.is_not(None)),
    )
    own = and_(Upload.sealed.is_(False), Upload.purged_at.is_(None))
    return and_(Upload.state == UploadState.checked, or_(own, copied))


def list_plain() -> Iterator[uuid.UUID]:
    """The uploads that are not sealed, by id; nothing is held between them."""
    after = uuid.UUID(int=0)
    while True:
        query = select(Upload.id).where(_is_plain(), Upload.id > after).order_by(Upload.id).limit(BATCH)
        found = list(db.session.scalars(query))
        db.session.rollback()
        if not found:
            return
        yield from found
        after = found[-1]


def seal_upload(upload_id: uuid.UUID, *, now: datetime) -> Outcome:
    """Seal one upload with its copies; commits. Raises PartDown, ConfigError."""
    # A delivery may come between: then there is one more copy, and it is planned anew.
    for _ in range(3):
        plan = _prepare(upload_id, now)
        db.session.commit()
        if isinstance(plan, Outcome):
            return plan
        try:
            if not _write(plan):
                return Outcome.damaged
        except ObjectGone:
            return Outcome.missing
        if _turn(plan, now):
            db.session.commit()
            return Outcome.sealed
        db.session.rollback()
    return Outcome.waiting


def _prepare(upload_id: uuid.UUID, now: datetime) -> _Plan | Outcome:
    upload = queries.get_upload(upload_id, lock=True, removed=True)
    if upload is None:
        return Outcome.nothing
    files = _plain_files(upload_id)
    if upload.purged_at is not None:
        return _prepare_copies(upload, [file for file in files if file.bureau_key is not None], now)
    if any(file.dossier.state in _UNDELIVERED for file in files):
        return Outcome.waiting
    if upload.sealed and not files:
        return Outcome.nothing
    key = upload.key if upload.sealed else upload.key + SUFFIX
    keys.ensure_data_key(upload, now, key=key)
    copies: dict[uuid.UUID, tuple[str, str]] = {}
    for file in files:
        if file.bureau_bucket is not None and file.bureau_key is not None:
            copies[file.id] = (file.bureau_bucket, file.bureau_key + SUFFIX)
            keys.ensure_copy_key(file, (upload.bucket, key), copies[file.id], now)
    return _Plan(
        upload.id,
        None if upload.sealed else (upload.bucket, upload.key),
        (upload.bucket, key),
        upload.size or upload.declared_size,
        upload.sha256 or "",
        copies,
    )


def _prepare_copies(upload: Upload, files: list[DossierFile], now: datetime) -> _Plan | Outcome:
    """What authorities still hold of a file that its organisation had destroyed: sealed from the first of the copies,
    under a key that was never the organisation's."""
    places = {file.id: (str(file.bureau_bucket), str(file.bureau_key) + SUFFIX) for file in files}
    if not files:
        return Outcome.nothing
    first, sealed = files[0], places[files[0].id]
    keys.ensure_own_copy_key(first, sealed, now)
    for file in files[1:]:
        keys.ensure_copy_key(file, sealed, places[file.id], now)
    plain = (str(first.bureau_bucket), str(first.bureau_key))
    return _Plan(upload.id, plain, sealed, first.size, first.sha256, places, purged=True)


def _plain_files(upload_id: uuid.UUID) -> list[DossierFile]:
    query = (
        select(DossierFile)
        .join(Dossier, Dossier.id == DossierFile.dossier_id)
        .where(DossierFile.upload_id == upload_id, DossierFile.sealed.is_(False), DossierFile.purged_at.is_(None))
        .options(joinedload(DossierFile.dossier))
        .with_for_update(of=DossierFile)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def _write(plan: _Plan) -> bool:
    """Put the ciphertext to its places, nothing locked; False when the plain bytes are not those that were checked."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    if plan.plain is not None:
        key = reading.data_key(Place(*plan.sealed, plan.upload_id, sealed=True, size=plan.size))
        db.session.rollback()
        if store.size_of(*plan.plain) != plan.size:
            return False
        found = hashlib.sha256()
        pieces = _hashed(store.stream(*plan.plain), found)
        store.put(*plan.sealed, cipher.seal(pieces, key, keys.of_object(plan.upload_id)), cipher.sealed_size(plan.size))
        if found.hexdigest() != plan.sha256:
            store.remove(*plan.sealed)
            return False
    for place in plan.copies.values():
        if place != plan.sealed:
            store.copy(*plan.sealed, *place)
    return True


def _hashed(pieces: Iterator[bytes], found: hashlib._Hash) -> Iterator[bytes]:
    for piece in pieces:
        found.update(piece)
        yield piece


def _turn(plan: _Plan, now: datetime) -> bool:
    """Let the rows say where the ciphertext lies; False when they are no longer as they were planned for."""
    upload = queries.get_upload(plan.upload_id, lock=True, removed=True)
    if upload is None or (upload.purged_at is not None) != plan.purged:
        return False
    files = _plain_files(plan.upload_id)
    delivered = {file.id for file in files if file.bureau_bucket is not None}
    if delivered != set(plan.copies):
        return False
    if not plan.purged:
        if any(file.dossier.state in _UNDELIVERED for file in files):
            return False
        if not upload.sealed and (upload.bucket, upload.key) != plan.plain:
            return False
        upload.key, upload.sealed = plan.sealed[1], True
    for file in files:
        if not plan.purged:
            file.source_bucket, file.source_key = plan.sealed
        file.sealed = True
        if file.id in plan.copies:
            file.bureau_bucket, file.bureau_key = plan.copies[file.id]
    events.record(
        "custody_file_sealed",
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type="upload",
        subject_id=upload.id,
        organisation_id=upload.organisation_id,
        copies=len(plan.copies),
    )
    db.session.flush()
    return True


def remove_plain(*, before: datetime) -> int:
    """Remove the plain objects whose ciphertext was begun before an instant; returns how many. Raises PartDown.

    One that a row still names stays: it was handed in while it was being sealed, and is sealed by the next run.
    """
    store: ObjectStore = current_app.extensions["sheping_store"]
    query = select(StoredObject.bucket, StoredObject.key).where(
        StoredObject.key.endswith(SUFFIX), StoredObject.created_at < before
    )
    places = [(row.bucket, row.key) for row in db.session.execute(query)]
    db.session.rollback()
    removed = 0
    for bucket, sealed_key in places:
        key = sealed_key.removesuffix(SUFFIX)
        is_named = _is_named(bucket, key) or not _is_named(bucket, sealed_key)
        db.session.rollback()
        if is_named:
            continue
        try:
            store.size_of(bucket, key)
        except ObjectGone:
            continue
        store.remove(bucket, key)
        removed += 1
    return removed


def _is_named(bucket: str, key: str) -> bool:
    """Whether a row says that a file lies there."""
    asked = (
        select(Upload.id).where(Upload.bucket == bucket, Upload.key == key),
        select(DossierFile.id).where(DossierFile.source_bucket == bucket, DossierFile.source_key == key),
        select(DossierFile.id).where(DossierFile.bureau_bucket == bucket, DossierFile.bureau_key == key),
    )
    return any(db.session.scalar(query.limit(1)) is not None for query in asked)
