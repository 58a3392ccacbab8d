"""Rectifications (整改) of the authority's organisations: service, the report, the one reassessment (R58, R59)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.panels.models import Panel
from app.lifecycle.panels.queries import find_of_renewal
from app.lifecycle.rectifications import concluding, queries, services
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.rectifications.stepping import DUE, due_at
from app.lifecycle.renewals import grading
from app.lifecycle.submissions.queries import get_task, list_tasks_of
from app.lifecycle.trail import last_change
from app.rules import clocks
from app.rules.core import N_
from app.rules.rectification import DELIVERY_LABELS, RECORDED_WAYS
from app.rules.renewal import GRADE_LABELS, Grade
from app.rules.states import PANEL, RECTIFICATION, PanelKind, PanelState, RectificationState
from app.web.access import authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Steps, typed, typed_date
from app.web.cursors import read_cursor, write_cursor
from app.web.dates import local
from app.web.guards import actor
from app.web.wording import timeline_rows
from tenants import events
from uploads.models import ReviewTask

PAGE_SIZE = 30
ACCESS |= {"bureau.rectifications": authority(), "bureau.rectification": authority()}
_R = RectificationState


@blueprint.get("/rectifications")
def rectifications() -> ResponseReturnValue:
    """All of the authority's, newest first; those under way unless asked otherwise."""
    code, state = authority_code(), request.args.get("state", "live")
    wanted = state if state == "live" or state in RECTIFICATION.states else ""
    rows = queries.list_rectifications(
        code,
        state=wanted,
        text=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/rectifications.html",
        rows=rows,
        counts=queries.count_by_state(code),
        machine=RECTIFICATION,
        state=wanted,
        is_narrowed=wanted not in ("", "live") or bool(request.args.get("q")),
        next_cursor=write_cursor(rows[-1].issued_at, rows[-1].id) if more else None,
    )


def _find(rectification_id: uuid.UUID) -> Rectification:
    return queries.get_rectification(rectification_id) or abort(404)


@blueprint.get("/rectifications/<uuid:rectification_id>")
def rectification(rectification_id: uuid.UUID) -> ResponseReturnValue:
    """One rectification."""
    return _page(rectification_id)


def _page(rectification_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row = _find(rectification_id)
    page = render_template(
        "bureau/rectification.html",
        row=row,
        filing=row.filing,
        organisation=row.organisation,
        problems=problems,
        own=row.authority_code == authority_code(),
        machine=RECTIFICATION,
        ways=DELIVERY_LABELS,
        recorded_ways=RECORDED_WAYS,
        grades=GRADE_LABELS,
        deadline=find_deadline(DUE, row.id),
        today_iso=local(g.now).date().isoformat(),
        exit_case=find_exit_of_filing(row.filing_id) if row.state == _R.UNQUALIFIED else None,
        typed={name: request.form.get(name, "") for name in ("delivered_on", "how", "proof", "grade", "reason")},
        events=timeline_rows(events.list_for_subject("rectification", row.id, limit=50)),
        **_report(row),
        **_next_step(row),
    )
    return page, 422 if problems else 200


def _report(row: Rectification) -> dict[str, Any]:
    """The files as they arrived in the authority's queue, by the upload they came from."""
    tasks = list_tasks_of(row.id)
    task: ReviewTask | None = get_task(tasks[0].id) if tasks else None
    return {"task": task, "arrived": {str(file.upload_id): file for file in task.dossier.files} if task else {}}


def _next_step(row: Rectification) -> dict[str, Any]:
    over = row.due_on is not None and clocks.is_over(due_at(row), g.now)
    panel = find_of_renewal(row.renewal_cycle_id, PanelKind.REASSESSMENT) if row.reassessing_at else None
    return {
        "panel": panel,
        "panel_machine": PANEL,
        "may_deliver": row.state == _R.ISSUED,
        "may_reassess": row.state in (_R.REPORT_SUBMITTED, _R.OVERDUE)
        or (row.state == _R.DELIVERED and over)
        or (row.state == _R.REASSESSING and panel is None),
        "may_record": row.state == _R.OVERDUE,
        "may_conclude": row.state == _R.REASSESSING and _is_concluded(panel),
        "offered": _offered(row),
        "seen": last_change("renewal_cycle", row.renewal_cycle_id),
    }


def _offered(row: Rectification) -> list[Grade]:
    """R59: after rectification nobody is excellent, unless it is so configured."""
    may_excel = load_settings(row.authority_code).reassessment_can_be_excellent
    return [grade for grade in Grade if may_excel or grade is not Grade.EXCELLENT]


def _is_concluded(panel: Panel | None) -> bool:
    return panel is not None and panel.state == PanelState.CONCLUDED


_steps = Steps("/rectifications/<uuid:rectification_id>", "bureau.rectification", find=_find, page=_page)


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() else None


@_steps.step("/delivery", done=N_("已登记送达,整改期限自送达次日起计算。"))
def rectification_deliver(*, rectification_id: uuid.UUID) -> None:
    """Record service outside the system."""
    services.record_delivery(
        actor=actor(),
        rectification_id=rectification_id,
        delivered_on=typed_date("delivered_on"),
        how=typed("how", 20),
        proof=typed("proof", services.NOTE_LIMIT),
        expected_version=_version(),
        now=g.now,
    )


def _panel_page(row: Rectification) -> str:
    """Where the panel is built; before the step there is none, so that its page is found through the renewal's list."""
    return url_for("bureau.rectification", rectification_id=row.id) + "#reassess"


@_steps.step("/reassess", done=N_("已开始重新评估,请组建评估组。"), target=_panel_page)
def rectification_reassess(*, rectification_id: uuid.UUID) -> None:
    """Begin the one reassessment with a new panel."""
    concluding.start_reassessment(
        actor=actor(), rectification_id=rectification_id, expected_version=_version(), now=g.now
    )


@_steps.step("/unqualified", done=N_("已认定仍不合格,该机构移出目录,请办理退出收尾。"))
def rectification_unqualified(*, rectification_id: uuid.UUID) -> None:
    """No report came: recorded as still unqualified."""
    grading.record_reassessment(
        actor=actor(),
        cycle_id=_find(rectification_id).renewal_cycle_id,
        grade=Grade.UNQUALIFIED,
        reason=typed("reason", 1000),
        without_report=True,
        expected=_version(),
        now=g.now,
    )


@_steps.step("/result", done=N_("已登记重新评估结果,机构会收到通知。"))
def rectification_result(*, rectification_id: uuid.UUID) -> None:
    """The result of the reassessment, beside its panel's suggestion."""
    grading.record_reassessment(
        actor=actor(),
        cycle_id=_find(rectification_id).renewal_cycle_id,
        grade=typed("grade", 20),
        reason=typed("reason", 1000),
        expected=_version(),
        now=g.now,
    )
