"""The rectification notice of an organisation: taking it, answering its defects, handing the report in (R58, R59)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.rectifications import queries, reporting, services
from app.lifecycle.rectifications.models import Rectification, RectificationDefect
from app.lifecycle.rectifications.stepping import DUE, due_at
from app.rules import clocks
from app.rules.core import Refusal
from app.rules.rectification import DELIVERY_LABELS
from app.rules.states import RECTIFICATION, RectificationState
from app.web.access import Right
from app.web.applicant.base import found, page
from app.web.applicant.files import accept_of
from app.web.applicant.space import Space, load_space
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from app.web.wording import UPLOAD_STATES, timeline_rows
from tenants import events
from tenants.accounts.confirmation import require_confirmed
from uploads import transfer
from uploads.models import Purpose


@page("/rectification")
def rectification() -> ResponseReturnValue:
    """The notice and the report; a defect's list of files alone for htmx while they are checked."""
    space = load_space()
    if space.rectification is None:
        return redirect(url_for("applicant.renewal"), 303)
    if wanted := request.args.get("files"):
        defect = found(next((one for one in space.rectification.defects if str(one.id) == wanted), None))
        return _files(space.rectification, defect)
    return _page(space)


def _files(row: Rectification, defect: RectificationDefect) -> str:
    return render_template(
        "applicant/_rectification_files.html",
        row=row,
        defect=defect,
        files=queries.list_drafted_files(row)[defect.id],
        running=_is_running(row),
        upload_states=UPLOAD_STATES,
    )


def _is_running(row: Rectification) -> bool:
    return row.state == RectificationState.DELIVERED and not clocks.is_over(due_at(row), g.now)


def _page(
    space: Space, problems: tuple[str, ...] = (), typed: dict[uuid.UUID, str] | None = None
) -> ResponseReturnValue:
    row = found(space.rectification)
    taken = row.state != RectificationState.ISSUED
    context: dict[str, Any] = {
        "space": space,
        "row": row,
        "problems": problems,
        "answers": {defect.id: defect.answer for defect in row.defects} | (typed or {}),
        "machine": RECTIFICATION,
        "ways": DELIVERY_LABELS,
        "running": _is_running(row),
        "deadline": space.deadline(DUE, row.id),
        "files": queries.list_drafted_files(row) if taken else {},
        "accept": accept_of(Purpose.rectification_report),
        "limit": reporting.ANSWER_LIMIT,
        "upload_states": UPLOAD_STATES,
        "events": timeline_rows(events.list_for_subject("rectification", row.id)),
    }
    template = "applicant/rectification.html" if taken else "applicant/rectification_take.html"
    return render_template(template, **context), 422 if problems else 200


@page("/rectification/take", right=Right.edit, methods=("POST",))
@commits
def rectification_take() -> ResponseReturnValue:
    """Open the notice, which is its receipt: the month begins."""
    row = load_space().rectification
    if row is None:
        return redirect(url_for("applicant.renewal"), 303)
    services.take_notice(actor=actor(), rectification_id=row.id, now=g.now)
    flash(gettext("已签收整改通知书,整改期限自明日起计算。"), "success")
    return redirect(url_for("applicant.rectification"), 303)


def _typed(row: Rectification) -> dict[uuid.UUID, str]:
    """The answers in the form, by defect; a field that is not there changes nothing."""
    named = {defect.id: request.form.get(f"answer-{defect.id}") for defect in row.defects}
    return {key: text[: reporting.ANSWER_LIMIT] for key, text in named.items() if text is not None}


@page("/rectification", right=Right.edit, methods=("POST",))
def rectification_save() -> ResponseReturnValue:
    """Keep the answers; one of the buttons hands the report in."""
    row = load_space().rectification
    if row is None:
        return redirect(url_for("applicant.renewal"), 303)
    typed, submits = _typed(row), request.form.get("then") == "submit"
    try:
        if submits:
            require_confirmed(actor())
            reporting.submit_report(actor=actor(), rectification_id=row.id, answers=typed, now=g.now)
        else:
            reporting.save_answers(actor=actor(), rectification_id=row.id, answers=typed, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        # The other half of a double click, or a second window, has just handed in the very same.
        if not (submits and _is_handed_in(typed)):
            return _again(refusal, typed)
    db.session.commit()
    flash(gettext("整改报告已提交。") if submits else gettext("已保存。"), "success")
    return redirect(url_for("applicant.rectification"), 303)


def _is_handed_in(typed: dict[uuid.UUID, str]) -> bool:
    row = load_space().rectification
    return (
        row is not None
        and row.report_submitted_at is not None
        and typed == {defect.id: defect.answer for defect in row.defects}
    )


@page("/rectification/files/<uuid:upload_id>/remove", right=Right.edit, methods=("POST",))
def rectification_file_remove(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out of a report that is not handed in; what stands in the form beside it is kept."""
    row = found(load_space().rectification)
    every = [upload for of_one in queries.list_drafted_files(row).values() for upload in of_one]
    wanted = found(next((upload for upload in every if upload.id == upload_id), None))
    typed = _typed(row)
    try:
        reporting.save_answers(actor=actor(), rectification_id=row.id, answers=typed, now=g.now)
        transfer.remove_upload(actor=actor(), store=current_app.extensions["sheping_store"], upload=wanted, now=g.now)
    except Refusal as refusal:
        return _again(refusal, typed)
    db.session.commit()
    return redirect(url_for("applicant.rectification") + f"#defect-{wanted.subject_id}", 303)


def _again(refusal: Refusal, typed: dict[uuid.UUID, str]) -> ResponseReturnValue:
    db.session.rollback()
    return _page(load_space(), (refusal_text(refusal),), typed)
