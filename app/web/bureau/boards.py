"""The bureau's boards: deadlines of its organisations, and what could not be delivered."""

from __future__ import annotations

import uuid

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines import queries as queries_of_deadlines
from app.lifecycle.submissions import queries, services
from app.reminders.wording import wording_of
from app.web.bureau.base import authority_code, blueprint
from app.web.dates import local
from app.web.deadlines import board, one
from app.web.guards import actor, commits
from tenants.queries import list_authorities


@blueprint.get("/deadlines")
def deadlines() -> ResponseReturnValue:
    """Every open and missed deadline of the bureau's organisations, the nearest first, with what is coming."""
    code = authority_code()
    asked = board.read(g.now)
    officers = queries_of_deadlines.count_by_officer(code, now=g.now)
    return render_template(
        "bureau/deadlines.html",
        **board.page_of(code, asked, endpoint="bureau.deadlines", one="bureau.deadline"),
        by_officer=officers,
        officer_options=[
            ("", gettext("全部")),
            *((str(row[0]), row[1] or gettext("经办员")) for row in officers if row[0] is not None),
            ("none", gettext("未分派")),
        ],
    )


@blueprint.get("/deadlines/<uuid:deadline_id>")
def deadline(deadline_id: uuid.UUID) -> ResponseReturnValue:
    """Why one deadline falls on its day, and what it was before."""
    row = queries_of_deadlines.get_deadline(deadline_id) or abort(404)
    action = gettext("查看并办理") if wording_of(row.kind).of_authority else None
    return one.page_of(row, board="bureau.deadlines", one="bureau.deadline", action=action)


@blueprint.get("/deadlines.xlsx")
def deadlines_export() -> ResponseReturnValue:
    """The board as the filter has it, as a workbook."""
    code = authority_code()
    asked = board.read(g.now)
    rows = queries_of_deadlines.iter_for_export(code, wanted=asked.filter)
    names = {row.code: row.name for row in list_authorities()}
    return board.workbook(rows, gettext("期限看板 %(on)s.xlsx", on=f"{local(g.now):%Y-%m-%d}"), names)


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
