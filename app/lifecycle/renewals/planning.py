"""Assessment plans (评估方案): drafted, published and closed by an authority; the renewals in the window of one follow
its application deadline and its version of Annex 4 (R47)."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import annexes, paths
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.renewals.models import AssessmentPlan, RenewalCycle
from app.lifecycle.renewals.queries import find_plan
from app.lifecycle.renewals.services import begin_renewal
from app.lifecycle.trail import check_unchanged, new_number
from app.rules import renewal as rules
from app.rules.core import N_, Refusal
from app.rules.states import ASSESSMENT_PLAN, VALID_FILINGS, AssessmentPlanState, PeriodState, RenewalState
from tenants import events
from tenants.scope import Actor

After = tuple[datetime, uuid.UUID] | None
_APPLYING = (RenewalState.OPEN, RenewalState.SELF_ASSESSING)


@dataclass(frozen=True)
class PlanContent:
    """What a plan says. `window_first` to `window_last` are the ends of the periods it assesses, both included."""

    title: str
    window_first: date
    window_last: date
    apply_close_on: date | None = None
    targets: str = ""
    contents: str = ""
    period: str = ""
    methods: str = ""


def draft_plan(*, actor: Actor, content: PlanContent, now: datetime) -> AssessmentPlan:
    """Begin a plan on the version of Annex 4 in force. Refusals: those of `_check`."""
    plan = AssessmentPlan(
        id=uuid.uuid4(),
        number=new_number("PF", actor.authority_code or "", now),
        authority_code=actor.authority_code,
        template_version=annexes.current_sheet("periodic_assessment").version,
        state=ASSESSMENT_PLAN.advance(None, "create", actor.kind),
        version=1,
        created_at=now,
        **_checked(content),
    )
    db.session.add(plan)
    _record("assessment_plan_drafted", actor, plan, now, before=None)
    return plan


def save_plan(
    *, actor: Actor, plan_id: uuid.UUID, content: PlanContent, expected_version: int | None = None, now: datetime
) -> AssessmentPlan:
    """Change a draft. Refusals: plan_unknown, plan_published, plan_title_missing, plan_dates_wrong."""
    plan = _locked(actor, plan_id, expected_version)
    if plan.state != AssessmentPlanState.DRAFT:
        raise Refusal("plan_published", "R47", N_("评估方案已发布,不能修改。"))
    for name, value in _checked(content).items():
        setattr(plan, name, value)
    plan.version += 1
    _record("assessment_plan_saved", actor, plan, now, before=plan.state)
    return plan


def _checked(content: PlanContent) -> dict[str, object]:
    if not content.title.strip():
        raise Refusal("plan_title_missing", "R47", N_("请填写评估方案名称。"))
    if content.window_first > content.window_last:
        raise Refusal("plan_dates_wrong", "R47", N_("期满日范围的起始日不能晚于截止日。请改正。"))
    return {name: value.strip() if isinstance(value, str) else value for name, value in asdict(content).items()}


def publish_plan(
    *, actor: Actor, plan_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> AssessmentPlan:
    """Publish it: the renewals in its window that nobody applied for yet follow it, and those whose window has come
    are opened. Refusals: plan_unknown, assessment_plan_incomplete, plan_dates_wrong, plan_overlaps."""
    plan = _locked(actor, plan_id, expected_version)
    said = {name: getattr(plan, name) for name in rules.PLAN_CONTENTS}
    rules.check_plan(said, plan.apply_close_on, plan.template_version)
    today = now.astimezone(SHANGHAI).date()
    rules.check_plan_window(plan.window_first, plan.window_last, plan.apply_close_on or today, today)
    if other := find_plan(plan.authority_code, plan.window_first, plan.window_last):
        raise Refusal(
            "plan_overlaps",
            "R47",
            N_("期满日范围与已发布的“%(title)s”重叠。请调整范围,或先结束该方案。"),
            title=other.title,
        )
    before, plan.state = plan.state, ASSESSMENT_PLAN.advance(plan.state, "publish", actor.kind)
    plan.published_at, plan.version = now, plan.version + 1
    _record("assessment_plan_published", actor, plan, now, before=before)
    for cycle in _applying(plan):
        _follow(actor, plan, cycle, now)
    for filing in _due(plan, today):
        begin_renewal(actor=actor, filing=filing, now=now)
    return plan


def close_plan(
    *, actor: Actor, plan_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> AssessmentPlan:
    """End a published plan; what follows it keeps what it said. Refusals: plan_unknown, transition_not_allowed."""
    plan = _locked(actor, plan_id, expected_version)
    before, plan.state = plan.state, ASSESSMENT_PLAN.advance(plan.state, "close", actor.kind)
    plan.closed_at, plan.version = now, plan.version + 1
    _record("assessment_plan_closed", actor, plan, now, before=before)
    return plan


def _follow(actor: Actor, plan: AssessmentPlan, cycle: RenewalCycle, now: datetime) -> None:
    cycle.plan_id = plan.id
    cycle.template_version = cycle.template_version or plan.template_version
    if plan.apply_close_on is None:
        return
    cycle.apply_close_on = plan.apply_close_on
    set_deadline(
        actor=actor,
        clock=rules.planned_close(now.astimezone(SHANGHAI).date(), plan.apply_close_on),
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        subject_label=cycle.filing.institution_code or "",
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        link=paths.RENEWAL,
        now=now,
        reason="planned",
    )


def _applying(plan: AssessmentPlan) -> list[RenewalCycle]:
    query = (
        select(RenewalCycle)
        .join(FilingPeriod, FilingPeriod.id == RenewalCycle.period_id)
        .where(
            RenewalCycle.authority_code == plan.authority_code,
            RenewalCycle.state.in_(_APPLYING),
            FilingPeriod.valid_to.between(plan.window_first, plan.window_last),
        )
        .options(joinedload(RenewalCycle.filing))
    )
    return list(db.session.scalars(query.with_for_update(of=RenewalCycle)))


def _due(plan: AssessmentPlan, today: date) -> list[Filing]:
    settings = load_settings(plan.authority_code)
    return [
        filing
        for filing, period, _ in list_targets(plan)
        if filing.state == "active" and rules.is_window_open(period.valid_to, today, settings)
    ]


def list_targets(plan: AssessmentPlan, *, limit: int = 500) -> list[tuple[Filing, FilingPeriod, str | None]]:
    """The valid filings of the plan's authority whose period ends in its window, with the state of their renewal if
    open, the nearest end first (R47: listed by themselves)."""
    query = (
        select(Filing, FilingPeriod, RenewalCycle.state)
        .join(FilingPeriod, FilingPeriod.filing_id == Filing.id)
        .outerjoin(RenewalCycle, RenewalCycle.period_id == FilingPeriod.id)
        .where(
            Filing.authority_code == plan.authority_code,
            Filing.state.in_(VALID_FILINGS),
            FilingPeriod.state == PeriodState.CURRENT,
            FilingPeriod.valid_to.between(plan.window_first, plan.window_last),
        )
        .options(joinedload(Filing.organisation), selectinload(Filing.periods))
        .order_by(FilingPeriod.valid_to, Filing.id)
        .limit(limit)
    )
    return [(filing, period, state) for filing, period, state in db.session.execute(query).unique()]


def get_plan(plan_id: uuid.UUID, *, lock: bool = False) -> AssessmentPlan | None:
    """One plan, if this scope may see it; with `lock`, held and read afresh."""
    query = select(AssessmentPlan).where(AssessmentPlan.id == plan_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_plans(authority_code: str, *, after: After = None, limit: int = 30) -> list[AssessmentPlan]:
    """One page of an authority's plans, newest first."""
    query = select(AssessmentPlan).where(AssessmentPlan.authority_code == authority_code)
    if after is not None:
        query = query.where(tuple_(AssessmentPlan.created_at, AssessmentPlan.id) < after)
    order = (AssessmentPlan.created_at.desc(), AssessmentPlan.id.desc())
    return list(db.session.scalars(query.order_by(*order).limit(limit)))


def count_following(plan_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many renewals follow each of these plans."""
    query = select(RenewalCycle.plan_id, func.count()).where(RenewalCycle.plan_id.in_(plan_ids))
    return {plan_id: count for plan_id, count in db.session.execute(query.group_by(RenewalCycle.plan_id)) if plan_id}


def _locked(actor: Actor, plan_id: uuid.UUID, expected: int | None) -> AssessmentPlan:
    plan = get_plan(plan_id, lock=True)
    if plan is None or plan.authority_code != actor.authority_code:
        raise Refusal("plan_unknown", "R47", N_("没有找到这个评估方案,或不由本单位制定。请从列表重新进入。"))
    check_unchanged(subject_type="assessment_plan", subject_id=plan.id, version=plan.version, expected=expected)
    return plan


def _record(name: str, actor: Actor, plan: AssessmentPlan, now: datetime, *, before: str | None) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="assessment_plan",
        subject_id=plan.id,
        authority_code=plan.authority_code,
        before=before,
        after=plan.state,
        rule="R47",
        number=plan.number,
        title=plan.title,
    )
