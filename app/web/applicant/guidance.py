"""The papers of guidance (工作指导) that an organisation received, to read (R26)."""

from __future__ import annotations

import uuid

from flask import abort, current_app, g, redirect, url_for
from flask.typing import ResponseReturnValue

from app.db import db
from app.lifecycle import casefiles
from app.web.applicant.base import page
from app.web.guards import actor
from uploads import transfer
from uploads.models import Purpose, Upload


def link_of(upload: Upload) -> str:
    """Where a paper of guidance is opened."""
    return url_for("applicant.guidance_file", upload_id=upload.id)


@page("/guidance-files/<uuid:upload_id>")
def guidance_file(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Note the download on the application's timeline, then hand out an address that works once."""
    upload = casefiles.get_file(upload_id)
    if upload is None or upload.purpose != Purpose.guidance:
        abort(404)
    casefiles.record_download(actor=actor(), upload=upload, now=g.now)
    address = transfer.case_file_link(
        actor=actor(), store=current_app.extensions["sheping_store"], upload=upload, now=g.now
    )
    db.session.commit()
    return redirect(address, 303)
