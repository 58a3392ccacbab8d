"""The intake of one upload: fetch it once from quarantine, hash it, find its type, scan it, read a bank; keep it.

Everything is decided from the object and the row, and written in one conditional step: killed anywhere and run again,
it ends the same. What is kept is sealed under a data key that was committed before (docs/decisions/0005-custody.md);
what lies in quarantine goes after the commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from flask import current_app

from app import clock
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from app.rules.core import N_
from tenants.scope import SYSTEM_ACTOR
from uploads import queries, scanner, services
from uploads.banks.models import ItemRef
from uploads.content import examine
from uploads.custody import cipher, keys, reading
from uploads.custody.reading import Place
from uploads.errors import PartDown
from uploads.fetching import Copy, fetched
from uploads.inspecting import INSPECTED, inspect_bank
from uploads.models import Purpose, Upload, UploadState
from uploads.naming import size_in_words
from uploads.reasons import SCAN_WAITING, reason
from uploads.store import ObjectGone, ObjectStore
from uploads.transfer import expire_uploads

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Task:
    id: uuid.UUID
    quarantine: str | None
    bucket: str
    key: str
    sealing: bool
    name: str
    purpose: str
    declared_size: int
    item: ItemRef | None


def _item_of(upload: Upload) -> ItemRef | None:
    """The item (申报项) a bank is for (C02), as the composition root has it found: this layer knows no items."""
    if upload.purpose != Purpose.question_bank or upload.subject_id is None:
        return None
    find: Callable[[uuid.UUID], ItemRef | None] = current_app.extensions["sheping_bank_item"]
    return find(upload.subject_id)


@job(on_dead="uploads.intake.give_up")
def run_intake(*, upload_id: str) -> None:
    """Check one received upload. Raises NotReady while the store or the scanner is down."""
    task = _begin(uuid.UUID(upload_id))
    if task is None:
        return
    settings: Config = current_app.config["SHEPING"]
    store: ObjectStore = current_app.extensions["sheping_store"]
    try:
        with fetched(store.stream(task.quarantine or task.bucket, task.key), settings.home / "tmp") as copy:
            findings = _findings(task, copy, settings)
            if not findings["reasons"]:
                findings["sealed"] = _keep(store, task, copy)
    except ObjectGone:
        gone = N_("存储中找不到这个文件的内容。请移除后重新上传。")
        findings = {"reasons": [reason("object_missing", gone)]}
    except PartDown as down:
        if down.part == "scanner":
            _say_waiting(task.id)
        raise NotReady(f"waiting for the {down.part}: {down}") from down
    services.finish_check(actor=SYSTEM_ACTOR, upload_id=task.id, findings=findings, now=clock.now())


def _begin(upload_id: uuid.UUID) -> _Task | None:
    """Mark it as being checked, at once for everyone to see; None when there is nothing (more) to do."""
    upload = queries.get_upload(upload_id, lock=True)
    if upload is None or upload.state not in {UploadState.received, UploadState.checking}:
        return None
    # A file from before there was a quarantine lies where it is kept, and stays as it is.
    sealing = keys.is_on() and upload.quarantine is not None
    task = _Task(
        upload.id,
        upload.quarantine,
        upload.bucket,
        upload.key,
        sealing,
        upload.name,
        upload.purpose,
        upload.declared_size,
        _item_of(upload),
    )
    upload.state = UploadState.checking
    if sealing:
        keys.ensure_data_key(upload, clock.now())
    db.session.commit()
    return task


def _keep(store: ObjectStore, task: _Task, copy: Copy) -> bool:
    """Put a checked file where it stays; True when it is sealed there. Doing it again writes what opens as well."""
    if task.quarantine is None:
        return False
    if not task.sealing:
        store.copy(task.quarantine, task.key, task.bucket, task.key)
        return False
    key = reading.data_key(Place(task.bucket, task.key, task.id, sealed=True, size=copy.size))
    # The store is not asked while a transaction is open.
    db.session.rollback()
    with copy.path.open("rb") as file:
        pieces = iter(lambda: file.read(cipher.PIECE), b"")
        sealed = cipher.seal(pieces, key, keys.of_object(task.id))
        store.put(task.bucket, task.key, sealed, cipher.sealed_size(copy.size))
    return True


def _findings(task: _Task, copy: Copy, settings: Config) -> dict[str, Any]:
    found: dict[str, Any] = {"size": copy.size, "sha256": copy.sha256, "sm3": copy.sm3, "reasons": [], "report": None}
    if copy.size != task.declared_size:
        found["reasons"] = [
            reason(
                "size_mismatch",
                N_("收到 %(received)s,与所选文件的 %(declared)s 不一致。请重新上传。"),
                received=size_in_words(copy.size),
                declared=size_in_words(task.declared_size),
            )
        ]
        return found
    verdict = examine(copy.path, task.name, task.purpose)
    found |= {"type": verdict.kind.value, "mime": verdict.mime, "reasons": verdict.reasons}
    found["scan"], infected = _scan(copy, settings)
    found["reasons"] = infected or found["reasons"]
    if not found["reasons"] and task.purpose == Purpose.question_bank and verdict.kind in INSPECTED:
        found["reasons"], found["report"] = inspect_bank(copy.path, task.name, task.item)
    return found


def _scan(copy: Copy, settings: Config) -> tuple[str, list[dict[str, Any]]]:
    try:
        result = scanner.scan(copy.path, settings.clamd_url)
    except scanner.TooLargeToScan:
        told = N_("文件有 %(size)s,超过病毒扫描服务能够检查的大小,不能接收。请拆分成几个较小的文件后重新上传。")
        return "too_large", [reason("scan_limit", told, retry=True, size=size_in_words(copy.size))]
    if result.startswith("infected:"):
        told = N_("病毒扫描发现恶意内容(%(virus)s),文件不能接收。请在本机查杀病毒后,用干净的文件重新上传。")
        return "infected", [reason("infected", told, virus=result.partition(":")[2])]
    return result, []


def _say_waiting(upload_id: uuid.UUID) -> None:
    upload = queries.get_upload(upload_id, lock=True)
    if upload is not None and upload.state == UploadState.checking:
        upload.scan = SCAN_WAITING
    db.session.commit()


@job()
def give_up(*, upload_id: str) -> None:
    """The check could not be carried out, five times over: say so and let a person have it tried again."""
    upload = queries.get_upload(uuid.UUID(upload_id), lock=True)
    if upload is None or upload.state not in {UploadState.received, UploadState.checking}:
        return
    upload.state = UploadState.checking
    told = N_("无法读取这个文件,检查没有完成。请点“重新检查”重试;仍不成功时请移除后重新上传。")
    findings = {"reasons": [reason("check_failed", told, retry=True)]}
    services.finish_check(actor=SYSTEM_ACTOR, upload_id=upload.id, findings=findings, now=clock.now())


@job()
def clear_quarantine(*, upload_id: str) -> None:
    """Remove from quarantine what was kept elsewhere, rejected, given up or taken away. Raises NotReady."""
    upload = queries.get_upload(uuid.UUID(upload_id), removed=True)
    if upload is None or upload.quarantine is None or not queries.is_done_with(upload):
        return
    store: ObjectStore = current_app.extensions["sheping_store"]
    place = (upload.quarantine, upload.key)
    db.session.rollback()
    try:
        store.remove(*place)
    except PartDown as down:
        raise NotReady(f"waiting for the {down.part}: {down}") from down
    upload = queries.get_upload(uuid.UUID(upload_id), lock=True, removed=True)
    if upload is not None:
        upload.quarantine = None


def sweep_expired() -> int:
    """What the scheduler does every few minutes: end the uploads that were not completed in time."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    expired = expire_uploads(store=store, now=clock.now())
    if expired:
        log.info("uploads_expired", uploads=expired)
    return expired
