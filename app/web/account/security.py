"""Password and signed-in browsers."""

from __future__ import annotations

import uuid

from flask import flash, g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import logout_user

from app import clock
from app.rules.core import Refusal
from app.web.access import ACCOUNT
from app.web.account.base import blueprint, client_ip, own_actor, see_other, show_refusal
from app.web.account.devices import describe
from app.web.account.forms import ChangePasswordForm
from app.web.errors import refusal_text
from app.web.guards import commits, current_identity
from tenants.accounts import gate, recovery, sessions

ACCESS = {
    "account.password": ACCOUNT,
    "account.sessions": ACCOUNT,
    "account.end_session": ACCOUNT,
    "account.end_other_sessions": ACCOUNT,
    "account.sign_out_everywhere": ACCOUNT,
}


@blueprint.route("/account/password", methods=["GET", "POST"])
@commits
def password() -> ResponseReturnValue:
    """Change the password; the other browsers are signed out."""
    who = current_identity()
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            recovery.change_password(
                user_id=who.user_id,
                current=form.current.data,
                password=form.password.data,
                session_id=who.session_id,
                ip=client_ip(),
                now=g.now,
            )
        except Refusal as refusal:
            show_refusal(form, refusal, {"wrong_password": form.current, "password": form.password})
        else:
            flash(gettext("密码已更新,其他设备上的登录已退出。"), "success")
            return see_other("account.password")
    page = render_template("account/password.html", form=form, who=who)
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/account/sessions", endpoint="sessions")
def list_sessions() -> ResponseReturnValue:
    """Where the person is signed in."""
    who = current_identity()
    rows = [
        {
            "id": row.id,
            "device": describe(row.user_agent),
            "ip": row.ip,
            "began": row.created_at,
            "seen": row.last_seen_at,
            "current": row.id == who.session_id,
        }
        for row in sessions.list_sessions(who.user_id, now=clock.real_now())
    ]
    return render_template("account/sessions.html", rows=rows)


@blueprint.post("/account/sessions/<uuid:session_id>/end")
@commits
def end_session(session_id: uuid.UUID) -> ResponseReturnValue:
    """Sign one browser out."""
    who = current_identity()
    with gate.as_person(who.user_id):
        try:
            sessions.sign_out(actor=own_actor(), session_id=session_id, now=g.now)
            flash(gettext("该设备已退出登录。"), "success")
        except Refusal as refusal:
            flash(refusal_text(refusal), "warning")
    return see_other("account.sessions")


@blueprint.post("/account/sessions/end-others")
@commits
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other browser out."""
    who = current_identity()
    with gate.as_person(who.user_id):
        ended = sessions.sign_out_everywhere(actor=own_actor(), now=g.now, except_session=who.session_id)
    flash(ngettext("已退出 %(num)d 处其他登录。", "已退出 %(num)d 处其他登录。", ended), "success")
    return see_other("account.sessions")


@blueprint.post("/account/sessions/end-all")
@commits
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    who = current_identity()
    with gate.as_person(who.user_id):
        sessions.sign_out_everywhere(actor=own_actor(), now=g.now)
    logout_user()
    session.clear()
    flash(gettext("您已在所有设备上退出登录。"), "success")
    return see_other("account.sign_in")
