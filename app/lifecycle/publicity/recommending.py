"""The authority's decision after the panel (择优推荐, R22): item by item, with the three remarks of R64."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.plans import queries as plan_queries
from app.lifecycle.publicity import queries
from app.lifecycle.publicity.models import Recommendation
from app.lifecycle.trail import check_unchanged
from app.rules import calls, selection
from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal
from app.rules.states import ItemState, PanelKind
from tenants.scope import Actor


@dataclass(frozen=True)
class Decision:
    """On one item."""

    recommended: bool
    reason: str = ""


def find_quota_excess(application: Application) -> list[Refusal]:
    """What recommending one more organisation would exceed: the number of the authority's plan in this call (R8).

    A warning; raised where `plan_quota_mode=block`. Nothing where no plan of the authority was taken into the call.
    """
    quota = plan_queries.find_quota(application.authority_code, application.call_id)
    if quota is None:
        return []
    recommended = queries.count_recommended(application.authority_code, application.call_id)
    return calls.find_quota_excess(quota, recommended + 1, load_settings(application.authority_code))


def decide_recommendation(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    decisions: Mapping[uuid.UUID, Decision],
    remarks: Mapping[str, str] | None = None,
    letter: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> Recommendation:
    """Recommend an application's items or not; at least one recommended carries the application to publicity.

    Refusals: not_competent, opinion_missing, decisions_missing, reason_missing (departing from the panel, or not
    recommending), changed_meanwhile, quota_exceeded (only where the plan's number binds, R8).
    """
    application = casework.locked_case(application_id)
    check_competent(Act.RECOMMEND, application.level, application.city_code, actor.authority_code)
    check_unchanged(
        subject_type="application",
        subject_id=application.id,
        version=application.version,
        expected=expected_version,
    )
    kind = PanelKind.SELECTION_FINAL if application.level == "provincial" else PanelKind.SELECTION
    panel = panel_queries.find_live(application.id, kind)
    if panel is None:
        raise Refusal("opinion_missing", "R22", N_("评估组尚未出具意见,不能推荐。"))
    said = {row.item_id: row.recommends for row in panel.items}
    items = [item for item in application.items if item.state == ItemState.PROPOSED]
    made = {
        item.id: selection.ItemDecision(
            item=casework.label(item),
            panel_recommends=said.get(item.id),
            recommended=decisions[item.id].recommended,
            reason=decisions[item.id].reason,
        )
        for item in items
        if item.id in decisions
    }
    if len(made) != len(items):
        raise Refusal("decisions_missing", "R22", N_("还有申报项没有作出推荐与否的决定。请逐项决定。"))
    recommended = selection.check_recommendation(panel.state, list(made.values()))
    if recommended:
        find_quota_excess(application)
    recommendation = Recommendation(
        id=uuid.uuid4(),
        application_id=application.id,
        panel_id=panel.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        recommended=recommended,
        items=[
            {
                "item_id": str(item.id),
                "label": casework.label(item),
                "panel_recommends": made[item.id].panel_recommends,
                "recommended": made[item.id].recommended,
                "reason": made[item.id].reason.strip(),
            }
            for item in items
        ],
        remarks={key: (remarks or {}).get(key, "").strip() for key in selection.REMARKS},
        letter=letter.strip(),
        decided_by=actor.user_id,
        decided_at=now,
    )
    db.session.add(recommendation)
    for item in items:
        event = "recommend" if made[item.id].recommended else "not_recommend"
        casework.move_item(actor=actor, item=item, event=event)
    reasons = ";".join(f"{one.item}:{one.reason.strip()}" for one in made.values() if not one.recommended)
    application.decided_at, application.decision_reason = now, reasons
    casework.move(
        actor=actor,
        application=application,
        event="recommend" if recommended else "not_recommend",
        name="application_recommended" if recommended else "application_not_recommended",
        now=now,
        reason=reasons,
    )
    casework.tell_organisation(
        application=application,
        title=N_("择优推荐为孵化培育对象,将向社会公示") if recommended else N_("本次未获推荐"),
        rule="R22",
        now=now,
        key=f"recommendation:{application.id}",
        reason=reasons,
    )
    return recommendation
