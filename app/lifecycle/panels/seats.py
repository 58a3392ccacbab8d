"""The expert's answer to an invitation, and leaving a panel (回避、不参加): R18–R19, R64, B8.1."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app import outbox
from app.db import db
from app.lifecycle.panels import queries
from app.lifecycle.panels.models import Panel, PanelMember
from app.lifecycle.panels.recording import locked_panel, record, step
from app.lifecycle.trail import need_reason
from app.rules.core import N_, Refusal
from app.rules.states import PANEL_MEMBER, MemberState, PanelState
from tenants import events, notices
from tenants.scope import Actor

FOLLOW = "app.lifecycle.panels.jobs.follow_panel"


def accept_seat(*, actor: Actor, panel_id: uuid.UUID, no_conflict: bool, now: datetime) -> PanelMember:
    """Take the seat, having declared that no conflict exists (回避声明); only then does the applicant's file open.

    Refusals: seat_unknown, declaration_missing, transition_not_allowed.
    """
    member = locked_seat(actor, panel_id)
    if not no_conflict:
        raise Refusal(
            "declaration_missing",
            "R64",
            N_("请先声明与申请单位无任职、亲属、利益等利害关系;如有,请选择“需要回避”。"),
        )
    _answer(actor, member, "accept", "panel_seat_accepted", now)
    member.declared_at = now
    return member


def decline_seat(*, actor: Actor, panel_id: uuid.UUID, reason: str, now: datetime) -> PanelMember:
    """Not to take part, or no longer. A reason is needed once the seat was taken."""
    member = locked_seat(actor, panel_id)
    if member.state != MemberState.INVITED:
        reason = need_reason(reason, "R19")
    _reopen_if_submitted(actor, member)
    _answer(actor, member, "decline", "panel_seat_declined", now, reason.strip())
    return member


def recuse(*, actor: Actor, panel_id: uuid.UUID, reason: str, now: datetime) -> PanelMember:
    """Stand aside because of a conflict (回避), at any time before the opinion; everything closes to them at once."""
    member = locked_seat(actor, panel_id)
    reason = need_reason(reason, "R64")
    _reopen_if_submitted(actor, member)
    _answer(actor, member, "recuse", "panel_member_recused", now, reason)
    return member


def remove_member(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    member_id: uuid.UUID,
    reason: str,
    for_conflict: bool = False,
    expected_version: int | None = None,
    now: datetime,
) -> Panel:
    """Take a member off the panel with a reason: absent, or to stand aside. Fewer than three reopens forming (R19)."""
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    member = next((one for one in queries.is_on(panel, queries.STANDING) if one.id == member_id), None)
    if member is None or panel.state in (PanelState.CONCLUDED, PanelState.DISSOLVED):
        raise Refusal("member_unknown", "R19", N_("该成员已不在评估组,或评估意见已出具。请刷新页面。"))
    reason = need_reason(reason, "R64" if for_conflict else "R19")
    _reopen_if_submitted(actor, member)
    event, name = ("recuse", "panel_member_recused") if for_conflict else ("decline", "panel_member_removed")
    member.state = PANEL_MEMBER.advance(member.state, event, actor.kind)
    member.reason, member.answered_at = reason, now
    panel.version += 1
    record(name, actor, panel, now, before=panel.state, rule="R19", reason=reason, member=str(member.id))
    settle(actor=actor, panel=panel, now=now)
    return panel


def settle(*, actor: Actor, panel: Panel, now: datetime) -> None:
    """Bring a panel in line with its members; nothing to do is fine, so that it may run twice.

    Below three: forming again (R19). Everyone's sheet in: the opinions are in (R21).
    """
    active = queries.is_on(panel, queries.SEATED)
    if panel.state in queries.AT_WORK and len(active) < 3:
        step(actor, panel, "reform", "panel_below_three", now)
        _tell_authority(panel, N_("评估组有效成员不足3名,请增补专家"), now, f"panel_reform:{panel.id}:{panel.version}")
    elif panel.state == PanelState.ASSESSING and all(one.state == MemberState.SUBMITTED for one in active):
        step(actor, panel, "collect", "panel_sheets_in", now)
        _tell_authority(panel, N_("评分表已全部提交,请出具评估意见"), now, f"panel_in:{panel.id}:{panel.version}")
    db.session.flush()


def locked_seat(actor: Actor, panel_id: uuid.UUID) -> PanelMember:
    """The acting expert's own seat, held. Refusal seat_unknown."""
    seat = queries.find_seat(panel_id, actor.user_id, lock=True) if actor.user_id else None
    if seat is None:
        raise Refusal("seat_unknown", "R18", N_("没有找到您在这个评估组的席位。请从“我的评估”重新进入。"))
    return seat


def _reopen_if_submitted(actor: Actor, member: PanelMember) -> None:
    if member.state == MemberState.SUBMITTED:
        member.state = PANEL_MEMBER.advance(member.state, "reopen", actor.kind)


def _answer(actor: Actor, member: PanelMember, event: str, name: str, now: datetime, reason: str = "") -> None:
    before = member.state
    if event != "accept" and _panel_state(member) in (PanelState.CONCLUDED, PanelState.DISSOLVED):
        raise Refusal("panel_over", "R22", N_("评估意见已出具,成员不能再变动。"))
    member.state = PANEL_MEMBER.advance(member.state, event, actor.kind)
    member.reason, member.answered_at = reason, now
    db.session.flush()
    note_seat(name, actor=actor, member=member, before=before, now=now, reason=reason)
    # An expert may not touch the panel's own row: the system follows after the commit.
    outbox.add(FOLLOW, queue="default", panel_id=str(member.panel_id), at=now.isoformat())


def _panel_state(member: PanelMember) -> str:
    panel = db.session.get(Panel, member.panel_id)
    return panel.state if panel is not None else PanelState.DISSOLVED


def note_seat(name: str, *, actor: Actor, member: PanelMember, before: str, now: datetime, reason: str = "") -> None:
    """An event of one seat, which the authority reads on its panel."""
    told: dict[str, Any] = {"reason": reason} if reason else {}
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="panel",
        subject_id=member.panel_id,
        authority_code=member.authority_code,
        before=before,
        after=member.state,
        rule="R64" if member.state == MemberState.RECUSED else "R18",
        member=str(member.id),
        **told,
    )


def _tell_authority(panel: Panel, title: str, now: datetime, key: str) -> None:
    notices.tell(
        kind="case_task",
        now=now,
        link=f"/bureau/panels/{panel.id}",
        authority_code=panel.authority_code,
        rule="R19",
        key=key,
        title=title,
        number=panel.number,
        organisation=panel.organisation_name,
        reason="",
    )
