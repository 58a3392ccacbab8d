"""The person's messages: opening one marks it read and goes where it leads."""

from __future__ import annotations

import uuid

import structlog
from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, ngettext
from jinja2 import TemplateNotFound

from app.reminders import delivery
from app.web.access import ACCOUNT
from app.web.account.base import blueprint, safe_next, see_other
from app.web.cursors import read_cursor, write_cursor
from app.web.guards import commits, current_identity
from tenants.accounts import inbox as messages
from tenants.notices import Notice

ACCESS = {"account.inbox": ACCOUNT, "account.open_notice": ACCOUNT, "account.read_all": ACCOUNT}
log = structlog.get_logger(__name__)


@blueprint.get("/account/inbox")
def inbox() -> ResponseReturnValue:
    """All messages or the unread ones, newest first."""
    who = current_identity()
    unread_only = request.args.get("show") == "unread"
    after = read_cursor(request.args.get("cursor"))
    page = messages.list_notices(who.user_id, unread_only=unread_only, after=after)
    older = write_cursor(*page.last) if page.last else None
    rows = [
        {
            "id": notice.id,
            "title": _title(notice),
            "at": notice.created_at,
            "unread": notice.read_at is None,
            "rule": notice.rule,
            "undelivered": notice.state == "bounced",
        }
        for notice in page.notices
    ]
    return render_template(
        "account/inbox.html", rows=rows, unread_only=unread_only, next_cursor=older, first=after is None
    )


def _title(notice: Notice) -> str:
    try:
        return delivery.title_of(notice, locale=str(get_locale()))
    except TemplateNotFound:
        log.error("notice_without_template", kind=notice.kind)
        return str(gettext("有一条新消息,请打开查看。"))


@blueprint.post("/account/inbox/<uuid:notice_id>")
@commits
def open_notice(notice_id: uuid.UUID) -> ResponseReturnValue:
    """Mark the message read and go to what it is about."""
    notice = messages.open_notice(user_id=current_identity().user_id, notice_id=notice_id, now=g.now)
    return redirect(safe_next(notice.link) or url_for("account.inbox"), 303)


@blueprint.post("/account/inbox/read-all")
@commits
def read_all() -> ResponseReturnValue:
    """Mark every message read."""
    done = messages.mark_all_read(user_id=current_identity().user_id, now=g.now)
    flash(ngettext("已将 %(num)d 条消息标为已读。", "已将 %(num)d 条消息标为已读。", done), "success")
    return see_other("account.inbox")
