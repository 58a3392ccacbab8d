"""The list of undelivered mails, and sending one again."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from app.reminders import delivery, undelivered
from app.web.access import Right, authority
from app.web.cursors import read_cursor, write_cursor
from app.web.guards import actor, commits

blueprint = Blueprint("delivery", __name__, url_prefix="/bureau/failures/mails")
ACCESS = {"delivery.mails": authority(), "delivery.mails_resend": authority(Right.decide)}
PAGE_SIZE = 50


@blueprint.get("")
def mails() -> ResponseReturnValue:
    """Newest first: who did not get what, and what the mail server said."""
    code = actor().authority_code
    if code is None:
        abort(404)
    after = read_cursor(request.args.get("cursor"))
    found = undelivered.list_undelivered(code, after=after, limit=PAGE_SIZE + 1)
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    rows = [
        {
            "id": notice.id,
            "title": delivery.title_of(notice, locale=str(get_locale())),
            "organisation": organisation,
            "at": notice.created_at,
            "read_at": notice.read_at,
            "statutory": notice.statutory,
            "reason": notice.last_error,
        }
        for notice, organisation in found
    ]
    last = found[-1][0] if more else None
    return render_template(
        "delivery/mails.html", rows=rows, next_cursor=write_cursor(last.created_at, last.id) if last else None
    )


@blueprint.post("/<uuid:notice_id>/resend")
@commits
def mails_resend(notice_id: uuid.UUID) -> ResponseReturnValue:
    """Send it again."""
    undelivered.resend(actor=actor(), notice_id=notice_id, now=g.now)
    flash(gettext("已重新发送。仍未送达的,会再次出现在这里。"), "success")
    return redirect(url_for("delivery.mails"), 303)
