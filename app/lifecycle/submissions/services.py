"""Handing in a dossier (提交报送材料): frozen, counted once, and on its way to its authority after the commit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app import outbox
from app.db import db
from app.lifecycle import paths
from app.lifecycle.submissions import manifest, queries
from app.lifecycle.submissions.reviews import (
    assign_review,
    decide_review,
    open_review,
    record_download,
)
from app.lifecycle.submissions.subject import Subject
from app.lifecycle.submissions.subjects import check_upload, get_subject
from app.rules.core import N_, Refusal
from tenants import events, notices
from tenants.models import Organisation
from tenants.queries import queue_of
from tenants.scope import Actor
from uploads import queries as upload_queries
from uploads.models import Dossier, DossierFile, DossierState, Upload, UploadState

__all__ = [
    "assign_review",
    "check_upload",
    "decide_review",
    "open_review",
    "record_download",
    "retry_delivery",
    "submit_dossier",
]

DELIVER = "app.lifecycle.submissions.jobs.deliver"
NUMBER_TRIES = 3


def submit_dossier(
    *,
    actor: Actor,
    kind: str,
    subject_id: uuid.UUID,
    upload_ids: Sequence[uuid.UUID],
    idempotency_key: str,
    now: datetime,
) -> Dossier:
    """Hand in checked files for one subject; its files are loaded. Repeating it gives the dossier there is.

    Refusals: subject_unknown, kind_not_open, idempotency_key_reused, dossier_open (another set is under way),
    no_files, upload_unknown, file_unchecked, file_rejected, file_elsewhere, and those of the subject's rules.
    """
    if actor.organisation_id is None or actor.user_id is None:
        raise ValueError("only a member of an organisation hands in a dossier")
    wanted = list(dict.fromkeys(upload_ids))
    if earlier := _earlier(actor.organisation_id, idempotency_key, kind, subject_id, wanted):
        return earlier
    subject = get_subject(kind, subject_id, lock=True)
    # Asked again under the lock: a double click's other half has committed meanwhile.
    if earlier := _earlier(actor.organisation_id, idempotency_key, kind, subject_id, wanted):
        return earlier
    if standing := queries.find_open_dossier(kind, subject_id):
        return _same_or_refuse(standing, wanted)
    files = _check_files(wanted, kind, subject)
    subject.check_submit(actor=actor, uploads=files, now=now)
    dossier = _insert(actor, kind, subject, files, idempotency_key, now)
    if dossier is None:
        standing = queries.find_open_dossier(kind, subject_id)
        if standing is None:
            raise Refusal("dossier_open", subject.rule, N_("该事项的材料刚刚被提交。请刷新页面查看。"))
        return _same_or_refuse(standing, wanted)
    subject.submit(actor=actor, now=now)
    _announce(actor, dossier, subject, now)
    db.session.flush()
    return dossier


def _earlier(
    organisation_id: uuid.UUID, key: str, kind: str, subject_id: uuid.UUID, wanted: list[uuid.UUID]
) -> Dossier | None:
    dossier = queries.find_by_key(organisation_id, key)
    if dossier is None:
        return None
    if (dossier.kind, dossier.subject_id) != (kind, subject_id) or not _is_same(dossier, wanted):
        raise Refusal(
            "idempotency_key_reused",
            "",
            N_("这次请求的编号已用于提交 %(number)s,内容却不同。请刷新页面后重新提交。"),
            number=dossier.number,
        )
    return dossier


def _is_same(dossier: Dossier, wanted: list[uuid.UUID]) -> bool:
    return {file.upload_id for file in dossier.files} == set(wanted)


def _same_or_refuse(standing: Dossier, wanted: list[uuid.UUID]) -> Dossier:
    if _is_same(standing, wanted):
        return standing
    raise Refusal(
        "dossier_open",
        "",
        N_("该事项已于此前提交了材料(编号 %(number)s),不能再提交另一份。如需更换,请联系受理部门退回后重新提交。"),
        number=standing.number,
    )


def _check_files(wanted: list[uuid.UUID], kind: str, subject: Subject) -> list[Upload]:
    """The uploads in the order given, each of this subject and checked; every fault names its file."""
    if not wanted:
        raise Refusal("no_files", subject.rule, N_("还没有选择文件。请先上传文件,检查通过后再提交。"))
    found = upload_queries.list_by_ids(wanted)
    unknown = [upload_id for upload_id in wanted if upload_id not in found or found[upload_id].removed_at is not None]
    if unknown:
        raise Refusal(
            "upload_unknown",
            "",
            N_("有 %(count)d 个文件已不存在或已被移除。请刷新页面后重新选择。"),
            count=len(unknown),
        )
    files = [found[upload_id] for upload_id in wanted]
    _refuse_files(
        [file for file in files if file.purpose != kind or file.subject_id not in subject.files_of],
        "file_elsewhere",
        N_("这些文件不是为本事项上传的:%(names)s。请在本事项页面重新上传。"),
    )
    _refuse_files(
        [file for file in files if file.state == UploadState.rejected],
        "file_rejected",
        N_("这些文件未通过检查,不能提交:%(names)s。请按原因改正后重新上传,并移除原文件。"),
    )
    _refuse_files(
        [file for file in files if file.state != UploadState.checked],
        "file_unchecked",
        N_("这些文件还没有检查完毕:%(names)s。请等检查通过后再提交。"),
    )
    return files


def _refuse_files(faulty: list[Upload], code: str, message: str) -> None:
    if faulty:
        raise Refusal(code, "", message, names="、".join(f"“{file.name}”" for file in faulty))


def _insert(
    actor: Actor, kind: str, subject: Subject, files: list[Upload], idempotency_key: str, now: datetime
) -> Dossier | None:
    """The dossier with its files; None when another transaction has just committed one for the same subject."""
    organisation = db.session.get_one(Organisation, subject.organisation_id)
    for _ in range(NUMBER_TRIES):
        dossier = _build(actor, kind, subject, files, idempotency_key, now, organisation)
        try:
            with db.session.begin_nested():
                db.session.add(dossier)
        except IntegrityError as error:
            diagnosis = getattr(error.orig, "diag", None)
            if diagnosis is None or not str(diagnosis.constraint_name).startswith("uq_dossiers_"):
                raise
            if diagnosis.constraint_name != "uq_dossiers_number":
                return None
        else:
            return dossier
    raise RuntimeError("no free dossier number found")


def _build(
    actor: Actor,
    kind: str,
    subject: Subject,
    files: list[Upload],
    idempotency_key: str,
    now: datetime,
    organisation: Organisation,
) -> Dossier:
    number = manifest.new_number(subject.authority_code, now)
    content = manifest.make_manifest(
        number=number,
        kind=kind,
        subject_id=str(subject.id),
        title=subject.title,
        organisation={"id": str(organisation.id), "name": organisation.name, "uscc": organisation.uscc},
        authority_code=subject.authority_code,
        submitted_at=now,
        uploads=files,
    )
    return Dossier(
        id=uuid.uuid4(),
        number=number,
        organisation_id=organisation.id,
        authority_code=subject.authority_code,
        kind=kind,
        subject_id=subject.id,
        title=subject.title,
        idempotency_key=idempotency_key,
        manifest=content,
        manifest_sha256=manifest.digest(content),
        submitted_by=actor.user_id,
        submitted_at=now,
        state=DossierState.submitted,
        files=[_file(upload, position, subject) for position, upload in enumerate(files, start=1)],
    )


def _file(upload: Upload, position: int, subject: Subject) -> DossierFile:
    return DossierFile(
        id=uuid.uuid4(),
        upload_id=upload.id,
        organisation_id=upload.organisation_id,
        authority_code=subject.authority_code,
        position=position,
        name=upload.name,
        size=upload.size,
        sha256=upload.sha256,
        sm3=upload.sm3,
        type=upload.type,
        mime=upload.mime,
        scan=upload.scan,
        report=upload.report,
        source_bucket=upload.bucket,
        source_key=upload.key,
        sealed=upload.sealed,
    )


def _announce(actor: Actor, dossier: Dossier, subject: Subject, now: datetime) -> None:
    events.record(
        "dossier_submitted",
        actor=actor,
        now=now,
        subject_type="dossier",
        subject_id=dossier.id,
        organisation_id=dossier.organisation_id,
        authority_code=dossier.authority_code,
        after=dossier.state,
        rule=subject.rule,
        number=dossier.number,
        kind=dossier.kind,
        belongs_to=str(dossier.subject_id),
        title=dossier.title,
        files=len(dossier.files),
        manifest_sha256=dossier.manifest_sha256,
    )
    notices.tell(
        kind="dossier_submitted",
        now=now,
        link=paths.of_dossier(dossier.id),
        organisation_id=dossier.organisation_id,
        rule=subject.rule,
        key=f"dossier_submitted:{dossier.id}",
        number=dossier.number,
        title=dossier.title,
        files=len(dossier.files),
        manifest_sha256=dossier.manifest_sha256,
        submitted_at=now.isoformat(),
    )
    outbox.add(DELIVER, queue=queue_of(dossier.authority_code), key=f"deliver:{dossier.id}", dossier_id=str(dossier.id))


def retry_delivery(*, actor: Actor, dossier_id: uuid.UUID, now: datetime) -> Dossier:
    """Have a delivery that failed for good tried again: a button of the organisation and of the officer.

    The worker moves the states (an organisation may not touch what it has handed in). A dossier that is no longer a
    dead letter is left as it is. Refusal dossier_unknown.
    """
    dossier = queries.get_dossier(dossier_id)
    if dossier is None:
        raise Refusal("dossier_unknown", "", N_("没有找到这份材料。请刷新页面。"))
    if dossier.state != DossierState.dead_letter:
        return dossier
    events.record(
        "dossier_delivery_retried",
        actor=actor,
        now=now,
        subject_type="dossier",
        subject_id=dossier.id,
        organisation_id=dossier.organisation_id,
        authority_code=dossier.authority_code,
        number=dossier.number,
    )
    outbox.add(DELIVER, queue=queue_of(dossier.authority_code), dossier_id=str(dossier.id))
    db.session.flush()
    return dossier
