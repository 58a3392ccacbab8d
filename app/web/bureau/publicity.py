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
from app.rules.states import OBJECTION, OPEN_OBJECTIONS, PUBLICITY, PublicityState
from app.web import wording
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Page, perform, typed
from app.web.cursors import read_cursor, write_cursor
from app.web.explaining import day_rows
from app.web.forms import date_arg, shown_version
from app.web.guards import actor
from tenants import events

PAGE_SIZE = 30
ACCESS |= {
    "bureau.publicities": authority(),
    "bureau.publicity": authority(),
    "bureau.publicity_publish": authority(Right.decide),
    "bureau.publicity_proof": authority(Right.decide),
    "bureau.publicity_void": authority(Right.decide),
    "bureau.objections_list": authority(),
    "bureau.objection": authority(),
    "bureau.objection_accept": authority(Right.decide),
    "bureau.objection_refuse": authority(Right.decide),
    "bureau.objection_investigate": authority(Right.decide),
    "bureau.objection_decide": authority(Right.decide),
    "bureau.objection_reply": authority(Right.decide),
}


@blueprint.get("/publicity")
def publicities() -> ResponseReturnValue:
    """The authority's publicities."""
    state = request.args.get("state", "")
    wanted = PublicityFilter(
        states=(state,) if state in PUBLICITY.states else (),
        text=request.args.get("q", "")[:100],
        authority_code=authority_code(),
    )
    rows = queries.list_publicities(wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/publicities.html",
        rows=rows,
        state=state,
        machine=PUBLICITY,
        counts=queries.count_publicities(authority_code()),
        open_objections=OPEN_OBJECTIONS,
        is_narrowed=bool(wanted.states or wanted.text),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


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
        intact=bool(row.content_sha256) and services.digest(row) == row.content_sha256,
        events=wording.timeline_rows(events.list_for_subject("publicity", publicity_id)),
    )
    return page, 422 if problems else 200


def _again(publicity_id: uuid.UUID) -> Page:
    return lambda problems: _page(publicity_id, problems)


@blueprint.post("/publicity/<uuid:publicity_id>/publish")
def publicity_publish(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """Publish it today."""
    _publicity(publicity_id)
    return perform(
        lambda: services.publish_publicity(
            actor=actor(),
            publicity_id=publicity_id,
            planned_end_on=date_arg(typed("planned_end_on", 20)),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_again(publicity_id),
        target=url_for("bureau.publicity", publicity_id=publicity_id),
        done=gettext("已发布公示。期满无异议的,次日自动进入孵化培育期。"),
    )


@blueprint.post("/publicity/<uuid:publicity_id>/proofs")
def publicity_proof(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """Note where it was displayed."""
    _publicity(publicity_id)
    return perform(
        lambda: services.add_proof(
            actor=actor(),
            publicity_id=publicity_id,
            kind=typed("kind", 20),
            link=typed("link", 500),
            note=typed("note", 500),
            now=g.now,
        ),
        page=_again(publicity_id),
        target=url_for("bureau.publicity", publicity_id=publicity_id) + "#proofs",
        done=gettext("已记录展示情况。"),
    )


@blueprint.post("/publicity/<uuid:publicity_id>/void")
def publicity_void(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """Void it; the next begins a full period again."""
    row = _publicity(publicity_id)
    return perform(
        lambda: services.void_publicity(
            actor=actor(),
            publicity_id=publicity_id,
            reason=typed("reason", 500),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_again(publicity_id),
        target=url_for("bureau.case", application_id=row.application_id) + "#publicity",
        done=gettext("公示已作废。请改正后重新公示,期限重新计算。"),
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
        events=wording.timeline_rows(events.list_for_subject("objection", objection_id)),
    )
    return page, 422 if problems else 200


def _objection_again(objection_id: uuid.UUID) -> Page:
    return lambda problems: _objection_page(objection_id, problems)


def _objection_url(objection_id: uuid.UUID) -> str:
    return url_for("bureau.objection", objection_id=objection_id)


@blueprint.post("/objections/<uuid:objection_id>/accept")
def objection_accept(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Take it up."""
    _objection(objection_id)
    return perform(
        lambda: objections.accept_objection(
            actor=actor(), objection_id=objection_id, expected_version=shown_version(), now=g.now
        ),
        page=_objection_again(objection_id),
        target=_objection_url(objection_id),
        done=gettext("已受理。"),
    )


@blueprint.post("/objections/<uuid:objection_id>/refuse")
def objection_refuse(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Not take it up."""
    _objection(objection_id)
    return perform(
        lambda: objections.refuse_objection(
            actor=actor(),
            objection_id=objection_id,
            reason=typed("reason"),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_objection_again(objection_id),
        target=_objection_url(objection_id),
        done=gettext("已作出不予受理决定,请答复异议人。"),
    )


@blueprint.post("/objections/<uuid:objection_id>/investigate")
def objection_investigate(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Record the inquiry."""
    _objection(objection_id)
    return perform(
        lambda: objections.investigate_objection(
            actor=actor(),
            objection_id=objection_id,
            inquiry=typed("inquiry"),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_objection_again(objection_id),
        target=_objection_url(objection_id),
        done=gettext("已记录核查情况。"),
    )


@blueprint.post("/objections/<uuid:objection_id>/decide")
def objection_decide(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Uphold or dismiss."""
    _objection(objection_id)
    return perform(
        lambda: objections.decide_objection(
            actor=actor(),
            objection_id=objection_id,
            upheld=request.form.get("upheld") == "yes",
            reason=typed("reason"),
            item_ids=request.form.getlist("item"),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_objection_again(objection_id),
        target=_objection_url(objection_id),
        done=gettext("已作出认定,请答复异议人。"),
    )


@blueprint.post("/objections/<uuid:objection_id>/reply")
def objection_reply(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Answer the objector."""
    _objection(objection_id)
    return perform(
        lambda: objections.reply_objection(
            actor=actor(),
            objection_id=objection_id,
            reply=typed("reply"),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_objection_again(objection_id),
        target=_objection_url(objection_id),
        done=gettext("已答复,异议人凭查询码可以看到。"),
    )
