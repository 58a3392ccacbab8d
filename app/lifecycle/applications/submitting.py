"""The applicant's steps: hand in, answer a supplement, withdraw (B4)."""

from __future__ import annotations

import uuid
from datetime import datetime

from app import outbox
from app.db import db
from app.lifecycle.applications import queries
from app.lifecycle.applications.completeness import check_complete, open_request
from app.lifecycle.applications.drafting import unknown
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.recording import advance
from app.lifecycle.deadlines.services import cancel_deadline
from app.lifecycle.submissions.applications import SUPPLEMENT_DEADLINE, SupplementSubject
from app.lifecycle.submissions.services import submit_dossier
from app.rules.core import N_, Refusal
from app.rules.states import APPLICATION_ITEM, ApplicationState, ItemState
from tenants import notices
from tenants.scope import Actor
from uploads.models import Dossier, Purpose, Upload
from uploads.queries import list_uploads

SETTLE_WITHDRAWN = "app.lifecycle.applications.jobs.settle_withdrawn"


def list_attachments(application: Application) -> list[Upload]:
    """The files uploaded for the application itself, oldest first."""
    return list_uploads(application.organisation_id, purpose=Purpose.filing_materials, subject_id=application.id)


def list_supplement_files(application: Application) -> list[Upload]:
    """The files uploaded for the supplement that is open, oldest first."""
    request = open_request(application)
    if request is None:
        return []
    return list_uploads(application.organisation_id, purpose=Purpose.supplement, subject_id=request.id)


def submit_application(*, actor: Actor, application_id: uuid.UUID, idempotency_key: str, now: datetime) -> Dossier:
    """Hand in the application with all its attachments. Repeating it gives the dossier there is.

    Refusals: application_unknown, application_incomplete, and those of the call, the level, the city and the
    consultation (R5, R11–R16).
    """
    application = queries.get_application(application_id)
    if application is None:
        raise unknown()
    files = list_attachments(application)
    if not files:
        # Before the dossier's own check, so that every part that lacks something is named at once.
        check_complete(application, files)
    return submit_dossier(
        actor=actor,
        kind=Purpose.filing_materials,
        subject_id=application_id,
        upload_ids=[upload.id for upload in files],
        idempotency_key=idempotency_key,
        now=now,
    )


def answer_supplement(
    *, actor: Actor, application_id: uuid.UUID, note: str, idempotency_key: str, now: datetime
) -> Application:
    """Hand in what was asked for, with files where some were added, and a note.

    Refusals: supplement_not_requested, supplement_over, application_incomplete.
    """
    application = queries.get_application(application_id, lock=True)
    if application is None:
        raise unknown()
    request = open_request(application)
    if request is None:
        raise Refusal("supplement_not_requested", "R15", N_("当前没有待补正的事项。请刷新页面查看最新状态。"))
    request.answer = {**request.answer, "note": note.strip()[:2000]}
    files = list_supplement_files(application)
    if files:
        submit_dossier(
            actor=actor,
            kind=Purpose.supplement,
            subject_id=request.id,
            upload_ids=[upload.id for upload in files],
            idempotency_key=idempotency_key,
            now=now,
        )
        return application
    subject = SupplementSubject(request, application)
    subject.check_submit(actor=actor, uploads=files, now=now)
    subject.submit(actor=actor, now=now)
    return application


def withdraw_application(
    *, actor: Actor, application_id: uuid.UUID, reason: str, expected_version: int | None, now: datetime
) -> Application:
    """Withdraw before the recommendation (B4). The bureau is told and its queue is cleared."""
    application = queries.get_application(application_id, lock=True)
    if application is None:
        raise unknown()
    was_draft = application.state == ApplicationState.DRAFT
    request = open_request(application)
    advance(actor, application, "withdraw", now, name="application_withdrawn", reason=reason.strip()[:1000])
    application.decided_at, application.held_at, application.held_reason = now, None, ""
    for item in application.items:
        if item.state in (ItemState.PROPOSED, ItemState.RECOMMENDED):
            item.state = APPLICATION_ITEM.advance(item.state, "withdraw", actor.kind)
    if request is not None:
        request.state = "cancelled"
        cancel_deadline(kind=SUPPLEMENT_DEADLINE, subject_id=request.id, now=now)
    db.session.flush()
    if not was_draft:
        outbox.add(
            SETTLE_WITHDRAWN,
            queue="default",
            key=f"withdrawn:{application.id}",
            application_id=str(application.id),
        )
        notices.tell(
            kind="application_withdrawn",
            now=now,
            link=f"/bureau/applications/{application.id}",
            authority_code=application.authority_code,
            rule="R22",
            key=f"application_withdrawn:{application.id}",
            number=application.number,
            organisation=application.organisation.name,
            reason=reason.strip()[:1000],
        )
    return application
