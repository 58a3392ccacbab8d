"""The forms of an account."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.rules.eligibility import ORG_TYPE_LABELS, Affiliation
from app.rules.routing import CITIES
from tenants.accounts import passwords

LANGUAGES = (SelectChoice("zh", "简体中文"), SelectChoice("en", "English"))
AFFILIATIONS = (
    SelectChoice(Affiliation.PROVINCIAL.value, lazy_gettext("省属企业、院校、社会团体")),
    SelectChoice(Affiliation.MUNICIPAL.value, lazy_gettext("市属企业、院校、社会团体,以及其他企业")),
    SelectChoice(Affiliation.PRIVATE_NON_ENTERPRISE.value, lazy_gettext("民办非企业单位")),
    SelectChoice(Affiliation.NATIONAL_BRANCH.value, lazy_gettext("全国性社评组织的驻鲁分支机构")),
)


def _strip(value: str | None) -> str | None:
    if not isinstance(value, str):
        return value
    # A NUL ends a string in the database's eyes; other invisible characters only make two names look alike.
    return "".join(char for char in " ".join(value.split()) if char.isprintable())


def _needed(message: Any) -> InputRequired:
    return InputRequired(message=message)


class _NotBlank:
    """Filled with more than spaces."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self.field_flags = {"required": True}

    def __call__(self, form: FlaskForm, field: Any) -> None:
        if not (field.data or "").strip():
            field.errors = []
            raise StopValidation(str(self.message))


def _text(label: Any, missing: Any, *, longest: int = 100, **render: Any) -> StringField:
    rules = [_NotBlank(missing), Length(max=longest, message=lazy_gettext("最多 %(max)d 个字。"))]
    return StringField(label, rules, filters=[_strip], render_kw={"maxlength": longest, **render})


def _email(label: Any, **render: Any) -> EmailField:
    attributes = {"autocomplete": "email", "inputmode": "email", "maxlength": 254, "spellcheck": "false", **render}
    return EmailField(label, [_NotBlank(lazy_gettext("请填写邮箱。"))], filters=[_strip], render_kw=attributes)


def _password(label: Any, missing: Any, *, new: bool) -> PasswordField:
    attributes: dict[str, Any] = {"autocomplete": "new-password" if new else "current-password"}
    if new:
        attributes["minlength"] = passwords.MIN_LENGTH
    return PasswordField(
        label, [_needed(missing), Length(max=512, message=lazy_gettext("密码过长。"))], render_kw=attributes
    )


class Form(FlaskForm):  # type: ignore[misc]
    """A form of this house, with its CSRF token."""


class OrganisationForm(Form):
    """What an organisation says of itself."""

    name = _text(lazy_gettext("单位名称"), lazy_gettext("请填写单位名称。"), autocomplete="organization")
    uscc = _text(
        lazy_gettext("统一社会信用代码"),
        lazy_gettext("请填写统一社会信用代码。"),
        longest=40,
        autocomplete="off",
        spellcheck="false",
    )
    org_type = RadioField(
        lazy_gettext("单位类型"),
        [_needed(lazy_gettext("请选择单位类型。"))],
        choices=[SelectChoice(key, lazy_gettext(label)) for key, label in ORG_TYPE_LABELS.items()],
    )
    affiliation = RadioField(
        lazy_gettext("隶属关系"), [_needed(lazy_gettext("请选择隶属关系。"))], choices=list(AFFILIATIONS)
    )
    registration_authority = _text(lazy_gettext("登记机关名称"), lazy_gettext("请填写登记机关名称。"))
    city_code = SelectField(
        lazy_gettext("登记机关所在市"),
        [_needed(lazy_gettext("请选择登记机关所在市。"))],
        choices=[
            SelectChoice("", lazy_gettext("请选择")),
            *(SelectChoice(city.code, lazy_gettext(city.name)) for city in CITIES.values()),
        ],
    )
    phone = TelField(
        lazy_gettext("单位联系电话"),
        [Optional(), Regexp(r"[0-9+() \-转,，]{5,30}\Z", message=lazy_gettext("请填写电话号码,例如 0532-12345678。"))],
        filters=[_strip],
        render_kw={"autocomplete": "tel", "maxlength": 30},
    )
    doubts_confirmed = BooleanField(lazy_gettext("我已核对,所填内容与登记证书一致"))


class RegistrationForm(OrganisationForm):
    """A new organisation and its first owner."""

    owner_name = _text(lazy_gettext("负责人姓名"), lazy_gettext("请填写负责人姓名。"), longest=50, autocomplete="name")
    email = _email(lazy_gettext("邮箱"))
    password = _password(lazy_gettext("登录密码"), lazy_gettext("请设置登录密码。"), new=True)


class SignInForm(Form):
    """Who and the proof of it."""

    email = _email(lazy_gettext("邮箱"), autocomplete="username")
    password = _password(lazy_gettext("密码"), lazy_gettext("请填写密码。"), new=False)


class AddressForm(Form):
    """An address to write to."""

    email = _email(lazy_gettext("邮箱"))


class NewPasswordForm(Form):
    """A password chosen behind a mailed link."""

    password = _password(lazy_gettext("新密码"), lazy_gettext("请填写新密码。"), new=True)


class ChangePasswordForm(Form):
    """A password changed by its owner."""

    current = _password(lazy_gettext("当前密码"), lazy_gettext("请填写当前密码。"), new=False)
    password = _password(lazy_gettext("新密码"), lazy_gettext("请填写新密码。"), new=True)


class JoinForm(Form):
    """A new person behind an invitation."""

    name = _text(lazy_gettext("姓名"), lazy_gettext("请填写姓名。"), longest=50, autocomplete="name")
    password = _password(lazy_gettext("登录密码"), lazy_gettext("请设置登录密码。"), new=True)


class ProfileForm(Form):
    """Name and language."""

    name = _text(lazy_gettext("姓名"), lazy_gettext("请填写姓名。"), longest=50, autocomplete="name")
    locale = RadioField(
        lazy_gettext("界面和邮件语言"), [_needed(lazy_gettext("请选择语言。"))], choices=list(LANGUAGES)
    )


class MailsForm(Form):
    """Which mails, beside those that the law asks for, come; each choice stands for one or more kinds of notice."""

    mails = SelectMultipleField(
        lazy_gettext("接收这些邮件"), choices=[], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


class EmptyForm(Form):
    """A press of a button."""
