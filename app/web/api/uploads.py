"""Uploads by the API: what the browser's upload code and other programs use."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, current_app, g
from flask_babel import gettext

from app.config import Config
from app.lifecycle.submissions import subjects
from app.web.access import Right, organisation
from app.web.api import cursors
from app.web.api.contract import (
    Completion,
    Part,
    PartProgress,
    Reason,
    UploadPage,
    UploadParts,
    UploadQuery,
    UploadRequest,
    UploadStatus,
    UploadTicket,
)
from app.web.api.routing import route
from app.web.guards import actor, commits
from app.web.reasons import reason_text
from uploads import queries, reasons, services, transfer
from uploads.models import Purpose, Upload, UploadState
from uploads.store import ObjectStore
from uploads.transfer import Ticket


def store() -> ObjectStore:
    found: ObjectStore = current_app.extensions["sheping_store"]
    return found


def settings() -> Config:
    found: Config = current_app.config["SHEPING"]
    return found


def _get(upload_id: uuid.UUID) -> Upload:
    upload = queries.get_upload(upload_id)
    if upload is None:
        abort(404)
    return upload


@route(
    "POST",
    "/uploads",
    access=organisation(Right.edit),
    summary="Begin an upload",
    body=UploadRequest,
    answers={201: UploadTicket},
    errors=(413,),
)
@commits
def create_upload(body: UploadRequest) -> tuple[int, UploadTicket]:
    subjects.check_upload(actor=actor(), purpose=body.purpose, subject_id=body.subject_id, now=g.now)
    ticket = transfer.start_upload(
        actor=actor(),
        store=store(),
        settings=settings(),
        name=body.name,
        size=body.size,
        purpose=body.purpose,
        subject_id=body.subject_id,
        now=g.now,
    )
    return 201, ticket_of(ticket)


@route(
    "GET",
    "/uploads",
    access=organisation(),
    summary="List uploads",
    query=UploadQuery,
    answers={200: UploadPage},
)
def list_uploads(query: UploadQuery) -> tuple[int, UploadPage]:
    organisation_id = actor().organisation_id
    assert organisation_id is not None  # noqa: S101 - the access table admits members of organisations only
    rows = queries.list_uploads(
        organisation_id,
        purpose=query.purpose,
        subject_id=query.subject_id,
        after=cursors.read("uploads", query.cursor),
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    more = cursors.write("uploads", page[-1].created_at, page[-1].id) if len(rows) > query.limit else None
    return 200, UploadPage([status_of(row) for row in page], more)


@route("GET", "/uploads/<uuid:upload_id>", access=organisation(), summary="One upload", answers={200: UploadStatus})
def get_upload(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 200, status_of(_get(upload_id))


@route(
    "GET",
    "/uploads/<uuid:upload_id>/parts",
    access=organisation(Right.edit),
    summary="The parts, to resume an upload",
    answers={200: UploadParts},
    errors=(409, 410),
)
def list_upload_parts(upload_id: uuid.UUID) -> tuple[int, UploadParts]:
    return 200, parts_of(transfer.list_parts(store=store(), upload=_get(upload_id), now=g.now))


@route(
    "POST",
    "/uploads/<uuid:upload_id>/complete",
    access=organisation(Right.edit),
    summary="Complete an upload; repeating it gives the same answer",
    body=Completion,
    answers={202: UploadStatus},
    errors=(410,),
)
@commits
def complete_upload(upload_id: uuid.UUID, body: Completion) -> tuple[int, UploadStatus]:
    upload = transfer.complete_upload(
        actor=actor(),
        store=store(),
        upload=_get(upload_id),
        parts=[(part.number, part.etag) for part in body.parts],
        now=g.now,
    )
    return 202, status_of(upload)


@route(
    "POST",
    "/uploads/<uuid:upload_id>/abort",
    access=organisation(Right.edit),
    summary="Give up an upload that is still arriving",
    answers={200: UploadStatus},
    errors=(409,),
)
@commits
def abort_upload(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 200, status_of(transfer.abort_upload(actor=actor(), store=store(), upload=_get(upload_id), now=g.now))


@route(
    "POST",
    "/uploads/<uuid:upload_id>/recheck",
    access=organisation(Right.edit),
    summary="Check again a file whose check could not be carried out",
    answers={202: UploadStatus},
    errors=(422,),
)
@commits
def recheck_upload(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 202, status_of(services.recheck_upload(actor=actor(), upload_id=upload_id, now=g.now))


@route(
    "DELETE",
    "/uploads/<uuid:upload_id>",
    access=organisation(Right.edit),
    summary="Remove a file that has not been submitted",
    answers={204: None},
    errors=(409,),
)
@commits
def remove_upload(upload_id: uuid.UUID) -> tuple[int, Any]:
    transfer.remove_upload(actor=actor(), store=store(), upload=_get(upload_id), now=g.now)
    return 204, None


def ticket_of(ticket: Ticket) -> UploadTicket:
    """Where to send the parts of a file that was begun."""
    parts = [Part(part.number, part.url) for part in ticket.parts]
    return UploadTicket(ticket.id, ticket.part_size, parts, ticket.expires_at)


def parts_of(ticket: Ticket) -> UploadParts:
    """What is needed to resume an upload."""
    parts = [PartProgress(part.number, part.size, part.url, part.etag is not None, part.etag) for part in ticket.parts]
    return UploadParts(ticket.id, ticket.part_size, parts, ticket.expires_at)


def status_of(upload: Upload) -> UploadStatus:
    """An upload as the API shows it, its sentences in the reader's language."""
    return UploadStatus(
        id=upload.id,
        name=upload.name,
        purpose=Purpose(upload.purpose),
        subject_id=upload.subject_id,
        state=UploadState(upload.state),
        size=upload.size or upload.declared_size,
        sha256=upload.sha256,
        sm3=upload.sm3,
        type=upload.type,
        scan=upload.scan,
        note=_note(upload),
        reasons=[_reason(reason) for reason in upload.reasons],
        report=upload.report,
        created_at=upload.created_at,
        checked_at=upload.checked_at,
    )


def _note(upload: Upload) -> str | None:
    message = reasons.note_of(upload.state, upload.scan)
    return gettext(message) if message else None


def _reason(stored: dict[str, Any]) -> Reason:
    return Reason(stored["code"], reason_text(stored), stored.get("location"))
