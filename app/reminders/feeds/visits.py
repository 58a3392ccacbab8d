"""Planning a panel's visits and meetings ahead (R20, R52): those concerned get an invitation into their calendars."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import outbox
from app.db import db
from app.lifecycle.panels.models import Panel
from app.lifecycle.panels.recording import locked_panel, record
from app.lifecycle.trail import need_reason
from app.reminders.feeds.models import PanelVisit
from app.rules import panels as rules
from app.rules.core import N_, Refusal
from app.rules.states import PanelState
from tenants.scope import Actor

FOLLOW = "app.reminders.feeds.inviting.follow_panel_invitations"
LIVE = (PanelState.FORMING, PanelState.FORMED, PanelState.ASSESSING, PanelState.OPINIONS_IN)
LONGEST = timedelta(days=5)


def list_visits(panel_id: uuid.UUID) -> list[PanelVisit]:
    """What is planned for a panel, cancelled ones too, by time."""
    return list(
        db.session.scalars(select(PanelVisit).where(PanelVisit.panel_id == panel_id).order_by(PanelVisit.starts_at))
    )


def plan_visit(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    method: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str,
    note: str = "",
    now: datetime,
) -> PanelVisit:
    """Set a date for one way of assessing; the panel's experts are invited, and whom an on-site visit comes to.

    Refusals: panel_unknown, panel_not_at_work, method_unknown, visit_time_wrong, visit_place_missing.
    """
    panel = locked_panel(panel_id, actor=actor)
    if panel.state not in LIVE:
        raise Refusal("panel_not_at_work", "R20", N_("评估意见已出具或评估组已撤销,不能再安排评估日程。"))
    rules.check_methods(panel.kind, [method])
    _check(starts_at, ends_at, place, now)
    visit = PanelVisit(
        id=uuid.uuid4(),
        panel_id=panel.id,
        authority_code=panel.authority_code,
        organisation_id=panel.organisation_id,
        method=method,
        starts_at=starts_at,
        ends_at=ends_at,
        place=place.strip()[:200],
        note=note.strip()[:500],
        state="planned",
        sequence=0,
        reason="",
        planned_by=actor.user_id,
        changed_at=now,
    )
    db.session.add(visit)
    db.session.flush()
    _follow("panel_visit_planned", actor, panel, visit, now)
    return visit


def change_visit(
    *,
    actor: Actor,
    visit_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    place: str,
    note: str = "",
    sequence: int | None = None,
    now: datetime,
) -> PanelVisit:
    """Another time or place; calendars replace what they have. Refusals: visit_unknown, visit_over."""
    panel, visit = _locked(actor, visit_id, sequence)
    _check(starts_at, ends_at, place, now)
    visit.starts_at, visit.ends_at = starts_at, ends_at
    visit.place, visit.note = place.strip()[:200], note.strip()[:500]
    visit.sequence, visit.changed_at = visit.sequence + 1, now
    db.session.flush()
    _follow("panel_visit_changed", actor, panel, visit, now)
    return visit


def cancel_visit(
    *, actor: Actor, visit_id: uuid.UUID, reason: str, sequence: int | None = None, now: datetime
) -> PanelVisit:
    """Call it off with a reason; it disappears from the calendars. Refusals as `change_visit`."""
    panel, visit = _locked(actor, visit_id, sequence)
    visit.reason = need_reason(reason, "R20")
    visit.state, visit.sequence, visit.changed_at = "cancelled", visit.sequence + 1, now
    db.session.flush()
    _follow("panel_visit_cancelled", actor, panel, visit, now, reason=visit.reason)
    return visit


def _check(starts_at: datetime, ends_at: datetime, place: str, now: datetime) -> None:
    if not now < starts_at < ends_at <= starts_at + LONGEST:
        raise Refusal("visit_time_wrong", "R20", N_("开始时间须晚于现在,结束时间须晚于开始时间,且不超过五天。请核对。"))
    if not place.strip():
        raise Refusal("visit_place_missing", "R20", N_("请填写地点;视频连线的请填写会议号或接入方式。"))


def _locked(actor: Actor, visit_id: uuid.UUID, sequence: int | None) -> tuple[Panel, PanelVisit]:
    visit = db.session.get(PanelVisit, visit_id, with_for_update=True, populate_existing=True)
    if visit is None or visit.authority_code != actor.authority_code:
        raise Refusal("visit_unknown", "R20", N_("没有找到这项评估日程。请从评估组页面重新进入。"))
    if visit.state != "planned" or (sequence is not None and sequence != visit.sequence):
        raise Refusal("visit_over", "R20", N_("这项评估日程已取消或已被他人调整。请刷新页面,按最新内容办理。"))
    return locked_panel(visit.panel_id, actor=actor), visit


def _follow(name: str, actor: Actor, panel: Panel, visit: PanelVisit, now: datetime, **data: Any) -> None:
    record(name, actor, panel, now, before=panel.state, rule="R20", title=visit.place, **data)
    outbox.add(FOLLOW, queue="mail", key=f"visit:{visit.id}:{visit.sequence}", panel_id=str(panel.id))
