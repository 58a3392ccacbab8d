"""Name, language and what mails come."""

from __future__ import annotations

from flask import flash, g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.web.access import ACCOUNT
from app.web.account.base import blueprint, own_actor, see_other
from app.web.account.forms import ProfileForm
from app.web.guards import commits, current_identity
from tenants.accounts import gate, profile

ACCESS = {"account.profile": ACCOUNT}


@blueprint.route("/account/profile", methods=["GET", "POST"], endpoint="profile")
@commits
def show_profile() -> ResponseReturnValue:
    """The person's own particulars."""
    who = current_identity()
    with gate.as_person(who.user_id):
        form = ProfileForm(name=who.name, locale=who.locale)
        if form.validate_on_submit():
            profile.change_profile(actor=own_actor(), name=form.name.data, locale=form.locale.data, now=g.now)
            session["locale"] = form.locale.data
            flash(gettext("个人资料已保存。"), "success")
            return see_other("account.profile")
    page = render_template("account/profile.html", form=form, who=who)
    return page, 422 if request.method == "POST" else 200
