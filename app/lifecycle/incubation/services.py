"""Signing the commitment (签署工作承诺书, R28)."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import IN_INCUBATION
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.incubation.queries import find_commitment, render_commitment
from app.rules import commitment as rules
from app.rules.core import N_, Refusal
from app.rules.states import COMMITMENT, CommitmentState
from tenants import events, notices
from tenants.scope import Actor

_LIVE_INDEX = "uq_commitments_live"


class Capacity(StrEnum):
    """In what capacity the person signs (签署身份)."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    AUTHORISED_SIGNATORY = "authorised_signatory"


CAPACITY_LABELS: dict[str, str] = {
    Capacity.LEGAL_REPRESENTATIVE: N_("法定代表人"),
    Capacity.AUTHORISED_SIGNATORY: N_("授权签署人"),
}


def sign_commitment(
    *,
    actor: Actor,
    application: Application,
    opened_sha256: str,
    signatory_name: str,
    capacity: str,
    now: datetime,
) -> Commitment:
    """Sign the commitment for an application: its exact text, hash, time, address and person are kept.

    `items` and `organisation` must be loaded. Raises Refusal: not_a_signatory, commitment_text_changed
    (the text is no longer the one that was opened), commitment_already_signed, not_in_incubation.
    """
    if application.state not in IN_INCUBATION:
        raise Refusal("not_in_incubation", "R25", N_("孵化培育期尚未开始或已经结束,现在不能签署承诺书。"))
    text = render_commitment(application)
    if find_commitment(application.id) is not None:
        raise _already_signed()
    rules.check_can_sign(actor.role, opened_sha256, text.sha256)
    commitment = Commitment(
        id=uuid.uuid4(),
        application_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        template_id=text.template.id,
        body=text.body,
        body_sha256=text.sha256,
        state=COMMITMENT.advance(CommitmentState.ISSUED, "sign", actor.kind),
        signed_by=actor.user_id,
        signatory_name=signatory_name,
        signatory_capacity=Capacity(capacity).value,
        signed_at=now,
        ip=actor.ip or "",
        user_agent=actor.user_agent or "",
    )
    _insert(commitment)
    events.record(
        "commitment_signed",
        actor=actor,
        now=now,
        subject_type="application",
        subject_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        before=CommitmentState.ISSUED.value,
        after=commitment.state,
        rule="R28",
        commitment=str(commitment.id),
        sha256=text.sha256,
        template_version=text.template.version,
        capacity=commitment.signatory_capacity,
    )
    meet_deadline(kind="commitment_sign_due", subject_id=application.id, now=now)
    _tell(application, commitment, now)
    return commitment


def _insert(commitment: Commitment) -> None:
    # Two tabs, or two signatories, at the same moment: the index lets one through, the other hears that it is done.
    try:
        with db.session.begin_nested():
            db.session.add(commitment)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if diagnosis is not None and diagnosis.constraint_name == _LIVE_INDEX:
            raise _already_signed() from None
        raise


def _already_signed() -> Refusal:
    return Refusal("commitment_already_signed", "R28", N_("承诺书已经签署,无需再签。"))


def _tell(application: Application, commitment: Commitment, now: datetime) -> None:
    words: dict[str, Any] = {
        "organisation": application.organisation.name,
        "number": application.number,
        "sha256": commitment.body_sha256,
        "signed_at": now.isoformat(),
    }
    key = f"commitment_signed:{commitment.id}"
    notices.tell(
        kind="commitment_signed",
        now=now,
        link=paths.COMMITMENT,
        organisation_id=application.organisation_id,
        rule="R28",
        key=f"{key}:organisation",
        **words,
    )
    notices.tell(
        kind="commitment_received",
        now=now,
        link=paths.INBOX,
        authority_code=application.authority_code,
        rule="R28",
        key=f"{key}:authority",
        **words,
    )
