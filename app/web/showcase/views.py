"""The page of components, and one form on it that is always refused, so that refusals can be looked at too."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.rules.core import N_, Refusal
from app.web.access import DEMO
from app.web.showcase import samples

blueprint = Blueprint("showcase", __name__)
ACCESS = {"showcase.components": DEMO, "showcase.refuse": DEMO}


@blueprint.get("/dev/components")
def components() -> ResponseReturnValue:
    """Every macro of app/templates/components/, in the frame of a signed-in person."""
    return render_template(
        "dev/components.html",
        samples=samples.build(),
        tenant_name=samples.ORGANISATION,
        user_name=samples.PERSON,
        role_label=gettext("负责人"),
        unread_count=3,
        inbox_url="#",
        nav=samples.nav(),
        user_menu=[(gettext("账户与安全"), "#")],
    )


@blueprint.post("/dev/components")
def refuse() -> ResponseReturnValue:
    """What a rule's refusal looks like beside a form. Raises Refusal, always."""
    raise Refusal("commitment_not_signed", "R28", N_("尚未签署工作承诺书,不能提交题库。"))
