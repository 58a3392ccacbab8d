"""The decision, the publicity, an objection to it, and the first day of incubation (R22–R25)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select

from app.db import db
from app.demo.history import Story, run_waiting
from app.demo.uploading import attach_evidence
from app.demo.walk import Walk
from app.lifecycle.publicity import objections, recommending
from app.lifecycle.publicity import services as publicity
from app.lifecycle.publicity.models import Objection
from app.lifecycle.publicity.objections import ObjectionText
from app.lifecycle.publicity.recommending import Decision
from tenants.scope import PUBLIC_ACTOR, SYSTEM_ACTOR
from tenants.tokens import hash_token, new_token

_DAY = timedelta(days=1)


def be_publicised(walk: Walk) -> Story:
    if walk.until in ("panel_concluded", "under_assessment", "under_preliminary_assessment", "under_final_review"):
        return
    now = walk.when(walk.between(0.9), 10)
    yield now
    good = walk.until != "not_recommended"
    decisions = {item.id: Decision(good, "" if good else "评估意见为不推荐") for item in walk.case().items}
    recommending.decide_recommendation(
        actor=walk.competent, application_id=walk.application_id, decisions=decisions, now=now
    )
    if walk.until in ("recommended", "not_recommended"):
        return
    now = walk.when(walk.publish, 9)
    yield now
    row = publicity.schedule_publicity(actor=walk.competent, application_id=walk.application_id, now=now)
    publicity.publish_publicity(actor=walk.competent, publicity_id=row.id, planned_end_on=walk.ends, now=now)
    publicity_id, due_at = row.id, row.due_at
    if due_at is None:
        raise AssertionError("a published publicity has an end")
    if walk.until in ("publicity_objection", "recommendation_cancelled"):
        yield from _object(walk, publicity_id)
        return
    yield due_at
    publicity.clear_publicity(actor=SYSTEM_ACTOR, publicity_id=publicity_id, now=due_at)


def _object(walk: Walk, publicity_id: uuid.UUID) -> Story:
    now = walk.when(walk.publish + 2 * _DAY, 15)
    yield now
    text = ObjectionText(
        "于先生(实名)", "13900000000", "公示单位申报的考评员中有两人同时列在另一单位名下,请核实。", "见两份名册"
    )
    ticket = hash_token(new_token())
    attach_evidence(publicity_id, ticket, "两份名册对照.pdf", now)
    objections.lodge_objection(actor=PUBLIC_ACTOR, publicity_id=publicity_id, text=text, ticket_hash=ticket, now=now)
    run_waiting()
    if walk.until == "publicity_objection":
        return
    now = walk.when(walk.sides.history.workday(walk.publish + 9 * _DAY), 10)
    yield now
    found = db.session.scalars(select(Objection.id).where(Objection.publicity_id == publicity_id)).one()
    objections.investigate_objection(
        actor=walk.competent, objection_id=found, inquiry="调阅两单位名册并电话核实,反映情况属实。", now=now
    )
    now = walk.when(walk.sides.history.workday(walk.publish + 12 * _DAY), 10)
    yield now
    objections.decide_objection(
        actor=walk.competent, objection_id=found, upheld=True, reason="考评员重复登记,不具备申报条件", now=now
    )
    objections.reply_objection(
        actor=walk.competent, objection_id=found, reply="经核查异议成立,已取消推荐。感谢监督。", now=now
    )
