"""The officer's side: open, assign, download, accept or return (退回). Every step is an event that both sides read.

The organisation learns the role of who did it, never the name. Each function takes the task's id and locks the task.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.db import db
from app.lifecycle import paths
from app.lifecycle.custody.access import open_bank
from app.lifecycle.submissions import queries
from app.lifecycle.submissions.subjects import get_subject
from app.rules.core import N_, Refusal
from app.rules.sealing import Manner
from tenants import events, notices
from tenants.models import Membership
from tenants.scope import Actor
from uploads.models import DossierFile, DossierState, Purpose, ReviewState, ReviewTask


class Decision(StrEnum):
    """What an officer decides on a dossier."""

    ACCEPT = "accept"
    RETURN = "return"


_OUTCOME = {
    Decision.ACCEPT: (ReviewState.accepted, DossierState.accepted, "dossier_accepted"),
    Decision.RETURN: (ReviewState.returned, DossierState.returned, "dossier_returned"),
}
_DECIDED = (ReviewState.accepted, ReviewState.returned)


def open_review(*, actor: Actor, task_id: uuid.UUID, now: datetime) -> ReviewTask:
    """An officer looks into a task for the first time: the organisation sees that it is being reviewed.

    Opening it again changes nothing, nor does it count as a change for a colleague's decision. Refusal task_unknown.
    """
    task = _locked(task_id)
    if task.state == ReviewState.waiting:
        task.state, task.opened_at = ReviewState.in_review, now
        _record("review_opened", actor, task, now, before=ReviewState.waiting)
    db.session.flush()
    return task


def assign_review(
    *,
    actor: Actor,
    task_id: uuid.UUID,
    assignee_id: uuid.UUID | None,
    expected_version: int | None = None,
    now: datetime,
) -> ReviewTask:
    """Give a task to an officer of the same authority, or (None) to nobody.

    An accepted question bank may still change hands: who has it is its case officer, who may open it while the panel
    is at work. Refusals: task_unknown, changed_meanwhile, assignee_unknown.
    """
    task = _locked(task_id)
    if not (task.state == ReviewState.accepted and task.dossier.kind == Purpose.question_bank):
        _check_undecided(task)
    _check_version(task, expected_version)
    if task.assigned_to == assignee_id:
        return task
    if assignee_id is not None and not _is_member(assignee_id, task.authority_code):
        raise Refusal("assignee_unknown", "", N_("没有找到这位经办人。请从本单位人员中选择。"))
    before = task.state
    task.assigned_to = assignee_id
    task.version += 1
    if task.state == ReviewState.waiting and assignee_id is not None:
        task.state, task.opened_at = ReviewState.in_review, now
    _record("review_assigned" if assignee_id else "review_unassigned", actor, task, now, before=before)
    db.session.flush()
    return task


def _is_member(user_id: uuid.UUID, authority_code: str) -> bool:
    query = select(Membership.id).where(
        Membership.user_id == user_id, Membership.authority_code == authority_code, Membership.removed_at.is_(None)
    )
    return db.session.scalar(query) is not None


def decide_review(
    *,
    actor: Actor,
    task_id: uuid.UUID,
    decision: str,
    reason: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> ReviewTask:
    """Accept a dossier or return it with a reason; its subject follows, the organisation is told. A task that nobody
    had becomes that of the officer who decides it.

    Deciding the same again by the same officer changes nothing. Refusals: task_unknown, reason_missing,
    changed_meanwhile (a colleague was faster; it says what they did), and those of the subject's states.
    """
    chosen, reason = Decision(decision), reason.strip()
    task = _locked(task_id)
    state, dossier_state, name = _OUTCOME[chosen]
    if task.state == state and task.decided_by == actor.user_id:
        return task
    _check_undecided(task)
    _check_version(task, expected_version)
    dossier, before = task.dossier, task.state
    subject = get_subject(dossier.kind, dossier.subject_id, lock=True)
    if chosen is Decision.RETURN and not reason:
        raise Refusal("reason_missing", subject.rule, N_("退回须填写理由,理由将告知申请单位。"))
    if chosen is Decision.ACCEPT:
        subject.accept(actor=actor, now=now)
    else:
        subject.give_back(actor=actor, reason=reason, now=now)
    task.state, task.decided_at, task.decided_by, task.reason = state, now, actor.user_id, reason or None
    task.assigned_to = task.assigned_to or actor.user_id
    task.version += 1
    dossier.state, dossier.decided_at, dossier.reason = dossier_state, now, reason or None
    _record(name, actor, task, now, before=before, rule=subject.rule, reason=reason)
    notices.tell(
        kind=name,
        now=now,
        link=paths.of_dossier(dossier.id),
        organisation_id=dossier.organisation_id,
        rule=subject.rule,
        statutory=True,
        key=f"{name}:{dossier.id}",
        number=dossier.number,
        title=dossier.title,
        reason=reason,
        decided_at=now.isoformat(),
        subject_link=subject.link,
    )
    db.session.flush()
    return task


def record_download(
    *, actor: Actor, task_id: uuid.UUID, file_id: uuid.UUID, purpose: str = "", now: datetime
) -> DossierFile:
    """Write down that an officer is about to download a file; only then may the address be handed out.

    A question bank is sealed: only its case officer, while its panel is at work, for a stated purpose. Refusals:
    task_unknown, file_unknown, and for a bank those of `custody.access.open_bank`.
    """
    task = queries.get_task(task_id)
    if task is None:
        raise _unknown()
    file = queries.get_file(task, file_id)
    if file is None or file.bureau_key is None:
        raise Refusal("file_unknown", "", N_("没有找到这个文件。请刷新页面。"))
    if task.dossier.kind == Purpose.question_bank:
        open_bank(actor=actor, bank=file, manner=Manner.ORIGINAL, purpose=purpose, now=now)
        return file
    _record(
        "dossier_file_downloaded", actor, task, now, before=task.state, file=str(file.id), name_of_file=file.name,
        purpose=purpose or "review",
    )  # fmt: skip
    return file


def _locked(task_id: uuid.UUID) -> ReviewTask:
    task = queries.get_task(task_id, lock=True)
    if task is None:
        raise _unknown()
    return task


def _unknown() -> Refusal:
    return Refusal("task_unknown", "", N_("没有找到这项任务,它可能不属于本单位。请从审核队列重新进入。"))


_DONE_WORDS = {ReviewState.accepted: N_("接收了"), ReviewState.returned: N_("退回了")}


def _check_undecided(task: ReviewTask) -> None:
    if task.state in _DECIDED:
        raise Refusal(
            "changed_meanwhile",
            "",
            N_("另一位经办人已%(what)s这份材料%(reason)s。请刷新页面查看最新状态。"),
            what=_DONE_WORDS[ReviewState(task.state)],
            reason=f"(理由:{task.reason})" if task.reason else "",
            state=task.state,
        )


def _check_version(task: ReviewTask, expected_version: int | None) -> None:
    if expected_version is not None and expected_version != task.version:
        raise Refusal(
            "changed_meanwhile",
            "",
            N_("这项任务刚刚被改派给%(assignee)s。请刷新页面,确认后再办理。"),
            assignee=task.assignee.name if task.assignee else "无人",
            state=task.state,
        )


def _record(
    name: str,
    actor: Actor,
    task: ReviewTask,
    now: datetime,
    *,
    before: str,
    rule: str | None = None,
    **data: str,
) -> None:
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="dossier",
        subject_id=task.dossier_id,
        organisation_id=task.organisation_id,
        authority_code=task.authority_code,
        before=before,
        after=task.state,
        rule=rule,
        number=task.dossier.number,
        **data,
    )
