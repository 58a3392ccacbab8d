"""Publicities for everybody: what is public, until when and why; objecting with one's name; following it by code."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import abort, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.publicity import attachments, objections, queries, services
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.publicity.objections import Lodged, ObjectionText
from app.lifecycle.publicity.queries import PublicityFilter
from app.rules import clocks
from app.rules.core import Refusal
from app.rules.states import OBJECTION, PUBLICITY
from app.web import objecting, wording
from app.web.access import PUBLIC
from app.web.account.base import client_ip
from app.web.case_files import is_working, limits_of, rows_of
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.explaining import day_rows
from app.web.guards import actor
from app.web.public.views import ACCESS, blueprint
from tenants import scope
from tenants.accounts import gate, throttle
from tenants.accounts.throttle import Limit
from tenants.queries import list_authorities
from tenants.scope import PUBLIC_ACTOR, Actor, Scope, ScopeKind
from tenants.tokens import hash_token
from uploads import transfer
from uploads.case_files import OBJECTION_FILES
from uploads.models import Purpose, Upload

PAGE_SIZE = 20
# As long as a form is sent twice by mistake; later the code is not shown to whoever sits at the same screen.
SHOWN_AGAIN = timedelta(minutes=10)
ACCESS |= {
    "public.publicity": PUBLIC,
    "public.publicity_one": PUBLIC,
    "public.publicity_object": PUBLIC,
    "public.objection_files": PUBLIC,
    "public.objection_file_remove": PUBLIC,
    "public.objection_lookup": PUBLIC,
}


@blueprint.get("/publicity")
def publicity() -> ResponseReturnValue:
    """Running publicities, or all that ever were."""
    show = "all" if request.args.get("show") == "all" else "running"
    code = request.args.get("authority", "")
    wanted = PublicityFilter(
        states=queries.RUNNING if show == "running" else (),
        text=request.args.get("q", "")[:100],
        authority_code=code if code.isdigit() else "",
    )
    rows = queries.list_public(wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "public/publicity.html",
        rows=rows,
        show=show,
        authority=wanted.authority_code,
        authorities=[("", gettext("全部")), *((one.code, one.name) for one in list_authorities())],
        machine=PUBLICITY,
        is_narrowed=bool(wanted.text or wanted.authority_code),
        next_cursor=write_cursor(rows[-1].published_at, rows[-1].id) if more and rows[-1].published_at else None,
    )


def _public(publicity_id: uuid.UUID) -> Publicity:
    row = queries.get_publicity(publicity_id)
    if row is None or row.published_at is None:
        abort(404)
    return row


@blueprint.get("/publicity/<uuid:publicity_id>")
def publicity_one(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """One publicity with its end and why, and the form to object."""
    return _page(publicity_id)


def _page(publicity_id: uuid.UUID, problem: str = "") -> ResponseReturnValue:
    # In a gate of their own, so before the rest is read.
    files = objecting.list_files(publicity_id)
    row = _public(publicity_id)
    running = row.state in queries.RUNNING and row.due_at is not None and not clocks.is_over(row.due_at, g.now)
    if running:
        objecting.ensure_ticket(publicity_id)
    page = render_template(
        "public/publicity_one.html",
        publicity=row,
        machine=PUBLICITY,
        problems=(problem,) if problem else (),
        typed=request.form,
        files=rows_of(files, hashes=False),
        form_mark=objecting.current_mark(publicity_id) if running else "",
        working=is_working(files),
        limits=limits_of(Purpose.objection),
        most_files=OBJECTION_FILES,
        ticked=request.form.getlist("item"),
        days=day_rows(row.explanation),
        level_names=wording.LEVELS,
        running=running,
        intact=services.digest(row) == row.content_sha256,
    )
    return page, 422 if problem else 200


def _objector() -> Actor:
    """Whoever is signed in as an organisation or an official objects as such; anybody else as the public."""
    mine = actor()
    named = (ScopeKind.organisation, ScopeKind.bureau, ScopeKind.department)
    return mine if mine.kind in named else PUBLIC_ACTOR


def _check(limit: Limit) -> None:
    """Refusal too_many_attempts. Its transaction is a gate's own: what the session held uncommitted is lost."""
    with gate.opened(limit.key(client_ip())):
        throttle.check(limit, client_ip())
        db.session.rollback()


def _count(limit: Limit) -> None:
    with gate.opened(limit.key(client_ip())):
        throttle.count(limit, client_ip())
        db.session.commit()


@blueprint.post("/publicity/<uuid:publicity_id>/objections")
def publicity_object(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """Object with one's name; the query code is shown once."""
    ticket = objecting.find_ticket(publicity_id, request.form.get("form", ""))
    try:
        if ticket is not None and (again := _find_lodged(ticket)):
            return again
    except Refusal as refusal:
        return _page(publicity_id, refusal_text(refusal))
    objector = _objector()
    if objector is PUBLIC_ACTOR:
        scope.switch(db.session(), scope.PUBLIC)
    title = _public(publicity_id).title
    text = ObjectionText(
        name=request.form.get("name", ""),
        contact=request.form.get("contact", ""),
        statement=request.form.get("statement", ""),
        evidence=request.form.get("evidence", ""),
        item_ids=request.form.getlist("item"),
    )
    try:
        # Only those whose name we do not know are counted, and only what was lodged.
        if objector is PUBLIC_ACTOR:
            _check(throttle.OBJECT_BY_PLACE)
        lodged = objections.lodge_objection(
            actor=objector,
            publicity_id=publicity_id,
            text=text,
            ticket_hash=hash_token(ticket) if ticket else None,
            code=objecting.code_of(ticket) if ticket else "",
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        # The same form came twice at once: the first has been lodged meanwhile.
        if ticket is not None and refusal.code == "objection_lodged" and (again := _find_lodged(ticket)):
            return again
        return _page(publicity_id, refusal_text(refusal))
    db.session.commit()
    if objector is PUBLIC_ACTOR:
        _count(throttle.OBJECT_BY_PLACE)
    files = objecting.list_files(publicity_id)
    if ticket is not None:
        objecting.keep_lodged(publicity_id, ticket)
    return render_template("public/objection_lodged.html", lodged=lodged, title=title, at=g.now, files=files)


def _find_lodged(ticket: str) -> ResponseReturnValue | None:
    """The receipt of the objection lodged under this ticket, once more; None where there is none yet.

    Refusal objection_lodged where that was long ago.
    """
    code = objecting.code_of(ticket)
    with gate.opened(objections.hash_code(code)):
        found = queries.find_by_code(objections.hash_code(code))
        if found is None:
            db.session.rollback()
            return None
        if found.received_at < g.now - SHOWN_AGAIN:
            raise attachments.lodged_before()
        publicity_id = found.publicity_id
        page = render_template(
            "public/objection_lodged.html",
            lodged=Lodged(found.number, code),
            title=found.publicity.title,
            at=found.received_at,
            files=attachments.list_files(found),
        )
        db.session.rollback()
    objecting.keep_lodged(publicity_id, ticket)
    return page


@blueprint.get("/publicity/<uuid:publicity_id>/files")
def objection_files(publicity_id: uuid.UUID) -> ResponseReturnValue:
    """The files sent so far with the objection that this visitor is writing, alone, for htmx."""
    return _file_list(publicity_id)


def _file_list(publicity_id: uuid.UUID) -> ResponseReturnValue:
    files = objecting.list_files(publicity_id)
    return render_template(
        "public/_objection_files.html",
        publicity=_public(publicity_id),
        files=rows_of(files, hashes=False),
        working=is_working(files),
    )


@blueprint.post("/publicity/<uuid:publicity_id>/files/<uuid:upload_id>/remove")
def objection_file_remove(publicity_id: uuid.UUID, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out of an objection that is not lodged yet; the page comes back with everything as it was typed."""
    ticket = objecting.ticket_hash(publicity_id)
    store = current_app.extensions["sheping_store"]
    with gate.opened(ticket or ""):
        upload = objecting.get_file(ticket, upload_id)
        attachments.check_unlodged(ticket or "")
        transfer.remove_upload(actor=objecting.objector(), store=store, upload=upload, now=g.now)
        db.session.commit()
    return _file_list(publicity_id) if request.htmx else _page(publicity_id)  # type: ignore[attr-defined]


@blueprint.route("/objections", methods=["GET", "POST"])
def objection_lookup() -> ResponseReturnValue:
    """How one's objection stands, by its query code; a POST, so that the code stays out of addresses and logs."""
    if request.method == "GET":
        return render_template("public/objection_lookup.html", objection=None, problem="", machine=OBJECTION)
    code = objections.hash_code(request.form.get("code", "")[:40])
    found, problem = None, ""
    files: list[Upload] = []
    try:
        _check(throttle.ASK_BY_PLACE)
    except Refusal as refusal:
        problem = refusal_text(refusal)
    else:
        _count(throttle.ASK_BY_PLACE)
        scope.switch(db.session(), Scope(ScopeKind.gate, gate_keys=(code,)))
        found = queries.find_by_code(code)
        files = attachments.list_files(found) if found else []
        problem = "" if found else gettext("没有找到这个查询码。请核对后重新输入(不区分大小写)。")
    page = render_template(
        "public/objection_lookup.html",
        objection=found,
        problem=problem,
        machine=OBJECTION,
        files=rows_of(files, hashes=False),
    )
    return page, 422 if problem else 200
