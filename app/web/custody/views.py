"""Records of what was destroyed, for its organisation and its authority; the authority's security contact."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.documents import queries as documents
from app.documents.purge_certificates import KIND, SUBJECT
from app.rules.core import Refusal
from app.web.access import Access, Audience, Right, authority
from app.web.errors import refusal_text
from app.web.guards import actor
from tenants.models import Organisation
from tenants.queries import get_authority
from tenants.security_contact import set_security_contact
from uploads.custody import purging
from uploads.naming import size_in_words

blueprint = Blueprint("custody", __name__, url_prefix="/custody")
_BOTH = (Audience.organisation, Audience.authority)
ACCESS: dict[str, Access] = {
    "custody.purges": Access(_BOTH),
    "custody.purge": Access(_BOTH),
    "custody.contact": authority(Right.manage),
    "custody.contact_save": authority(Right.manage),
}


@blueprint.get("/purges")
def purges() -> ResponseReturnValue:
    """What was destroyed, newest first; row-level security keeps each side to its own."""
    return render_template("custody/purges.html", records=purging.list_records())


@blueprint.get("/purges/<uuid:record_id>")
def purge(record_id: uuid.UUID) -> ResponseReturnValue:
    """One record, to be printed; the signed certificate once it is made."""
    record = purging.get_record(record_id) or abort(404)
    organisation = db.session.get(Organisation, record.organisation_id)
    certificate = documents.current_document(kind=KIND, subject_type=SUBJECT, subject_id=record.id)
    return render_template(
        "custody/purge.html",
        record=record,
        organisation=organisation.name if organisation else "",
        files=[one | {"size_words": size_in_words(one["size"])} for one in record.files],
        certificate=certificate if certificate and documents.newest_file(certificate) else None,
    )


@blueprint.get("/contact")
def contact() -> ResponseReturnValue:
    """The authority's security contact."""
    return _contact_page()


def _contact_page(problems: tuple[str, ...] = (), typed: str | None = None) -> ResponseReturnValue:
    found = get_authority(actor().authority_code or "") or abort(404)
    page = render_template(
        "custody/contact.html", value=found.security_email if typed is None else typed, problems=problems
    )
    return page, 422 if problems else 200


@blueprint.post("/contact")
def contact_save() -> ResponseReturnValue:
    """Name another one, or nobody."""
    try:
        address = set_security_contact(actor=actor(), email=request.form.get("email", ""), now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _contact_page((refusal_text(refusal),), request.form.get("email", ""))
    db.session.commit()
    flash(gettext("已保存安全联系人。") if address else gettext("已清空,安全提醒将发给本单位负责人。"), "success")
    return redirect(url_for("custody.contact"), 303)
