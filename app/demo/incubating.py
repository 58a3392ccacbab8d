"""The 180 days: commitment, guidance, banks and their panel, the day after the last; then the report (R26–R34, R4)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from sqlalchemy import select

from app.db import db
from app.demo import panels
from app.demo.history import Story
from app.demo.uploading import attach
from app.demo.walk import Walk
from app.lifecycle.announcements import reporting
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.incubation import acceptance
from app.lifecycle.incubation.queries import render_commitment
from app.lifecycle.incubation.services import sign_commitment
from app.lifecycle.submissions import reviews
from app.lifecycle.submissions.services import submit_dossier
from app.rules.states import ItemState, PanelKind
from tenants.scope import SYSTEM_ACTOR
from uploads.models import Purpose, ReviewTask

_DAY = timedelta(days=1)


def incubate(walk: Walk) -> Story:
    begun = walk.case().incubation_start_on
    if begun is None:
        return
    if walk.signs:
        now = walk.when(walk.sides.history.workday(begun + 6 * _DAY), 10)
        yield now
        application = walk.case()
        sign_commitment(
            actor=walk.owner, application=application, opened_sha256=render_commitment(application).sha256,
            signatory_name=walk.owner.name, capacity="legal_representative", now=now,
        )  # fmt: skip
        now = walk.when(walk.sides.history.workday(begun + 12 * _DAY), 15)
        yield now
        acceptance.log_guidance(
            actor=walk.competent, application_id=walk.application_id, held_on=now.date(),
            topic="题库细目表编制辅导", note="对照国家职业标准核对鉴定点,指导编制双向细目表。", now=now,
        )  # fmt: skip
    if walk.banks is not None:
        yield from _hand_in_banks(walk, walk.banks)
    if walk.until == "incubation_overdue":
        due = walk.case().incubation_due_on
        if due is None:
            raise AssertionError("an incubation has an end")
        now = walk.when(due + _DAY, 0)
        yield now
        acceptance.judge_overdue(actor=SYSTEM_ACTOR, application=walk.case(), now=now)
    if walk.until in ("pending_announcement", "announced", "filed"):
        now = walk.when(walk.sides.history.workday((walk.banks or walk.publish) + 32 * _DAY), 10)
        yield now
        reporting.send_report(
            actor=walk.competent, application_ids=[walk.application_id], title="题库验收通过单位结果上报(演示)",
            reference="", note="", now=now,
        )  # fmt: skip


def _hand_in_banks(walk: Walk, day: date) -> Story:
    """All items' banks, of an overdue or incubating one the first alone; then the panel, unless it only waits."""
    now = walk.when(day, 10)
    yield now
    items = _items(walk.application_id, ItemState.INCUBATING)
    only_some = walk.until in ("incubation_overdue", "incubating")
    for item in items[:1] if only_some else items:
        item_id = item.id
        upload_id = attach(walk.owner, f"题库-{item.skill_level}.xlsx", Purpose.question_bank, item_id, now)
        submit_dossier(
            actor=walk.owner, kind="question_bank", subject_id=item_id, upload_ids=[upload_id],
            idempotency_key=f"demo:bank:{item_id}", now=now,
        )  # fmt: skip
    if walk.until == "incubating" and not walk.sheets_in:
        return
    now = walk.when(walk.sides.history.workday(day + 4 * _DAY), 10)
    yield now
    handed = _items(walk.application_id, ItemState.BANK_SUBMITTED)
    for item in handed:
        task = db.session.scalars(
            select(ReviewTask.id).where(ReviewTask.dossier.has(kind="question_bank", subject_id=item.id))
        ).one()
        reviews.decide_review(actor=walk.competent, task_id=task, decision="accept", now=now)
    now = walk.when(walk.sides.history.workday(day + 10 * _DAY), 10)
    yield now
    panel_id = panels.seat(walk, PanelKind.QUESTION_BANK, walk.competent, [item.id for item in handed], now)
    now = walk.when(walk.sides.history.workday(day + 20 * _DAY), 10)
    yield now
    verdict = "fail" if walk.until == "naturally_eliminated" else "pass"
    panels.score(walk, panel_id, now, verdict=verdict, only=1 if walk.until == "incubating" else 3)
    if walk.until == "incubating":
        return
    now = walk.when(walk.sides.history.workday(day + 26 * _DAY), 10)
    yield now
    panels.conclude_opinion(walk, panel_id, now, verdict)
    for item in handed:
        acceptance.conclude_bank(actor=walk.competent, panel_id=panel_id, item_id=item.id, now=now)


def _items(application_id: uuid.UUID, state: str) -> list[ApplicationItem]:
    query = select(ApplicationItem).where(
        ApplicationItem.application_id == application_id, ApplicationItem.state == state
    )
    return list(db.session.scalars(query.order_by(ApplicationItem.position)))
