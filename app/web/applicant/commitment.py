"""Reading and signing the commitment (Annex 2, R28)."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from app.db import db
from app.lifecycle.incubation.queries import find_returned, render_commitment
from app.lifecycle.incubation.services import CAPACITY_LABELS, sign_commitment
from app.rules.core import Refusal
from app.rules.templates import DRAFT_BANNER
from app.web.access import Right
from app.web.applicant.base import page, refused
from app.web.applicant.space import Space, load_space
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from tenants.accounts.confirmation import require_confirmed
from tenants.accounts.reauthentication import confirm_password


class SignForm(FlaskForm):  # type: ignore[misc]
    """Who signs, and that they have read it."""

    opened_sha256 = HiddenField()
    signatory_name = StringField(
        lazy_gettext("签署人姓名"),
        [InputRequired(lazy_gettext("请填写签署人姓名。")), Length(2, 50, lazy_gettext("姓名应为2至50个字。"))],
        filters=[lambda text: text.strip() if text else text],
    )
    capacity = RadioField(
        lazy_gettext("签署身份"),
        [InputRequired(lazy_gettext("请选择签署身份。"))],
        choices=[SelectChoice(str(key), lazy_gettext(label)) for key, label in CAPACITY_LABELS.items()],
    )
    password = PasswordField(lazy_gettext("登录密码"), [InputRequired(lazy_gettext("请输入登录密码。"))])
    agree = BooleanField(
        lazy_gettext("我已阅读承诺书全文,代表本单位签署"), [InputRequired(lazy_gettext("请阅读全文后勾选。"))]
    )


@page("/commitment")
def commitment() -> ResponseReturnValue:
    """The text to sign, or the evidence of its signing."""
    return _render(load_space(), SignForm())


@page("/commitment", right=Right.sign, methods=("POST",))
@commits
def sign() -> ResponseReturnValue:
    """Sign the text that was opened; one that has changed since has to be read again."""
    form = SignForm()
    if not form.validate_on_submit():
        return _render(load_space(), form), 422
    try:
        confirm_password(user_id=_user_id(), password=form.password.data or "")
    except Refusal as refusal:
        # A wrong password is counted, and the count must stay.
        db.session.commit()
        form.password.errors = [refusal_text(refusal)]
        return _render(load_space(), form), 422
    db.session.commit()
    return _sign(form)


def _sign(form: SignForm) -> ResponseReturnValue:
    space = load_space()
    if space.application is None:
        return redirect(url_for("applicant.commitment"), 303)
    try:
        require_confirmed(actor())
        sign_commitment(
            actor=actor(),
            application=space.application,
            opened_sha256=form.opened_sha256.data or "",
            signatory_name=form.signatory_name.data or "",
            capacity=form.capacity.data or "",
            now=g.now,
        )
    except Refusal as refusal:
        shown = refused(refusal)
        if refusal.code == "commitment_already_signed":
            flash(gettext("承诺书已经签署,以下是签署记录。"), "info")
            return redirect(url_for("applicant.commitment"), 303)
        if refusal.code == "commitment_text_changed":
            form.agree.data = False
        return _render(load_space(), form, **shown), 422
    flash(gettext("承诺书已签署。现在可以提交题库。"), "success")
    return redirect(url_for("applicant.commitment"), 303)


def _user_id() -> Any:
    return actor().user_id


def _render(space: Space, form: SignForm, **extra: Any) -> str:
    text = render_commitment(space.application) if space.in_incubation and space.application else None
    if text is not None:
        form.opened_sha256.data = text.sha256
    return render_template(
        "applicant/commitment.html",
        space=space,
        form=form,
        text=text,
        signed=space.commitment,
        returned=find_returned(space.application.id) if space.application and not space.commitment else None,
        deadline=space.deadline("commitment_sign_due", space.application.id) if space.application else None,
        capacity_labels=CAPACITY_LABELS,
        draft_label=gettext(DRAFT_BANNER),
        **extra,
    )
