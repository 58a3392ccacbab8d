"""The feed itself, which a calendar fetches again and again, and the account's page about it."""

from __future__ import annotations

import hashlib

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from app.config import Config
from app.db import db
from app.reminders.feeds import entries, services
from app.web.access import ACCOUNT, PUBLIC
from app.web.account.base import own_actor
from app.web.guards import commits, current_identity
from tenants import scope
from tenants.accounts import gate

blueprint = Blueprint("feeds", __name__)
ACCESS = {"feeds.feed": PUBLIC, "feeds.manage": ACCOUNT, "feeds.make": ACCOUNT, "feeds.revoke": ACCOUNT}
MAX_AGE = 300


@blueprint.get("/calendar/<token>.ics")
def feed(token: str) -> ResponseReturnValue:
    """Whoever has the address reads what its person may see; who left, or revoked it, is not found."""
    who = services.open_feed(token, now=g.now)
    if who is None:
        abort(404)
    scope.switch(db.session(), who.actor(ip=None, user_agent=None).scope)
    with force_locale(who.locale if who.locale in ("zh", "en") else "zh"):
        content = entries.content_of(who, now=g.now)
    answer = Response(content.body, content_type="text/calendar; charset=utf-8")
    answer.set_etag(hashlib.sha256(content.body).hexdigest()[:32])
    answer.last_modified = content.changed_at
    answer.headers["Content-Disposition"] = 'inline; filename="sheping.ics"'
    # The address is a secret: nobody between may keep what it answers, and a client asks each time whether it changed.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer.make_conditional(request)


@blueprint.get("/account/calendar")
def manage() -> ResponseReturnValue:
    """Whether there is an address, since when, and when it was last fetched."""
    return _page()


def _page(token: str = "") -> Response:
    who = current_identity()
    with gate.as_person(who.user_id):
        found = services.find_feed(who.membership_id) if who.membership_id else None
        page = render_template(
            "feeds/manage.html",
            feed=found,
            side=who.organisation_name or who.authority_name or gettext("专家"),
            has_side=who.membership_id is not None,
            address=_address(token) if token else "",
        )
    answer = make_response(page)
    if token:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _address(token: str) -> str:
    settings: Config = current_app.config["SHEPING"]
    return f"{settings.public_url}/calendar/{token}.ics"


@blueprint.post("/account/calendar")
def make() -> ResponseReturnValue:
    """Make the address, or another instead of it; this answer alone shows it."""
    who = current_identity()
    with gate.as_person(who.user_id):
        token = services.make_feed(actor=own_actor(), membership_id=who.membership_id, now=g.now)
        db.session.commit()
    return _page(token)


@blueprint.post("/account/calendar/revoke")
@commits
def revoke() -> ResponseReturnValue:
    """Have the address serve nothing any more."""
    who = current_identity()
    with gate.as_person(who.user_id):
        if services.revoke_feed(actor=own_actor(), membership_id=who.membership_id, now=g.now):
            flash(gettext("日历订阅地址已停用。"), "success")
        db.session.commit()
    return redirect(url_for("feeds.manage"), 303)
