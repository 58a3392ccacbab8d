"""The acceptance desk (申报受理): list, one application, and every decision up to acceptance (B4)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.applications import accepting, queries, settling
from app.lifecycle.applications.accepting import Asked
from app.lifecycle.applications.changes import compare
from app.lifecycle.applications.completeness import PART_LABELS, open_request
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import DeskFilter
from app.lifecycle.applications.rosters import KINDS
from app.lifecycle.calls.queries import list_calls
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.sheets import write_workbook
from app.rules import eligibility, routing
from app.rules.authority import LEVEL_LABELS
from app.rules.clocks import is_over
from app.rules.core import Refusal
from app.rules.eligibility import AFFILIATION_LABELS, ORG_TYPE_LABELS
from app.rules.occupations import SKILL_LEVELS
from app.rules.routing import CITIES, PROVINCE_CODE, authority_label
from app.rules.states import APPLICATION, APPLICATION_ITEM, ApplicationState
from app.web import exports
from app.web.bureau.base import authority_code, blueprint
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import shown_version
from app.web.guards import actor
from app.web.wording import LEVELS, SCANS, item_label, timeline_rows
from tenants import events, notices

PAGE_SIZE = 30
EXPORT_LIMIT = 10_000
_S = ApplicationState
TABS: dict[str, tuple[str, ...]] = {
    "waiting": (_S.SUBMITTED,),
    "supplement": (_S.SUPPLEMENT_REQUESTED,),
    "accepted": tuple(
        state
        for state in APPLICATION.states
        if APPLICATION.is_live(state) and state not in (_S.DRAFT, _S.SUBMITTED, _S.SUPPLEMENT_REQUESTED)
    ),
    "ended": tuple(state for state in APPLICATION.states if APPLICATION.is_terminal(state)),
    "all": (),
}


def _wanted(tab: str) -> DeskFilter:
    level, call, city = (request.args.get(name, "") for name in ("level", "call", "city"))
    try:
        call_id = uuid.UUID(call) if call else None
    except ValueError:
        call_id = None
    return DeskFilter(
        states=TABS[tab],
        level=level if level in LEVEL_LABELS else "",
        text=request.args.get("q", "").strip()[:100],
        call_id=call_id,
        city=city if city in CITIES else "",
        assigned_to=actor().user_id if request.args.get("mine") == "1" else None,
        held=request.args.get("mine") == "held",
    )


def _tab() -> str:
    tab = request.args.get("tab", "waiting")
    return tab if tab in TABS else "waiting"


@blueprint.get("/applications")
def applications() -> ResponseReturnValue:
    """What was handed in to this authority; the department sees every city's."""
    tab = _tab()
    wanted = _wanted(tab)
    oldest = request.args.get("sort", "") == "submitted"
    rows = queries.list_desk(
        wanted=wanted, after=read_cursor(request.args.get("cursor")), oldest_first=oldest, limit=PAGE_SIZE + 1
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    counts = queries.count_desk(wanted=wanted)
    last = rows[-1] if rows else None
    return render_template(
        "bureau/applications.html",
        rows=rows,
        tab=tab,
        tabs=_tabs(tab, counts),
        machine=APPLICATION,
        levels=LEVEL_LABELS,
        calls=list_calls(states=tuple(state for state in ("published", "open", "closed", "concluded", "cancelled"))),
        cities=CITIES if authority_code() == PROVINCE_CODE else {},
        item_label=item_label,
        is_narrowed=bool(wanted.text or wanted.level or wanted.call_id or wanted.city or request.args.get("mine")),
        next_cursor=write_cursor(last.submitted_at, last.id) if more and last and last.submitted_at else None,
    )


def _tabs(tab: str, counts: dict[str, int]) -> list[dict[str, object]]:
    names = {
        "waiting": gettext("待受理"),
        "supplement": gettext("待补正"),
        "accepted": gettext("已受理"),
        "ended": gettext("已办结"),
        "all": gettext("全部"),
    }
    return [
        {
            "label": label,
            "href": url_for("bureau.applications", tab=name),
            "active": tab == name,
            "count": sum(counts.get(state, 0) for state in (TABS[name] or counts)),
        }
        for name, label in names.items()
    ]


@blueprint.get("/applications.xlsx")
def applications_export() -> ResponseReturnValue:
    """The same list, all pages, one line an item."""
    columns = (
        ("申报编号", 26), ("单位", 30), ("统一社会信用代码", 22), ("级别", 8), ("受理市", 10), ("批次", 30),
        ("状态", 14), ("提交时间", 18), ("职业编码", 14), ("职业", 20), ("工种", 16), ("等级", 16), ("经办", 10),
    )  # fmt: skip
    rows = [
        (
            row.number, row.organisation.name, row.organisation.uscc, LEVEL_LABELS[row.level],
            CITIES[row.city_code].name, row.call.title, APPLICATION.label(row.state), row.submitted_at,
            item.occupation_code, item.occupation_name, item.work_type, SKILL_LEVELS[item.skill_level].label,
            row.assignee.name if row.assignee else "",
        )
        for row in queries.list_desk(wanted=_wanted(_tab()), limit=EXPORT_LIMIT)
        for item in row.items
    ]  # fmt: skip
    return exports.workbook(write_workbook(title="申报", columns=columns, rows=rows), "申报列表.xlsx")


def _row(application_id: uuid.UUID) -> Application:
    row = queries.get_application(application_id)
    if row is None or row.submitted_at is None:
        abort(404)
    return row


@blueprint.get("/applications/<uuid:application_id>")
def application(application_id: uuid.UUID) -> ResponseReturnValue:
    """Everything of one application, and what may be done with it now."""
    return _page(_row(application_id))


@blueprint.get("/reviews/<uuid:task_id>/application")
def application_of_task(task_id: uuid.UUID) -> ResponseReturnValue:
    """From a task in the queue to the application that its files belong to."""
    application_id = settling.find_application_id(task_id) or abort(404)
    return redirect(url_for("bureau.application", application_id=application_id), 303)


def _page(row: Application, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    settings = load_settings()
    tasks = settling.list_tasks(row)
    supplement = open_request(row)
    answered = [one for one in row.supplements if one.state == "answered"]
    organisation = row.organisation
    doubts = eligibility.find_type_mismatch(organisation.uscc, organisation.org_type)
    if organisation.uscc[2:4] == "37":
        doubts += routing.find_mismatch(row.city_code, organisation.uscc[2:8], settings)
    accepts = row.city_code == authority_code() and row.authority_code == authority_code() and not row.rerouting_to
    page = render_template(
        "bureau/application.html",
        application=row,
        organisation=organisation,
        machine=APPLICATION,
        item_machine=APPLICATION_ITEM,
        problems=problems,
        typed=request.form,
        parts=PART_LABELS,
        rosters=KINDS,
        levels=LEVEL_LABELS,
        level_names=LEVELS,
        affiliations=AFFILIATION_LABELS,
        org_types=ORG_TYPE_LABELS,
        holder=authority_label(row.authority_code),
        city=authority_label(row.city_code),
        tasks=tasks,
        scans=SCANS,
        undelivered=[one for one in settling.list_dossiers(row) if one.id not in {task.dossier_id for task in tasks}],
        supplement=supplement,
        supplement_over=bool(supplement and is_over(supplement.due_at, g.now)),
        changes=compare(row, answered[-1] if answered else None),
        answer=answered[-1] if answered else None,
        doubts=doubts,
        suggested_city=_suggested(row),
        accepts=accepts,
        colleagues=notices.list_recipients(authority_code=authority_code()),
        cities=CITIES,
        routes=queries.list_routes(row.id),
        events=timeline_rows(events.list_for_subject("application", row.id)),
    )
    return page, 422 if problems else 200


def _suggested(row: Application) -> str:
    """The city that the credit code names, where it differs: what the re-routing offers first."""
    try:
        code = routing.route_city(row.organisation.uscc[2:8], load_settings())
    except Refusal:
        return ""
    return code if code != row.city_code else ""


def _act(application_id: uuid.UUID, step: Callable[[dict[str, Any]], Any], done: str) -> ResponseReturnValue:
    _row(application_id)
    common = {
        "actor": actor(),
        "application_id": application_id,
        "expected_version": shown_version(),
        "now": g.now,
    }
    try:
        step(common)
    except Refusal as refusal:
        # What was typed stays, and the page shows the record as it is now.
        db.session.rollback()
        return _page(_row(application_id), (refusal_text(refusal),))
    db.session.commit()
    flash(done, "success")
    return redirect(url_for("bureau.application", application_id=application_id), 303)


@blueprint.post("/applications/<uuid:application_id>/supplement")
def application_supplement(application_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for what is missing, a tick a part, once and for all."""
    asked = [Asked(part, request.form.get(f"note-{part}", "")) for part in request.form.getlist("ask")]
    note = request.form.get("note", "")
    return _act(
        application_id,
        lambda common: accepting.request_supplement(asked=asked, note=note, **common),
        gettext("已一次性告知补正,申报单位会收到通知。"),
    )


@blueprint.post("/applications/<uuid:application_id>/accept")
def application_accept(application_id: uuid.UUID) -> ResponseReturnValue:
    """Accept."""
    return _act(
        application_id,
        lambda common: accepting.accept_application(**common),
        gettext("已受理,可以组建评估组。"),
    )


@blueprint.post("/applications/<uuid:application_id>/refuse")
def application_refuse(application_id: uuid.UUID) -> ResponseReturnValue:
    """Do not accept, with the reason."""
    reason = request.form.get("reason", "")[:2000]
    return _act(
        application_id,
        lambda common: accepting.refuse_application(reason=reason, **common),
        gettext("已作出不予受理决定,申报单位会收到理由。"),
    )


@blueprint.post("/applications/<uuid:application_id>/lapse")
def application_lapse(application_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm that the supplement did not come in time."""
    reason = request.form.get("reason", "")[:2000]
    return _act(
        application_id,
        lambda common: accepting.lapse_application(reason=reason, **common),
        gettext("已确认逾期未补正,不予受理。"),
    )


@blueprint.post("/applications/<uuid:application_id>/hold")
def application_hold(application_id: uuid.UUID) -> ResponseReturnValue:
    """Set aside, with the reason."""
    reason = request.form.get("reason", "")[:1000]
    return _act(
        application_id, lambda common: accepting.hold_application(reason=reason, **common), gettext("已暂缓办理。")
    )


@blueprint.post("/applications/<uuid:application_id>/release")
def application_release(application_id: uuid.UUID) -> ResponseReturnValue:
    """Take up again."""
    return _act(application_id, lambda common: accepting.release_application(**common), gettext("已恢复办理。"))


@blueprint.post("/applications/<uuid:application_id>/assign")
def application_assign(application_id: uuid.UUID) -> ResponseReturnValue:
    """Give it to a colleague, or to nobody."""
    given = request.form.get("assignee", "")
    try:
        assignee = uuid.UUID(given) if given else None
    except ValueError:
        abort(400)
    return _act(
        application_id,
        lambda common: accepting.assign_application(assignee_id=assignee, **common),
        gettext("已分派。"),
    )


@blueprint.post("/applications/<uuid:application_id>/reroute")
def application_reroute(application_id: uuid.UUID) -> ResponseReturnValue:
    """Send it with its files to the right city (R15)."""
    to_code = request.form.get("to_code", "")
    reason = request.form.get("reason", "")[:1000]
    return _act(
        application_id,
        lambda common: accepting.reroute_application(to_code=to_code, reason=reason, **common),
        gettext("已转办,材料会一并转去,申报单位会收到通知。"),
    )
