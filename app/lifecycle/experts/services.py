"""Keeping the pool of experts (评价专家库): R18, R30 say what kinds there are."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app import outbox
from app.db import db
from app.lifecycle.experts import queries
from app.lifecycle.experts.models import Expert, ExpertAbsence
from app.lifecycle.trail import check_unchanged
from app.rules.core import N_, Refusal
from app.rules.occupations import normalise_code
from app.rules.panels import EXPERT_TYPES
from tenants import events
from tenants.scope import Actor

_ADDRESS = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
ENROL = "app.lifecycle.experts.jobs.enrol"


@dataclass(frozen=True)
class ExpertParticulars:
    """What an officer types of one expert; `occupations` and `related` are codes."""

    name: str
    email: str
    types: Sequence[str]
    phone: str = ""
    title: str = ""
    employer: str = ""
    employer_uscc: str = ""
    occupations: Sequence[str] = ()
    related: Sequence[str] = ()
    note: str = ""


def add_expert(*, actor: Actor, particulars: ExpertParticulars, now: datetime) -> Expert:
    """Add an expert to the actor's own pool; a job gives them an account and a mail to sign in with.

    Refusals: expert_incomplete, expert_type_unknown, expert_known, and those of occupation codes.
    """
    if actor.authority_code is None:
        raise Refusal("actor_not_allowed", "R18", N_("专家库由省、市人力资源社会保障部门维护。"))
    expert = Expert(id=uuid.uuid4(), authority_code=actor.authority_code, version=1, created_at=now, absences=[])
    _fill(expert, particulars)
    _flush(expert)
    _record("expert_added", actor, expert, now)
    outbox.add(ENROL, queue="mail", key=f"enrol:{expert.id}", expert_id=str(expert.id), at=now.isoformat())
    return expert


def edit_expert(
    *, actor: Actor, expert_id: uuid.UUID, particulars: ExpertParticulars, expected_version: int | None, now: datetime
) -> Expert:
    """Change particulars; panels already formed keep what was copied. The address stays, an account hangs on it."""
    expert = _own(actor, expert_id, expected_version)
    if particulars.email.strip().lower() != expert.email and expert.user_id is not None:
        raise Refusal("expert_address_fixed", "R18", N_("该专家已开通账号,邮箱不能更改。如需更换,请另行添加。"))
    _fill(expert, particulars)
    expert.version += 1
    _flush(expert)
    _record("expert_changed", actor, expert, now)
    return expert


def retire_expert(*, actor: Actor, expert_id: uuid.UUID, expected_version: int | None, now: datetime) -> Expert:
    """Take an expert out of the pool, or back in; seats they hold stay."""
    expert = _own(actor, expert_id, expected_version)
    expert.retired_at = None if expert.retired_at else now
    expert.version += 1
    _record("expert_retired" if expert.retired_at else "expert_returned", actor, expert, now)
    return expert


def add_absence(
    *, actor: Actor, expert_id: uuid.UUID, from_on: date, to_on: date, reason: str, now: datetime
) -> ExpertAbsence:
    """Days on which the expert cannot serve. Refusal absence_order."""
    expert = _own(actor, expert_id, None)
    if to_on < from_on:
        raise Refusal("absence_order", "R18", N_("结束日期不能早于开始日期。请改正。"))
    absence = ExpertAbsence(
        id=uuid.uuid4(),
        expert_id=expert.id,
        authority_code=expert.authority_code,
        from_on=from_on,
        to_on=to_on,
        reason=reason.strip(),
    )
    db.session.add(absence)
    _record("expert_absence_noted", actor, expert, now, from_on=from_on.isoformat(), to_on=to_on.isoformat())
    return absence


def cancel_absence(*, actor: Actor, expert_id: uuid.UUID, absence_id: uuid.UUID, now: datetime) -> None:
    """The expert can serve after all. Cancelling it again changes nothing."""
    expert = _own(actor, expert_id, None)
    absence = next((one for one in expert.absences if one.id == absence_id), None)
    if absence is not None and absence.cancelled_at is None:
        absence.cancelled_at = now
        _record("expert_absence_cancelled", actor, expert, now)


def _own(actor: Actor, expert_id: uuid.UUID, expected_version: int | None) -> Expert:
    expert = queries.get_expert(expert_id, lock=True)
    if expert is None or expert.authority_code != actor.authority_code:
        raise Refusal("expert_unknown", "R18", N_("没有找到这位专家,或不属于本单位的专家库。"))
    check_unchanged(subject_type="expert", subject_id=expert.id, version=expert.version, expected=expected_version)
    return expert


def _fill(expert: Expert, particulars: ExpertParticulars) -> None:
    name, email = particulars.name.strip(), particulars.email.strip().lower()
    if not name or not _ADDRESS.match(email) or not particulars.types:
        raise Refusal("expert_incomplete", "R18", N_("请填写姓名、有效的邮箱,并至少选择一种专家类型。"))
    if unknown := [one for one in particulars.types if one not in EXPERT_TYPES]:
        raise Refusal("expert_type_unknown", "R18", N_("“%(type)s”不是专家类型。请从列表中选择。"), type=unknown[0])
    expert.name, expert.email = name, email
    expert.types = [one for one in EXPERT_TYPES if one in particulars.types]
    expert.phone, expert.title = particulars.phone.strip(), particulars.title.strip()
    expert.employer, expert.note = particulars.employer.strip(), particulars.note.strip()
    expert.employer_uscc = particulars.employer_uscc.strip().upper()
    expert.occupations = sorted({normalise_code(code) for code in particulars.occupations})
    expert.related = sorted({code.strip().upper() for code in particulars.related if code.strip()})


def _flush(expert: Expert) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(expert)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if diagnosis is not None and diagnosis.constraint_name == "uq_experts_authority_code_email":
            raise Refusal(
                "expert_known", "R18", N_("专家库中已有邮箱为%(email)s的专家。请查找后修改。"), email=expert.email
            ) from None
        raise


def _record(name: str, actor: Actor, expert: Expert, now: datetime, **data: Any) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="expert",
        subject_id=expert.id,
        authority_code=expert.authority_code,
        rule="R18",
        **data,
    )
