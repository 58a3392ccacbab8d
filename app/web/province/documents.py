"""The texts of documents that the department may edit: their versions, a preview with sample data, a new version."""

from __future__ import annotations

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.documents import sampling, settings, texts
from app.documents.kinds import KINDS, Kind
from app.documents.typesetting import template_hash
from app.rules.core import Refusal
from app.web.access import Right
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.province.base import found, page
from app.web.wording import timeline_rows
from tenants import events


@page("/documents")
def documents() -> ResponseReturnValue:
    """Every kind of document, which of them have texts to edit."""
    rows = []
    for kind in KINDS.values():
        versions = [version for _, version in texts.texts_in_force(kind).values()]
        rows.append((kind, sum(1 for version in versions if version), len(versions)))
    return render_template("province/documents.html", rows=rows)


@page("/documents/<kind>")
def document(kind: str) -> ResponseReturnValue:
    """One kind: its texts in force, the forms to change them."""
    return _page(found(KINDS.get(kind)))


def _page(kind: Kind, part: str = "", problem: str = "") -> ResponseReturnValue:
    content = render_template(
        "province/document.html",
        kind=kind,
        template=template_hash(kind.id),
        in_force=texts.texts_in_force(kind),
        versions={one.key: texts.list_versions(kind.id, one.key) for one in kind.parts},
        typed={part: request.form.get("body", "")} if part else {},
        problems=(problem,) if problem else (),
        labels={field.key: field.label for field in kind.fields},
        events=timeline_rows(events.list_for_subject("document_text", kind.id)),
    )
    return content, 422 if problem else 200


@page("/documents/<kind>/preview", methods=("GET", "POST"))
def document_preview(kind: str) -> ResponseReturnValue:
    """The pages with sample data and the texts in force; a POST shows them with a text that is not saved yet."""
    chosen = found(KINDS.get(kind))
    bodies = {key: body for key, (body, _) in texts.texts_in_force(chosen).items()}
    part = request.form.get("part", "")
    try:
        if request.method == "POST":
            wanted = found(next((one for one in chosen.parts if one.key == part), None))
            bodies[part] = texts.check_body(wanted, request.form.get("body", ""))
        pages = sampling.preview(chosen.id, bodies, settings.current())
    except Refusal as refusal:
        return _page(chosen, part, refusal_text(refusal))
    answer = Response(pages.pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{chosen.id}.pdf"'
    return answer


@page("/documents/<kind>", right=Right.decide, methods=("POST",))
def document_save(kind: str) -> ResponseReturnValue:
    """Bring a new version of a text into force."""
    chosen = found(KINDS.get(kind))
    part = request.form.get("part", "")
    try:
        texts.save_text(actor=actor(), kind=chosen.id, part=part, body=request.form.get("body", ""), now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page(chosen, part, refusal_text(refusal))
    db.session.commit()
    flash(gettext("新版本已启用。已出具的文书不受影响。"), "success")
    return redirect(url_for("province.document", kind=chosen.id), 303)
