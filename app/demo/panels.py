"""Panels drawn from the department's pool, seated, at work, with their opinion; both reviews of a provincial one."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.demo.history import Story, run_waiting
from app.demo.uploading import attach_photo
from app.demo.walk import Walk
from app.lifecycle.panels import assessing, drawing, forming, preliminary, queries, seats
from app.lifecycle.panels.assessing import ItemOpinion, SheetContent
from app.lifecycle.panels.models import Panel, PanelMember
from app.rules.states import PanelKind
from tenants.scope import Actor


def get_assessed(walk: Walk) -> Story:
    if walk.until == "accepted":
        return
    if walk.level == "provincial":
        yield from _panel(walk, PanelKind.SELECTION_PRELIMINARY, walk.officer, 0.25, 0.42)
        if walk.until == "under_preliminary_assessment":
            return
        now = walk.when(walk.between(0.45), 14)
        yield now
        failed = walk.until == "preliminary_failed"
        preliminary.decide_preliminary(
            actor=walk.officer, application_id=walk.application_id, passed=not failed,
            reason="督导员配备不足,设施设备与申报等级不相适应" if failed else "同意推荐参加省级复评", now=now,
        )  # fmt: skip
        if failed or walk.until == "under_final_review":
            return
        yield from _panel(walk, PanelKind.SELECTION_FINAL, walk.sides.department, 0.55, 0.78)
    else:
        yield from _panel(walk, PanelKind.SELECTION, walk.officer, 0.35, 0.75)


def _panel(walk: Walk, kind: PanelKind, boss: Actor, begin: float, end: float) -> Story:
    """A selection panel from its draw to its opinion; one at work stops half-way."""
    now = walk.when(walk.between(begin), 9)
    yield now
    panel_id = seat(walk, kind, boss, (), now)
    now = walk.when(walk.between((begin + end) / 2), 14)
    yield now
    entry = assessing.log_method(
        actor=boss, panel_id=panel_id, method="site_visit", held_on=now.date(), place="申报单位实训场地",
        people="评估组全体成员、申报单位负责人", minutes="察看理论考场、技能工位与设备台账,访谈考评员两名。", now=now,
    )  # fmt: skip
    if walk.is_at_work:
        attach_photo(boss, "实训场地现场照片.jpg", entry.id, now)
    score(walk, panel_id, now, verdict="recommend", only=walk.sheets_in if walk.is_at_work else 3)
    if walk.is_at_work:
        return
    now = walk.when(walk.between(end), 16)
    yield now
    good = walk.until not in ("preliminary_failed", "not_recommended")
    conclude_opinion(walk, panel_id, now, "recommend" if good else "not_recommend")
    assessing.conclude_panel(actor=boss, panel_id=panel_id, now=now)


def seat(walk: Walk, kind: str, boss: Actor, item_ids: Sequence[uuid.UUID], now: datetime) -> uuid.UUID:
    panel = forming.create_panel(actor=boss, application_id=walk.application_id, kind=kind, item_ids=item_ids, now=now)
    drawn = drawing.draw_experts(actor=boss, panel_id=panel.id, count=3, seed=f"demo-{walk.name}-{kind}", now=now)
    panel_id, leader_id, members = panel.id, drawn[0].id, list(drawn)
    guest = walk.sides.guest
    if walk.is_at_work and walk.sheets_in < 3 and guest and guest not in [member.expert_id for member in drawn]:
        members += forming.invite_experts(actor=boss, panel_id=panel_id, expert_ids=[guest], now=now)
    for user_id in [member.user_id for member in members]:
        seats.accept_seat(actor=walk.sides.experts[user_id], panel_id=panel_id, no_conflict=True, now=now)
    run_waiting()
    forming.appoint_leader(actor=boss, panel_id=panel_id, member_id=leader_id, now=now)
    forming.form_panel(actor=boss, panel_id=panel_id, now=now)
    assessing.start_panel(actor=boss, panel_id=panel_id, now=now)
    return panel_id


def score(walk: Walk, panel_id: uuid.UUID, now: datetime, *, verdict: str, only: int = 3) -> None:
    panel = db.session.get_one(Panel, panel_id)
    template = queries.template_of(panel)
    lots = random.Random(str(walk.name) + panel.kind)  # noqa: S311 - invented scores that are the same each time
    base = 84 if verdict in ("recommend", "pass") else 58
    # The guest's sheet is the last: whoever signs in as one finds it to fill in.
    members = select(PanelMember.user_id).where(PanelMember.panel_id == panel_id)
    seated = db.session.scalars(members.order_by(PanelMember.expert_id == walk.sides.guest)).all()
    every = [str(row.item_id) for row in _whole(panel_id).items]
    for user_id in seated[:only]:
        expert = walk.sides.experts[user_id]
        for sheet in assessing.open_sheets(actor=expert, panel_id=panel_id, now=now):
            if sheet.state != "draft":
                continue
            content = SheetContent(
                scores={code: base + lots.randint(-6, 8) for code in template.mandatory},
                gates={str(number): "yes" for number in range(len(template.gates))},
                votes=dict.fromkeys([str(sheet.item_id)] if sheet.item_id else every, verdict),
                comment="场地与设备台账相符。" if base > 60 else "与申报等级尚有差距。",
            )
            assessing.save_sheet(actor=expert, sheet_id=sheet.id, content=content, now=now)
        assessing.submit_sheets(actor=expert, panel_id=panel_id, now=now)
    run_waiting()


def conclude_opinion(walk: Walk, panel_id: uuid.UUID, now: datetime, verdict: str) -> None:
    panel = _whole(panel_id)
    comment = "" if verdict in ("recommend", "pass") else "与参考标准尚有差距,见各成员评分表"
    assessing.record_opinion(
        actor=walk.sides.experts[panel.leader_user_id or uuid.UUID(int=0)],
        panel_id=panel_id,
        opinion="经现场察看、访谈咨询和集体评议,形成如下逐项意见。",
        items={row.item_id: ItemOpinion(verdict, comment) for row in panel.items},
        now=now,
    )


def _whole(panel_id: uuid.UUID) -> Panel:
    panel = queries.get_panel(panel_id)
    if panel is None:
        raise AssertionError("the panel was just made")
    return panel
