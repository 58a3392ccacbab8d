"""The states of an upload. No call here reaches the object store: `uploads.transfer` puts the two together."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from app import outbox
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor
from uploads import naming, queries
from uploads.alarms import tell_infected
from uploads.custody.erasing import forget_data_keys
from uploads.limits import Limits, check_limits
from uploads.models import Purpose, Upload, UploadState

INTAKE = "uploads.intake.run_intake"
CLEAR = "uploads.intake.clear_quarantine"
# Lifecycle records follow their files; named, not imported, because they stand above this package.
FOLLOW = "app.lifecycle.submissions.jobs.follow_upload"


def plan_upload(
    *, name: str, size: int, purpose: Purpose, organisation_id: uuid.UUID, limits: Limits, now: datetime
) -> str:
    """The clean name of a file that may be uploaded now. Refusals: see `uploads.naming` and `uploads.limits`."""
    cleaned = naming.clean_name(name)
    naming.check_extension(cleaned, purpose)
    naming.check_size(cleaned, size, limits.file_bytes)
    check_limits(organisation_id, size=size, limits=limits, now=now)
    return cleaned


def add_upload(
    *,
    actor: Actor,
    name: str,
    size: int,
    part_size: int,
    purpose: Purpose,
    subject_id: uuid.UUID | None,
    bucket: str,
    key: str,
    quarantine: str,
    multipart_id: str,
    now: datetime,
    lifetime: timedelta,
) -> Upload:
    """Record a multipart upload that the store has begun; `name` and sizes come from `plan_upload`."""
    if actor.organisation_id is None or actor.user_id is None:
        raise ValueError("only a member of an organisation uploads")
    upload = Upload(
        id=uuid.uuid4(),
        organisation_id=actor.organisation_id,
        created_by=actor.user_id,
        purpose=purpose,
        subject_id=subject_id,
        name=name,
        declared_size=size,
        part_size=part_size,
        bucket=bucket,
        key=key,
        quarantine=quarantine,
        multipart_id=multipart_id,
        state=UploadState.receiving,
        reasons=[],
        created_at=now,
        expires_at=now + lifetime,
    )
    db.session.add(upload)
    db.session.flush()
    return upload


def check_receiving(upload: Upload, now: datetime) -> None:
    """Refusal upload_expired or upload_aborted unless parts may still arrive."""
    if upload.state == UploadState.aborted:
        raise Refusal("upload_aborted", "", N_("“%(name)s”的上传已取消。请重新选择文件上传。"), name=upload.name)
    if upload.state == UploadState.expired or (upload.state == UploadState.receiving and upload.expires_at <= now):
        raise Refusal(
            "upload_expired",
            "",
            N_("“%(name)s”的上传超过时限未完成,已失效。请重新选择文件上传。"),
            name=upload.name,
        )


def mark_received(*, actor: Actor, upload_id: uuid.UUID, now: datetime) -> Upload:
    """All parts are joined: have the file checked. A second call changes nothing."""
    upload = _locked(upload_id)
    if upload.state != UploadState.receiving:
        return upload
    upload.state = UploadState.received
    upload.completed_at = now
    upload.size = upload.declared_size
    outbox.add(INTAKE, queue="intake", key=f"intake:{upload.id}", upload_id=str(upload.id))
    _record("upload_received", actor=actor, upload=upload, now=now, before=UploadState.receiving, size=upload.size)
    follow(upload)
    db.session.flush()
    return upload


def recheck_upload(*, actor: Actor, upload_id: uuid.UUID, now: datetime) -> Upload:
    """Check once more a file whose check could not be carried out. Refusal recheck_useless for any other."""
    upload = _locked(upload_id)
    if upload.state in {UploadState.received, UploadState.checking}:
        return upload
    if upload.state != UploadState.rejected or not any(reason.get("retry") for reason in upload.reasons):
        raise Refusal("recheck_useless", "", N_("“%(name)s”已经检查完毕,不需要重新检查。"), name=upload.name)
    upload.state, upload.reasons, upload.checked_at = UploadState.received, [], None
    outbox.add(INTAKE, queue="intake", upload_id=str(upload.id))
    _record("upload_recheck_requested", actor=actor, upload=upload, now=now, before=UploadState.rejected)
    follow(upload)
    db.session.flush()
    return upload


def finish_check(*, actor: Actor, upload_id: uuid.UUID, findings: dict[str, Any], now: datetime) -> None:
    """Write what the intake found; `reasons` in it make the file rejected. Writing it twice changes nothing."""
    upload = queries.get_upload(upload_id, lock=True)
    if upload is None or upload.state != UploadState.checking:
        return
    for name, value in findings.items():
        setattr(upload, name, value)
    upload.state = UploadState.rejected if upload.reasons else UploadState.checked
    upload.checked_at = now
    if upload.reasons and queries.is_done_with(upload):
        forget_data_keys(upload.id)
    clear_later(upload)
    virus = next((one["params"]["virus"] for one in upload.reasons if one["code"] == "infected"), None)
    if virus is not None:
        tell_infected(upload, virus=virus, now=now)
    _record(
        "upload_rejected" if upload.reasons else "upload_checked",
        actor=actor,
        upload=upload,
        now=now,
        before=UploadState.checking,
        sha256=upload.sha256,
        codes=[reason["code"] for reason in upload.reasons],
    )
    follow(upload)
    db.session.flush()


def abort_upload(*, actor: Actor, upload_id: uuid.UUID, now: datetime) -> Upload:
    """Give up an upload whose parts are still arriving. Refusal upload_complete when it is past that."""
    upload = _locked(upload_id)
    if upload.state in {UploadState.aborted, UploadState.expired}:
        return upload
    if upload.state != UploadState.receiving:
        raise Refusal(
            "upload_complete", "", N_("“%(name)s”已经上传完成,不能取消。如不需要,请把它移除。"), name=upload.name
        )
    upload.state = UploadState.aborted
    db.session.flush()
    return upload


def remove_upload(*, actor: Actor, upload_id: uuid.UUID, now: datetime) -> Upload:
    """Take a file out of the working set; the object and the row stay for the trail. Refusal file_submitted."""
    upload = _locked(upload_id)
    if queries.is_handed_in(upload.id):
        raise Refusal(
            "file_submitted", "", N_("“%(name)s”已随材料提交,不能移除。材料被退回后可以更换。"), name=upload.name
        )
    before = upload.state
    if upload.state == UploadState.receiving:
        upload.state = UploadState.aborted
    upload.removed_at = now
    clear_later(upload)
    _record("upload_removed", actor=actor, upload=upload, now=now, before=before)
    follow(upload)
    db.session.flush()
    return upload


def clear_later(upload: Upload) -> None:
    """Have what lies in quarantine removed after the commit, unless its check is to be tried again."""
    if queries.is_done_with(upload) and upload.quarantine is not None:
        outbox.add(CLEAR, queue="default", key=f"clear:{upload.id}:{upload.state}", upload_id=str(upload.id))


def follow(upload: Upload) -> None:
    """Have the record that the file belongs to brought up to date after the commit."""
    if upload.subject_id is not None and upload.organisation_id is not None:
        outbox.add(FOLLOW, queue="default", purpose=upload.purpose, subject_id=str(upload.subject_id))


def _locked(upload_id: uuid.UUID) -> Upload:
    upload = queries.get_upload(upload_id, lock=True)
    if upload is None:
        raise Refusal("upload_unknown", "", N_("没有找到这个文件,它可能已被移除。请刷新页面。"))
    return upload


def _record(name: str, *, actor: Actor, upload: Upload, now: datetime, before: str, **data: Any) -> None:
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="upload",
        subject_id=upload.id,
        organisation_id=upload.organisation_id,
        authority_code=upload.authority_code,
        before=before,
        after=upload.state,
        name_of_file=upload.name,
        purpose=upload.purpose,
        belongs_to=str(upload.subject_id) if upload.subject_id else None,
        **data,
    )
