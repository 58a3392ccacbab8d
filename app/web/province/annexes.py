"""Annexes 1–4: their versions, which are in use, and uploading a new one (R68)."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle import annexes as service
from app.rules.core import Refusal
from app.rules.templates import SHEETS
from app.web.access import Right
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.province.base import found, page
from app.web.wording import timeline_rows
from tenants import events


@page("/annexes")
def annexes() -> ResponseReturnValue:
    """The four annexes with the version in force."""
    rows = []
    for kind, label in service.KINDS.items():
        newest = next(iter(service.list_versions(kind)), None)
        version = gettext("第 %(no)d 版", no=newest.version) if newest else gettext("起草版")
        used = sum(service.count_uses(kind).values())
        rows.append((kind, label, version, bool(newest and newest.official), used))
    return render_template("province/annexes.html", rows=rows)


@page("/annexes/<kind>")
def annex(kind: str) -> ResponseReturnValue:
    """One annex: versions, and the text to begin the next one from."""
    return _page(kind)


def _page(kind: str, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    label = found(service.KINDS.get(kind))
    versions = service.list_versions(kind)
    body = versions[0].body if versions else service.as_lines(SHEETS[service.SHEET_OF[kind]])
    page = render_template(
        "province/annex.html",
        kind=kind,
        label=label,
        versions=versions,
        uses=service.count_uses(kind),
        used_by=service.list_uses(kind),
        body=body,
        problems=problems,
        typed=request.form,
        events=timeline_rows(events.list_for_subject("annex", kind)),
    )
    return page, 422 if problems else 200


@page("/annexes/<kind>", right=Right.decide, methods=("POST",))
def annex_upload(kind: str) -> ResponseReturnValue:
    """Bring a new version into force."""
    found(service.KINDS.get(kind))
    try:
        service.upload_annex(
            actor=actor(),
            kind=kind,
            body=request.form.get("body", ""),
            official=request.form.get("official") == "1",
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(kind, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("新版本已启用。"), "success")
    return redirect(url_for("province.annex", kind=kind), 303)
