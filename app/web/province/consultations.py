"""The department's replies to national organisations (函商, B3)."""

from __future__ import annotations

import uuid

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.consultations import letters, queries
from app.lifecycle.consultations.models import NationalConsultation
from app.rules.core import Refusal
from app.rules.states import NATIONAL_CONSULTATION, ConsultationState
from app.web.access import Right
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import date_arg, shown_version
from app.web.guards import actor
from app.web.province.base import found, page
from app.web.wording import timeline_rows
from tenants import events

PAGE_SIZE = 30
_SENT = tuple(state for state in NATIONAL_CONSULTATION.states if state != ConsultationState.DRAFT)


@page("/consultations")
def consultations() -> ResponseReturnValue:
    """What was sent to the department, newest first."""
    state = request.args.get("state", "")
    rows = queries.list_consultations(
        states=(state,) if state in _SENT else _SENT,
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "province/consultations.html",
        rows=rows,
        machine=NATIONAL_CONSULTATION,
        counts=queries.count_consultations(),
        states=_SENT,
        state=state,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@page("/consultations/<uuid:consultation_id>")
def consultation(consultation_id: uuid.UUID) -> ResponseReturnValue:
    """One letter, and its reply."""
    row = found(queries.get_consultation(consultation_id))
    if row.state == ConsultationState.DRAFT:
        found(None)
    return _page(row)


def _page(row: NationalConsultation, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    page = render_template(
        "province/consultation.html",
        row=row,
        machine=NATIONAL_CONSULTATION,
        problems=problems,
        typed=request.form,
        tasks=letters.list_tasks(row.id),
        events=timeline_rows(events.list_for_subject("national_consultation", row.id)),
    )
    return page, 422 if problems else 200


@page("/consultations/<uuid:consultation_id>", right=Right.decide, methods=("POST",))
def consultation_answer(consultation_id: uuid.UUID) -> ResponseReturnValue:
    """Reply: consent or refusal."""
    found(queries.get_consultation(consultation_id))
    agrees = request.form.get("answer") == "agree"
    try:
        letters.answer_letter(
            actor=actor(),
            consultation_id=consultation_id,
            agrees=agrees,
            reply_no=request.form.get("reply_no", "")[:100],
            replied_on=date_arg(request.form.get("replied_on", "")),
            reply_text=request.form.get("reply_text", "")[:2000],
            expected_version=shown_version(),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(found(queries.get_consultation(consultation_id)), (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("复函已登记,驻鲁分支机构会收到通知。"), "success")
    return redirect(url_for("province.consultation", consultation_id=consultation_id), 303)
