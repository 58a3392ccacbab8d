"""Signing in, signing out, and acting for another of one's organisations."""

from __future__ import annotations

import uuid

from flask import flash, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import logout_user

from app.rules.core import N_, Refusal
from app.web.access import ACCOUNT, PUBLIC
from app.web.account.base import (
    begin_session,
    blueprint,
    client_ip,
    home_url,
    lifetime,
    own_actor,
    safe_next,
    see_other,
    show_refusal,
    signed_in,
)
from app.web.account.forms import SignInForm
from app.web.frame import ROLE_LABELS
from app.web.guards import commits, current_identity
from tenants.accounts import gate, profile, sessions
from tenants.models import Membership
from tenants.scope import Role

ACCESS = {
    "account.sign_in": PUBLIC,
    "account.sign_out": PUBLIC,
    "account.after_sign_in": ACCOUNT,
    "account.switch": ACCOUNT,
}


@blueprint.route("/sign-in", methods=["GET", "POST"])
@commits
def sign_in() -> ResponseReturnValue:
    """E-mail and password; afterwards back to where the person wanted to go."""
    target = safe_next(request.args.get("next"))
    who = signed_in()
    if who is not None:
        return redirect(target or home_url(who), 303)
    form = SignInForm(email=request.args.get("email", ""))
    if form.validate_on_submit():
        try:
            begun = sessions.sign_in(
                email=form.email.data,
                password=form.password.data,
                ip=client_ip(),
                user_agent=request.user_agent.string,
                now=g.now,
                lifetime=lifetime(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal, {"email": form.email})
        else:
            begin_session(begun.token, locale=begun.locale)
            return redirect(target, 303) if target else see_other("account.after_sign_in")
    expired = session.pop("expired", False) if request.method == "GET" else False
    page = render_template("account/sign_in.html", form=form, expired=expired, target=target)
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/sign-out")
@commits
def sign_out() -> ResponseReturnValue:
    """End this browser's session. Pressed twice, or after it ended by itself, it answers the same."""
    who = signed_in()
    if who is not None and who.session_id is not None:
        with gate.as_person(who.user_id):
            try:
                sessions.sign_out(actor=own_actor(), session_id=who.session_id, now=g.now)
            except Refusal as refusal:
                # Ended in the meantime from another browser: that is what was asked for.
                if refusal.code != "session_not_found":
                    raise
    logout_user()
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale
    flash(gettext("您已退出登录。"), "success")
    return see_other("account.sign_in")


@blueprint.get("/start")
def after_sign_in() -> ResponseReturnValue:
    """To the first page of whoever this is."""
    return redirect(home_url(current_identity()), 303)


@blueprint.route("/account/switch", methods=["GET", "POST"])
@commits
def switch() -> ResponseReturnValue:
    """Choose for which organisation or authority to act; the choice holds for this browser."""
    who = current_identity()
    if request.method == "POST":
        with gate.as_person(who.user_id):
            sessions.switch_membership(
                actor=own_actor(), session_id=_session_id(who.session_id), membership_id=_wanted()
            )
        return see_other("account.after_sign_in")
    with gate.as_person(who.user_id):
        memberships = profile.list_memberships(who.user_id)
    rows = [
        {
            "id": membership.id,
            "name": _side_name(membership),
            "role": ROLE_LABELS[Role(membership.role)],
            "current": membership.id == who.membership_id,
        }
        for membership in memberships
    ]
    return render_template("account/switch.html", rows=rows)


def _session_id(session_id: uuid.UUID | None) -> uuid.UUID:
    if session_id is None:
        # A bearer's token is bound to one membership and has no session to switch.
        raise Refusal("session_not_found", "", N_("这个登录已经退出。"))
    return session_id


def _wanted() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("membership", ""))
    except ValueError:
        raise Refusal("membership_not_found", "", N_("您已不在这个单位中,请选择其他身份。")) from None


def _side_name(membership: Membership) -> str:
    if membership.organisation is not None:
        return membership.organisation.name
    if membership.authority is not None:
        return membership.authority.name
    return str(gettext("评估专家"))
