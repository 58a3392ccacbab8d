"""The report of each checked bank file: what was found in it, before anybody else reads it; as a workbook too."""

from __future__ import annotations

import uuid

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.custody import access
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.submissions.queries import list_dossiers_of_subject
from app.rules.settings import Settings
from app.web import bank_report as reports
from app.web.applicant.base import found, page
from app.web.guards import actor
from app.web.wording import item_label
from tenants.models import Organisation
from uploads import queries
from uploads.models import Purpose, Upload, UploadState


def _inspected(upload_id: uuid.UUID) -> Upload:
    """A bank of the organisation that asks, once it has been inspected."""
    upload: Upload = found(queries.get_upload(upload_id))
    found(upload.report)
    return upload


def organisation_of(upload: Upload) -> Organisation:
    """Whose bank it is."""
    return db.session.get_one(Organisation, upload.organisation_id)


def settings_of(upload: Upload) -> Settings:
    """The settings of the authority that it will go to."""
    return load_settings(organisation_of(upload).authority_code)


def _opens(upload: Upload) -> bool:
    return upload.state == UploadState.checked and access.find_refusal(actor(), upload) is None


def _place(upload: Upload) -> reports.Place:
    item = db.session.get(ApplicationItem, upload.subject_id) if upload.subject_id else None
    back = url_for("applicant.item", item_id=item.id) + "#files" if item else url_for("applicant.incubation")
    return reports.Place(
        holder=organisation_of(upload).name,
        subject=item_label(item) if item else "",
        back=back,
        back_label=gettext("题库文件"),
        overview=url_for("applicant.bank_report", upload_id=upload.id),
        findings=url_for("applicant.bank_report_findings", upload_id=upload.id),
        xlsx=url_for("applicant.bank_report_xlsx", upload_id=upload.id),
        reading=url_for("applicant.bank", upload_id=upload.id) if _opens(upload) else None,
        readers=url_for("applicant.bank_readers", upload_id=upload.id),
        changes=url_for("applicant.bank_changes", upload_id=upload.id) if _opens(upload) else None,
        dossier_url=lambda dossier_id: url_for("applicant.dossier", dossier_id=dossier_id),
    )


@page("/files/<uuid:upload_id>/report")
def bank_report(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The overview: counts, charts, checks; the officer sees the same."""
    upload, previous = _inspected(upload_id), None
    settings = settings_of(upload)
    report = reports.build(upload.report or {}, name=upload.name, settings=settings)
    if upload.subject_id:
        dossiers = list_dossiers_of_subject(Purpose.question_bank, upload.subject_id)
        previous = reports.compare(report, dossiers, upload_id=upload.id, settings=settings)
    return render_template("applicant/bank_report.html", report=report, at=_place(upload), previous=previous)


@page("/files/<uuid:upload_id>/report/findings")
def bank_report_findings(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The findings, filtered and paged."""
    upload = _inspected(upload_id)
    report = reports.build(upload.report or {}, name=upload.name, settings=settings_of(upload))
    selection = reports.select(report, request.args)
    return render_template("applicant/bank_report.html", report=report, at=_place(upload), selection=selection)


@page("/files/<uuid:upload_id>/report.xlsx")
def bank_report_xlsx(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The report as a workbook."""
    upload = _inspected(upload_id)
    return reports.download(upload.report or {}, name=upload.name, settings=settings_of(upload))
