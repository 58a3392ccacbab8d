"""`/files/<token>`: a sealed file, opened for the one person and the one time that its link was made for."""

from __future__ import annotations

from typing import cast

import structlog
from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from app.db import db
from app.rules.core import N_, Refusal
from app.web.access import Access, Audience
from app.web.files.streaming import as_download
from app.web.guards import actor
from uploads.custody import links, reading
from uploads.models import DossierFile, Upload
from uploads.store import ObjectGone
from uploads.transfer import CASE_FILE, FILE

blueprint = Blueprint("files", __name__, url_prefix="/files")
_READERS = Access((Audience.organisation, Audience.authority, Audience.expert))
ACCESS = {"files.download": _READERS, "files.case_file": _READERS}
log = structlog.get_logger(__name__)


@blueprint.get("/<token>")
def download(token: str) -> ResponseReturnValue:
    """Use the link up and stream the file; who may not read it (any more) finds nothing, link or not."""
    return _send(token, FILE, DossierFile)


@blueprint.get("/case/<token>")
def case_file(token: str) -> ResponseReturnValue:
    """As `download`, for a file of an authority's own record or of an objection."""
    return _send(token, CASE_FILE, Upload)


def _send(token: str, kind: str, model: type[DossierFile] | type[Upload]) -> ResponseReturnValue:
    if request.method == "HEAD":
        # A preview must not use the link up.
        abort(405)
    try:
        link = links.redeem(actor=actor(), token=token, kind=kind, now=g.now)
    except links.NotValid:
        raise Refusal(
            "link_not_valid", "", N_("下载链接只能使用一次,一分钟内有效。请回到原来的页面,重新点击下载。")
        ) from None
    file = cast(DossierFile | Upload | None, db.session.get(model, link.object_id))
    if file is None:
        abort(404)
    name, mime, file_id = link.name, link.mime, file.id
    try:
        stream = reading.open_stream(file)
    except (reading.Locked, ObjectGone) as gone:
        log.warning("stored_file_unavailable", file=str(file_id), reason=str(gone))
        abort(404)
    db.session.commit()
    return as_download(stream, name=name, mime=mime, subject=file_id)
