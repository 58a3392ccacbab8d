"""Consultation (函商) of a national organisation with the department before its branch applies (B3, R14, R16)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from app.db import db
from app.lifecycle.consultations import queries
from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.trail import check_unchanged, need_reason, new_number
from app.rules import uscc
from app.rules.core import N_, Refusal
from app.rules.eligibility import Affiliation
from app.rules.states import NATIONAL_CONSULTATION, ConsultationState
from tenants import events, notices
from tenants.models import Organisation
from tenants.scope import DEPARTMENT_CODE, Actor

_TEXTS = ("national_name", "national_uscc", "national_code", "letter_no", "occupations", "statement")


def draft_consultation(
    *, actor: Actor, organisation_id: uuid.UUID, given: Mapping[str, str], letter_on: date | None, now: datetime
) -> NationalConsultation:
    """Begin one for a branch. Refusal not_a_branch, and consultation_standing while another is open or agreed."""
    organisation = db.session.get(Organisation, organisation_id)
    if organisation is None or organisation.affiliation != Affiliation.NATIONAL_BRANCH:
        raise Refusal(
            "not_a_branch", "R14", N_("函商仅适用于全国性社评组织的驻鲁分支机构。其他单位可直接向登记机关所在市申请。")
        )
    standing = queries.find_usable(organisation_id)
    if standing is not None and standing.state != ConsultationState.DECLINED:
        raise Refusal(
            "consultation_standing",
            "R16",
            N_("已有办理中的函商(%(number)s)。请在该件上继续办理。"),
            number=standing.number,
        )
    consultation = NationalConsultation(
        id=uuid.uuid4(),
        number=new_number("HS", DEPARTMENT_CODE, now),
        organisation_id=organisation_id,
        state=NATIONAL_CONSULTATION.advance(None, "create", actor.kind),
        created_at=now,
        version=1,
        national_name="",
        national_uscc="",
    )
    _fill(consultation, given, letter_on)
    db.session.add(consultation)
    _record("consultation_drafted", actor, consultation, now, before=None)
    return consultation


def edit_consultation(
    *, actor: Actor, consultation_id: uuid.UUID, given: Mapping[str, str], letter_on: date | None, now: datetime
) -> NationalConsultation:
    """Change a draft. Refusal consultation_not_draft."""
    consultation = _locked(consultation_id, None)
    if consultation.state != ConsultationState.DRAFT:
        raise Refusal("consultation_not_draft", "R16", N_("来函已发出,不能再修改。"))
    _fill(consultation, given, letter_on)
    consultation.version += 1
    db.session.flush()
    return consultation


def _fill(consultation: NationalConsultation, given: Mapping[str, str], letter_on: date | None) -> None:
    for name in _TEXTS:
        if name in given:
            setattr(consultation, name, given[name].strip()[:2000])
    consultation.national_uscc = uscc.normalise(consultation.national_uscc) if consultation.national_uscc else ""
    consultation.letter_on = letter_on


def send_consultation(*, actor: Actor, consultation_id: uuid.UUID, now: datetime) -> NationalConsultation:
    """Send the letter. Refusals: consultation_incomplete, and those of a wrong credit code (R14)."""
    consultation = _locked(consultation_id, None)
    if not (consultation.national_name and consultation.letter_no and consultation.letter_on):
        raise Refusal(
            "consultation_incomplete", "R16", N_("请填写全国性社评组织名称、统一社会信用代码、来函文号和日期。")
        )
    consultation.national_uscc = uscc.check_uscc(consultation.national_uscc)
    _advance(actor, consultation, "send", "consultation_sent", now)
    consultation.sent_at = now
    _tell("consultation_sent", consultation, now, authority_code=DEPARTMENT_CODE)
    return consultation


def answer_consultation(
    *,
    actor: Actor,
    consultation_id: uuid.UUID,
    agrees: bool,
    reply_no: str,
    replied_on: date | None,
    reply_text: str,
    expected_version: int | None,
    now: datetime,
) -> NationalConsultation:
    """The department's reply: consent with its number and date, or a refusal with its reason (R16)."""
    consultation = _locked(consultation_id, expected_version)
    if not reply_no.strip() or replied_on is None:
        raise Refusal("reply_incomplete", "R16", N_("请填写复函文号和日期。"))
    reason = reply_text.strip() if agrees else need_reason(reply_text, "R16")
    consultation.reply_no, consultation.replied_on, consultation.reply_text = reply_no.strip(), replied_on, reason
    event, name = ("agree", "consultation_agreed") if agrees else ("decline", "consultation_declined")
    _advance(actor, consultation, event, name, now, reason=reason)
    consultation.decided_at = now
    _tell(name, consultation, now, organisation_id=consultation.organisation_id)
    return consultation


def use_consultation(*, actor: Actor, consultation_id: uuid.UUID, now: datetime) -> NationalConsultation:
    """Bind an agreed one to an application that is handed in; it serves once (R16)."""
    consultation = _locked(consultation_id, None)
    _advance(actor, consultation, "use", "consultation_used", now)
    return consultation


def _locked(consultation_id: uuid.UUID, expected_version: int | None) -> NationalConsultation:
    consultation = queries.get_consultation(consultation_id, lock=True)
    if consultation is None:
        raise Refusal("consultation_unknown", "R16", N_("没有找到这件函商。请从列表重新进入。"))
    check_unchanged(
        subject_type="national_consultation",
        subject_id=consultation.id,
        version=consultation.version,
        expected=expected_version,
    )
    return consultation


def _advance(
    actor: Actor, consultation: NationalConsultation, event: str, name: str, now: datetime, reason: str = ""
) -> None:
    before = consultation.state
    consultation.state = NATIONAL_CONSULTATION.advance(before, event, actor.kind)
    consultation.version += 1
    _record(name, actor, consultation, now, before=before, reason=reason)


def _record(
    name: str, actor: Actor, consultation: NationalConsultation, now: datetime, *, before: str | None, reason: str = ""
) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="national_consultation",
        subject_id=consultation.id,
        organisation_id=consultation.organisation_id,
        authority_code=DEPARTMENT_CODE,
        before=before,
        after=consultation.state,
        rule="R16",
        number=consultation.number,
        title=consultation.national_name,
        reason=reason,
    )


def _tell(
    kind: str,
    consultation: NationalConsultation,
    now: datetime,
    *,
    organisation_id: uuid.UUID | None = None,
    authority_code: str | None = None,
) -> None:
    side = "/org/consultations" if organisation_id else "/province/consultations"
    notices.tell(
        kind=kind,
        now=now,
        link=f"{side}/{consultation.id}",
        organisation_id=organisation_id,
        authority_code=authority_code,
        rule="R16",
        statutory=True,
        key=f"{kind}:{consultation.id}",
        number=consultation.number,
        title=consultation.national_name,
        document_no=consultation.reply_no,
        reason=consultation.reply_text if kind == "consultation_declined" else "",
    )
