"""The bureau's boards: deadlines of its organisations, and what could not be delivered."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines import queries as deadlines_queries
from app.lifecycle.deadlines.queries import DeadlineFilter
from app.lifecycle.submissions import queries, services
from app.rules import clocks
from app.web import wording
from app.web.bureau.base import authority_code, blueprint
from app.web.cursors import read_cursor, write_cursor
from app.web.guards import actor, commits

PAGE_SIZE = 50
WEEK = timedelta(days=7)


@blueprint.get("/deadlines")
def deadlines() -> ResponseReturnValue:
    """Every open and missed deadline of the bureau's organisations, the nearest first."""
    code = authority_code()
    wanted = _wanted(g.now)
    rows = deadlines_queries.list_for_authority(
        code, wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/deadlines.html",
        rows=rows,
        next_cursor=write_cursor(rows[-1].due_at, rows[-1].id) if more else None,
        counts=deadlines_queries.count_for_authority(code, now=g.now, week_end=g.now + WEEK),
        show=request.args.get("show", ""),
        kind=wanted.kind,
        kinds=[("", gettext("全部")), *((name, wording.deadline_label(name)) for name in clocks.KINDS)],
        label_of=wording.deadline_label,
        deadline_states=wording.DEADLINE_STATES,
    )


def _wanted(now: datetime) -> DeadlineFilter:
    show = request.args.get("show", "")
    states = {"missed": ("missed",), "met": ("met",)}.get(show, ("open",) if show == "week" else ("open", "missed"))
    kind = request.args.get("kind", "")
    return DeadlineFilter(
        states=states,
        kind=kind if kind in clocks.KINDS else "",
        text=request.args.get("q", "").strip()[:100],
        due_before=now + WEEK if show == "week" else None,
    )


@blueprint.get("/failures")
def failures() -> ResponseReturnValue:
    """Dossiers that could not be delivered after every try: nothing is lost, somebody has to look."""
    code = authority_code()
    return render_template("bureau/failures.html", dossiers=queries.list_undelivered(code))


@blueprint.post("/failures/<uuid:dossier_id>/retry")
@commits
def failures_retry(dossier_id: uuid.UUID) -> ResponseReturnValue:
    """Send it again."""
    services.retry_delivery(actor=actor(), dossier_id=dossier_id, now=g.now)
    flash(gettext("已重新发送,送达后会出现在待办队列。"), "success")
    return redirect(url_for("bureau.failures"), 303)
