"""Listing members, inviting, changing roles, removing."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import EmailField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.rules.core import Refusal
from app.web.access import Access, Audience, Right
from app.web.account.base import show_refusal
from app.web.account.forms import Form
from app.web.errors import refusal_text
from app.web.frame import ROLE_LABELS
from app.web.guards import actor, commits, may
from tenants.accounts import members
from tenants.models import Membership
from tenants.scope import Role

blueprint = Blueprint("members", __name__)
_SEE = Access((Audience.organisation, Audience.authority), Right.view)
_MANAGE = Access((Audience.organisation, Audience.authority), Right.manage)
ACCESS = {
    "members.list_members": _SEE,
    "members.invite": _MANAGE,
    "members.resend": _MANAGE,
    "members.revoke": _MANAGE,
    "members.member": _MANAGE,
    "members.remove": _MANAGE,
}
ROLE_RIGHTS = {
    Role.owner: lazy_gettext("管理成员,填报、签署、提交全部事项"),
    Role.signatory: lazy_gettext("填报、提交,并代表单位签署承诺书"),
    Role.editor: lazy_gettext("填报、上传和提交,不能签署"),
    Role.viewer: lazy_gettext("只能查看"),
    Role.officer: lazy_gettext("办理本单位待办"),
    Role.lead: lazy_gettext("办理待办,并管理成员"),
}


class InviteForm(Form):
    """Whom to invite, and as what."""

    email = EmailField(
        lazy_gettext("对方邮箱"),
        [InputRequired(lazy_gettext("请填写对方邮箱。"))],
        render_kw={"maxlength": 254, "autocomplete": "off", "inputmode": "email", "spellcheck": "false"},
    )
    role = RadioField(lazy_gettext("角色"), [InputRequired(lazy_gettext("请选择角色。"))])


class RoleForm(Form):
    """A member's role."""

    role = RadioField(lazy_gettext("角色"), [InputRequired(lazy_gettext("请选择角色。"))])


def _choices() -> list[SelectChoice]:
    return [
        SelectChoice(role.value, gettext("%(role)s:%(rights)s", role=ROLE_LABELS[role], rights=ROLE_RIGHTS[role]))
        for role in members.roles_of_side(actor())
    ]


@blueprint.get("/members")
def list_members() -> ResponseReturnValue:
    """Everybody on this side, and who is invited."""
    return _page(_invite_form())


def _invite_form() -> InviteForm:
    form = InviteForm()
    form.role.choices = _choices()
    return form


def _page(form: InviteForm, status: int = 200) -> ResponseReturnValue:
    who = actor()
    rows = [_row(member) for member in members.list_members(who)]
    invited = members.list_invitations(who) if may("manage") else []
    page = render_template(
        "members/list.html",
        rows=rows,
        invited=invited,
        form=form,
        role_labels={role.value: label for role, label in ROLE_LABELS.items()},
        rights=[(ROLE_LABELS[role], ROLE_RIGHTS[role]) for role in members.roles_of_side(who)],
    )
    return page, status


def _row(member: Membership) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.user.name,
        "email": member.user.email,
        "role": ROLE_LABELS[Role(member.role)],
        "since": member.created_at,
        "confirmed": member.user.email_confirmed_at is not None,
        "self": member.user_id == actor().user_id,
    }


@blueprint.post("/members/invitations")
@commits
def invite() -> ResponseReturnValue:
    """Invite a colleague by e-mail."""
    form = _invite_form()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        invitation = members.invite_member(actor=actor(), email=form.email.data, role=form.role.data, now=g.now)
    except Refusal as refusal:
        show_refusal(form, refusal, {"email": form.email, "already": form.email, "role": form.role})
        return _page(form, 422)
    flash(gettext("邀请已发送到 %(email)s,7天内有效。", email=invitation.email), "success")
    return _back()


@blueprint.post("/members/invitations/<uuid:invitation_id>/resend")
@commits
def resend(invitation_id: uuid.UUID) -> ResponseReturnValue:
    """Send an invitation again; the earlier link stops working when the new one is sent."""
    try:
        invitation = members.resend_invitation(actor=actor(), invitation_id=invitation_id, now=g.now)
        flash(gettext("邀请已重新发送到 %(email)s。", email=invitation.email), "success")
    except Refusal as refusal:
        flash(refusal_text(refusal), "warning")
    return _back()


@blueprint.post("/members/invitations/<uuid:invitation_id>/revoke")
@commits
def revoke(invitation_id: uuid.UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    try:
        invitation = members.revoke_invitation(actor=actor(), invitation_id=invitation_id, now=g.now)
        flash(gettext("对 %(email)s 的邀请已撤销。", email=invitation.email), "success")
    except Refusal as refusal:
        flash(refusal_text(refusal), "warning")
    return _back()


@blueprint.route("/members/<uuid:membership_id>", methods=["GET", "POST"])
@commits
def member(membership_id: uuid.UUID) -> ResponseReturnValue:
    """One member: change the role, or go on to removing."""
    found = members.get_member(actor(), membership_id)
    if found is None:
        abort(404)
    row, form = _row(found), RoleForm(role=found.role)
    form.role.choices = _choices()
    if form.validate_on_submit():
        try:
            members.change_role(actor=actor(), membership_id=membership_id, role=form.role.data, now=g.now)
        except Refusal as refusal:
            show_refusal(form, refusal, {"last_head": form.role, "role": form.role})
        else:
            flash(gettext("%(name)s 的角色已保存。", name=row["name"]), "success")
            return _back()
    last = members.is_last_head(actor(), found, members.list_members(actor()))
    page = render_template("members/member.html", row=row, form=form, last=last)
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/members/<uuid:membership_id>/remove")
@commits
def remove(membership_id: uuid.UUID) -> ResponseReturnValue:
    """End a membership; the form asks for a tick first, so that no single press does it."""
    found = members.get_member(actor(), membership_id)
    if found is None:
        abort(404)
    row = _row(found)
    if request.form.get("confirmed") != "yes":
        flash(gettext("请先勾选确认,再移除成员。"), "warning")
        return redirect(url_for("members.member", membership_id=membership_id), 303)
    try:
        members.remove_member(actor=actor(), membership_id=membership_id, now=g.now)
    except Refusal as refusal:
        flash(refusal_text(refusal), "error")
        return redirect(url_for("members.member", membership_id=membership_id), 303)
    flash(gettext("%(name)s 已移出。", name=row["name"]), "success")
    if row["self"]:
        return redirect(url_for("account.after_sign_in"), 303)
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("members.list_members"), 303)
