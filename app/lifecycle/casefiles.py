"""Photos, scans and other papers of an authority's own records: a panel's methods log (R20), the display of a publicity
(R23), the guidance log (R26).

The authority that keeps the record adds, removes and reads them. The applicant does not, but for the papers of the
guidance that it received: those it reads, and its download stands on its timeline too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.config import Config
from app.db import db
from app.lifecycle.incubation.models import GuidanceEntry
from app.lifecycle.panels.models import Panel, PanelMethod
from app.lifecycle.panels.queries import AT_WORK
from app.lifecycle.publicity.models import Objection, Publicity
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor
from uploads import case_files, queries, transfer
from uploads.models import CASE_PURPOSES, RECORD_PURPOSES, Purpose, Upload, UploadState
from uploads.store import ObjectStore
from uploads.transfer import Ticket


@dataclass(frozen=True)
class Record:
    """What files are added to. `subject_type`, `subject_id` name the timeline on which that shows; `closed` is why none
    may be added or removed (any more)."""

    purpose: Purpose
    id: uuid.UUID
    authority_code: str
    subject_type: str
    subject_id: uuid.UUID
    rule: str
    closed: Refusal | None = None


def find_record(purpose: str, record_id: uuid.UUID) -> Record | None:
    """The record that files of this purpose belong to, if the asker may see it."""
    if purpose == Purpose.panel_method:
        return _of_method(record_id)
    if purpose == Purpose.publicity_proof:
        return _of_publicity(record_id)
    if purpose == Purpose.guidance:
        return _of_guidance(record_id)
    return None


def _of_method(record_id: uuid.UUID) -> Record | None:
    query = select(PanelMethod, Panel.state).join(Panel, Panel.id == PanelMethod.panel_id)
    found = db.session.execute(query.where(PanelMethod.id == record_id)).one_or_none()
    if found is None:
        return None
    method, state = found
    told = N_("评估组确定后、出具意见前才能增减评估方式的照片和记录。")
    closed = None if state in AT_WORK else Refusal("panel_not_at_work", "R20", told)
    return Record(Purpose.panel_method, method.id, method.authority_code, "panel", method.panel_id, "R20", closed)


def _of_publicity(record_id: uuid.UUID) -> Record | None:
    row = db.session.get(Publicity, record_id)
    if row is None:
        return None
    told = N_("公示发布之后才能添加展示证明。")
    closed = None if row.published_at else Refusal("publicity_not_published", "R23", told)
    return Record(Purpose.publicity_proof, row.id, row.authority_code, "publicity", row.id, "R23", closed)


def _of_guidance(record_id: uuid.UUID) -> Record | None:
    row = db.session.get(GuidanceEntry, record_id)
    if row is None:
        return None
    return Record(Purpose.guidance, row.id, row.authority_code, "application", row.application_id, "R26")


def get_open_record(*, actor: Actor, purpose: str, record_id: uuid.UUID | None) -> Record:
    """A record of the actor's own authority that may be changed. Refusals: record_unknown and the record's own."""
    record = find_record(purpose, record_id) if record_id and purpose in RECORD_PURPOSES else None
    if record is None or record.authority_code != actor.authority_code:
        raise Refusal("record_unknown", "", N_("没有找到这条记录,或不由本单位办理。请刷新页面。"))
    if record.closed is not None:
        raise record.closed
    return record


def start_upload(
    *,
    actor: Actor,
    store: ObjectStore,
    settings: Config,
    purpose: Purpose,
    record_id: uuid.UUID | None,
    name: str,
    size: int,
    now: datetime,
) -> Ticket:
    """Begin a file of a record. Refusals: those of `get_open_record` and `uploads.case_files`. Raises PartDown."""
    record = get_open_record(actor=actor, purpose=purpose, record_id=record_id)
    return case_files.start_upload(
        actor=actor,
        store=store,
        settings=settings,
        authority_code=record.authority_code,
        name=name,
        size=size,
        purpose=purpose,
        subject_id=record.id,
        now=now,
    )


def complete_upload(
    *, actor: Actor, store: ObjectStore, upload: Upload, parts: list[tuple[int, str]], now: datetime
) -> Upload:
    """As `transfer.complete_upload`; the record's timeline says that a file was added."""
    record = get_open_record(actor=actor, purpose=upload.purpose, record_id=upload.subject_id)
    was_receiving = upload.state == UploadState.receiving
    done = transfer.complete_upload(actor=actor, store=store, upload=upload, parts=parts, now=now)
    if was_receiving:
        _record("case_file_added", actor, record, done, now)
    return done


def remove_upload(*, actor: Actor, store: ObjectStore, upload: Upload, now: datetime) -> None:
    """Take a file out of a record that may still be changed; the trail keeps its name."""
    record = get_open_record(actor=actor, purpose=upload.purpose, record_id=upload.subject_id)
    transfer.remove_upload(actor=actor, store=store, upload=upload, now=now)
    _record("case_file_removed", actor, record, upload, now)


def get_file(upload_id: uuid.UUID) -> Upload | None:
    """A file of a record or of an objection that the asker may see; None for any other upload."""
    upload = queries.get_upload(upload_id)
    return upload if upload is not None and upload.purpose in CASE_PURPOSES else None


def record_download(*, actor: Actor, upload: Upload, now: datetime) -> None:
    """Write down who opens the file; only then may its address be handed out. Refusals:
    file_unknown, file_unchecked."""
    if upload.state != UploadState.checked:
        raise Refusal("file_unchecked", "", N_("“%(name)s”还没有通过检查,不能下载。"), name=upload.name)
    record = record_of(upload)
    if record is None:
        raise Refusal("file_unknown", "", N_("没有找到这个文件。请刷新页面。"))
    _record("case_file_downloaded", actor, record, upload, now, organisation_id=actor.organisation_id)


def record_of(upload: Upload) -> Record | None:
    """The record that a file belongs to, if the asker may see it; an objection once it is lodged."""
    if upload.subject_id is None:
        return None
    if upload.purpose != Purpose.objection:
        return find_record(upload.purpose, upload.subject_id)
    lodged = db.session.scalar(select(Objection).where(Objection.ticket_hash == upload.ticket_hash))
    if lodged is None:
        return None
    return Record(Purpose.objection, lodged.id, lodged.authority_code, "objection", lodged.id, "R25")


def _record(
    name: str,
    actor: Actor,
    record: Record,
    upload: Upload,
    now: datetime,
    *,
    organisation_id: uuid.UUID | None = None,
) -> None:
    """On the record's timeline, for its authority; for an organisation only what it did itself."""
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type=record.subject_type,
        subject_id=record.subject_id,
        organisation_id=organisation_id,
        authority_code=record.authority_code,
        rule=record.rule,
        name_of_file=upload.name,
        sha256=upload.sha256,
    )
