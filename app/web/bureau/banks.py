"""Question banks at the case officer's desk: read page by page, downloaded for a reason; a panel's switch for it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.custody import access
from app.lifecycle.submissions import queries, reviews
from app.rules.core import Refusal
from app.web import bank_reading
from app.web.access import Access, Right, authority
from app.web.bank_reading import Desk
from app.web.bank_reading.pages import sealed
from app.web.bureau import panels
from app.web.bureau.base import ACCESS, blueprint
from app.web.bureau.desk import perform, typed
from app.web.guards import actor
from uploads.models import Purpose
from uploads.transfer import download_link

_ACCESS: dict[str, Access] = {
    "bureau.bank": authority(),
    "bureau.bank_open": authority(Right.decide),
    "bureau.bank_watermark": authority(),
    "bureau.bank_original": authority(Right.decide),
    "bureau.bank_copy": authority(Right.decide),
    "bureau.bank_copy_offer": authority(),
    "bureau.bank_copy_send": authority(Right.decide),
    "bureau.panel_downloads": authority(Right.lead),
}
ACCESS |= _ACCESS
_BANK = "/reviews/<uuid:task_id>/files/<uuid:file_id>/questions"


def desk_of(task_id: uuid.UUID, file_id: uuid.UUID) -> Desk:
    """A bank of a task of this authority, or 404."""
    task = queries.get_task(task_id) or abort(404)
    file = queries.get_file(task, file_id)
    if file is None or task.dossier.kind != Purpose.question_bank:
        abort(404)
    at: dict[str, Any] = {"task_id": task.id, "file_id": file.id}
    panel = access.find_panel(task.dossier.subject_id)
    allowed = panel is not None and access.is_download_allowed(panel.id)
    return Desk(
        bank=file,
        holder=task.organisation.name,
        subject=f"{task.organisation.name} · {task.dossier.title}",
        back=url_for("bureau.review", task_id=task.id) + "#files",
        back_label=task.dossier.number,
        reading=url_for("bureau.bank", **at),
        watermark=url_for("bureau.bank_watermark", **at),
        findings=url_for("bureau.bank_report_findings", **at) if file.report else None,
        copy=url_for("bureau.bank_copy", **at) if allowed else None,
        copies=url_for("bureau.bank_copy", **at),
        original=url_for("bureau.bank_original", **at),
    )


@blueprint.get(_BANK)
def bank(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The questions, twenty a page; the purpose is asked first."""
    return bank_reading.show(desk_of(task_id, file_id))


@blueprint.post(_BANK)
def bank_open(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Open the bank for a stated purpose."""
    return bank_reading.open_bank(desk_of(task_id, file_id))


@blueprint.get(_BANK + "/watermark.svg")
def bank_watermark(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The reader's own name and the time."""
    return bank_reading.watermark()


@blueprint.post(_BANK + "/original")
def bank_original(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The file as it was sent, for a stated purpose: written down, then an address that lives a minute."""
    desk = desk_of(task_id, file_id)
    try:
        file = reviews.record_download(
            actor=actor(), task_id=task_id, file_id=file_id, purpose=request.form.get("purpose", ""), now=g.now
        )
    except Refusal as refusal:
        return sealed(desk, refusal)
    address = download_link(actor=actor(), store=current_app.extensions["sheping_store"], file=file, now=g.now)
    db.session.commit()
    return redirect(address, 303)


@blueprint.post(_BANK + "/copies")
def bank_copy(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for a watermarked copy."""
    return bank_reading.offer_copy(desk_of(task_id, file_id))


@blueprint.get(_BANK + "/copies/<token>")
def bank_copy_offer(task_id: uuid.UUID, file_id: uuid.UUID, token: str) -> ResponseReturnValue:
    """What the link is for; it is used by pressing the button only."""
    return bank_reading.show_offer(desk_of(task_id, file_id), token)


@blueprint.post(_BANK + "/copies/<token>")
def bank_copy_send(task_id: uuid.UUID, file_id: uuid.UUID, token: str) -> ResponseReturnValue:
    """The copy, once."""
    return bank_reading.send_copy(desk_of(task_id, file_id), token)


@blueprint.post("/panels/<uuid:panel_id>/downloads")
def panel_downloads(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Allow or forbid watermarked copies for one panel, with a reason."""
    allowed = request.form.get("allowed") == "yes"
    return perform(
        lambda: access.set_download_allowed(
            actor=actor(), panel_id=panel_id, allowed=allowed, reason=typed("reason", 500), now=g.now
        ),
        page=lambda problems: panels.page_of(panel_id, problems),
        target=url_for("bureau.panel", panel_id=panel_id) + "#downloads",
        done=gettext("已开放水印副本下载。") if allowed else gettext("已关闭下载。"),
    )
