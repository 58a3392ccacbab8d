"""What became of each mail, those not delivered first of all, and sending one again."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from app.reminders import delivery, undelivered
from app.web.access import Right, authority
from app.web.cursors import read_cursor, write_cursor
from app.web.frame import ROLE_LABELS
from app.web.guards import actor, commits
from tenants.scope import Role

blueprint = Blueprint("delivery", __name__, url_prefix="/bureau/failures/mails")
ACCESS = {"delivery.mails": authority(), "delivery.mails_resend": authority(Right.decide)}
PAGE_SIZE = 50
SHOWS = (
    ("", lazy_gettext("未送达")),
    ("deferred", lazy_gettext("暂缓,正在重试")),
    ("waiting", lazy_gettext("待发送")),
    ("sent", lazy_gettext("已发出")),
    ("all", lazy_gettext("全部")),
)
STATES = {
    "queued": ("waiting", lazy_gettext("待发送")),
    "held": ("waiting", lazy_gettext("待汇总")),
    "sent": ("good", lazy_gettext("已发出")),
    "deferred": ("action", lazy_gettext("暂缓")),
    "bounced": ("bad", lazy_gettext("未送达")),
    "in_app_only": ("neutral", lazy_gettext("仅站内")),
}


@blueprint.get("")
def mails() -> ResponseReturnValue:
    """Newest first: who got what or did not, what the mail server said, and whether it was read here."""
    code = actor().authority_code
    if code is None:
        abort(404)
    after = read_cursor(request.args.get("cursor"))
    show = request.args.get("show", "")
    show = show if show in undelivered.STATES else ""
    found = undelivered.list_deliveries(code, states=undelivered.STATES[show], after=after, limit=PAGE_SIZE + 1)
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
            "state": notice.state,
            "sent_at": notice.sent_at,
            "recipient": _recipient(notice.recipient),
        }
        for notice, organisation in found
    ]
    last = found[-1][0] if more else None
    return render_template(
        "delivery/mails.html",
        rows=rows,
        show=show,
        shows=SHOWS,
        states=STATES,
        next_cursor=write_cursor(last.created_at, last.id) if last else None,
    )


def _recipient(words: str) -> str:
    """`owner w***@example.com` with the role in words."""
    role, _, address = words.partition(" ")
    return f"{ROLE_LABELS[Role(role)]} {address}" if role in {one.value for one in Role} else address


@blueprint.post("/<uuid:notice_id>/resend")
@commits
def mails_resend(notice_id: uuid.UUID) -> ResponseReturnValue:
    """Send it again."""
    undelivered.resend(actor=actor(), notice_id=notice_id, now=g.now)
    flash(gettext("已重新发送。仍未送达的,会再次出现在这里。"), "success")
    return redirect(url_for("delivery.mails"), 303)
