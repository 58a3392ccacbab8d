"""Uploading, resuming and completing: the service and the object store together. Called by views and by the sweep.

No call to the store is made while a row is locked. Where a function reads before it asks the store, it ends that
transaction first, so that a slow store holds neither a database connection nor a snapshot.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.config import Config
from app.db import db
from app.rules.core import N_, Refusal
from tenants.models import Organisation
from tenants.scope import Actor
from uploads import naming, queries, services
from uploads.custody import links
from uploads.errors import PartDown
from uploads.limits import Limits
from uploads.models import DossierFile, Purpose, Upload, UploadState
from uploads.store import ObjectGone, ObjectStore, WrongParts

DOWNLOAD_SECONDS = 60
# The kind of link that the decrypting route takes.
FILE = "dossier_file"
CASE_FILE = "case_file"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PartState:
    """A part: its number from 1, size in bytes, the address to PUT it to, and its ETag once the store has it."""

    number: int
    size: int
    url: str
    etag: str | None = None


@dataclass(frozen=True)
class Ticket:
    """How a browser uploads one file: the parts, each with its address, valid until `expires_at`."""

    id: uuid.UUID
    part_size: int
    parts: list[PartState]
    expires_at: datetime


@dataclass(frozen=True)
class Arrival:
    """What the store was told of a file that is about to come: what its row has to say."""

    bucket: str
    key: str
    quarantine: str
    multipart_id: str
    part_size: int
    lifetime: timedelta


def quarantine_of(bucket: str) -> str:
    """The bucket in which an organisation's files arrive (隔离区), beside the one where they are kept."""
    return f"{bucket}-in"


def _arrival(upload: Upload) -> str:
    # Begun before there was a quarantine: it arrives where it is kept.
    return upload.quarantine or upload.bucket


def start_upload(
    *,
    actor: Actor,
    store: ObjectStore,
    settings: Config,
    name: str,
    size: int,
    purpose: Purpose,
    subject_id: uuid.UUID | None,
    now: datetime,
) -> Ticket:
    """Begin an upload of `size` bytes into the organisation's quarantine. Raises Refusal, PartDown."""
    if actor.organisation_id is None:
        raise ValueError("only a member of an organisation uploads")
    cleaned = services.plan_upload(
        name=name,
        size=size,
        purpose=purpose,
        organisation_id=actor.organisation_id,
        limits=Limits.of(settings),
        now=now,
    )
    bucket = db.session.scalars(select(Organisation.bucket).where(Organisation.id == actor.organisation_id)).one()
    return begin(
        store=store,
        settings=settings,
        bucket=bucket,
        size=size,
        now=now,
        add=lambda arrival: services.add_upload(
            actor=actor,
            name=cleaned,
            size=size,
            purpose=purpose,
            subject_id=subject_id,
            now=now,
            **vars(arrival),
        ),
    )


def begin(
    *,
    store: ObjectStore,
    settings: Config,
    bucket: str,
    size: int,
    now: datetime,
    add: Callable[[Arrival], Upload],
) -> Ticket:
    """Have the store begin a file of `size` bytes in the quarantine of `bucket`, and `add` its row. Raises PartDown."""
    _end_reading()
    key, quarantine = uuid.uuid4().hex, quarantine_of(bucket)
    multipart_id = store.start_multipart(quarantine, key)
    part_size = naming.part_size_for(size, settings.part_size)
    lifetime = timedelta(seconds=settings.upload_url_seconds)
    try:
        upload = add(Arrival(bucket, key, quarantine, multipart_id, part_size, lifetime))
    except Exception:
        store.abort_multipart(quarantine, key, multipart_id)
        raise
    return _ticket(store, upload, now, {})


def list_parts(*, store: ObjectStore, upload: Upload, now: datetime) -> Ticket:
    """The parts with fresh addresses and the ETags of those the store already has: what a resumed upload needs.

    Refusal upload_expired, upload_aborted, upload_complete.
    """
    services.check_receiving(upload, now)
    if upload.state != UploadState.receiving:
        raise Refusal("upload_complete", "", N_("“%(name)s”已经上传完成,无需继续上传。"), name=upload.name)
    try:
        stored = store.list_parts(_arrival(upload), upload.key, upload.multipart_id)
    except ObjectGone:
        raise _lost(upload.name) from None
    return _ticket(store, upload, now, {part.number: (part.size, part.etag) for part in stored})


def complete_upload(
    *, actor: Actor, store: ObjectStore, upload: Upload, parts: list[tuple[int, str]], now: datetime
) -> Upload:
    """Join the parts, each named by number and ETag, and have the file checked. Repeating it gives the same answer.

    Refusals: parts_incomplete, wrong_parts (both leave the upload as it was, to be continued), upload_expired,
    upload_aborted, upload_lost. Raises PartDown.
    """
    if upload.state not in {UploadState.receiving, UploadState.aborted, UploadState.expired}:
        return upload
    services.check_receiving(upload, now)
    sizes = naming.part_sizes(upload.declared_size, upload.part_size)
    _check_numbers([number for number, _ in parts], len(sizes), upload.name)
    bucket, key, multipart_id = _arrival(upload), upload.key, upload.multipart_id
    upload_id, name, declared = upload.id, upload.name, upload.declared_size
    _end_reading()
    given = {number: etag.strip().strip('"').lower() for number, etag in parts}
    try:
        stored = {part.number: part for part in store.list_parts(bucket, key, multipart_id)}
        wrong = [
            number
            for number, size in enumerate(sizes, start=1)
            if (part := stored.get(number)) is None or part.size != size or part.etag.lower() != given[number]
        ]
        if wrong:
            raise _wrong_parts(name, wrong)
        store.complete_multipart(bucket, key, multipart_id, [(number, stored[number].etag) for number in sorted(given)])
    except WrongParts:
        raise _wrong_parts(name, sorted(given)) from None
    except ObjectGone:
        # Completed by another request, or by one that died before its commit: then the whole object is there.
        if not _is_whole(store, bucket, key, declared):
            raise _lost(name) from None
    return services.mark_received(actor=actor, upload_id=upload_id, now=now)


def abort_upload(*, actor: Actor, store: ObjectStore, upload: Upload, now: datetime) -> Upload:
    """Give up an upload and have the store drop its parts. Refusal upload_complete."""
    upload_id = upload.id
    _drop_parts(store, upload)
    return services.abort_upload(actor=actor, upload_id=upload_id, now=now)


def remove_upload(*, actor: Actor, store: ObjectStore, upload: Upload, now: datetime) -> None:
    """Take an unsubmitted file away; one still arriving is given up as well. Refusal file_submitted."""
    upload_id = upload.id
    _drop_parts(store, upload)
    services.remove_upload(actor=actor, upload_id=upload_id, now=now)


def download_link(*, actor: Actor, store: ObjectStore, file: DossierFile, now: datetime) -> str:
    """Where the authority's own copy of a file is downloaded from, for DOWNLOAD_SECONDS. ValueError before delivery.

    A sealed one comes through us, by a link that works once for this person; a plain one from the store. Whoever hands
    it out has recorded the download first.
    """
    if file.bureau_bucket is None or file.bureau_key is None:
        raise ValueError("the file has not been delivered")
    return _link(actor, store, FILE, file, (file.bureau_bucket, file.bureau_key), now)


def case_file_link(*, actor: Actor, store: ObjectStore, upload: Upload, now: datetime) -> str:
    """As `download_link`, for a checked file of the authority's own record or of an objection."""
    return _link(actor, store, CASE_FILE, upload, (upload.bucket, upload.key), now)


def _link(
    actor: Actor, store: ObjectStore, kind: str, file: DossierFile | Upload, place: tuple[str, str], now: datetime
) -> str:
    mime = file.mime or "application/octet-stream"
    if not file.sealed:
        return store.download_url(*place, name=file.name, mime=mime, seconds=DOWNLOAD_SECONDS)
    token = links.offer(
        actor=actor, kind=kind, object_id=file.id, name=file.name, mime=mime, now=now, seconds=DOWNLOAD_SECONDS
    )
    return f"/files/{token}" if kind == FILE else f"/files/case/{token}"


def expire_uploads(*, store: ObjectStore, now: datetime, limit: int = 100) -> int:
    """Mark as expired what was not completed in time and drop its parts; commits each. Returns how many.

    Runs as the system. A store that is down stops it: the rest is taken up by the next sweep.
    """
    overdue = (
        select(Upload.id)
        .where(Upload.state == UploadState.receiving, Upload.expires_at <= now)
        .order_by(Upload.expires_at)
        .limit(limit)
    )
    expired = 0
    for upload_id in db.session.scalars(overdue).all():
        upload = queries.get_upload(upload_id)
        if upload is None:
            continue
        place = (_arrival(upload), upload.key, upload.multipart_id)
        _end_reading()
        store.abort_multipart(*place)
        current = queries.get_upload(upload_id, lock=True)
        if current is not None and current.state == UploadState.receiving:
            current.state = UploadState.expired
            expired += 1
        db.session.commit()
    return expired


def _ticket(store: ObjectStore, upload: Upload, now: datetime, stored: dict[int, tuple[int, str]]) -> Ticket:
    seconds = max(1, int((upload.expires_at - now).total_seconds()))
    parts = []
    for number, size in enumerate(naming.part_sizes(upload.declared_size, upload.part_size), start=1):
        has_size, etag = stored.get(number, (None, None))
        url = store.part_url(_arrival(upload), upload.key, upload.multipart_id, number, seconds=seconds)
        parts.append(PartState(number, size, url, etag if has_size == size else None))
    return Ticket(upload.id, upload.part_size, parts, upload.expires_at)


def _check_numbers(numbers: list[int], count: int, name: str) -> None:
    if sorted(numbers) == list(range(1, count + 1)):
        return
    missing = sorted(set(range(1, count + 1)) - set(numbers))
    raise Refusal(
        "parts_incomplete",
        "",
        N_("“%(name)s”应有第 1 至第 %(count)d 个分片,各一个;缺少:%(missing)s。请继续上传后再完成。"),
        name=name,
        count=count,
        missing="、".join(str(number) for number in missing[:20]) or "无",
    )


def _wrong_parts(name: str, numbers: list[int]) -> Refusal:
    return Refusal(
        "wrong_parts",
        "",
        N_("“%(name)s”的第 %(numbers)s 个分片与存储中收到的不一致。请重新上传这些分片后再完成,其余分片不必重传。"),
        name=name,
        numbers="、".join(str(number) for number in numbers[:20]) + ("…" if len(numbers) > 20 else ""),
    )


def _lost(name: str) -> Refusal:
    return Refusal("upload_lost", "", N_("“%(name)s”的上传已失效。请重新选择文件上传。"), name=name)


def _is_whole(store: ObjectStore, bucket: str, key: str, size: int) -> bool:
    try:
        return store.size_of(bucket, key) == size
    except ObjectGone:
        return False


def _drop_parts(store: ObjectStore, upload: Upload) -> None:
    """Before the row is locked and marked. A completion that won the race has no parts left to drop."""
    if upload.state != UploadState.receiving:
        return
    place, upload_id = (_arrival(upload), upload.key, upload.multipart_id), upload.id
    _end_reading()
    try:
        store.abort_multipart(*place)
    except PartDown as down:
        # The person's wish stands; the store drops stale parts by itself in time.
        log.warning("parts_not_dropped", upload=str(upload_id), reason=str(down))


def _end_reading() -> None:
    """Give the connection back before asking the store. Nothing may be pending: a rollback would lose it."""
    if db.session.new or db.session.dirty or db.session.deleted:
        raise AssertionError("uploads.transfer was called with unsaved changes in the session")
    db.session.rollback()
