"""Collection plans of this authority: each city's and the department's own, from draft to the call (B1, R8–R10)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.plans import queries, services
from app.lifecycle.plans.models import CollectionPlan
from app.lifecycle.plans.services import PlanContent
from app.rules.calls import priority_share
from app.rules.core import Refusal
from app.rules.states import COLLECTION_PLAN, PlanState
from app.web import picking
from app.web.bureau.base import authority_code, blueprint
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import choices, shown_version
from app.web.guards import actor, commits
from app.web.wording import LEVELS, timeline_rows
from tenants import events
from tenants.queries import get_authority

PAGE_SIZE = 30


class PlanForm(FlaskForm):  # type: ignore[misc]
    """A plan's particulars; a draft may still lack the quantity and the levels."""

    title = StringField(lazy_gettext("计划名称"), [InputRequired(lazy_gettext("请填写计划名称。")), Length(max=120)])
    year = IntegerField(lazy_gettext("年度"), [InputRequired(lazy_gettext("请填写年度。")), NumberRange(2024, 2100)])
    quota = IntegerField(lazy_gettext("拟征集社评组织数量(家)"), [Optional(), NumberRange(0, 9999)])
    levels = SelectMultipleField(
        lazy_gettext("等级"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    rationale = TextAreaField(lazy_gettext("制定理由"), [Length(max=2000)], render_kw={"rows": 4})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.levels.choices = choices(LEVELS)


@blueprint.get("/plans")
def plans() -> ResponseReturnValue:
    """The authority's plans; the department sees every city's too."""
    code = authority_code()
    state = request.args.get("state", "")
    rows = queries.list_plans(
        state=state if state in COLLECTION_PLAN.states else "",
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/plans.html",
        rows=rows,
        machine=COLLECTION_PLAN,
        counts=queries.count_plans(),
        state=state,
        own=code,
        levels=LEVELS,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@blueprint.post("/plans")
@commits
def plan_new() -> ResponseReturnValue:
    """Begin a plan of this year."""
    year = g.now.astimezone(SHANGHAI).year
    authority = get_authority(authority_code())
    title = gettext("%(year)d年%(authority)s征集计划", year=year, authority=authority.city_name if authority else "")
    plan = services.draft_plan(actor=actor(), content=PlanContent(year, title, 0, (), ()), now=g.now)
    return redirect(url_for("bureau.plan", plan_id=plan.id), 303)


def _plan(plan_id: uuid.UUID, *, lock: bool = False) -> CollectionPlan:
    plan = queries.get_plan(plan_id, lock=lock)
    if plan is None:
        abort(404)
    return plan


@blueprint.get("/plans/<uuid:plan_id>")
def plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """A draft in its editor, anything else to read."""
    row = _plan(plan_id)
    if getattr(request, "htmx", False) and "occupation" in request.args:
        return render_template("components/_occupation_hits.html", **_picker(row))
    return _page(row, _form_of(row))


def _form_of(row: CollectionPlan) -> PlanForm:
    return PlanForm(
        formdata=None,
        title=row.title,
        year=row.year,
        quota=row.quota or None,
        levels=row.levels,
        rationale=row.rationale,
    )


def _picker(row: CollectionPlan) -> dict[str, Any]:
    return {
        **picking.search(),
        "add_url": url_for("bureau.plan_occupation", plan_id=row.id),
        "add_fields": {"version": row.version},
    }


def _page(row: CollectionPlan, form: PlanForm, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    editable = row.state == PlanState.DRAFT and row.authority_code == authority_code()
    page = render_template(
        "bureau/plan.html",
        plan=row,
        form=form,
        problems=problems,
        editable=editable,
        own=row.authority_code == authority_code(),
        machine=COLLECTION_PLAN,
        levels=LEVELS,
        share=round(100 * priority_share({one["code"]: one.get("tags", []) for one in row.occupations})),
        tag_words=picking.tag_words,
        events=timeline_rows(events.list_for_subject("collection_plan", row.id)),
        **(_picker(row) if editable else {}),
    )
    return page, 422 if problems or form.errors else 200


@blueprint.post("/plans/<uuid:plan_id>")
@commits
def plan_save(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Save a draft; the button decides whether it is confirmed at once."""
    row = _plan(plan_id)
    form = PlanForm()
    if not form.validate_on_submit():
        return _page(row, form)
    content = PlanContent(
        form.year.data, form.title.data, form.quota.data or 0, list(row.occupations), form.levels.data or [],
        form.rationale.data or "",
    )  # fmt: skip
    try:
        saved = services.edit_plan(
            actor=actor(), plan_id=plan_id, content=content, expected_version=shown_version(), now=g.now
        )
        if request.form.get("then") == "confirm":
            services.confirm_plan(actor=actor(), plan_id=plan_id, expected_version=saved.version, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page(_plan(plan_id), form, (refusal_text(refusal),))
    flash(
        gettext("计划已确定,省厅可纳入统一通告。") if request.form.get("then") == "confirm" else gettext("已保存。"),
        "success",
    )
    return redirect(url_for("bureau.plan", plan_id=plan_id), 303)


@blueprint.post("/plans/<uuid:plan_id>/occupations")
@commits
def plan_occupation(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Add an occupation of the catalogue, or take one out."""
    row = _plan(plan_id, lock=True)
    if removed := request.form.get("remove", ""):
        wanted = [one for one in row.occupations if one["code"] != removed]
    else:
        new = picking.as_row(picking.chosen())
        wanted = [*(one for one in row.occupations if one["code"] != new["code"]), new]
    wanted.sort(key=lambda one: one["code"])
    content = PlanContent(row.year, row.title, row.quota, wanted, row.levels, row.rationale)
    services.edit_plan(actor=actor(), plan_id=plan_id, content=content, expected_version=shown_version(), now=g.now)
    return redirect(url_for("bureau.plan", plan_id=plan_id) + "#occupations", 303)


@blueprint.post("/plans/<uuid:plan_id>/withdraw")
def plan_withdraw(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Withdraw it with a reason."""
    row = _plan(plan_id)
    try:
        services.withdraw_plan(
            actor=actor(),
            plan_id=plan_id,
            reason=request.form.get("reason", "")[:1000],
            expected_version=shown_version(),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        row = _plan(plan_id)
        return _page(row, _form_of(row), (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已撤回。"), "success")
    return redirect(url_for("bureau.plan", plan_id=plan_id), 303)
