"""The page behind an invitation's link, for people with an account and for new ones."""

from __future__ import annotations

from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from app.rules.core import Refusal
from app.web.access import PUBLIC
from app.web.account.base import begin_session, blueprint, client_ip, lifetime, see_other, show_refusal, signed_in
from app.web.account.forms import EmptyForm, JoinForm
from app.web.errors import refusal_text
from app.web.frame import ROLE_LABELS
from app.web.guards import commits
from tenants.accounts import gate, invitations, sessions
from tenants.accounts.invitations import InvitationState, InvitationView
from tenants.identity import Identity

ACCESS = {"account.invitation": PUBLIC}


@blueprint.route("/invitations/<token>", methods=["GET", "POST"])
@commits
def invitation(token: str) -> ResponseReturnValue:
    """What is offered and by whom; accepted by the POST."""
    view = invitations.find_invitation(token, now=g.now)
    if view.state is not InvitationState.open:
        return _closed(invitations.closed(view.state))
    who, role = signed_in(), ROLE_LABELS.get(view.role) if view.role else None
    form = EmptyForm() if view.account_id else JoinForm()
    if form.validate_on_submit():
        try:
            return _accept(token, view, who, form)
        except Refusal as refusal:
            if refusal.code.startswith("invitation_") and refusal.code != "invitation_for_another":
                return _closed(refusal)
            show_refusal(form, refusal, {} if view.account_id else {"password": form.password})
    page = render_template("account/invitation.html", view=view, form=form, who=who, role=role)
    return page, 422 if request.method == "POST" else 200


def _accept(token: str, view: InvitationView, who: Identity | None, form: EmptyForm | JoinForm) -> ResponseReturnValue:
    if isinstance(form, JoinForm):
        joined = invitations.accept_as_new(
            token=token,
            name=form.name.data,
            password=form.password.data,
            locale="en" if str(get_locale()) == "en" else "zh",
            ip=client_ip(),
            now=g.now,
        )
        begun = sessions.begin(
            joined.user_id,
            ip=client_ip(),
            user_agent=request.user_agent.string,
            lifetime=lifetime(),
            membership_id=joined.membership_id,
        )
        begin_session(begun, locale=str(get_locale()))
    elif who is None:
        return see_other("account.sign_in", next=request.path, email=view.email)
    else:
        joined = invitations.accept_as_self(token=token, user_id=who.user_id, ip=client_ip(), now=g.now)
        if who.session_id is not None:
            actor = gate.visitor(who.user_id, ip=client_ip())
            sessions.switch_membership(actor=actor, session_id=who.session_id, membership_id=joined.membership_id)
    flash(gettext("您已加入“%(side)s”。", side=view.side_name), "success")
    return see_other("account.after_sign_in")


def _closed(refusal: Refusal) -> ResponseReturnValue:
    page = render_template("account/invitation_closed.html", problem=refusal_text(refusal), code=refusal.code)
    return page, 410
