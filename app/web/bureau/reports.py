"""Reporting passed results to the department (信息上报, R4); the department receives and may return them."""

from __future__ import annotations

import uuid

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.announcements import queries
from app.lifecycle.announcements.models import ReportBatch
from app.lifecycle.announcements.reporting import return_report, send_report
from app.rules.core import Refusal
from app.rules.routing import PROVINCE_CODE
from app.rules.states import APPLICATION, ItemState
from app.web.bureau.base import authority_code, blueprint
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.wording import LEVELS, item_label, timeline_rows
from tenants import events

PAGE_SIZE = 20
PASSED = (ItemState.BANK_PASSED, ItemState.LISTED_FOR_ANNOUNCEMENT, ItemState.ANNOUNCED, ItemState.FILED)
STATES = {"sent": ("good", "已上报"), "returned": ("action", "已退回"), "draft": ("neutral", "草稿")}


def _ids(name: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(value) for value in request.form.getlist(name)]
    except ValueError:
        abort(400)


@blueprint.get("/reports")
def reports() -> ResponseReturnValue:
    """What can be reported, and what was."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    code = authority_code()
    rows = queries.list_reports(after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    page = render_template(
        "bureau/reports.html",
        ready=queries.list_reportable(code),
        rows=rows,
        problems=problems,
        typed=request.form,
        ticked=request.form.getlist("application"),
        is_department=code == PROVINCE_CODE,
        states={key: (tone, gettext(word)) for key, (tone, word) in STATES.items()},
        passed=PASSED,
        item_label=item_label,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )
    return page, 422 if problems else 200


@blueprint.post("/reports")
def report_send() -> ResponseReturnValue:
    """Report the ticked ones."""
    try:
        batch = send_report(
            actor=actor(),
            application_ids=_ids("application"),
            title=request.form.get("title", ""),
            reference=request.form.get("reference", ""),
            note=request.form.get("note", ""),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _list((refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已上报,省厅可纳入公布名单。"), "success")
    return redirect(url_for("bureau.report", batch_id=batch.id), 303)


def _report(batch_id: uuid.UUID) -> ReportBatch:
    return queries.get_report(batch_id) or abort(404)


@blueprint.get("/reports/<uuid:batch_id>")
def report(batch_id: uuid.UUID) -> ResponseReturnValue:
    """One report with what was in it."""
    return _page(_report(batch_id))


def _page(batch: ReportBatch, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    page = render_template(
        "bureau/report.html",
        batch=batch,
        problems=problems,
        is_department=authority_code() == PROVINCE_CODE,
        states={key: (tone, gettext(word)) for key, (tone, word) in STATES.items()},
        machine=APPLICATION,
        passed=PASSED,
        item_label=item_label,
        level_names=LEVELS,
        events=timeline_rows(events.list_for_subject("report_batch", batch.id)),
    )
    return page, 422 if problems else 200


@blueprint.post("/reports/<uuid:batch_id>/return")
def report_return(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Send it back with a reason; the department alone."""
    _report(batch_id)
    try:
        return_report(actor=actor(), batch_id=batch_id, reason=request.form.get("reason", "")[:1000], now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page(_report(batch_id), (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已退回,上报部门会收到理由。"), "success")
    return redirect(url_for("bureau.report", batch_id=batch_id), 303)
