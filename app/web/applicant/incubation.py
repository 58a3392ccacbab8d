"""The incubation: its clock, the matrix of items, and the page of each item with its question bank."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.progress import Progress
from app.lifecycle.submissions.subjects import check_upload
from app.rules.core import Refusal
from app.web.access import Right
from app.web.applicant import stages
from app.web.applicant.base import fingerprint, found, live_page, page
from app.web.applicant.files import accept_of, ids_from, rows_of
from app.web.applicant.space import Space, load_space
from app.web.guards import actor, commits
from app.web.wording import timeline_rows
from tenants import events
from uploads import queries as upload_queries
from uploads import services as upload_services
from uploads.models import Purpose


@page("/incubation")
def incubation() -> ResponseReturnValue:
    """The cockpit of the 180 days."""
    space = load_space()
    if not space.in_incubation or space.application is None:
        return render_template("applicant/incubation_none.html", space=space)
    latest = events.list_for_subject("application", space.application.id, limit=20)
    return live_page(
        "applicant/incubation.html",
        "applicant/_incubation.html",
        seen=fingerprint(space.fingerprint(), [event.id for event in latest]),
        space=space,
        rows=[(item, stages.show_item(item, space.progress[item.id]), space.progress[item.id]) for item in space.items],
        events=timeline_rows(latest),
    )


@page("/items/<uuid:item_id>")
def item(item_id: uuid.UUID) -> ResponseReturnValue:
    """One item: upload, see what the check found, choose what to submit."""
    space = load_space()
    one = found(next((row for row in space.items if row.id == item_id), None))
    progress = space.progress[one.id]
    chosen = _chosen()
    return live_page(
        "applicant/item.html",
        "applicant/_item.html",
        seen=fingerprint(space.fingerprint(), chosen),
        space=space,
        item=one,
        shown=stages.show_item(one, progress),
        deadline=space.deadline("bank_submit_by", one.id),
        submit_url=url_for("applicant.check_bank", item_id=one.id),
        **hand_in_context(space, progress, Purpose.question_bank),
    )


def _chosen() -> object:
    # A fragment asked for by an uploader or a timer says what was ticked; the page itself has nothing to say yet.
    return request.args.getlist("file") if "known" in request.args else None


def hand_in_context(space: Space, progress: Progress, purpose: Purpose) -> dict[str, Any]:
    """What the upload and choice part of a subject's page needs, the same for banks and self-assessments."""
    settings = load_settings(space.organisation.authority_code)
    looked = "known" in request.args
    rows = rows_of(
        progress,
        settings,
        chosen=ids_from(request.args.getlist("file")) if looked else None,
        known=ids_from(request.args.getlist("known")),
    )
    return {
        "progress": progress,
        "rows": rows,
        "selectable": sum(row.selectable for row in rows),
        "purpose": purpose,
        "accept": accept_of(purpose),
        "upload_refusal": _upload_refusal(purpose, progress.subject_id),
        "poll_seconds": 2 if progress.is_moving else 20,
    }


def _upload_refusal(purpose: Purpose, subject_id: uuid.UUID) -> Refusal | None:
    try:
        check_upload(actor=actor(), purpose=purpose, subject_id=subject_id, now=g.now)
    except Refusal as refusal:
        return refusal
    return None


@page("/uploads/<uuid:upload_id>/remove", right=Right.edit, methods=("POST",))
@commits
def remove_upload(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out of the working set; one already submitted stays."""
    upload = found(upload_queries.get_upload(upload_id))
    back = _page_of(upload.purpose, upload.subject_id)
    upload_services.remove_upload(actor=actor(), upload_id=upload_id, now=g.now)
    return redirect(back, 303)


@page("/uploads/<uuid:upload_id>/recheck", right=Right.edit, methods=("POST",))
@commits
def recheck_upload(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Check again a file whose check could not be carried out."""
    upload = found(upload_queries.get_upload(upload_id))
    back = _page_of(upload.purpose, upload.subject_id)
    upload_services.recheck_upload(actor=actor(), upload_id=upload_id, now=g.now)
    db.session.flush()
    return redirect(back, 303)


def _page_of(purpose: str, subject_id: uuid.UUID | None) -> str:
    if purpose == Purpose.question_bank and subject_id is not None:
        return url_for("applicant.item", item_id=subject_id) + "#files"
    if purpose == Purpose.exit_data:
        return url_for("applicant.exit") + "#files"
    if purpose == Purpose.rectification_report:
        return url_for("applicant.rectification") + f"#defect-{subject_id}"
    if purpose == Purpose.commitment:
        return url_for("applicant.commitment") + "#scans"
    return url_for("applicant.renewal") + "#files" if purpose == Purpose.self_assessment else url_for("applicant.home")
