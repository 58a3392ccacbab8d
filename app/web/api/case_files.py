"""Files outside dossiers by the API: an authority's own records, and what is sent with an objection to a publicity.

The same calls in the same order as for an organisation's uploads, so that one upload code serves all three.
"""

from __future__ import annotations

import uuid

from flask import abort, g

from app.db import db
from app.lifecycle import casefiles
from app.lifecycle.publicity import attachments
from app.web.access import PUBLIC, Right, authority
from app.web.account.base import client_ip
from app.web.api.contract import Completion, UploadParts, UploadRequest, UploadStatus, UploadTicket
from app.web.api.routing import route
from app.web.api.uploads import parts_of, settings, status_of, store, ticket_of
from app.web.guards import actor, commits
from app.web.objecting import ensure_ticket, get_file, objector, ticket_hash
from tenants.accounts import gate, throttle
from uploads import services, transfer
from uploads.models import RECORD_PURPOSES, Upload

_RECORDS = "/case-files"
_OBJECTIONS = "/publicities/<uuid:publicity_id>/files"


# Records of an authority --------------------------------------------------------------------------------------------


def _file(upload_id: uuid.UUID) -> Upload:
    return casefiles.get_file(upload_id) or abort(404)


def _own(upload_id: uuid.UUID) -> Upload:
    """A file of a record: what an objector sends is the objector's to send."""
    upload = _file(upload_id)
    return upload if upload.purpose in RECORD_PURPOSES else abort(404)


@route(
    "POST",
    _RECORDS,
    access=authority(Right.decide),
    summary="Begin a file of a record: a panel's method, a publicity's display, an act of guidance",
    body=UploadRequest,
    answers={201: UploadTicket},
    errors=(413,),
)
@commits
def create_case_file(body: UploadRequest) -> tuple[int, UploadTicket]:
    ticket = casefiles.start_upload(
        actor=actor(),
        store=store(),
        settings=settings(),
        purpose=body.purpose,
        record_id=body.subject_id,
        name=body.name,
        size=body.size,
        now=g.now,
    )
    return 201, ticket_of(ticket)


@route(
    "GET",
    f"{_RECORDS}/<uuid:upload_id>",
    access=authority(),
    summary="One file of a record",
    answers={200: UploadStatus},
)
def get_case_file(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 200, status_of(_file(upload_id))


@route(
    "GET",
    f"{_RECORDS}/<uuid:upload_id>/parts",
    access=authority(Right.decide),
    summary="The parts of a record's file, to resume its upload",
    answers={200: UploadParts},
    errors=(409, 410),
)
def list_case_file_parts(upload_id: uuid.UUID) -> tuple[int, UploadParts]:
    return 200, parts_of(transfer.list_parts(store=store(), upload=_own(upload_id), now=g.now))


@route(
    "POST",
    f"{_RECORDS}/<uuid:upload_id>/complete",
    access=authority(Right.decide),
    summary="Complete a file of a record; repeating it gives the same answer",
    body=Completion,
    answers={202: UploadStatus},
    errors=(410,),
)
@commits
def complete_case_file(upload_id: uuid.UUID, body: Completion) -> tuple[int, UploadStatus]:
    parts = [(part.number, part.etag) for part in body.parts]
    done = casefiles.complete_upload(actor=actor(), store=store(), upload=_own(upload_id), parts=parts, now=g.now)
    return 202, status_of(done)


@route(
    "POST",
    f"{_RECORDS}/<uuid:upload_id>/abort",
    access=authority(Right.decide),
    summary="Give up a record's file that is still arriving",
    answers={200: UploadStatus},
    errors=(409,),
)
@commits
def abort_case_file(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 200, status_of(transfer.abort_upload(actor=actor(), store=store(), upload=_own(upload_id), now=g.now))


@route(
    "POST",
    f"{_RECORDS}/<uuid:upload_id>/recheck",
    access=authority(Right.decide),
    summary="Check again a record's or an objection's file whose check could not be carried out",
    answers={202: UploadStatus},
    errors=(422,),
)
@commits
def recheck_case_file(upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    return 202, status_of(services.recheck_upload(actor=actor(), upload_id=_file(upload_id).id, now=g.now))


# An objection that is being written ----------------------------------------------------------------------------------
@route(
    "POST",
    _OBJECTIONS,
    access=PUBLIC,
    summary="Begin a file that goes with an objection; from the browser that lodges it",
    body=UploadRequest,
    answers={201: UploadTicket},
    errors=(400, 404, 413, 422, 503),
)
def create_objection_file(publicity_id: uuid.UUID, body: UploadRequest) -> tuple[int, UploadTicket]:
    limit = throttle.OBJECT_FILE_BY_PLACE
    ticket = ensure_ticket(publicity_id)
    with gate.opened(limit.key(client_ip()), ticket):
        # Counted whether or not it comes to anything: what is tried costs us as well.
        throttle.check(limit, client_ip())
        throttle.count(limit, client_ip())
        db.session.commit()
        begun = attachments.start_upload(
            actor=objector(),
            store=store(),
            settings=settings(),
            publicity_id=publicity_id,
            ticket_hash=ticket,
            name=body.name,
            size=body.size,
            now=g.now,
        )
        db.session.commit()
    return 201, ticket_of(begun)


@route(
    "GET",
    f"{_OBJECTIONS}/<uuid:upload_id>",
    access=PUBLIC,
    summary="One file of the objection that this browser is writing",
    answers={200: UploadStatus},
    errors=(404,),
)
def get_objection_file(publicity_id: uuid.UUID, upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    ticket = ticket_hash(publicity_id)
    with gate.opened(ticket or ""):
        return 200, status_of(get_file(ticket, upload_id))


@route(
    "GET",
    f"{_OBJECTIONS}/<uuid:upload_id>/parts",
    access=PUBLIC,
    summary="The parts of an objection's file, to resume its upload",
    answers={200: UploadParts},
    errors=(404, 409, 410, 503),
)
def list_objection_file_parts(publicity_id: uuid.UUID, upload_id: uuid.UUID) -> tuple[int, UploadParts]:
    ticket = ticket_hash(publicity_id)
    with gate.opened(ticket or ""):
        return 200, parts_of(transfer.list_parts(store=store(), upload=get_file(ticket, upload_id), now=g.now))


@route(
    "POST",
    f"{_OBJECTIONS}/<uuid:upload_id>/complete",
    access=PUBLIC,
    summary="Complete a file of an objection; repeating it gives the same answer",
    body=Completion,
    answers={202: UploadStatus},
    errors=(400, 404, 410, 422, 503),
)
def complete_objection_file(
    publicity_id: uuid.UUID, upload_id: uuid.UUID, body: Completion
) -> tuple[int, UploadStatus]:
    ticket = ticket_hash(publicity_id)
    parts = [(part.number, part.etag) for part in body.parts]
    with gate.opened(ticket or ""):
        upload = get_file(ticket, upload_id)
        attachments.check_unlodged(ticket or "")
        done = transfer.complete_upload(actor=objector(), store=store(), upload=upload, parts=parts, now=g.now)
        status = status_of(done)
        db.session.commit()
    return 202, status


@route(
    "POST",
    f"{_OBJECTIONS}/<uuid:upload_id>/abort",
    access=PUBLIC,
    summary="Give up a file of an objection that is still arriving",
    answers={200: UploadStatus},
    errors=(400, 404, 409, 422, 503),
)
def abort_objection_file(publicity_id: uuid.UUID, upload_id: uuid.UUID) -> tuple[int, UploadStatus]:
    ticket = ticket_hash(publicity_id)
    with gate.opened(ticket or ""):
        upload = get_file(ticket, upload_id)
        attachments.check_unlodged(ticket or "")
        status = status_of(transfer.abort_upload(actor=objector(), store=store(), upload=upload, now=g.now))
        db.session.commit()
    return 200, status
