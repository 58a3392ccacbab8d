"""The department's calls: editor, preview, publishing, cancelling, concluding (B2, R10–R11)."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeLocalField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.queries import count_by_state
from app.lifecycle.calls import queries, services
from app.lifecycle.calls.models import Call
from app.lifecycle.calls.services import CallContent
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.plans import queries as plan_queries
from app.lifecycle.plans.services import include_plan, merge_occupations
from app.lifecycle.trail import check_unchanged
from app.rules.calls import CALL_SECTIONS, close_at_of, find_missing_sections, priority_share
from app.rules.core import N_, Refusal
from app.rules.states import CALL, CallState, PlanState
from app.web import picking
from app.web.access import Right
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import as_typed, form_id, in_shanghai, shown_version
from app.web.guards import actor, commits
from app.web.province.base import found, page
from app.web.wording import timeline_rows
from tenants import events

PAGE_SIZE = 30
SECTION_HINTS = {
    "applicant_scope": lazy_gettext("哪些单位可以申报:企业、院校、社会团体、民办非企业等。"),
    "applicant_conditions": lazy_gettext("场地、设备、题库、考评员和督导员队伍等条件。"),
    "priority_occupations": lazy_gettext("重点征集哪些领域的职业;具体职业在下方“重点征集职业”中逐项列出。"),
    "application_requirements": lazy_gettext("怎样申报、提交哪些材料。"),
    "assessment_process": lazy_gettext("受理、遴选评估、公示、孵化、题库评估、公布的安排。"),
    "completion_deadline": lazy_gettext("本批次全部工作完成的时限;下方另填日期,用于期限看板。"),
}


def _not_before_close(form: FlaskForm, field: DateField) -> None:
    close_on = form.apply_close_on.data
    if field.data and close_on and field.data < close_on:
        raise ValidationError(lazy_gettext("完成时限不能早于申报截止日期。"))


class CallForm(FlaskForm):  # type: ignore[misc]
    """A call's particulars; the six sections may be empty in a draft."""

    title = StringField(lazy_gettext("通告标题"), [InputRequired(lazy_gettext("请填写通告标题。")), Length(max=120)])
    year = IntegerField(lazy_gettext("年度"), [InputRequired(lazy_gettext("请填写年度。")), NumberRange(2024, 2100)])
    batch_no = IntegerField(lazy_gettext("批次"), [InputRequired(lazy_gettext("请填写批次。")), NumberRange(1, 99)])
    doc_no = StringField(lazy_gettext("文号"), [Length(max=60)])
    apply_open_at = DateTimeLocalField(lazy_gettext("申报开始时间"), [Optional()])
    apply_close_on = DateField(lazy_gettext("申报截止日期"), [Optional()])
    complete_by = DateField(lazy_gettext("完成时限(日期)"), [Optional(), _not_before_close])
    applicant_scope = TextAreaField(lazy_gettext("申报主体范围"), [Length(max=4000)], render_kw={"rows": 3})
    applicant_conditions = TextAreaField(lazy_gettext("申报主体条件"), [Length(max=4000)], render_kw={"rows": 4})
    priority_occupations = TextAreaField(lazy_gettext("重点征集职业"), [Length(max=4000)], render_kw={"rows": 3})
    application_requirements = TextAreaField(lazy_gettext("申报要求"), [Length(max=4000)], render_kw={"rows": 4})
    assessment_process = TextAreaField(lazy_gettext("评估流程"), [Length(max=4000)], render_kw={"rows": 4})
    completion_deadline = TextAreaField(lazy_gettext("完成时限"), [Length(max=4000)], render_kw={"rows": 2})


def _form_of(call: Call) -> CallForm:
    return CallForm(
        formdata=None,
        title=call.title,
        year=call.year,
        batch_no=call.batch_no,
        doc_no=call.doc_no,
        apply_open_at=as_typed(call.apply_open_at),
        apply_close_on=_close_on(call.apply_close_at),
        complete_by=call.complete_by,
        **{key: call.sections.get(key, "") for key in CALL_SECTIONS},
    )


def _close_on(instant: datetime | None) -> date | None:
    # Midnight is 24:00 of the day that ends.
    return (instant - timedelta(seconds=1)).astimezone(SHANGHAI).date() if instant else None


def _content(form: CallForm, priority: list[dict[str, Any]]) -> CallContent:
    close_on = form.apply_close_on.data
    return CallContent(
        year=form.year.data,
        batch_no=form.batch_no.data,
        title=form.title.data,
        doc_no=form.doc_no.data or "",
        sections={key: form[key].data or "" for key in CALL_SECTIONS},
        priority=priority,
        complete_by=form.complete_by.data,
        apply_open_at=in_shanghai(form.apply_open_at.data),
        apply_close_at=close_at_of(close_on, load_settings()) if close_on else None,
    )


@page("/calls")
def calls() -> ResponseReturnValue:
    """All calls by state."""
    state = request.args.get("state", "")
    states = (state,) if state in CALL.states else ()
    rows = queries.list_calls(
        states=states,
        search=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "province/calls.html",
        rows=rows,
        machine=CALL,
        counts=queries.count_calls(),
        state=state,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
        is_narrowed=bool(states or request.args.get("q")),
    )


@page("/calls/new", right=Right.decide, methods=("POST",))
@commits
def call_new() -> ResponseReturnValue:
    """Begin a draft with this year's next batch number."""
    year = g.now.astimezone(SHANGHAI).year
    batch_no = queries.next_batch_no(year)
    opens = datetime.combine(g.now.astimezone(SHANGHAI).date() + timedelta(days=7), time(9), SHANGHAI)
    call = services.draft_call(
        actor=actor(),
        year=year,
        batch_no=batch_no,
        title=gettext("%(year)d年山东省社会培训评价组织第%(batch)d批征集通告", year=year, batch=batch_no),
        doc_no="",
        sections={},
        apply_open_at=opens,
        apply_close_at=close_at_of(opens.date() + timedelta(days=30), load_settings()),
        now=g.now,
    )
    return redirect(url_for("province.call", call_id=call.id), 303)


@page("/calls/<uuid:call_id>")
def call(call_id: uuid.UUID) -> ResponseReturnValue:
    """A draft in its editor; a published call with its standing."""
    row: Call = found(queries.get_call(call_id))
    if getattr(request, "htmx", False) and "occupation" in request.args:
        return render_template("components/_occupation_hits.html", **_picker(row))
    return _page(row, _form_of(row) if row.state == CallState.DRAFT else None)


def _picker(row: Call) -> dict[str, Any]:
    return {
        **picking.search(),
        "add_url": url_for("province.call_occupation", call_id=row.id),
        "add_fields": {"version": row.version},
    }


def _page(row: Call, form: CallForm | None, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    context: dict[str, Any] = {
        "call": row,
        "form": form,
        "problems": problems,
        "machine": CALL,
        "sections": CALL_SECTIONS,
        "hints": SECTION_HINTS,
        "tag_words": picking.tag_words,
        "share": round(100 * priority_share({one["code"]: one.get("tags", []) for one in row.priority})),
        "events": timeline_rows(events.list_for_subject("call", row.id)),
        "plans": plan_queries.list_plans_of_call(row.id),
    }
    if form is not None:
        context |= _picker(row)
        context["missing"] = _missing(row)
        context["ready_plans"] = plan_queries.list_plans(state=PlanState.CONFIRMED, limit=40)
        template = "province/call_edit.html"
    else:
        context["counts"] = count_by_state(call_id=row.id)
        context["unfinished"] = queries.count_unfinished(row.id)
        template = "province/call.html"
    return render_template(template, **context), 422 if problems or (form and form.errors) else 200


def _missing(row: Call) -> list[str]:
    """What publishing would ask for first, in the words of the form (R11)."""
    names = [CALL_SECTIONS[key] for key in find_missing_sections(row.sections)]
    dates = {
        N_("申报开始时间"): row.apply_open_at,
        N_("申报截止日期"): row.apply_close_at,
        N_("完成时限(日期)"): row.complete_by,
    }
    return [*names, *(name for name, value in dates.items() if value is None)]


@page("/calls/<uuid:call_id>", right=Right.decide, methods=("POST",))
@commits
def call_save(call_id: uuid.UUID) -> ResponseReturnValue:
    """Save a draft."""
    row: Call = found(queries.get_call(call_id))
    form = CallForm()
    if not form.validate_on_submit():
        return _page(row, form)
    try:
        services.edit_call(
            actor=actor(),
            call_id=call_id,
            content=_content(form, list(row.priority)),
            expected_version=shown_version(),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(found(queries.get_call(call_id)), form, (refusal_text(refusal),))
    flash(gettext("已保存。"), "success")
    return redirect(url_for("province.call", call_id=call_id), 303)


@page("/calls/<uuid:call_id>/occupations", right=Right.decide, methods=("POST",))
@commits
def call_occupation(call_id: uuid.UUID) -> ResponseReturnValue:
    """Add an occupation of the catalogue to the favoured ones, or take one out (R9)."""
    row: Call = found(queries.get_call(call_id, lock=True))
    if removed := request.form.get("remove", ""):
        priority = [one for one in row.priority if one["code"] != removed]
    else:
        new = picking.as_row(picking.chosen())
        priority = [*(one for one in row.priority if one["code"] != new["code"]), new]
    _change_priority(row, sorted(priority, key=lambda one: one["code"]))
    return redirect(url_for("province.call", call_id=call_id) + "#priority", 303)


def _change_priority(row: Call, priority: list[dict[str, Any]]) -> None:
    content = CallContent(
        row.year, row.batch_no, row.title, row.doc_no, row.sections, priority, row.complete_by, row.apply_open_at,
        row.apply_close_at,
    )  # fmt: skip
    services.edit_call(actor=actor(), call_id=row.id, content=content, expected_version=shown_version(), now=g.now)


@page("/calls/<uuid:call_id>/plans", right=Right.decide, methods=("POST",))
@commits
def call_plan(call_id: uuid.UUID) -> ResponseReturnValue:
    """Take a confirmed plan into the call; its occupations join the favoured ones (R8–R10)."""
    row: Call = found(queries.get_call(call_id, lock=True))
    plan = include_plan(actor=actor(), plan_id=form_id("plan_id"), call_id=row.id, now=g.now)
    merged = {one["code"]: one for one in (*merge_occupations([plan]), *row.priority)}
    _change_priority(row, [merged[code] for code in sorted(merged)])
    flash(gettext("已纳入计划,其职业已加入重点征集职业。"), "success")
    return redirect(url_for("province.call", call_id=call_id) + "#plans", 303)


@page("/calls/<uuid:call_id>/preview")
def call_preview(call_id: uuid.UUID) -> ResponseReturnValue:
    """The public page as it will look."""
    row: Call = found(queries.get_call(call_id))
    return render_template(
        "public/call.html", call=row, machine=CALL, sections=CALL_SECTIONS, tag_words=picking.tag_words, preview=True
    )


@page("/calls/<uuid:call_id>/publish", right=Right.decide, methods=("POST",))
def call_publish(call_id: uuid.UUID) -> ResponseReturnValue:
    """Publish: from here on nothing of it can be changed (R10–R11)."""
    row: Call = found(queries.get_call(call_id, lock=True))
    return _act(row, lambda: _publish(row), gettext("通告已发布,各市已收到通知。"))


def _publish(row: Call) -> None:
    check_unchanged(subject_type="call", subject_id=row.id, version=row.version, expected=shown_version())
    services.publish_call(actor=actor(), call=row, now=g.now)


@page("/calls/<uuid:call_id>/cancel", right=Right.decide, methods=("POST",))
def call_cancel(call_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel with a reason; applicants are told."""
    row: Call = found(queries.get_call(call_id))
    return _act(
        row,
        lambda: services.cancel_call(
            actor=actor(),
            call_id=call_id,
            reason=request.form.get("reason", "")[:1000],
            expected_version=shown_version(),
            now=g.now,
        ),
        gettext("通告已撤销,申报单位会收到通知。"),
    )


@page("/calls/<uuid:call_id>/conclude", right=Right.decide, methods=("POST",))
def call_conclude(call_id: uuid.UUID) -> ResponseReturnValue:
    """The batch is complete."""
    row: Call = found(queries.get_call(call_id))
    return _act(
        row,
        lambda: services.conclude_call(actor=actor(), call_id=call_id, expected_version=shown_version(), now=g.now),
        gettext("本批次已完成。"),
    )


def _act(row: Call, step: Any, done: str) -> ResponseReturnValue:
    try:
        step()
    except Refusal as refusal:
        db.session.rollback()
        fresh: Call = found(queries.get_call(row.id))
        form = _form_of(fresh) if fresh.state == CallState.DRAFT else None
        return _page(fresh, form, (refusal_text(refusal),))
    db.session.commit()
    flash(done, "success")
    return redirect(url_for("province.call", call_id=row.id), 303)
