"""An organisation's own banks: read page by page, who opened them, and what changed since the version before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import g, make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.custody import access
from app.lifecycle.custody.parsing import read_questions
from app.lifecycle.submissions.queries import list_dossiers_of_subject
from app.rules.core import Refusal
from app.rules.sealing import Manner
from app.web import bank_reading
from app.web import bank_report as reports
from app.web.applicant.bank_reports import organisation_of, settings_of
from app.web.applicant.base import found, page
from app.web.bank_reading import Desk
from app.web.bank_reading.pages import questions_of, sealed
from app.web.guards import actor
from app.web.wording import item_label
from uploads import queries
from uploads.banks.compare import Changed, compare
from uploads.banks.models import KIND_LABELS, Question
from uploads.banks.sheets import Unreadable
from uploads.custody.reading import Locked
from uploads.models import Purpose, Upload, UploadState
from uploads.store import ObjectGone

SHOWN = 200
_FIELDS = {"stem": "题干", "options": "选项", "answer": "答案", "type": "题型", "point": "鉴定点", "difficulty": "难度"}


def _desk(upload_id: uuid.UUID) -> Desk:
    upload: Upload = found(queries.get_upload(upload_id))
    if upload.purpose != Purpose.question_bank or upload.state != UploadState.checked:
        found(None)
    item = db.session.get(ApplicationItem, upload.subject_id) if upload.subject_id else None
    back = url_for("applicant.item", item_id=item.id) + "#files" if item else url_for("applicant.incubation")
    if upload.report:
        back = url_for("applicant.bank_report", upload_id=upload.id)
    return Desk(
        bank=upload,
        holder=organisation_of(upload).name,
        subject=item_label(item) if item else "",
        back=back,
        back_label=gettext("检查报告") if upload.report else gettext("题库文件"),
        reading=url_for("applicant.bank", upload_id=upload.id),
        watermark=url_for("applicant.bank_watermark", upload_id=upload.id),
        findings=url_for("applicant.bank_report_findings", upload_id=upload.id) if upload.report else None,
        asks_purpose=False,
    )


@page("/files/<uuid:upload_id>/questions")
def bank(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The organisation's own questions, twenty a page, as the panel will see them."""
    return bank_reading.show(_desk(upload_id))


@page("/files/<uuid:upload_id>/watermark.svg")
def bank_watermark(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The reader's own name and the time."""
    return bank_reading.watermark()


@page("/files/<uuid:upload_id>/readers")
def bank_readers(upload_id: uuid.UUID) -> ResponseReturnValue:
    """谁看过我的题库."""
    return bank_reading.show_readers(_desk(upload_id))


@dataclass(frozen=True)
class Change:
    """One question that was changed: what differs, and both versions."""

    fields: str
    before: Question
    after: Question


@page("/files/<uuid:upload_id>/changes")
def bank_changes(upload_id: uuid.UUID) -> ResponseReturnValue:
    """C25 question by question, against the version handed in before; the organisation's own text, for itself only."""
    desk = _desk(upload_id)
    upload: Upload = found(queries.get_upload(upload_id))
    if refusal := access.find_refusal(actor(), upload):
        return sealed(desk, refusal)
    settings = settings_of(upload)
    report = reports.build(upload.report or {}, name=upload.name, settings=settings)
    dossiers = list_dossiers_of_subject(Purpose.question_bank, upload.subject_id) if upload.subject_id else []
    previous = found(reports.compare(report, dossiers, upload_id=upload.id, settings=settings))
    earlier: Upload = found(queries.get_upload(previous.file.upload_id))
    now_asked = questions_of(desk)
    try:
        before = read_questions(earlier)
    except (ObjectGone, Locked, Unreadable):
        before = None
    if access.find_sitting(actor=actor(), bank=upload, now=g.now) is None:
        try:
            access.open_bank(actor=actor(), bank=upload, manner=Manner.SCREEN, now=g.now)
        except Refusal as refused:
            return sealed(desk, refused)
    compared = compare(before, now_asked) if before is not None else None
    rendered = render_template(
        "applicant/bank_changes.html",
        desk=desk,
        previous=previous,
        compared=compared,
        changed=[_change(one) for one in compared.changed[:SHOWN]] if compared else [],
        most=SHOWN,
        kinds=KIND_LABELS,
    )
    db.session.commit()
    response = make_response(rendered)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _change(one: Changed) -> Change:
    return Change("、".join(gettext(_FIELDS.get(name, name)) for name in one.fields), one.before, one.after)
