"""Links sent by mail: confirming an address, choosing a new password. A GET shows a button, the POST acts."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.rules.core import Refusal
from app.web.access import ACCOUNT, PUBLIC
from app.web.account.base import blueprint, client_ip, safe_next, see_other, show_refusal, signed_in
from app.web.account.forms import AddressForm, EmptyForm, NewPasswordForm
from app.web.errors import refusal_text
from app.web.guards import commits, current_identity
from tenants.accounts import confirmation, links, recovery
from tenants.accounts.links import LinkState, Purpose

ACCESS = {
    "account.confirm_email": PUBLIC,
    "account.resend_confirmation": ACCOUNT,
    "account.forgot_password": PUBLIC,
    "account.forgot_sent": PUBLIC,
    "account.reset_password": PUBLIC,
}


@blueprint.route("/email/confirm/<token>", methods=["GET", "POST"])
@commits
def confirm_email(token: str) -> ResponseReturnValue:
    """The page behind the confirmation's link."""
    form = EmptyForm()
    if form.validate_on_submit():
        try:
            user = confirmation.confirm_email(token=token, ip=client_ip(), now=g.now)
        except Refusal as refusal:
            return _dead_link("account/confirm_email.html", refusal)
        session.pop("registered_email", None)
        flash(gettext("邮箱 %(email)s 已确认。", email=user.email), "success")
        return see_other("account.after_sign_in" if signed_in() else "account.sign_in")
    link = links.find_link(token, Purpose.confirm_email, now=g.now)
    if link.state is not LinkState.good:
        return _dead_link("account/confirm_email.html", links.refusal(link.state))
    return render_template("account/confirm_email.html", form=form, problem=None)


def _dead_link(template: str, refusal: Refusal) -> ResponseReturnValue:
    page = render_template(template, form=None, problem=refusal_text(refusal), code=refusal.code, who=signed_in())
    return page, 410


@blueprint.post("/email/resend")
@commits
def resend_confirmation() -> ResponseReturnValue:
    """Send the confirmation again, from the banner of any page."""
    who = current_identity()
    if not who.email_confirmed:
        try:
            confirmation.resend_confirmation(user_id=who.user_id, email=who.email, ip=client_ip())
            flash(gettext("确认邮件已重新发送到 %(email)s,请查收。", email=who.email), "success")
        except Refusal as refusal:
            flash(refusal_text(refusal), "warning")
    return redirect(safe_next(request.referrer) or url_for("account.profile"), 303)


@blueprint.route("/password/forgot", methods=["GET", "POST"])
@commits
def forgot_password() -> ResponseReturnValue:
    """Ask for a link to choose a new password."""
    form = AddressForm(email=request.args.get("email", ""))
    if form.validate_on_submit():
        try:
            recovery.request_reset(email=form.email.data, ip=client_ip())
            session["reset_email"] = form.email.data
            return see_other("account.forgot_sent")
        except Refusal as refusal:
            show_refusal(form, refusal, {"email": form.email})
    page = render_template("account/forgot_password.html", form=form)
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/password/forgot/sent")
def forgot_sent() -> ResponseReturnValue:
    """Check your mail: the same whether the address has an account or not."""
    email = session.get("reset_email")
    if not email:
        return redirect(url_for("account.forgot_password"))
    return render_template("account/forgot_sent.html", email=email)


@blueprint.route("/password/reset/<token>", methods=["GET", "POST"])
@commits
def reset_password(token: str) -> ResponseReturnValue:
    """Choose a new password behind a mailed link."""
    link = links.find_link(token, Purpose.reset_password, now=g.now)
    if link.state is not LinkState.good:
        return _dead_link("account/reset_password.html", links.refusal(link.state))
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            user = recovery.reset_password(token=token, password=form.password.data, ip=client_ip(), now=g.now)
        except Refusal as refusal:
            if refusal.code.startswith("link_"):
                return _dead_link("account/reset_password.html", refusal)
            show_refusal(form, refusal, {"password": form.password})
        else:
            session.pop("reset_email", None)
            flash(gettext("密码已更新,原有登录已全部退出。请用新密码登录。"), "success")
            return see_other("account.sign_in", email=user.email)
    page = render_template("account/reset_password.html", form=form, problem=None)
    return page, 422 if request.method == "POST" else 200
