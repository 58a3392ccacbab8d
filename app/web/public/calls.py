"""The calls that are public: all but drafts."""

from __future__ import annotations

import uuid

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.lifecycle.calls import queries
from app.rules.calls import CALL_SECTIONS
from app.rules.states import CALL, CallState
from app.web import picking
from app.web.access import PUBLIC
from app.web.cursors import read_cursor, write_cursor
from app.web.public.views import ACCESS, blueprint
from tenants.identity import Identity
from tenants.scope import ScopeKind

PAGE_SIZE = 20
ACCESS |= {"public.calls": PUBLIC, "public.call": PUBLIC}
_SHOWN = tuple(state for state in CALL.states if state != CallState.DRAFT)


@blueprint.get("/calls")
def calls() -> ResponseReturnValue:
    """Published calls, newest first. What is a draft is shown to nobody here, the department included."""
    rows = queries.list_calls(
        states=_SHOWN,
        search=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "public/calls.html",
        rows=rows,
        machine=CALL,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@blueprint.get("/calls/<uuid:call_id>")
def call(call_id: uuid.UUID) -> ResponseReturnValue:
    """One call with its six contents."""
    row = queries.get_call(call_id)
    if row is None or row.state == CallState.DRAFT:
        abort(404)
    return render_template(
        "public/call.html",
        call=row,
        machine=CALL,
        sections=CALL_SECTIONS,
        tag_words=picking.tag_words,
        preview=False,
        may_apply=_may_apply(),
    )


def _may_apply() -> bool:
    """Whether the way to the application leads anywhere: for organisations and for whoever may sign in as one."""
    who = current_user._get_current_object()
    return not isinstance(who, Identity) or who.kind in (ScopeKind.organisation, ScopeKind.account)
