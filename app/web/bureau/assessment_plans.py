"""Assessment plans (评估方案) of this authority: drafted, published, closed, with whom they assess (R47)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.renewals import planning
from app.lifecycle.renewals.models import AssessmentPlan
from app.lifecycle.renewals.planning import PlanContent
from app.rules.core import N_
from app.rules.panels import PERIODIC_METHODS
from app.rules.renewal import PLAN_CONTENTS
from app.rules.states import ASSESSMENT_PLAN, RENEWAL_CYCLE
from app.rules.templates import PERIODIC_AREAS
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Steps, perform, typed, typed_date
from app.web.cursors import read_cursor, write_cursor
from app.web.dates import cn_date, local
from app.web.forms import date_arg, shown_version
from app.web.guards import actor
from app.web.wording import timeline_rows
from tenants import events
from tenants.scope import DEPARTMENT_CODE

PAGE_SIZE = 30
ACCESS |= {
    "bureau.assessment_plans": authority(),
    "bureau.assessment_plan": authority(),
    "bureau.assessment_plan_new": authority(Right.decide),
}


@blueprint.get("/assessment-plans")
def assessment_plans() -> ResponseReturnValue:
    """The authority's plans, newest first."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    rows = planning.list_plans(authority_code(), after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    page = render_template(
        "bureau/assessment_plans.html",
        rows=rows,
        problems=problems,
        machine=ASSESSMENT_PLAN,
        following=planning.count_following([row.id for row in rows]),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )
    return page, 422 if problems else 200


@blueprint.post("/assessment-plans")
def assessment_plan_new() -> ResponseReturnValue:
    """Begin a plan for the periods that end in the next half year, with the notice's own words filled in."""
    made: list[uuid.UUID] = []

    def create() -> None:
        made.append(planning.draft_plan(actor=actor(), content=_proposed(), now=g.now).id)

    answer = perform(create, page=_list, target="", done=gettext("已起草评估方案,请核对后发布。"))
    if made and not isinstance(answer, tuple):
        answer.headers["Location"] = url_for("bureau.assessment_plan", plan_id=made[0])  # type: ignore[union-attr]
    return answer


def _proposed() -> PlanContent:
    settings = load_settings(authority_code())
    today = local(g.now).date()
    first, last = today + timedelta(days=60), today + timedelta(days=settings.renewal_open.amount)
    methods = [label for key, label in PERIODIC_METHODS.items() if key != "other"]
    return PlanContent(
        title=gettext("%(year)d年社会培训评价组织定期评估方案", year=today.year),
        window_first=first,
        window_last=last,
        apply_close_on=today + timedelta(days=30),
        targets=gettext("备案期于%(first)s至%(last)s届满的社会培训评价组织", first=cn_date(first), last=cn_date(last)),
        contents="、".join(gettext(area) for area in PERIODIC_AREAS),
        methods="、".join(gettext(label) for label in methods),
    )


def _plan(plan_id: uuid.UUID) -> AssessmentPlan:
    row = planning.get_plan(plan_id)
    # A published plan is open to those it assesses; at the desks it is its authority's and the department's.
    if row is None or authority_code() not in (row.authority_code, DEPARTMENT_CODE):
        abort(404)
    return row


@blueprint.get("/assessment-plans/<uuid:plan_id>")
def assessment_plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """A draft in its editor, anything else to read; below it whom it assesses."""
    return _page(plan_id)


def _page(plan_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row = _plan(plan_id)
    page = render_template(
        "bureau/assessment_plan.html",
        plan=row,
        problems=problems,
        own=row.authority_code == authority_code(),
        machine=ASSESSMENT_PLAN,
        cycle_machine=RENEWAL_CYCLE,
        labels=PLAN_CONTENTS,
        targets=planning.list_targets(row),
        events=timeline_rows(events.list_for_subject("assessment_plan", plan_id)),
    )
    return page, 422 if problems else 200


_steps = Steps("/assessment-plans/<uuid:plan_id>", "bureau.assessment_plan", find=_plan, page=_page)


def _content() -> PlanContent:
    said: dict[str, Any] = {name: typed(name, 2000) for name in PLAN_CONTENTS}
    close: date | None = date_arg(request.form.get("apply_close_on", ""))
    return PlanContent(
        title=typed("title", 120),
        window_first=typed_date("window_first"),
        window_last=typed_date("window_last"),
        apply_close_on=close,
        **said,
    )


@_steps.step("/save", done=N_("已保存评估方案。"))
def assessment_plan_save(plan_id: uuid.UUID) -> None:
    """Keep the draft."""
    planning.save_plan(actor=actor(), plan_id=plan_id, content=_content(), expected_version=shown_version(), now=g.now)


@_steps.step("/publish", done=N_("已发布评估方案,范围内的单位按方案申请续期。"))
def assessment_plan_publish(plan_id: uuid.UUID) -> None:
    """Publish it."""
    planning.publish_plan(actor=actor(), plan_id=plan_id, expected_version=shown_version(), now=g.now)


@_steps.step("/close", done=N_("已结束评估方案。"))
def assessment_plan_close(plan_id: uuid.UUID) -> None:
    """End it."""
    planning.close_plan(actor=actor(), plan_id=plan_id, expected_version=shown_version(), now=g.now)
