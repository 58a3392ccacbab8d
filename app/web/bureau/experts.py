"""The pool of experts: find, add, change, note absences (R18, R30)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.db import db
from app.lifecycle.experts import queries, services
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.queries import PoolFilter
from app.lifecycle.experts.services import ExpertParticulars
from app.rules.core import Refusal
from app.rules.panels import EXPERT_TYPES
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import perform, typed, typed_date
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import choices, shown_version
from app.web.guards import actor, commits
from app.web.wording import timeline_rows
from tenants import events

PAGE_SIZE = 30
ACCESS |= {
    "bureau.experts": authority(),
    "bureau.expert_new": authority(Right.decide),
    "bureau.expert": authority(),
    "bureau.expert_save": authority(Right.decide),
    "bureau.expert_retire": authority(Right.decide),
    "bureau.expert_absence": authority(Right.decide),
    "bureau.expert_absence_cancel": authority(Right.decide),
}


class ExpertForm(FlaskForm):  # type: ignore[misc]
    """An expert's particulars."""

    name = StringField(lazy_gettext("姓名"), [InputRequired(lazy_gettext("请填写姓名。")), Length(max=60)])
    email = StringField(lazy_gettext("邮箱"), [InputRequired(lazy_gettext("请填写邮箱。")), Length(max=200)])
    phone = StringField(lazy_gettext("电话"), [Length(max=40)])
    title = StringField(lazy_gettext("职称或职务"), [Length(max=100)])
    employer = StringField(lazy_gettext("工作单位"), [Length(max=200)])
    employer_uscc = StringField(lazy_gettext("工作单位统一社会信用代码"), [Length(max=18)])
    types = SelectMultipleField(
        lazy_gettext("专家类型"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    occupations = TextAreaField(lazy_gettext("熟悉的职业编码"), [Length(max=2000)], render_kw={"rows": 2})
    related = TextAreaField(lazy_gettext("有利害关系单位的信用代码"), [Length(max=2000)], render_kw={"rows": 2})
    note = TextAreaField(lazy_gettext("备注"), [Length(max=1000)], render_kw={"rows": 2})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.types.choices = choices(EXPERT_TYPES)

    def particulars(self) -> ExpertParticulars:
        """As the service takes them."""
        return ExpertParticulars(
            name=self.name.data,
            email=self.email.data,
            types=self.types.data or [],
            phone=self.phone.data or "",
            title=self.title.data or "",
            employer=self.employer.data or "",
            employer_uscc=self.employer_uscc.data or "",
            occupations=_split(self.occupations.data),
            related=_split(self.related.data),
            note=self.note.data or "",
        )


def _split(text: str | None) -> list[str]:
    return [one for one in (text or "").replace(",", " ").replace("、", " ").replace(",", " ").split() if one]


@blueprint.get("/experts")
def experts() -> ResponseReturnValue:
    """The authority's own experts and the province's."""
    kind = request.args.get("type", "")
    wanted = PoolFilter(
        text=request.args.get("q", "")[:100],
        expert_type=kind if kind in EXPERT_TYPES else "",
        with_retired=request.args.get("retired") == "1",
    )
    rows = queries.list_experts(wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/experts.html",
        rows=rows,
        own=authority_code(),
        types=EXPERT_TYPES,
        kind=wanted.expert_type,
        retired=wanted.with_retired,
        is_narrowed=bool(wanted.text or wanted.expert_type),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@blueprint.route("/experts/new", methods=["GET", "POST"])
@commits
def expert_new() -> ResponseReturnValue:
    """Add an expert to the own pool."""
    form = ExpertForm()
    problems: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            expert = services.add_expert(actor=actor(), particulars=form.particulars(), now=g.now)
        except Refusal as refusal:
            db.session.rollback()
            problems = (refusal_text(refusal),)
        else:
            flash(gettext("已加入专家库,系统会向其邮箱发送登录方式。"), "success")
            return redirect(url_for("bureau.expert", expert_id=expert.id), 303)
    page = render_template("bureau/expert.html", expert=None, form=form, problems=problems, events=[], own=True)
    return page, 422 if request.method == "POST" else 200


def _expert(expert_id: uuid.UUID) -> Expert:
    return queries.get_expert(expert_id) or abort(404)


@blueprint.get("/experts/<uuid:expert_id>")
def expert(expert_id: uuid.UUID) -> ResponseReturnValue:
    """One expert."""
    return _page(_expert(expert_id))


def _page(row: Expert, form: ExpertForm | None = None, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    if form is None:
        form = ExpertForm(
            formdata=None,
            name=row.name,
            email=row.email,
            phone=row.phone,
            title=row.title,
            employer=row.employer,
            employer_uscc=row.employer_uscc,
            types=row.types,
            occupations="\n".join(row.occupations),
            related="\n".join(row.related),
            note=row.note,
        )
    page = render_template(
        "bureau/expert.html",
        expert=row,
        form=form,
        problems=problems,
        own=row.authority_code == authority_code(),
        events=timeline_rows(events.list_for_subject("expert", row.id)),
    )
    return page, 422 if problems or form.errors else 200


@blueprint.post("/experts/<uuid:expert_id>")
def expert_save(expert_id: uuid.UUID) -> ResponseReturnValue:
    """Change particulars."""
    row, form = _expert(expert_id), ExpertForm()
    if not form.validate_on_submit():
        return _page(row, form)
    return perform(
        lambda: services.edit_expert(
            actor=actor(),
            expert_id=expert_id,
            particulars=form.particulars(),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=lambda problems: _page(_expert(expert_id), form, problems),
        target=url_for("bureau.expert", expert_id=expert_id),
        done=gettext("已保存。"),
    )


@blueprint.post("/experts/<uuid:expert_id>/retire")
def expert_retire(expert_id: uuid.UUID) -> ResponseReturnValue:
    """Out of the pool, or back in."""
    _expert(expert_id)
    return perform(
        lambda: services.retire_expert(actor=actor(), expert_id=expert_id, expected_version=shown_version(), now=g.now),
        page=lambda problems: _page(_expert(expert_id), problems=problems),
        target=url_for("bureau.expert", expert_id=expert_id),
        done=gettext("已更新。"),
    )


@blueprint.post("/experts/<uuid:expert_id>/absences")
def expert_absence(expert_id: uuid.UUID) -> ResponseReturnValue:
    """Days on which the expert cannot serve."""
    _expert(expert_id)
    return perform(
        lambda: services.add_absence(
            actor=actor(),
            expert_id=expert_id,
            from_on=typed_date("from_on"),
            to_on=typed_date("to_on"),
            reason=typed("reason", 200),
            now=g.now,
        ),
        page=lambda problems: _page(_expert(expert_id), problems=problems),
        target=url_for("bureau.expert", expert_id=expert_id) + "#absences",
        done=gettext("已记录。"),
    )


@blueprint.post("/experts/<uuid:expert_id>/absences/<uuid:absence_id>/cancel")
def expert_absence_cancel(expert_id: uuid.UUID, absence_id: uuid.UUID) -> ResponseReturnValue:
    """The expert can serve after all."""
    _expert(expert_id)
    return perform(
        lambda: services.cancel_absence(actor=actor(), expert_id=expert_id, absence_id=absence_id, now=g.now),
        page=lambda problems: _page(_expert(expert_id), problems=problems),
        target=url_for("bureau.expert", expert_id=expert_id) + "#absences",
        done=gettext("已取消。"),
    )
