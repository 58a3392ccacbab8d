"""The authority's side of a signed commitment (B6): confirm it, return it to be signed anew, or let it lapse (R28)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle import casework, paths
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.services import reopen_deadline
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.incubation.queries import LIVE, get_commitment
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.submissions import closing
from app.lifecycle.trail import need_reason
from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal
from app.rules.states import COMMITMENT
from tenants.scope import Actor, ScopeKind
from uploads.models import ReviewState, ReviewTask


def confirm_commitment(*, actor: Actor, commitment_id: uuid.UUID, checked: bool, now: datetime) -> Commitment:
    """Countersign it (确认): the authority has seen that scan, seal and name are right.

    Refusals: commitment_unknown, not_competent, commitment_not_checked, and those of the machine.
    """
    commitment, application = _locked(actor, commitment_id)
    if not checked:
        raise Refusal("commitment_not_checked", "R28", N_("请核对扫描件清晰、已盖章、名称与证照一致后勾选,再确认。"))
    _step(actor, commitment, application, "confirm", now)
    _close_task(actor, commitment, ReviewState.accepted, "", now)
    casework.tell_organisation(
        application=application,
        title=N_("工作承诺书已确认"),
        rule="R28",
        now=now,
        key=f"commitment_confirmed:{commitment.id}",
        link=paths.COMMITMENT,
    )
    reach(Milestone.commitment_confirmed, actor=actor, now=now, commitment=commitment, application=application)
    return commitment


def return_commitment(*, actor: Actor, commitment_id: uuid.UUID, reason: str, now: datetime) -> Commitment:
    """Return it to be signed anew, with the reason that the organisation reads (退回重签).

    Refusals: commitment_unknown, not_competent, reason_missing, and those of the machine.
    """
    commitment, application = _locked(actor, commitment_id)
    commitment.reason = need_reason(reason, "R28")
    _step(actor, commitment, application, "return", now)
    _close_task(actor, commitment, ReviewState.returned, commitment.reason, now)
    reopen_deadline(kind="commitment_sign_due", subject_id=application.id, now=now)
    casework.tell_organisation(
        application=application,
        title=N_("工作承诺书被退回重签"),
        rule="R28",
        now=now,
        key=f"commitment_returned:{commitment.id}",
        reason=commitment.reason,
        link=paths.COMMITMENT,
    )
    reach(Milestone.commitment_returned, actor=actor, now=now, commitment=commitment, reason=commitment.reason)
    return commitment


def void_commitments(*, actor: Actor, application: Application, reason: str, now: datetime) -> None:
    """The application ended without a filing: what was signed for it binds nobody any more (失效)."""
    query = select(Commitment).where(Commitment.application_id == application.id, Commitment.state.in_(LIVE))
    for commitment in db.session.scalars(query.with_for_update()):
        commitment.state = COMMITMENT.advance(commitment.state, "void", ScopeKind.system)
        commitment.decided_at, commitment.reason = now, reason
        db.session.flush()
        reach(Milestone.commitment_void, actor=actor, now=now, commitment=commitment, reason=reason)


def _locked(actor: Actor, commitment_id: uuid.UUID) -> tuple[Commitment, Application]:
    commitment = get_commitment(commitment_id, lock=True)
    application = casework.get_case(commitment.application_id) if commitment else None
    if commitment is None or application is None:
        raise Refusal("commitment_unknown", "R28", N_("没有找到这份承诺书,它可能不由本单位办理。请从列表重新进入。"))
    check_competent(Act.GUIDE, application.level, application.city_code, actor.authority_code)
    return commitment, application


def _step(actor: Actor, commitment: Commitment, application: Application, event: str, now: datetime) -> None:
    before = commitment.state
    commitment.state = COMMITMENT.advance(before, event, actor.kind)
    commitment.decided_at, commitment.decided_by = now, actor.user_id
    casework.note(
        "commitment_confirmed" if event == "confirm" else "commitment_returned",
        actor=actor,
        application=application,
        now=now,
        rule="R28",
        commitment=str(commitment.id),
        sha256=commitment.body_sha256,
        reason=commitment.reason,
    )


def _close_task(actor: Actor, commitment: Commitment, state: ReviewState, reason: str, now: datetime) -> None:
    """The scans' task in the queue follows; one that has not arrived yet is found decided when it is looked at."""
    if commitment.evidence is None or commitment.evidence.dossier_id is None:
        return
    query = select(ReviewTask).where(ReviewTask.dossier_id == commitment.evidence.dossier_id)
    task = db.session.scalar(query.options(joinedload(ReviewTask.dossier)).with_for_update(of=ReviewTask))
    closing.close_tasks([task] if task else [], actor=actor, state=state, reason=reason, now=now)
