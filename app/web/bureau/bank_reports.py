"""The report of a bank file that was handed in: what the organisation saw before it submitted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.custody import access
from app.lifecycle.custody.comparing import find_overlap
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.submissions import queries
from app.web import bank_report as reports
from app.web.bureau.base import blueprint
from app.web.guards import actor, may
from uploads.models import DossierFile, ReviewTask


def _inspected(task_id: uuid.UUID, file_id: uuid.UUID) -> tuple[ReviewTask, DossierFile]:
    task = queries.get_task(task_id) or abort(404)
    file = queries.get_file(task, file_id)
    if file is None or file.report is None:
        abort(404)
    return task, file


@blueprint.context_processor
def _words() -> dict[str, Any]:
    """`report_of(task, file)` for the lists of files of a task."""
    settings = cache(load_settings)

    def report_of(task: ReviewTask, file: DossierFile) -> reports.BankReport:
        return reports.build(file.report or {}, name=file.name, settings=settings(task.authority_code))

    functions: dict[str, Callable[..., Any]] = {"report_of": report_of}
    return functions


def _place(task: ReviewTask, file: DossierFile) -> reports.Place:
    return reports.Place(
        holder=task.organisation.name,
        subject=f"{task.organisation.name} · {task.dossier.title}",
        back=url_for("bureau.review", task_id=task.id) + "#files",
        back_label=task.dossier.number,
        overview=url_for("bureau.bank_report", task_id=task.id, file_id=file.id),
        findings=url_for("bureau.bank_report_findings", task_id=task.id, file_id=file.id),
        xlsx=url_for("bureau.bank_report_xlsx", task_id=task.id, file_id=file.id),
        reading=_reading(task, file),
    )


def _reading(task: ReviewTask, file: DossierFile) -> str | None:
    if not may("decide") or access.find_refusal(actor(), file) is not None:
        return None
    return url_for("bureau.bank", task_id=task.id, file_id=file.id)


@blueprint.get("/reviews/<uuid:task_id>/files/<uuid:file_id>/report")
def bank_report(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The overview: counts, charts, checks."""
    task, file = _inspected(task_id, file_id)
    settings = load_settings(task.authority_code)
    report = reports.build(file.report or {}, name=file.name, settings=settings)
    dossiers = queries.list_dossiers_of_subject(task.dossier.kind, task.dossier.subject_id)
    previous = reports.compare(report, dossiers, upload_id=file.upload_id, settings=settings)
    return render_template(
        "bureau/bank_report.html",
        report=report,
        at=_place(task, file),
        previous=previous,
        overlap=find_overlap(file.id),
    )


@blueprint.get("/reviews/<uuid:task_id>/files/<uuid:file_id>/report/findings")
def bank_report_findings(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The findings, filtered and paged."""
    task, file = _inspected(task_id, file_id)
    report = reports.build(file.report or {}, name=file.name, settings=load_settings(task.authority_code))
    selection = reports.select(report, request.args)
    return render_template("bureau/bank_report.html", report=report, at=_place(task, file), selection=selection)


@blueprint.get("/reviews/<uuid:task_id>/files/<uuid:file_id>/report.xlsx")
def bank_report_xlsx(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """The report as a workbook."""
    task, file = _inspected(task_id, file_id)
    return reports.download(file.report or {}, name=file.name, settings=load_settings(task.authority_code))
