"""Applying: may we, the form part by part, check your answers, hand in, answer a supplement, withdraw (B4)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications import drafting, queries, submitting
from app.lifecycle.applications.completeness import (
    PART_LABELS,
    Part,
    editable_parts,
    find_gaps,
    open_request,
    picture,
)
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.applications.rosters import KINDS, template_of
from app.lifecycle.calls.queries import find_next_call, find_open_call, get_call
from app.lifecycle.catalogue.queries import get_occupation
from app.rules.authority import LEVEL_LABELS
from app.rules.core import Refusal
from app.rules.eligibility import AFFILIATION_LABELS, ORG_TYPE_LABELS, Affiliation
from app.rules.routing import authority_label
from app.rules.states import APPLICATION, APPLICATION_ITEM, PUBLICITY, ApplicationState, CallState
from app.web import exports, picking
from app.web.access import Right
from app.web.applicant.base import found, page
from app.web.applicant.files import accept_of
from app.web.applicant.results import results_of
from app.web.errors import refusal_text
from app.web.forms import form_id
from app.web.guards import actor, commits
from app.web.wording import LEVELS, UPLOAD_STATES, timeline_rows
from tenants import events
from tenants.models import Organisation
from uploads.models import Purpose, Upload
from uploads.reasons import note_of
from uploads.services import remove_upload


def _organisation() -> Organisation:
    query = select(Organisation).where(Organisation.id == actor().organisation_id)
    return db.session.scalars(query.options(joinedload(Organisation.authority))).one()


def _application(application_id: uuid.UUID) -> Application:
    row: Application = found(queries.get_application(application_id))
    return row


@page("/applications")
def applications() -> ResponseReturnValue:
    """Everything applied for, and the call that is open."""
    organisation = _organisation()
    return render_template(
        "applicant/applications.html",
        rows=queries.list_of_organisation(organisation.id),
        machine=APPLICATION,
        levels=LEVEL_LABELS,
        call=find_open_call(g.now),
        next_call=find_next_call(g.now),
        is_branch=organisation.affiliation == Affiliation.NATIONAL_BRANCH,
    )


@page("/apply/<uuid:call_id>")
def eligibility(call_id: uuid.UUID) -> ResponseReturnValue:
    """May we apply, at which level, to which city, until when; the clause for every «no»."""
    return _eligibility(call_id)


def _eligibility(call_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    call = found(get_call(call_id))
    if call.state == CallState.DRAFT:
        found(None)
    organisation = _organisation()
    judged = drafting.judge_eligibility(organisation=organisation, call=call, now=g.now)
    page = render_template(
        "applicant/eligibility.html",
        call=call,
        organisation=organisation,
        judged=judged,
        problems=problems,
        levels=LEVEL_LABELS,
        affiliations=AFFILIATION_LABELS,
        org_types=ORG_TYPE_LABELS,
        city=authority_label(judged.city_code),
        is_branch=organisation.affiliation == Affiliation.NATIONAL_BRANCH,
    )
    return page, 422 if problems else 200


@page("/apply/<uuid:call_id>", right=Right.edit, methods=("POST",))
def application_begin(call_id: uuid.UUID) -> ResponseReturnValue:
    """Begin the form."""
    try:
        row = drafting.begin_application(actor=actor(), call_id=call_id, level=request.form.get("level", ""), now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _eligibility(call_id, (refusal_text(refusal),))
    db.session.commit()
    return redirect(url_for("applicant.application", application_id=row.id), 303)


@page("/applications/<uuid:application_id>")
def application(application_id: uuid.UUID) -> ResponseReturnValue:
    """The task list of a draft or a supplement; afterwards the standing and the outcome of every item."""
    return _overview(application_id)


def _overview(application_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row = _application(application_id)
    page = render_template("applicant/application.html", problems=problems, **_context(row))
    return page, 422 if problems else 200


def _context(row: Application) -> dict[str, Any]:
    files = submitting.list_attachments(row)
    gaps = find_gaps(row, files) if row.state in (ApplicationState.DRAFT, ApplicationState.SUPPLEMENT_REQUESTED) else []
    supplement = open_request(row)
    return {
        "application": row,
        "machine": APPLICATION,
        "item_machine": APPLICATION_ITEM,
        "levels": LEVEL_LABELS,
        "parts": PART_LABELS,
        "rosters": KINDS,
        "editable": editable_parts(row, g.now),
        "gaps": {part: [gap.message for gap in gaps if gap.part == part] for part in Part},
        "supplement": supplement,
        "answered": _answered(row, supplement),
        "asked": {entry["part"]: entry for entry in supplement.asked} if supplement else {},
        "holder": authority_label(row.authority_code),
        "files": files,
        "upload_states": UPLOAD_STATES,
        "note_of": note_of,
        "routes": queries.list_routes(row.id),
        "results": results_of(row),
        "publicity_machine": PUBLICITY,
        "may_withdraw": APPLICATION.can(row.state, "withdraw", "organisation"),
        "events": timeline_rows(events.list_for_subject("application", row.id)),
        "today": g.now.astimezone(SHANGHAI).date(),
    }


def _answered(row: Application, supplement: SupplementRequest | None) -> set[str]:
    """The parts already changed since they were asked for."""
    if supplement is None:
        return set()
    now = picture(row)
    changed = {part for part, digest in now.items() if supplement.before.get(part) != digest}
    return changed | ({Part.ATTACHMENTS.value} if submitting.list_supplement_files(row) else set())


@page("/applications/<uuid:application_id>/form/<part>")
def application_part(application_id: uuid.UUID, part: str) -> ResponseReturnValue:
    """One step of the form."""
    row = _application(application_id)
    if part not in PART_LABELS:
        found(None)
    if part == Part.ITEMS and getattr(request, "htmx", False) and "occupation" in request.args:
        return render_template("components/_occupation_hits.html", **_item_picker(row))
    if part == Part.ATTACHMENTS and getattr(request, "htmx", False):
        return render_template("applicant/_attachments.html", **_part_context(row, part))
    return _part_page(row, part)


def _part_page(row: Application, part: str, **extra: Any) -> ResponseReturnValue:
    page = render_template("applicant/application_part.html", **{**_part_context(row, part), **extra})
    return page, 422 if extra else 200


def _part_context(row: Application, part: str) -> dict[str, Any]:
    context = _context(row)
    order = list(Part) if row.state == ApplicationState.DRAFT else list(context["editable"])
    at = order.index(Part(part)) if part in order else -1
    context |= {
        "part": part,
        "step_no": at + 1,
        "step_count": len(order),
        "next_part": order[at + 1] if 0 <= at < len(order) - 1 else None,
        "may_edit": part in context["editable"],
        "lines": [line for line in row.lines if line.kind == part],
        "roster": KINDS.get(part),
        "line_errors": [],
        "problems": (),
        "typed": {},
    }
    if part == Part.ITEMS:
        context |= {"level_names": LEVELS, **_item_picker(row)}
    if part == Part.ATTACHMENTS:
        supplement = context["supplement"]
        in_supplement = row.state == ApplicationState.SUPPLEMENT_REQUESTED and supplement is not None
        purpose = Purpose.supplement if in_supplement else Purpose.filing_materials
        context |= {
            "purpose": purpose,
            "subject_id": supplement.id if in_supplement else row.id,
            "accept": accept_of(purpose),
            "shown_files": submitting.list_supplement_files(row) if in_supplement else context["files"],
        }
    return context


def _item_picker(row: Application) -> dict[str, Any]:
    context: dict[str, Any] = {
        **picking.search(),
        "choose_url": url_for("applicant.application_part", application_id=row.id, part=Part.ITEMS.value),
        "picked": None,
    }
    try:
        context["picked"] = get_occupation(uuid.UUID(request.args.get("occupation_id", "")))
    except ValueError:
        context["picked"] = None
    return context


@page("/applications/<uuid:application_id>/form/<part>", right=Right.edit, methods=("POST",))
def application_save(application_id: uuid.UUID, part: str) -> ResponseReturnValue:
    """Save a part: the button goes on to the next, htmx's saving by itself answers when it was saved."""
    row = _application(application_id)
    if part not in PART_LABELS:
        found(None)
    try:
        _save(row, part)
    except Refusal as refusal:
        db.session.rollback()
        if request.headers.get("HX-Trigger-Name") or request.form.get("autosave"):
            raise
        return _part_page(
            _application(application_id), part, problems=(refusal_text(refusal),), typed=request.form.to_dict()
        )
    db.session.commit()
    if getattr(request, "htmx", False):
        return Response(gettext("已自动保存 %(time)s", time=g.now.astimezone(SHANGHAI).strftime("%H:%M:%S")))
    if part in (Part.CONTACT, Part.BANK_PLAN) and request.form.get("then") == "next":
        context = _part_context(_application(application_id), part)
        if context["next_part"]:
            return redirect(
                url_for("applicant.application_part", application_id=row.id, part=context["next_part"].value), 303
            )
        return redirect(url_for("applicant.application", application_id=row.id), 303)
    return redirect(url_for("applicant.application_part", application_id=row.id, part=part), 303)


def _save(row: Application, part: str) -> None:
    who: dict[str, Any] = {"actor": actor(), "application_id": row.id, "now": g.now}
    if part in (Part.CONTACT, Part.BANK_PLAN):
        drafting.save_texts(part=part, given=request.form, **who)
    elif part == Part.ITEMS:
        if "remove" in request.form:
            drafting.remove_item(item_id=form_id("remove"), **who)
        else:
            drafting.add_item(
                occupation_id=form_id("occupation_id"),
                work_type=request.form.get("work_type", ""),
                levels=request.form.getlist("levels"),
                **who,
            )
    elif part in KINDS:
        if "remove" in request.form:
            drafting.remove_line(kind=part, line_id=form_id("remove"), **who)
        else:
            drafting.add_line(kind=part, given=request.form, **who)


@page("/applications/<uuid:application_id>/form/<part>/import", right=Right.edit, methods=("POST",))
def application_import(application_id: uuid.UUID, part: str) -> ResponseReturnValue:
    """Replace a list by a sheet; with faults nothing changes, and each is named by row and column."""
    row = _application(application_id)
    if part not in KINDS:
        found(None)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _part_page(row, part, problems=(gettext("请选择要导入的文件。"),))
    try:
        errors = drafting.import_lines(
            actor=actor(),
            application_id=row.id,
            kind=part,
            data=sent.read(),
            file_name=sent.filename,
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _part_page(_application(application_id), part, problems=(refusal_text(refusal),))
    if errors:
        db.session.rollback()
        said = gettext("表格有 %(count)d 处需要更正,没有导入。请改正后重新上传。", count=len(errors))
        return _part_page(_application(application_id), part, problems=(said,), line_errors=errors[:200])
    db.session.commit()
    flash(gettext("已导入,原有各行已替换。"), "success")
    return redirect(url_for("applicant.application_part", application_id=row.id, part=part), 303)


@page("/applications/templates/<part>.xlsx")
def application_template(part: str) -> ResponseReturnValue:
    """The sheet of a list to fill in."""
    if part not in KINDS:
        found(None)
    return exports.workbook(template_of(part), f"{gettext(KINDS[part].label)}.xlsx")


@page("/applications/<uuid:application_id>/check")
def application_check(application_id: uuid.UUID) -> ResponseReturnValue:
    """Check your answers: everything on one page, what is missing, to whom it goes, until when."""
    return _check(application_id)


def _check(application_id: uuid.UUID, problems: tuple[str, ...] = (), note: str = "") -> ResponseReturnValue:
    row = _application(application_id)
    page = render_template(
        "applicant/application_check.html",
        problems=problems,
        note=note,
        key=uuid.uuid4().hex,
        organisation=row.organisation,
        city=authority_label(row.city_code),
        supplement_files=submitting.list_supplement_files(row),
        server_time=g.now,
        **_context(row),
    )
    return page, 422 if problems else 200


@page("/applications/<uuid:application_id>/submit", right=Right.edit, methods=("POST",))
def application_submit(application_id: uuid.UUID) -> ResponseReturnValue:
    """Hand in the application, or the answer to a supplement."""
    row = _application(application_id)
    key = request.form.get("idempotency_key", "")[:200] or uuid.uuid4().hex
    note = request.form.get("note", "")
    who: dict[str, Any] = {"actor": actor(), "application_id": row.id, "idempotency_key": key, "now": g.now}
    try:
        if row.state == ApplicationState.SUPPLEMENT_REQUESTED:
            submitting.answer_supplement(note=note, **who)
        else:
            submitting.submit_application(**who)
    except Refusal as refusal:
        db.session.rollback()
        return _check(application_id, (refusal_text(refusal),), note)
    db.session.commit()
    flash(gettext("已提交,受理部门会收到通知。每一步办理结果都会通知您。"), "success")
    return redirect(url_for("applicant.application", application_id=application_id), 303)


@page("/applications/<uuid:application_id>/withdraw", right=Right.edit, methods=("POST",))
def application_withdraw(application_id: uuid.UUID) -> ResponseReturnValue:
    """Withdraw."""
    try:
        submitting.withdraw_application(
            actor=actor(),
            application_id=application_id,
            reason=request.form.get("reason", ""),
            expected_version=None,
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _overview(application_id, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已撤回申报。"), "success")
    return redirect(url_for("applicant.application", application_id=application_id), 303)


@page("/applications/<uuid:application_id>/files/<uuid:upload_id>/remove", right=Right.edit, methods=("POST",))
@commits
def application_file_remove(application_id: uuid.UUID, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file out before it is handed in."""
    row = _application(application_id)
    mine: list[Upload] = [*submitting.list_attachments(row), *submitting.list_supplement_files(row)]
    found(next((one for one in mine if one.id == upload_id), None))
    remove_upload(actor=actor(), upload_id=upload_id, now=g.now)
    return redirect(url_for("applicant.application_part", application_id=row.id, part=Part.ATTACHMENTS.value), 303)
