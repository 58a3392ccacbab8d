"""Registering an organisation, and what its credit code already says while it is typed."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms import Field

from app.lifecycle.deadlines.calendar import load_settings
from app.rules.core import Refusal
from app.rules.eligibility import eligible_levels
from app.rules.settings import Settings
from app.web.access import PUBLIC
from app.web.account.base import blueprint, client_ip, see_other, settings, show_refusal, signed_in
from app.web.account.forms import OrganisationForm, RegistrationForm
from app.web.errors import refusal_text
from app.web.guards import commits
from tenants.accounts import gate, passwords, registration, sessions
from tenants.accounts.addresses import check_address
from tenants.accounts.registration import CodeReading, OrganisationDetails, OwnerDetails
from tenants.identity import Identity

ACCESS = {"account.register": PUBLIC, "account.register_hints": PUBLIC, "account.registered": PUBLIC}


@blueprint.route("/register", methods=["GET", "POST"])
@commits
def register() -> ResponseReturnValue:
    """The registration form: with the owner's account, or without when the person has one."""
    who = signed_in()
    form = OrganisationForm() if who else RegistrationForm()
    rules = load_settings()
    doubts: list[Refusal] = []
    if form.validate_on_submit():
        try:
            doubts = registration.find_doubts(_details(form), settings=rules)
            if not doubts or form.doubts_confirmed.data:
                return _register(form, who, rules)
            form.doubts_confirmed.errors = [gettext("请核对提示的内容,确认无误后勾选。")]
        except Refusal as refusal:
            _show(form, refusal)
    elif request.method == "POST":
        _check_the_rest(form)
    page = render_template(
        "account/register.html",
        form=form,
        doubts=[_doubt_text(doubt) for doubt in doubts],
        levels=_levels(form.affiliation.data, form.org_type.data, rules),
        another=who,
    )
    return page, 422 if request.method == "POST" else 200


def _register(form: OrganisationForm, who: Identity | None, rules: Settings) -> ResponseReturnValue:
    place = {"settings": rules, "bucket_prefix": settings().bucket_prefix, "ip": client_ip(), "now": g.now}
    if who is None:
        owner = OwnerDetails(
            name=form.owner_name.data,
            email=form.email.data,
            password=form.password.data,
            locale="en" if str(get_locale()) == "en" else "zh",
        )
        registration.register_organisation(organisation=_details(form), owner=owner, **place)
        session["registered_email"] = form.email.data
        return see_other("account.registered")
    membership = registration.register_another(user_id=who.user_id, organisation=_details(form), **place)
    if who.session_id is not None:
        actor = gate.visitor(who.user_id, ip=client_ip())
        sessions.switch_membership(actor=actor, session_id=who.session_id, membership_id=membership.id)
    flash(gettext("“%(name)s”已注册,您是它的负责人。", name=form.name.data), "success")
    return see_other("account.after_sign_in")


def _details(form: OrganisationForm) -> OrganisationDetails:
    return OrganisationDetails(
        name=form.name.data,
        uscc=form.uscc.data,
        org_type=form.org_type.data,
        affiliation=form.affiliation.data,
        registration_authority=form.registration_authority.data,
        city_code=form.city_code.data,
        phone=form.phone.data or "",
    )


def _show(form: OrganisationForm, refusal: Refusal) -> None:
    fields = {"uscc": form.uscc, "individual": form.uscc, "city": form.city_code, "affiliation": form.affiliation}
    if isinstance(form, RegistrationForm):
        fields |= {"email": form.email, "password": form.password}
    show_refusal(form, refusal, fields)


def _check_the_rest(form: OrganisationForm) -> None:
    """A person who left a field out learns in the same answer what else is wrong."""
    checks: list[tuple[Field, Callable[[], object]]] = [
        (form.uscc, lambda: registration.read_code(form.uscc.data, settings=load_settings()))
    ]
    if isinstance(form, RegistrationForm):
        personal = (form.email.data or "", form.owner_name.data or "", form.name.data or "")
        checks += [
            (form.email, lambda: check_address(form.email.data)),
            (form.password, lambda: passwords.check_password(form.password.data, personal=personal)),
        ]
    for field, check in checks:
        if field.data and not field.errors:
            try:
                check()
            except Refusal as refusal:
                _show(form, refusal)


def _levels(affiliation: str | None, org_type: str | None, rules: Settings) -> list[str]:
    """The levels that may be applied for, the municipal one first; none while too little is chosen."""
    if not affiliation or not org_type:
        return []
    return sorted(level.value for level in eligible_levels(affiliation, org_type, rules))


@blueprint.get("/register/hints")
def register_hints() -> ResponseReturnValue:
    """For htmx: what the code says, the levels, and whether code and city fit; fields left empty are filled in."""
    rules = load_settings()
    given = {key: request.args.get(key, "") for key in ("uscc", "org_type", "affiliation", "city_code")}
    reading: CodeReading | None = None
    problem = ""
    if given["uscc"].strip():
        try:
            reading = registration.read_code(given["uscc"], settings=rules)
        except Refusal as refusal:
            problem = refusal_text(refusal)
    filled = _fill(given, reading)
    form = OrganisationForm(formdata=None, data=given | filled)
    return render_template(
        "account/_register_hints.html",
        form=form,
        filled=filled,
        reading=reading,
        problem=problem,
        doubts=_doubts(form, rules) if reading else [],
        levels=_levels(form.affiliation.data, form.org_type.data, rules),
    )


def _fill(given: dict[str, str], reading: CodeReading | None) -> dict[str, str]:
    if reading is None:
        return {}
    said = {
        "org_type": reading.org_type,
        "affiliation": reading.affiliation,
        "city_code": reading.city_code,
    }
    return {key: str(value) for key, value in said.items() if value and not given[key]}


def _doubts(form: OrganisationForm, rules: Settings) -> list[str]:
    return [_doubt_text(doubt) for doubt in registration.find_doubts(_details(form), settings=rules)]


def _doubt_text(doubt: Refusal) -> str:
    """The rules speak of an application; here the person is still typing."""
    if doubt.code == "registration_area_mismatch":
        return str(
            gettext(
                "统一社会信用代码显示登记机关在%(coded)s,您选的是%(stated)s。请核对;确属登记机关已变更的,"
                "勾选下一项即可继续,受理时由经办人核实。",
                coded=gettext(doubt.params["coded"]),
                stated=gettext(doubt.params["stated"]),
            )
        )
    return refusal_text(doubt)


@blueprint.get("/register/done")
def registered() -> ResponseReturnValue:
    """Check your mail: the same whether the address was new or not."""
    email = session.get("registered_email")
    if not email:
        return redirect(url_for("account.sign_in"))
    return render_template("account/registered.html", email=email)
