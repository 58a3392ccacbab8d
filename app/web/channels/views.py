"""Setting up, testing and ending webhooks, and what became of their messages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from app.db import db
from app.reminders import posting, webhooks
from app.rules.core import Refusal
from app.web.access import Access, Audience, Right
from app.web.errors import refusal_text
from app.web.guards import actor, commits

blueprint = Blueprint("channels", __name__, url_prefix="/channels")
_MANAGE = Access((Audience.organisation, Audience.authority), Right.manage)
ACCESS = {
    "channels.overview": _MANAGE,
    "channels.add": _MANAGE,
    "channels.test": _MANAGE,
    "channels.remove": _MANAGE,
    "channels.retry": _MANAGE,
}
STATES = {
    "queued": ("waiting", lazy_gettext("发送中")),
    "sent": ("good", lazy_gettext("已送达")),
    "dead": ("bad", lazy_gettext("未送达")),
}


@contextmanager
def _else_404() -> Iterator[None]:
    """Another side's address does not exist for this one."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code.endswith("_not_found"):
            abort(404)
        raise


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """The addresses in use and the newest messages."""
    return _page()


def _page(problems: tuple[str, ...] = (), secret: str = "", status: int = 200) -> ResponseReturnValue:
    hooks = [{"row": hook, "host": posting.host_of(hook.url)} for hook in webhooks.list_webhooks(actor())]
    page = render_template(
        "channels/overview.html",
        hooks=hooks,
        deliveries=webhooks.list_deliveries(actor()),
        states=STATES,
        problems=problems,
        secret=secret,
        typed=request.form if problems else {},
        header_names={"signature": webhooks.SIGNATURE, "timestamp": webhooks.TIMESTAMP},
    )
    return page, status


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Set one up; the answer shows its secret, which is stored sealed and not shown again."""
    try:
        _, secret = webhooks.add_webhook(
            actor=actor(), label=request.form.get("label", ""), url=request.form.get("url", ""), now=g.now
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page((refusal_text(refusal),), status=422)
    db.session.commit()
    return _page(secret=secret)


@blueprint.post("/<uuid:webhook_id>/test")
@commits
def test(webhook_id: uuid.UUID) -> ResponseReturnValue:
    """Post a test message."""
    with _else_404():
        webhooks.send_test(actor=actor(), webhook_id=webhook_id, now=g.now)
    flash(gettext("测试消息已发出,几秒后刷新本页可见结果。"), "success")
    return redirect(url_for("channels.overview"), 303)


@blueprint.post("/<uuid:webhook_id>/remove")
@commits
def remove(webhook_id: uuid.UUID) -> ResponseReturnValue:
    """Send nothing more there."""
    with _else_404():
        webhooks.remove_webhook(actor=actor(), webhook_id=webhook_id, now=g.now)
    flash(gettext("已停用,不再向该地址推送。"), "success")
    return redirect(url_for("channels.overview"), 303)


@blueprint.post("/deliveries/<uuid:delivery_id>/retry")
@commits
def retry(delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Post a dead message again."""
    with _else_404():
        webhooks.retry_delivery(actor=actor(), delivery_id=delivery_id, now=g.now)
    flash(gettext("已重新推送。"), "success")
    return redirect(url_for("channels.overview"), 303)
