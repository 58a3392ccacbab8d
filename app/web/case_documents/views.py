"""Lists that refresh themselves, downloads, trying again, and the bound case."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app import outbox
from app.documents import queries, services
from app.documents.models import Document
from app.lifecycle import casework
from app.web.access import PUBLIC, Access, Audience, Right, authority
from app.web.case_documents import records
from app.web.case_documents.casefile import make_case_file
from app.web.guards import actor, commits
from uploads.naming import disposition_of
from uploads.store import ObjectStore

_BOTH = (Audience.organisation, Audience.authority)
blueprint = Blueprint("case_documents", __name__, url_prefix="/case-documents")
ACCESS: dict[str, Access] = {
    # What is public (公示、公布名单) anybody may download; the rest row-level security hides.
    "case_documents.download": PUBLIC,
    "case_documents.of_case": Access(_BOTH),
    "case_documents.case_file": Access(_BOTH),
    "case_documents.retry": authority(Right.decide),
}
blueprint.add_app_template_global(records.list_of_case, "documents_of_case")
blueprint.add_app_template_global(records.list_of_subjects, "documents_of")
blueprint.add_app_template_global(records.list_commitments, "documents_of_commitments")
blueprint.add_app_template_global(records.is_moving, "documents_moving")


def _pdf(data: bytes, name: str, *, inline: bool) -> Response:
    answer = Response(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = disposition_of(name, plain="document.pdf", inline=inline)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/<uuid:document_id>.pdf")
def download(document_id: uuid.UUID) -> ResponseReturnValue:
    """The signed file; with `?print=1` in the browser, else as a download. 404 for others' and unfinished ones."""
    document = queries.get_document(document_id) or abort(404)
    if queries.newest_file(document) is None:
        abort(404)
    return _pdf(read_file(document), file_name(document), inline=request.args.get("print") == "1")


def read_file(document: Document) -> bytes:
    """The newest file of a document that has one."""
    newest = queries.newest_file(document)
    if newest is None:
        raise LookupError(f"document {document.id} has no file yet")
    store: ObjectStore = current_app.extensions["sheping_store"]
    return b"".join(store.stream(newest.bucket, newest.key))


def file_name(document: Document) -> str:
    """备案回执 青人社评备〔2026〕3号.pdf"""
    return f"{document.title} {document.number}.pdf"


@blueprint.get("/of/<uuid:application_id>")
def of_case(application_id: uuid.UUID) -> ResponseReturnValue:
    """The list of a case alone, for htmx while files are being made."""
    if casework.get_case(application_id) is None:
        abort(404)
    return render_template("case_documents/_list.html", application_id=application_id)


@blueprint.post("/<uuid:document_id>/retry")
@commits
def retry(document_id: uuid.UUID) -> ResponseReturnValue:
    """Make a file again that could not be made; what works by itself needs no help."""
    document = queries.get_document(document_id) or abort(404)
    if document.authority_code != actor().authority_code:
        abort(404)
    if document.sha256 is None:
        outbox.add(services.RENDER, queue=services.QUEUE, document_id=str(document.id))
        flash(gettext("已重新制作,稍候刷新查看。"), "success")
    return redirect(_back(), 303)


def _back() -> str:
    """To the page of the case that the button stood on, by its id; nowhere else."""
    try:
        application_id = uuid.UUID(request.form.get("case", ""))
    except ValueError:
        return url_for("bureau.cases")
    return url_for("bureau.case", application_id=application_id) + "#documents"


@blueprint.get("/case/<uuid:application_id>.pdf")
def case_file(application_id: uuid.UUID) -> ResponseReturnValue:
    """The case bound into one PDF with bookmarks, as far as the asker may see it."""
    application = casework.get_case(application_id) or abort(404)
    documents = [one for one in records.list_of_case(application_id) if one.sha256 is not None]
    files = [(document, read_file(document)) for document in documents]
    return _pdf(make_case_file(application, files, now=g.now), f"{application.number}.pdf", inline=False)
