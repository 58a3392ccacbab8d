"""Publicities and objections at the bureau's desk (R23, R25)."""

from __future__ import annotations

import uuid

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clock import SHANGHAI
from app.lifecycle import casework
from app.lifecycle.publicity import objections, queries, services
from app.lifecycle.publicity.models import Objection, Publicity
from app.lifecycle.publicity.queries import PublicityFilter
from app.rules.core import N_
from app.rules.states import OBJECTION, OPEN_OBJECTIONS, PUBLICITY, PublicityState
from app.web import wording
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.case_files import list_of_objection, lists_of
from app.web.bureau.desk import Steps, perform, typed, typed_ids
from app.web.cursors import read_cursor, write_cursor
from app.web.explaining import day_rows
from app.web.forms import date_arg, shown_version
from app.web.guards import actor
from tenants import events
from uploads.models import Purpose

PAGE_SIZE = 30
MOST_AT_ONCE = 100
ACCESS |= {
    "bureau.publicities": authority(),
    "bureau.publicities_publish": authority(Right.decide),
    "bureau.publicity": authority(),
    "bureau.objections_list": authority(),
    "bureau.objection": authority(),
}


@blueprint.get("/publicity")
def publicities() -> ResponseReturnValue:
    """The authority's publicities."""
    return _list()


@blueprint.post("/publicity/publish")
def publicities_publish() -> ResponseReturnValue:
    """Publish the ticked ones today, as one batch."""
    return perform(
        lambda: services.publish_many(
            actor=actor(),
            publicity_ids=typed_ids("publicity"),
            planned_end_on=date_arg(typed("planned_end_on", 20)),
            now=g.now,
        ),
        page=_list,
        target=url_for("bureau.publicities", state=PublicityState.OPEN),
        done=gettext("已发布所选公示。期满无异议的,次日自动进入孵化培育期。"),
    )


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    state = request.args.get("state", "")
    wanted = PublicityFilter(
        states=(state,) if state in PUBLICITY.states else (),
        text=request.args.get("q", "")[:100],
        authority_code=authority_code(),
    )
    rows = queries.list_publicities(wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    scheduled = queries.list_publicities(
        wanted=PublicityFilter(states=(PublicityState.SCHEDULED,), text="", authority_code=authority_code()),
        after=None,
        limit=MOST_AT_ONCE,
    )
    today = g.now.astimezone(SHANGHAI).date()
    page = render_template(
        "bureau/publicities.html",
        rows=rows,
        problems=problems,
        scheduled=scheduled,
        earliest=services.plan_end(published_on=today, planned_end_on=None, authority_code=authority_code()),
        state=state,
        machine=PUBLICITY,
        counts=queries.count_publicities(authority_code()),
        open_objections=OPEN_OBJECTIONS,
        is_narrowed=bool(wanted.states or wanted.text),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )
    return page, 422 if problems else 200


def _publicity(publicity_id: uuid.UUID) -> Publicity:
    row = queries.get_publicity(publicity_id) or abort(404)
    if row.authority_code != authority_code() and actor().kind != "department":
        abort(404)
    return row


@blueprint.get("/publicity/<uuid:publicity_id>")
def publicity(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """One publicity: its content, its end and why, objections, proof of display."""
    return _page(publicity_id)


def _page(publicity_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row = _publicity(publicity_id)
    earliest = None
    if row.state == PublicityState.SCHEDULED:
        today = g.now.astimezone(SHANGHAI).date()
        earliest = services.plan_end(published_on=today, planned_end_on=None, authority_code=row.authority_code)
    page = render_template(
        "bureau/publicity.html",
        publicity=row,
        problems=problems,
        own=row.authority_code == authority_code(),
        machine=PUBLICITY,
        objection_machine=OBJECTION,
        earliest=earliest,
        days=day_rows(services.days_of(earliest)) if earliest else day_rows(row.explanation),
        level_names=wording.LEVELS,
        proof_files=lists_of(Purpose.publicity_proof, [row.id], open_for=row.authority_code == authority_code())[
            row.id
        ],
        intact=bool(row.content_sha256) and services.digest(row) == row.content_sha256,
        events=wording.timeline_rows(events.list_for_subject("publicity", publicity_id)),
    )
    return page, 422 if problems else 200


_steps = Steps("/publicity/<uuid:publicity_id>", "bureau.publicity", find=_publicity, page=_page)


@_steps.step("/publish", done=N_("已发布公示。期满无异议的,次日自动进入孵化培育期。"))
def publicity_publish(publicity_id: uuid.UUID) -> None:
    """Publish it today."""
    services.publish_publicity(
        actor=actor(),
        publicity_id=publicity_id,
        planned_end_on=date_arg(typed("planned_end_on", 20)),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/proofs", done=N_("已记录展示情况。"), anchor="#proofs")
def publicity_proof(publicity_id: uuid.UUID) -> None:
    """Note where it was displayed."""
    services.add_proof(
        actor=actor(),
        publicity_id=publicity_id,
        kind=typed("kind", 20),
        link=typed("link", 500),
        note=typed("note", 500),
        now=g.now,
    )


@_steps.step(
    "/void",
    done=N_("公示已作废。请改正后重新公示,期限重新计算。"),
    target=lambda row: url_for("bureau.case", application_id=row.application_id) + "#publicity",
)
def publicity_void(publicity_id: uuid.UUID) -> None:
    """Void it; the next begins a full period again."""
    services.void_publicity(
        actor=actor(),
        publicity_id=publicity_id,
        reason=typed("reason", 500),
        expected_version=shown_version(),
        now=g.now,
    )


# Objections ---------------------------------------------------------------------------------------------------------


@blueprint.get("/objections")
def objections_list() -> ResponseReturnValue:
    """Objections to handle, and all of them."""
    show = request.args.get("show", "open")
    rows = queries.list_objections(
        authority_code(),
        open_only=show != "all",
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/objections.html",
        rows=rows,
        show=show,
        machine=OBJECTION,
        next_cursor=write_cursor(rows[-1].received_at, rows[-1].id) if more else None,
    )


def _objection(objection_id: uuid.UUID) -> Objection:
    return queries.get_objection(objection_id) or abort(404)


@blueprint.get("/objections/<uuid:objection_id>")
def objection(objection_id: uuid.UUID) -> ResponseReturnValue:
    """One objection."""
    return _objection_page(objection_id)


def _objection_page(objection_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row = _objection(objection_id)
    application = casework.get_case(row.publicity.application_id)
    page = render_template(
        "bureau/objection.html",
        objection=row,
        publicity=row.publicity,
        case=application,
        problems=problems,
        own=row.authority_code == authority_code(),
        machine=OBJECTION,
        level_names=wording.LEVELS,
        files=list_of_objection(row),
        events=wording.timeline_rows(events.list_for_subject("objection", objection_id)),
    )
    return page, 422 if problems else 200


_objection_steps = Steps("/objections/<uuid:objection_id>", "bureau.objection", find=_objection, page=_objection_page)


@_objection_steps.step("/accept", done=N_("已受理。"))
def objection_accept(objection_id: uuid.UUID) -> None:
    """Take it up."""
    objections.accept_objection(actor=actor(), objection_id=objection_id, expected_version=shown_version(), now=g.now)


@_objection_steps.step("/refuse", done=N_("已作出不予受理决定,请答复异议人。"))
def objection_refuse(objection_id: uuid.UUID) -> None:
    """Not take it up."""
    objections.refuse_objection(
        actor=actor(),
        objection_id=objection_id,
        reason=typed("reason"),
        expected_version=shown_version(),
        now=g.now,
    )


@_objection_steps.step("/investigate", done=N_("已记录核查情况。"))
def objection_investigate(objection_id: uuid.UUID) -> None:
    """Record the inquiry."""
    objections.investigate_objection(
        actor=actor(),
        objection_id=objection_id,
        inquiry=typed("inquiry"),
        expected_version=shown_version(),
        now=g.now,
    )


@_objection_steps.step("/decide", done=N_("已作出认定,请答复异议人。"))
def objection_decide(objection_id: uuid.UUID) -> None:
    """Uphold or dismiss."""
    objections.decide_objection(
        actor=actor(),
        objection_id=objection_id,
        upheld=request.form.get("upheld") == "yes",
        reason=typed("reason"),
        item_ids=request.form.getlist("item"),
        expected_version=shown_version(),
        now=g.now,
    )


@_objection_steps.step("/reply", done=N_("已答复,异议人凭查询码可以看到。"))
def objection_reply(objection_id: uuid.UUID) -> None:
    """Answer the objector."""
    objections.reply_objection(
        actor=actor(),
        objection_id=objection_id,
        reply=typed("reply"),
        expected_version=shown_version(),
        now=g.now,
    )
