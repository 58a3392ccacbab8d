"""From the first draft to the city's acceptance, or wherever it ends before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.db import db
from app.demo.history import Story
from app.demo.uploading import attach
from app.demo.walk import Walk
from app.lifecycle.applications import accepting, drafting, submitting
from app.lifecycle.applications.accepting import Asked
from app.lifecycle.applications.rosters import KINDS
from app.lifecycle.catalogue.models import Occupation
from uploads.models import Purpose

_PLAN = "题库开发计划:三个月内完成细目表和试题编写,由五名专职人员负责,另请行业专家审题;已有自编试题六百道。"
_DAY = timedelta(days=1)


def apply(walk: Walk) -> Story:
    now = walk.when(walk.submit - _DAY, 9)
    yield now
    _draft(walk, now)
    if walk.until == "draft":
        return
    now = walk.when(walk.submit, 15)
    yield now
    attach(walk.owner, "登记证书.pdf", Purpose.filing_materials, walk.application_id, now)
    submitting.submit_application(
        actor=walk.owner, application_id=walk.application_id, idempotency_key=f"demo:{walk.owner.user_id}", now=now
    )
    if walk.until == "submitted":
        return
    now = walk.when(walk.between(0.08), 9)
    yield now
    if walk.until == "withdrawn":
        submitting.withdraw_application(
            actor=walk.owner, application_id=walk.application_id, reason="评价场地正在搬迁,下一批次再申报",
            expected_version=None, now=now,
        )  # fmt: skip
        return
    if walk.until == "not_accepted":
        accepting.refuse_application(
            actor=walk.officer, application_id=walk.application_id, expected_version=None, now=now,
            reason="申报主体不在本批次征集通告的申报主体范围内",
        )  # fmt: skip
        return
    if walk.supplements or walk.until == "supplement_requested":
        yield from _supplement(walk, now)
        if walk.until == "supplement_requested":
            return
    now = walk.when(walk.between(0.15), 11)
    yield now
    accepting.accept_application(actor=walk.officer, application_id=walk.application_id, expected_version=None, now=now)


def _draft(walk: Walk, now: datetime) -> None:
    row = drafting.begin_application(actor=walk.owner, call_id=walk.call().id, level=walk.level, now=now)
    walk.application_id = row.id
    contact = {
        "contact_name": walk.owner.name,
        "contact_phone": "0531-55501" + str(row.id.int % 90 + 10),
        "contact_email": f"owner@{walk.name}.demo",
    }
    drafting.save_texts(actor=walk.owner, application_id=row.id, part="contact", given=contact, now=now)
    for code, levels in walk.items:
        occupation = db.session.scalars(select(Occupation.id).where(Occupation.code == code)).one()
        drafting.add_item(
            actor=walk.owner, application_id=row.id, occupation_id=occupation, work_type="", levels=levels, now=now
        )
    if walk.until == "draft":
        return
    for kind, spec in KINDS.items():
        given = {column.key: column.example for column in spec.columns}
        drafting.add_line(actor=walk.owner, application_id=row.id, kind=kind, given=given, now=now)
    plan = {"bank_plan": _PLAN}
    drafting.save_texts(actor=walk.owner, application_id=row.id, part="bank_plan", given=plan, now=now)


def _supplement(walk: Walk, now: datetime) -> Story:
    accepting.request_supplement(
        actor=walk.officer,
        application_id=walk.application_id,
        asked=[Asked("bank_plan", "请补充题库开发人员的分工"), Asked("assessor", "三级工考评员不足三名")],
        note="请在期限内补正后重新提交。",
        expected_version=None,
        now=now,
    )
    if walk.until == "supplement_requested":
        return
    now = walk.when(walk.between(0.12), 16)
    yield now
    plan = {"bank_plan": _PLAN + "分工:两人编题,两人审题,一人负责组卷与保密。"}
    drafting.save_texts(actor=walk.owner, application_id=walk.application_id, part="bank_plan", given=plan, now=now)
    submitting.answer_supplement(
        actor=walk.owner, application_id=walk.application_id, note="已按要求补充人员分工。",
        idempotency_key=f"demo:supplement:{walk.owner.user_id}", now=now,
    )  # fmt: skip
