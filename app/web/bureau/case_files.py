"""Photos, scans and proofs of the authority's own records, and what came with an objection (R20, R23, R25, R26)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle import casefiles
from app.lifecycle.publicity import attachments
from app.lifecycle.publicity import queries as publicities
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.case_files import is_working, limits_of, rows_of
from app.web.guards import actor, commits, may
from uploads import case_files, pictures, services, transfer
from uploads.banks.filetype import FileKind
from uploads.custody import reading
from uploads.models import Purpose, Upload, UploadState
from uploads.store import ObjectGone

ACCESS |= {
    "bureau.record_files": authority(),
    "bureau.objection_files": authority(),
    "bureau.case_file": authority(Right.decide),
    "bureau.case_file_thumbnail": authority(),
    "bureau.case_file_remove": authority(Right.decide),
    "bureau.case_file_recheck": authority(Right.decide),
}
_TYPES = (FileKind.PNG, FileKind.JPEG)


@dataclass(frozen=True)
class FileList:
    """The files of one record as its list shows them; `url` is where the list looks again, `may_add` says who may."""

    purpose: str
    record_id: uuid.UUID
    url: str
    rows: Sequence[dict[str, Any]]
    working: bool
    may_add: bool
    may_recheck: bool
    limits: dict[str, Any]


def lists_of(purpose: Purpose, record_ids: Collection[uuid.UUID], *, open_for: bool) -> dict[uuid.UUID, FileList]:
    """The lists of several records of one kind, by record, in one question. `open_for`: files may still be changed."""
    found = case_files.list_files(purpose, record_ids)
    return {one: _list(purpose, one, found.get(one, []), may_add=open_for and may("decide")) for one in record_ids}


def list_of_objection(objection: Any) -> FileList:
    """What came with an objection: nothing is added or removed here."""
    url = url_for("bureau.objection_files", objection_id=objection.id)
    return _list(Purpose.objection, objection.id, attachments.list_files(objection), may_add=False, url=url)


def _list(purpose: Purpose, record_id: uuid.UUID, files: list[Upload], *, may_add: bool, url: str = "") -> FileList:
    return FileList(
        purpose=purpose,
        record_id=record_id,
        url=url or url_for("bureau.record_files", purpose=purpose, record_id=record_id),
        rows=rows_of(
            files,
            download=(lambda one: url_for("bureau.case_file", upload_id=one.id)) if may("decide") else None,
            thumbnail=lambda one: url_for("bureau.case_file_thumbnail", upload_id=one.id),
        ),
        working=is_working(files),
        may_add=may_add,
        may_recheck=may("decide"),
        limits=limits_of(purpose),
    )


@blueprint.get("/records/<any(panel_method, publicity_proof, guidance):purpose>/<uuid:record_id>/files")
def record_files(purpose: str, record_id: uuid.UUID) -> ResponseReturnValue:
    """The list of a record's files alone, for htmx."""
    record = casefiles.find_record(purpose, record_id) or abort(404)
    open_for = record.closed is None and record.authority_code == authority_code()
    files = lists_of(Purpose(purpose), [record_id], open_for=open_for)[record_id]
    return render_template("bureau/_case_files.html", files=files)


@blueprint.get("/objections/<uuid:objection_id>/files")
def objection_files(objection_id: uuid.UUID) -> ResponseReturnValue:
    """The list of an objection's files alone, for htmx."""
    objection = publicities.get_objection(objection_id) or abort(404)
    return render_template("bureau/_case_files.html", files=list_of_objection(objection))


def _file(upload_id: uuid.UUID) -> Upload:
    return casefiles.get_file(upload_id) or abort(404)


@blueprint.get("/files/<uuid:upload_id>")
def case_file(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Note the download on the record's timeline, then hand out an address that works once."""
    upload = _file(upload_id)
    casefiles.record_download(actor=actor(), upload=upload, now=g.now)
    address = transfer.case_file_link(
        actor=actor(), store=current_app.extensions["sheping_store"], upload=upload, now=g.now
    )
    db.session.commit()
    return redirect(address, 303)


@blueprint.get("/files/<uuid:upload_id>/thumbnail")
def case_file_thumbnail(upload_id: uuid.UUID) -> ResponseReturnValue:
    """A small picture of a picture, made from the sealed file each time: nothing of it lies open anywhere."""
    upload = _file(upload_id)
    if upload.state != UploadState.checked or upload.type not in _TYPES:
        abort(404)
    try:
        with reading.plain_copy(upload) as copy:
            db.session.rollback()
            small = pictures.thumbnail(copy.path)
    except (reading.Locked, ObjectGone):
        abort(404)
    return Response(small, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


@blueprint.post("/files/<uuid:upload_id>/remove")
@commits
def case_file_remove(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out of a record that may still be changed."""
    upload = _file(upload_id)
    page = _page_of(upload)
    casefiles.remove_upload(actor=actor(), store=current_app.extensions["sheping_store"], upload=upload, now=g.now)
    flash(gettext("已移除附件。"), "success")
    return redirect(page, 303)


@blueprint.post("/files/<uuid:upload_id>/recheck")
@commits
def case_file_recheck(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Check again a file whose check could not be carried out."""
    upload = _file(upload_id)
    page = _page_of(upload)
    services.recheck_upload(actor=actor(), upload_id=upload.id, now=g.now)
    return redirect(page, 303)


def _page_of(upload: Upload) -> str:
    record = casefiles.record_of(upload) or abort(404)
    pages = {
        "panel": lambda: url_for("bureau.panel", panel_id=record.subject_id) + "#methods",
        "publicity": lambda: url_for("bureau.publicity", publicity_id=record.subject_id) + "#proofs",
        "application": lambda: url_for("bureau.incubation", application_id=record.subject_id) + "#guidance",
        "objection": lambda: url_for("bureau.objection", objection_id=record.subject_id) + "#files",
    }
    return pages[record.subject_type]()
