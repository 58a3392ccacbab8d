"""Finding the subject of a dossier or of an upload by its kind."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption as ORMOption

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem, SupplementRequest
from app.lifecycle.applications.queries import get_application
from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.exits.queries import get_exit
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.rectifications import queries as rectifications
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.submissions.applications import FilingSubject, SupplementSubject
from app.lifecycle.submissions.banks import BankSubject
from app.lifecycle.submissions.commitments import CommitmentSubject
from app.lifecycle.submissions.consultations import ConsultationSubject
from app.lifecycle.submissions.exits import ExitSubject
from app.lifecycle.submissions.rectifications import RectificationSubject
from app.lifecycle.submissions.renewals import RenewalSubject
from app.lifecycle.submissions.subject import Subject
from app.rules.core import N_, Refusal
from tenants.scope import Actor
from uploads.models import CASE_PURPOSES, Purpose

T = TypeVar("T")
_OPEN_KINDS = frozenset(
    {
        Purpose.question_bank,
        Purpose.self_assessment,
        Purpose.filing_materials,
        Purpose.supplement,
        Purpose.commitment,
        Purpose.consultation,
        Purpose.exit_data,
        Purpose.rectification_report,
    }
)


def find_subject(kind: str, subject_id: uuid.UUID, *, lock: bool = False) -> Subject | None:
    """The subject, if this scope may see it. With `lock`, read afresh and held until the transaction ends."""
    if kind == Purpose.question_bank:
        item = _find(ApplicationItem, subject_id, lock, joinedload(ApplicationItem.application))
        return BankSubject(item) if item else None
    if kind == Purpose.self_assessment:
        options = (joinedload(RenewalCycle.filing), joinedload(RenewalCycle.period))
        cycle = _find(RenewalCycle, subject_id, lock, *options)
        return RenewalSubject(cycle) if cycle else None
    if kind == Purpose.exit_data:
        # Not held: the organisation may read its exit, not change it; what its authority does to it holds the row.
        case = get_exit(subject_id)
        return ExitSubject(case) if case else None
    if kind == Purpose.rectification_report:
        # A file is for one of its defects. Not held: what hands it in holds it, and the report once in, nobody may.
        row = rectifications.get_rectification(subject_id) or rectifications.find_of_defect(subject_id)
        return RectificationSubject(row) if row else None
    if kind == Purpose.filing_materials:
        application = get_application(subject_id, lock=lock)
        return FilingSubject(application) if application else None
    if kind == Purpose.supplement:
        request = db.session.get(SupplementRequest, subject_id)
        application = get_application(request.application_id, lock=lock) if request else None
        return SupplementSubject(request, application) if request and application else None
    if kind == Purpose.consultation:
        consultation = _find(NationalConsultation, subject_id, lock)
        return ConsultationSubject(consultation) if consultation else None
    if kind == Purpose.commitment:
        commitment = _find(Commitment, subject_id, lock)
        # Without reading it afresh: whoever signs has its organisation and items loaded.
        signed_for = db.session.get(Application, commitment.application_id) if commitment else None
        return CommitmentSubject(commitment, signed_for.number) if commitment and signed_for else None
    return None


def _find(model: type[T], row_id: uuid.UUID, lock: bool, *options: ORMOption) -> T | None:
    query = select(model).where(model.id == row_id).options(*options)  # type: ignore[attr-defined]
    if lock:
        query = query.with_for_update(of=model).execution_options(populate_existing=True)
    return db.session.scalar(query)


def get_subject(kind: str, subject_id: uuid.UUID, *, lock: bool = False) -> Subject:
    """As `find_subject`. Refusal subject_unknown, kind_not_open."""
    if kind not in _OPEN_KINDS:
        raise _not_open()
    subject = find_subject(kind, subject_id, lock=lock)
    if subject is None:
        raise _unknown()
    return subject


def _not_open() -> Refusal:
    return Refusal("kind_not_open", "", N_("这类材料暂不能在线提交。请联系主管人力资源社会保障部门。"))


def _unknown() -> Refusal:
    return Refusal("subject_unknown", "", N_("没有找到这些材料所属的事项,可能不属于贵单位。请从任务清单重新进入。"))


def check_upload(*, actor: Actor, purpose: Purpose, subject_id: uuid.UUID | None, now: datetime) -> None:
    """Before the first byte: may a file for this subject come at all? Raises the Refusals of its kind.

    A file without a subject may come at any time; it cannot be handed in.
    """
    if purpose in CASE_PURPOSES:
        raise _not_open()
    if subject_id is None:
        return
    if purpose == Purpose.commitment:
        # The commitment is not there before it is signed: its scans come to the application.
        if db.session.get(Application, subject_id) is None:
            raise _unknown()
    elif purpose in _OPEN_KINDS:
        get_subject(purpose, subject_id).check_upload(now=now)
