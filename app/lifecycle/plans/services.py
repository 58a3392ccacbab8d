"""Collection plans (征集计划): drawn up by each authority, taken into the department's call (B1, R8–R10)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import db
from app.lifecycle.plans import queries
from app.lifecycle.plans.models import CollectionPlan
from app.lifecycle.trail import check_unchanged, need_reason
from app.rules import calls as rules
from app.rules import occupations as occupation_rules
from app.rules.core import N_, Refusal
from app.rules.states import COLLECTION_PLAN, PlanState
from tenants import events, notices
from tenants.scope import Actor


@dataclass(frozen=True)
class PlanContent:
    """What a plan says. `occupations` are {code, name, tags}; `quota` counts organisations."""

    year: int
    title: str
    quota: int
    occupations: Sequence[dict[str, Any]]
    levels: Sequence[str]
    rationale: str = ""


def draft_plan(*, actor: Actor, content: PlanContent, now: datetime) -> CollectionPlan:
    """Begin a plan of the actor's own authority; its contents may still be missing (R8)."""
    if actor.authority_code is None:
        raise Refusal("actor_not_allowed", "R8", N_("征集计划由省、市人力资源社会保障部门制定。"))
    plan = CollectionPlan(
        id=uuid.uuid4(),
        authority_code=actor.authority_code,
        state=COLLECTION_PLAN.advance(None, "create", actor.kind),
        created_at=now,
        version=1,
        year=content.year,
        title=content.title,
    )
    _fill(plan, content)
    db.session.add(plan)
    _record("plan_drafted", actor, plan, now, before=None)
    return plan


def edit_plan(
    *, actor: Actor, plan_id: uuid.UUID, content: PlanContent, expected_version: int | None, now: datetime
) -> CollectionPlan:
    """Change a draft. Refusals: plan_unknown, changed_meanwhile, plan_not_draft."""
    plan = _own(actor, plan_id, expected_version)
    if plan.state != PlanState.DRAFT:
        raise Refusal("plan_not_draft", "R8", N_("计划已确定,不能再修改。如需调整,请撤回后另拟。"))
    _fill(plan, content)
    plan.version += 1
    _record("plan_changed", actor, plan, now, before=plan.state)
    return plan


def confirm_plan(*, actor: Actor, plan_id: uuid.UUID, expected_version: int | None, now: datetime) -> CollectionPlan:
    """Confirm it: the department may take it into a call. Refusal plan_incomplete (R8)."""
    plan = _own(actor, plan_id, expected_version)
    rules.check_plan(plan.quota, [row["code"] for row in plan.occupations], plan.levels)
    _advance(actor, plan, "confirm", "plan_confirmed", now)
    plan.confirmed_at = now
    notices.tell(
        kind="plan_confirmed",
        now=now,
        link=f"/bureau/plans/{plan.id}",
        authority_code="370000",
        rule="R8",
        key=f"plan_confirmed:{plan.id}",
        title=plan.title,
        authority=plan.authority.name if plan.authority else "",
    )
    return plan


def withdraw_plan(
    *, actor: Actor, plan_id: uuid.UUID, reason: str, expected_version: int | None, now: datetime
) -> CollectionPlan:
    """Withdraw a plan not yet taken into a call, with a reason."""
    plan = _own(actor, plan_id, expected_version)
    plan.reason = need_reason(reason, "R8")
    _advance(actor, plan, "withdraw", "plan_withdrawn", now, reason=plan.reason)
    return plan


def include_plan(*, actor: Actor, plan_id: uuid.UUID, call_id: uuid.UUID, now: datetime) -> CollectionPlan:
    """Take a confirmed plan into a call; the department alone (R10). Its authority is told."""
    plan = _locked(plan_id, None)
    plan.call_id = call_id
    _advance(actor, plan, "include", "plan_included", now)
    notices.tell(
        kind="plan_included",
        now=now,
        link=f"/bureau/plans/{plan.id}",
        authority_code=plan.authority_code,
        rule="R10",
        key=f"plan_included:{plan.id}",
        title=plan.title,
    )
    return plan


def merge_occupations(plans: Sequence[CollectionPlan]) -> list[dict[str, Any]]:
    """The occupations of several plans, each once with all its tags, by code: what a call lists as priority (R9)."""
    merged: dict[str, dict[str, Any]] = {}
    for plan in plans:
        for row in plan.occupations:
            known = merged.setdefault(row["code"], {"code": row["code"], "name": row["name"], "tags": []})
            known["tags"] = sorted({*known["tags"], *row.get("tags", [])})
    return [merged[code] for code in sorted(merged)]


def _fill(plan: CollectionPlan, content: PlanContent) -> None:
    for level in content.levels:
        occupation_rules.check_skill_level(level)
    plan.year, plan.title = content.year, content.title.strip()
    plan.quota = max(0, content.quota)
    plan.occupations = [
        {
            "code": occupation_rules.normalise_code(row["code"]),
            "name": str(row["name"]).strip(),
            "tags": [tag for tag in row.get("tags", []) if tag in rules.PRIORITY_TAGS],
        }
        for row in content.occupations
    ]
    plan.levels = occupation_rules.sort_levels(list(dict.fromkeys(content.levels)))
    plan.rationale = content.rationale.strip()


def _locked(plan_id: uuid.UUID, expected_version: int | None) -> CollectionPlan:
    plan = queries.get_plan(plan_id, lock=True)
    if plan is None:
        raise Refusal("plan_unknown", "R8", N_("没有找到这份征集计划。请从计划列表重新进入。"))
    check_unchanged(subject_type="collection_plan", subject_id=plan.id, version=plan.version, expected=expected_version)
    return plan


def _own(actor: Actor, plan_id: uuid.UUID, expected_version: int | None) -> CollectionPlan:
    plan = _locked(plan_id, expected_version)
    if plan.authority_code != actor.authority_code:
        raise Refusal("plan_of_another", "R8", N_("这份计划由另一部门制定,不能代为办理。"))
    return plan


def _advance(actor: Actor, plan: CollectionPlan, event: str, name: str, now: datetime, **data: Any) -> None:
    before, plan.state = plan.state, COLLECTION_PLAN.advance(plan.state, event, actor.kind)
    plan.version += 1
    _record(name, actor, plan, now, before=before, **data)


def _record(name: str, actor: Actor, plan: CollectionPlan, now: datetime, *, before: str | None, **data: Any) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="collection_plan",
        subject_id=plan.id,
        authority_code=plan.authority_code,
        before=before,
        after=plan.state,
        rule="R10" if name == "plan_included" else "R8",
        title=plan.title,
        **data,
    )
