"""A panel's dates ahead: planned, moved, called off; the experts and whom a visit comes to are invited by mail."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.panels import queries
from app.reminders.feeds import visits as planning
from app.reminders.feeds.models import PanelVisit
from app.rules.core import N_, Refusal
from app.rules.panels import PANEL_RULES
from app.web.bureau.base import authority_code, blueprint
from app.web.errors import refusal_text
from app.web.guards import actor

_STEP = N_("请填写日期和起止时间。")


@blueprint.get("/panels/<uuid:panel_id>/visits")
def visits(panel_id: uuid.UUID) -> ResponseReturnValue:
    """The dates of one panel."""
    return _page(panel_id)


def _page(panel_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    panel = queries.get_panel(panel_id) or abort(404)
    rows = planning.list_visits(panel_id)
    page = render_template(
        "bureau/visits.html",
        panel=panel,
        rows=rows,
        problems=problems,
        typed=request.form,
        methods=PANEL_RULES[panel.kind].methods,
        own=panel.authority_code == authority_code(),
        live=panel.state in planning.LIVE,
        invited=len(queries.is_on(panel, queries.STANDING)),
        now=g.now,
    )
    return page, 422 if problems else 200


def _instants() -> tuple[datetime, datetime]:
    day, first, last = (request.form.get(name, "").strip() for name in ("day", "from", "until"))
    try:
        return tuple(datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=SHANGHAI) for at in (first, last))  # type: ignore[return-value]
    except ValueError:
        raise Refusal("visit_time_missing", "R20", _STEP) from None


@blueprint.post("/panels/<uuid:panel_id>/visits")
def visit_plan(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Set a date."""
    try:
        starts_at, ends_at = _instants()
        planning.plan_visit(
            actor=actor(),
            panel_id=panel_id,
            method=request.form.get("method", ""),
            starts_at=starts_at,
            ends_at=ends_at,
            place=request.form.get("place", ""),
            note=request.form.get("note", ""),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(panel_id, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已安排,邀请正在发送。"), "success")
    return redirect(url_for("bureau.visits", panel_id=panel_id), 303)


def _visit(visit_id: uuid.UUID) -> PanelVisit:
    return db.session.get(PanelVisit, visit_id) or abort(404)


def _seen() -> int | None:
    given = request.form.get("sequence", "")
    return int(given) if given.isdigit() and len(given) < 9 else None


@blueprint.post("/visits/<uuid:visit_id>/change")
def visit_change(visit_id: uuid.UUID) -> ResponseReturnValue:
    """Another time or place."""
    panel_id = _visit(visit_id).panel_id
    try:
        starts_at, ends_at = _instants()
        planning.change_visit(
            actor=actor(),
            visit_id=visit_id,
            starts_at=starts_at,
            ends_at=ends_at,
            place=request.form.get("place", ""),
            note=request.form.get("note", ""),
            sequence=_seen(),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(panel_id, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已调整,更新正在发送。"), "success")
    return redirect(url_for("bureau.visits", panel_id=panel_id), 303)


@blueprint.post("/visits/<uuid:visit_id>/cancel")
def visit_cancel(visit_id: uuid.UUID) -> ResponseReturnValue:
    """Call it off."""
    panel_id = _visit(visit_id).panel_id
    try:
        planning.cancel_visit(
            actor=actor(), visit_id=visit_id, reason=request.form.get("reason", ""), sequence=_seen(), now=g.now
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(panel_id, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已取消,取消通知正在发送。"), "success")
    return redirect(url_for("bureau.visits", panel_id=panel_id), 303)
