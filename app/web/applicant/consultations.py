"""Consultation with the department before a national organisation's branch applies (函商, R14, R16)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.consultations import letters, queries, services
from app.lifecycle.consultations.models import NationalConsultation
from app.rules.core import Refusal
from app.rules.states import NATIONAL_CONSULTATION, ConsultationState
from app.web.access import Right
from app.web.applicant.base import found, page
from app.web.applicant.files import accept_of
from app.web.errors import refusal_text
from app.web.forms import date_arg
from app.web.guards import actor
from app.web.wording import UPLOAD_STATES, timeline_rows
from tenants import events
from uploads import transfer
from uploads.models import Purpose


@page("/consultations")
def consultations() -> ResponseReturnValue:
    """All of ours, and the form of a new one where none is under way."""
    return _list()


def _list(problems: tuple[str, ...] = (), typed: dict[str, str] | None = None) -> ResponseReturnValue:
    rows = queries.list_consultations()
    busy = any(row.state not in (ConsultationState.DECLINED, ConsultationState.USED) for row in rows)
    page = render_template(
        "applicant/consultations.html",
        rows=rows,
        machine=NATIONAL_CONSULTATION,
        may_begin=not busy,
        problems=problems,
        typed=typed or {},
    )
    return page, 422 if problems else 200


@page("/consultations", right=Right.edit, methods=("POST",))
def consultation_begin() -> ResponseReturnValue:
    """Begin one."""
    try:
        row = services.draft_consultation(
            actor=actor(),
            organisation_id=found(actor().organisation_id),
            given=request.form,
            letter_on=date_arg(request.form.get("letter_on", "")),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _list((refusal_text(refusal),), request.form.to_dict())
    db.session.commit()
    return redirect(url_for("applicant.consultation", consultation_id=row.id), 303)


@page("/consultations/<uuid:consultation_id>")
def consultation(consultation_id: uuid.UUID) -> ResponseReturnValue:
    """One: a draft in its form, anything else to read; the list of its files alone for htmx while they are checked."""
    row = found(queries.get_consultation(consultation_id))
    if request.args.get("part") == "files":
        files = letters.list_drafted_files(row)
        return render_template("applicant/_consultation_files.html", row=row, files=files, upload_states=UPLOAD_STATES)
    return _page(row)


@page("/consultations/<uuid:consultation_id>/files/<uuid:upload_id>/remove", right=Right.edit, methods=("POST",))
def consultation_file_remove(consultation_id: uuid.UUID, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out of a letter that is not sent yet."""
    row = found(queries.get_consultation(consultation_id))
    wanted = found(next((one for one in letters.list_drafted_files(row) if one.id == upload_id), None))
    try:
        transfer.remove_upload(actor=actor(), store=current_app.extensions["sheping_store"], upload=wanted, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page(found(queries.get_consultation(consultation_id)), (refusal_text(refusal),))
    db.session.commit()
    return redirect(url_for("applicant.consultation", consultation_id=consultation_id) + "#files", 303)


def _page(
    row: NationalConsultation, problems: tuple[str, ...] = (), typed: dict[str, Any] | None = None
) -> ResponseReturnValue:
    page = render_template(
        "applicant/consultation.html",
        row=row,
        machine=NATIONAL_CONSULTATION,
        problems=problems,
        typed=typed,
        files=letters.list_drafted_files(row),
        accept=accept_of(Purpose.consultation),
        upload_states=UPLOAD_STATES,
        events=timeline_rows(events.list_for_subject("national_consultation", row.id)),
    )
    return page, 422 if problems else 200


@page("/consultations/<uuid:consultation_id>", right=Right.edit, methods=("POST",))
def consultation_save(consultation_id: uuid.UUID) -> ResponseReturnValue:
    """Save the draft; one of its buttons sends the letter."""
    found(queries.get_consultation(consultation_id))
    sends = request.form.get("then") == "send"
    try:
        services.edit_consultation(
            actor=actor(),
            consultation_id=consultation_id,
            given=request.form,
            letter_on=date_arg(request.form.get("letter_on", "")),
            now=g.now,
        )
        if sends:
            letters.send_letter(actor=actor(), consultation_id=consultation_id, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        row = found(queries.get_consultation(consultation_id))
        return _page(row, (refusal_text(refusal),), request.form.to_dict())
    db.session.commit()
    flash(gettext("来函已发出,省厅答复后会通知您。") if sends else gettext("已保存。"), "success")
    return redirect(url_for("applicant.consultation", consultation_id=consultation_id), 303)
