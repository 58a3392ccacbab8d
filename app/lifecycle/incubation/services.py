"""Signing the commitment (签署工作承诺书, R28)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import IN_INCUBATION
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.incubation.models import Commitment, CommitmentEvidence
from app.lifecycle.incubation.queries import PAPER, CommitmentText, find_commitment, render_commitment
from app.lifecycle.incubation.seals import check_seal
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.submissions.services import submit_dossier
from app.rules import commitment as rules
from app.rules.core import N_, Refusal
from app.rules.states import COMMITMENT, CommitmentState
from tenants import events, notices
from tenants.models import Membership, User
from tenants.scope import Actor, Role, ScopeKind
from uploads.models import Purpose

_LIVE_INDEX = "uq_commitments_live"


class Capacity(StrEnum):
    """In what capacity the person signs (签署身份)."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    AUTHORISED_SIGNATORY = "authorised_signatory"


CAPACITY_LABELS: dict[str, str] = {
    Capacity.LEGAL_REPRESENTATIVE: N_("法定代表人"),
    Capacity.AUTHORISED_SIGNATORY: N_("授权签署人"),
}


@dataclass(frozen=True)
class Signature:
    """How a commitment is signed: the name typed, or drawn as well (`drawing`, a PNG), or signed on paper that day."""

    name: str
    capacity: str
    drawing: bytes | None = None
    paper_on: date | None = None
    scan_ids: Sequence[uuid.UUID] = ()

    @property
    def method(self) -> str:
        """`paper`, `drawn` or `typed`, as the evidence keeps it."""
        if self.paper_on is not None:
            return PAPER
        return "drawn" if self.drawing is not None else "typed"


def sign_commitment(
    *,
    actor: Actor,
    application: Application,
    opened_sha256: str,
    signatory_name: str,
    capacity: str,
    drawing: bytes | None = None,
    scan_ids: Sequence[uuid.UUID] = (),
    now: datetime,
) -> Commitment:
    """Sign the commitment for an application: its exact text, hash, time, address and person are kept as evidence.

    One that stands is superseded when its text is no longer the current one (a new version, another name). `scan_ids`
    are checked uploads of the seal, of which the first picture is printed. `items` and `organisation` must be loaded.
    Raises Refusal: not_a_signatory, commitment_text_changed (the text is no longer the one that was opened),
    commitment_already_signed, not_in_incubation, seal_too_large, seal_unreadable and those of handing in files;
    PartDown.
    """
    text = _text_to_sign(application)
    rules.check_can_sign(actor.role, opened_sha256, text.sha256)
    check_seal(scan_ids)
    signature = Signature(signatory_name, capacity, drawing, None, scan_ids)
    return _sign(actor, application, text, signature, now)


def hand_in_paper(
    *,
    actor: Actor,
    application: Application,
    opened_sha256: str,
    signatory_name: str,
    capacity: str,
    signed_on: date,
    scan_ids: Sequence[uuid.UUID],
    now: datetime,
) -> Commitment:
    """The paper path: printed, signed and sealed on paper, scanned, handed in; it counts once the authority confirms.

    Whoever prepares the materials may do it, for the signature is on the paper. Refusals besides those above:
    scan_missing, paper_date_invalid.
    """
    text = _text_to_sign(application)
    if not opened_sha256 or opened_sha256 != text.sha256:
        rules.check_can_sign(Role.signatory, opened_sha256, text.sha256)
    if not scan_ids:
        raise Refusal("scan_missing", "R28", N_("请先上传签字盖章后的承诺书扫描件,检查通过后勾选。"))
    today = now.astimezone(SHANGHAI).date()
    if signed_on > today or (application.incubation_start_on and signed_on < application.incubation_start_on):
        raise Refusal("paper_date_invalid", "R28", N_("签字日期应在孵化培育期开始之后、今天或之前。"))
    signature = Signature(signatory_name, capacity, None, signed_on, scan_ids)
    return _sign(actor, application, text, signature, now)


def _text_to_sign(application: Application) -> CommitmentText:
    if application.state not in IN_INCUBATION:
        raise Refusal("not_in_incubation", "R25", N_("孵化培育期尚未开始或已经结束,现在不能签署承诺书。"))
    text = render_commitment(application)
    standing = find_commitment(application.id)
    if standing is not None and standing.body_sha256 == text.sha256:
        raise _already_signed()
    return text


def _sign(
    actor: Actor, application: Application, text: CommitmentText, signature: Signature, now: datetime
) -> Commitment:
    previous = _supersede(find_commitment(application.id), now)
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
        signatory_name=signature.name,
        signatory_capacity=Capacity(signature.capacity).value,
        signed_at=now,
        ip=actor.ip or "",
        user_agent=actor.user_agent or "",
        reason="",
    )
    _insert(commitment)
    _keep_evidence(actor, commitment, signature, now)
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
        method=signature.method,
        supersedes=str(previous.id) if previous else None,
    )
    meet_deadline(kind="commitment_sign_due", subject_id=application.id, now=now)
    _tell(application, commitment, now)
    reach(Milestone.commitment_signed, actor=actor, now=now, commitment=commitment, application=application)
    return commitment


def _supersede(standing: Commitment | None, now: datetime) -> Commitment | None:
    """The one that stood loses its standing to the next; the system does it on the signatory's behalf (B6)."""
    if standing is not None:
        standing.state = COMMITMENT.advance(standing.state, "supersede", ScopeKind.system)
        standing.decided_at = now
        db.session.flush()
    return standing


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


def _keep_evidence(actor: Actor, commitment: Commitment, signature: Signature, now: datetime) -> None:
    """Who signed, in which role since when, and how it was proved; the scans go to the authority as a dossier."""
    dossier = None
    if signature.scan_ids:
        dossier = submit_dossier(
            actor=actor,
            kind=Purpose.commitment,
            subject_id=commitment.id,
            upload_ids=signature.scan_ids,
            idempotency_key=f"commitment:{commitment.id}",
            now=now,
        )
    since = select(func.max(Membership.created_at)).where(
        Membership.user_id == actor.user_id,
        Membership.organisation_id == commitment.organisation_id,
        Membership.removed_at.is_(None),
    )
    account = select(User.email).where(User.id == actor.user_id)
    db.session.add(
        CommitmentEvidence(
            commitment_id=commitment.id,
            organisation_id=commitment.organisation_id,
            authority_code=commitment.authority_code,
            method=signature.method,
            signed_on=signature.paper_on or now.astimezone(SHANGHAI).date(),
            drawing=signature.drawing,
            drawing_sha256=hashlib.sha256(signature.drawing).hexdigest() if signature.drawing else None,
            account=db.session.scalar(account) or "",
            role=actor.role.value if actor.role else "",
            role_since=db.session.scalar(since),
            confirmed_by="scan" if signature.method == PAPER else "password",
            dossier_id=dossier.id if dossier else None,
        )
    )
    db.session.flush()


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
        link=paths.of_commitment(commitment.id),
        authority_code=application.authority_code,
        rule="R28",
        key=f"{key}:authority",
        **words,
    )
