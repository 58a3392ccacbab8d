"""Question banks before an expert's panel: the report, the questions page by page, a watermarked copy where allowed."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.custody import access
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.panels import queries, reading
from app.lifecycle.panels.models import Panel
from app.rules.states import PanelKind
from app.web import bank_reading
from app.web import bank_report as reports
from app.web.access import Access, Right, expert
from app.web.bank_reading import Desk
from app.web.expert.views import blueprint
from app.web.guards import actor, current_identity
from uploads.models import Dossier, DossierFile

ACCESS: dict[str, Access] = {
    "expert.bank_report": expert(),
    "expert.bank_report_findings": expert(),
    "expert.bank_report_xlsx": expert(),
    "expert.bank": expert(),
    "expert.bank_open": expert(Right.edit),
    "expert.bank_watermark": expert(),
    "expert.bank_copy": expert(Right.edit),
    "expert.bank_copy_offer": expert(),
    "expert.bank_copy_send": expert(Right.edit),
}
_BANK = "/panels/<uuid:panel_id>/banks/<uuid:file_id>"


def _found(panel_id: uuid.UUID, file_id: uuid.UUID) -> tuple[Panel, Dossier, DossierFile]:
    """A bank of this panel that the expert sees; before the panel is formed there is none to be seen."""
    panel = queries.get_panel(panel_id)
    seat = queries.find_seat(panel_id, current_identity().user_id)
    if panel is None or seat is None or panel.kind != PanelKind.QUESTION_BANK:
        abort(404)
    for dossier in reading.list_dossiers(panel):
        for file in dossier.files:
            if file.id == file_id:
                return panel, dossier, file
    abort(404)


def _desk(panel_id: uuid.UUID, file_id: uuid.UUID) -> Desk:
    panel, dossier, file = _found(panel_id, file_id)
    at: dict[str, Any] = {"panel_id": panel.id, "file_id": file.id}
    allowed = access.is_download_allowed(panel.id)
    return Desk(
        bank=file,
        holder=panel.organisation_name,
        subject=f"{panel.organisation_name} · {dossier.title}",
        back=url_for("expert.panel", panel_id=panel.id) + "#files",
        back_label=panel.organisation_name,
        reading=url_for("expert.bank", **at),
        watermark=url_for("expert.bank_watermark", **at),
        findings=url_for("expert.bank_report_findings", **at) if file.report else None,
        copy=url_for("expert.bank_copy", **at) if allowed else None,
        copies=url_for("expert.bank_copy", **at),
    )


@blueprint.get(_BANK)
def bank(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The questions, twenty a page; the purpose is asked first."""
    return bank_reading.show(_desk(panel_id, file_id))


@blueprint.post(_BANK)
def bank_open(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Open the bank for a stated purpose."""
    return bank_reading.open_bank(_desk(panel_id, file_id))


@blueprint.get(_BANK + "/watermark.svg")
def bank_watermark(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The reader's own name and the time."""
    return bank_reading.watermark()


@blueprint.post(_BANK + "/copies")
def bank_copy(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for a watermarked copy."""
    return bank_reading.offer_copy(_desk(panel_id, file_id))


@blueprint.get(_BANK + "/copies/<token>")
def bank_copy_offer(panel_id: uuid.UUID, file_id: uuid.UUID, token: str) -> ResponseReturnValue:
    """What the link is for; it is used by pressing the button only."""
    return bank_reading.show_offer(_desk(panel_id, file_id), token)


@blueprint.post(_BANK + "/copies/<token>")
def bank_copy_send(panel_id: uuid.UUID, file_id: uuid.UUID, token: str) -> ResponseReturnValue:
    """The copy, once."""
    return bank_reading.send_copy(_desk(panel_id, file_id), token)


# The report ---------------------------------------------------------------------------------------------------------


def _report(panel_id: uuid.UUID, file_id: uuid.UUID) -> tuple[Panel, Dossier, DossierFile, reports.BankReport]:
    panel, dossier, file = _found(panel_id, file_id)
    if file.report is None:
        abort(404)
    settings = load_settings(panel.authority_code)
    return panel, dossier, file, reports.build(file.report, name=file.name, settings=settings)


def _place(panel: Panel, dossier: Dossier, file: DossierFile) -> reports.Place:
    at: dict[str, Any] = {"panel_id": panel.id, "file_id": file.id}
    opens = access.find_refusal(actor(), file) is None
    return reports.Place(
        holder=panel.organisation_name,
        subject=f"{panel.organisation_name} · {dossier.title}",
        back=url_for("expert.panel", panel_id=panel.id) + "#files",
        back_label=panel.organisation_name,
        overview=url_for("expert.bank_report", **at),
        findings=url_for("expert.bank_report_findings", **at),
        xlsx=url_for("expert.bank_report_xlsx", **at),
        reading=url_for("expert.bank", **at) if opens else None,
    )


@blueprint.get(_BANK + "/report")
def bank_report(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The overview: what the organisation saw before it submitted."""
    panel, dossier, file, report = _report(panel_id, file_id)
    earlier = [one for one in reading.list_dossiers(panel) if one.subject_id == dossier.subject_id]
    settings = load_settings(panel.authority_code)
    previous = reports.compare(report, earlier, upload_id=file.upload_id, settings=settings)
    return render_template("expert/bank_report.html", report=report, at=_place(panel, dossier, file), previous=previous)


@blueprint.get(_BANK + "/report/findings")
def bank_report_findings(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The findings, filtered and paged; each leads to its question."""
    panel, dossier, file, report = _report(panel_id, file_id)
    selection = reports.select(report, request.args)
    at = _place(panel, dossier, file)
    return render_template("expert/bank_report.html", report=report, at=at, selection=selection)


@blueprint.get(_BANK + "/report.xlsx")
def bank_report_xlsx(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The report as a workbook; no word of a question is in it."""
    panel, _, file, _ = _report(panel_id, file_id)
    return reports.download(file.report or {}, name=file.name, settings=load_settings(panel.authority_code))
