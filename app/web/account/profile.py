"""Name, language and what mails come."""

from __future__ import annotations

from typing import Any

from flask import flash, g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms.fields.choices import SelectChoice

from app.reminders import holding
from app.web.access import ACCOUNT
from app.web.account.base import blueprint, own_actor, see_other
from app.web.account.forms import MailsForm, ProfileForm
from app.web.guards import commits, current_identity
from tenants.accounts import gate, profile
from tenants.identity import Identity

ACCESS = {"account.profile": ACCOUNT, "account.mails": ACCOUNT}
# Kinds of notice a person may switch the mail of off, together under one choice; a statutory one is sent all the same.
_MEMBERS = (("member_joined", "member_role_changed", "member_removed"), lazy_gettext("成员加入、角色变更和移出"))
ORGANISATION_MAILS: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("reminder",), lazy_gettext("承诺书签署、题库提交等准备事项的提前提醒")),
    (("dossier_submitted", "dossier_delivered", "commitment_signed"), lazy_gettext("材料提交、送达和承诺书签署的回执")),
    _MEMBERS,
)
AUTHORITY_MAILS: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("dossiers_arrived", "commitment_received"), lazy_gettext("新材料和承诺书到达")),
    (("deadlines_missed",), lazy_gettext("申报单位逾期汇总")),
    _MEMBERS,
)


def _groups(who: Identity) -> tuple[tuple[tuple[str, ...], Any], ...]:
    if who.organisation_id:
        return ORGANISATION_MAILS
    return AUTHORITY_MAILS if who.authority_code else ()


def _mails_form(who: Identity, off: set[str]) -> MailsForm:
    groups = _groups(who)
    form = MailsForm(data={"mails": [kinds[0] for kinds, _ in groups if not off & set(kinds)]})
    form.mails.choices = [SelectChoice(kinds[0], label) for kinds, label in groups]
    return form


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
        off = set(profile.get_user(who.user_id).preferences.get("mail_off", ()))
        daily = holding.wants_digest(profile.get_user(who.user_id))
    mails = _mails_form(who, off) if request.method == "GET" and _groups(who) else None
    page = render_template("account/profile.html", form=form, mails=mails, who=who, daily=daily)
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/account/mails")
@commits
def mails() -> ResponseReturnValue:
    """Save which mails come."""
    who = current_identity()
    groups = {kinds[0]: kinds for kinds, _ in _groups(who)}
    chosen = [kind for first in request.form.getlist("mails") for kind in groups.get(first, ())]
    offered = [kind for kinds in groups.values() for kind in kinds]
    with gate.as_person(who.user_id):
        profile.change_mails(actor=own_actor(), wanted=chosen, offered=offered, now=g.now)
        if who.authority_code:
            each = request.form.get("digest") != holding.DAILY
            profile.change_digest(actor=own_actor(), digest=holding.EACH if each else holding.DAILY, now=g.now)
    flash(gettext("邮件设置已保存。"), "success")
    return see_other("account.profile")
