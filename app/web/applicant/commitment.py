"""Reading and signing the commitment (Annex 2, R28): typed or drawn with the password, or signed on paper."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.incubation.drawing import read_drawing
from app.lifecycle.incubation.queries import (
    Scans,
    find_returned,
    is_stale,
    list_commitments,
    list_scans,
    render_commitment,
)
from app.lifecycle.incubation.services import CAPACITY_LABELS, hand_in_paper, sign_commitment
from app.lifecycle.submissions.commitments import SCAN_TYPES
from app.rules.core import N_, Refusal
from app.rules.states import COMMITMENT
from app.rules.templates import DRAFT_BANNER
from app.web.access import Right
from app.web.applicant.base import fingerprint, live_page, page, refused
from app.web.applicant.space import Space, load_space
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from app.web.wording import ROLES, SIGNING_METHODS, SIGNING_PROOFS, UPLOAD_STATES
from tenants.accounts.confirmation import require_confirmed
from tenants.accounts.reauthentication import confirm_password

_NAME = [InputRequired(lazy_gettext("请填写签署人姓名。")), Length(2, 50, lazy_gettext("姓名应为2至50个字。"))]
_CAPACITIES = [SelectChoice(str(key), lazy_gettext(label)) for key, label in CAPACITY_LABELS.items()]
_METHODS = [SelectChoice(key, SIGNING_METHODS[key]) for key in ("typed", "drawn")]
_DRAWING_CODES = frozenset({"signature_missing", "signature_too_large", "signature_unreadable"})
SCAN_ACCEPT = ",".join(f".{kind}" for kind in ("pdf", "png", "jpg", "jpeg"))


def _trimmed(text: str | None) -> str | None:
    return text.strip() if text else text


class SignForm(FlaskForm):  # type: ignore[misc]
    """Who signs, and that they have read it."""

    opened_sha256 = HiddenField()
    signatory_name = StringField(lazy_gettext("签署人姓名"), _NAME, filters=[_trimmed])
    capacity = RadioField(
        lazy_gettext("签署身份"), [InputRequired(lazy_gettext("请选择签署身份。"))], choices=_CAPACITIES
    )
    method = RadioField(lazy_gettext("签名方式"), choices=_METHODS, default="typed", validate_choice=False)
    drawing = HiddenField(lazy_gettext("手写签名"))
    password = PasswordField(lazy_gettext("登录密码"), [InputRequired(lazy_gettext("请输入登录密码。"))])
    agree = BooleanField(
        lazy_gettext("我已阅读承诺书全文,代表本单位签署"), [InputRequired(lazy_gettext("请阅读全文后勾选。"))]
    )


class PaperForm(FlaskForm):  # type: ignore[misc]
    """What stands on the paper that was signed and sealed."""

    opened_sha256 = HiddenField()
    signatory_name = StringField(lazy_gettext("签字人姓名"), _NAME, filters=[_trimmed])
    capacity = SelectField(
        lazy_gettext("签字人身份"), [InputRequired(lazy_gettext("请选择签署身份。"))], choices=_CAPACITIES
    )
    signed_on = DateField(lazy_gettext("签字日期"), [InputRequired(lazy_gettext("请填写签字日期。"))])
    agree = BooleanField(
        lazy_gettext("扫描件与纸质原件一致,已签字并加盖公章"), [InputRequired(lazy_gettext("请核对后勾选。"))]
    )


@page("/commitment")
def commitment() -> ResponseReturnValue:
    """The text to sign, or the evidence of its signing."""
    space = load_space()
    if request.args.get("part") == "scans" and space.application is not None:
        return _scans(space.application)
    return _render(space)


def _scans(application: Application) -> ResponseReturnValue:
    """The list of scans alone, for htmx while files are checked."""
    scans = list_scans(application)
    seen = fingerprint([(file.id, file.state) for file in scans.files])
    return live_page(
        "applicant/_commitment_scans.html",
        "applicant/_commitment_scans.html",
        seen=seen,
        scans=scans,
        upload_states=UPLOAD_STATES,
    )


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
            drawing=read_drawing(form.drawing.data or "") if form.method.data == "drawn" else None,
            scan_ids=_ready(list_scans(space.application)),
            now=g.now,
        )
    except Refusal as refusal:
        return _refused(refusal, form, None)
    flash(gettext("承诺书已签署。现在可以提交题库。"), "success")
    return redirect(url_for("applicant.commitment"), 303)


def _refused(refusal: Refusal, form: SignForm | None, paper: PaperForm | None) -> ResponseReturnValue:
    shown = refused(refusal)
    if refusal.code == "commitment_already_signed":
        flash(gettext("承诺书已经签署,以下是签署记录。"), "info")
        return redirect(url_for("applicant.commitment"), 303)
    if refusal.code == "commitment_text_changed":
        (form or paper).agree.data = False  # type: ignore[union-attr]
    if form is not None and refusal.code in _DRAWING_CODES:
        form.drawing.errors, form.drawing.data = [refusal_text(refusal)], ""
        shown = {}
    return _render(load_space(), form, paper, **shown), 422


@page("/commitment/paper", right=Right.edit, methods=("POST",))
@commits
def sign_on_paper() -> ResponseReturnValue:
    """Hand in the scan of a commitment that was printed, signed and sealed."""
    form = PaperForm(prefix="paper")
    if not form.validate_on_submit():
        return _render(load_space(), None, form), 422
    space = load_space()
    if space.application is None:
        return redirect(url_for("applicant.commitment"), 303)
    try:
        require_confirmed(actor())
        hand_in_paper(
            actor=actor(),
            application=space.application,
            opened_sha256=form.opened_sha256.data or "",
            signatory_name=form.signatory_name.data or "",
            capacity=form.capacity.data or "",
            signed_on=form.signed_on.data or date.min,
            scan_ids=_ready(list_scans(space.application)),
            now=g.now,
        )
    except Refusal as refusal:
        return _refused(refusal, None, form)
    flash(gettext("纸质承诺书扫描件已提交,经人力资源社会保障部门确认后即可提交题库。"), "success")
    return redirect(url_for("applicant.commitment"), 303)


def _ready(scans: Scans) -> list[Any]:
    """The scans that go along. Refusal scan_unchecked while one is still being checked."""
    if scans.is_moving:
        raise Refusal("scan_unchecked", "R28", N_("扫描件还在检查,请稍候再签署。"))
    return [file.id for file in scans.files if file.id in scans.ready and file.type in SCAN_TYPES]


def _user_id() -> Any:
    return actor().user_id


def _render(space: Space, form: SignForm | None = None, paper: PaperForm | None = None, **extra: Any) -> str:
    application, signed = space.application, space.commitment
    text = render_commitment(application) if space.in_incubation and application else None
    stale = bool(signed and text and is_stale(signed, application)) if application else False
    form, paper_form = form or SignForm(formdata=None), paper or PaperForm(formdata=None, prefix="paper")
    if text is not None:
        form.opened_sha256.data = paper_form.opened_sha256.data = text.sha256
    history = list_commitments(application.id) if application else []
    scans = list_scans(application) if application and (stale or not signed) else None
    return render_template(
        "applicant/commitment.html",
        space=space,
        form=form,
        paper=paper_form,
        paper_open=paper is not None,
        text=text,
        signed=signed,
        stale=stale,
        earlier=[one for one in history if signed is None or one.id != signed.id],
        returned=find_returned(application.id) if application and not signed else None,
        deadline=space.deadline("commitment_sign_due", application.id) if application else None,
        scans=scans,
        seen=fingerprint([(file.id, file.state) for file in scans.files]) if scans else "",
        accept=SCAN_ACCEPT,
        machine=COMMITMENT,
        methods=SIGNING_METHODS,
        proofs=SIGNING_PROOFS,
        role_names=ROLES,
        upload_states=UPLOAD_STATES,
        capacity_labels=CAPACITY_LABELS,
        draft_label=gettext(DRAFT_BANNER),
        **extra,
    )
