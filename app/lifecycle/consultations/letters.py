"""Sending the letter with its scanned files, and closing their task with the reply (R16)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.consultations import services
from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.submissions import closing
from app.lifecycle.submissions.services import submit_dossier
from tenants.scope import Actor
from uploads.models import Dossier, Purpose, ReviewState, ReviewTask, Upload
from uploads.queries import list_uploads


def list_drafted_files(consultation: NationalConsultation) -> list[Upload]:
    """The files uploaded for a letter, oldest first."""
    return list_uploads(consultation.organisation_id, purpose=Purpose.consultation, subject_id=consultation.id)


def list_tasks(consultation_id: uuid.UUID) -> list[ReviewTask]:
    """The letter's files as they reached the department, with dossier and files."""
    query = (
        select(ReviewTask)
        .join(ReviewTask.dossier)
        .where(Dossier.kind == Purpose.consultation, Dossier.subject_id == consultation_id)
        .options(joinedload(ReviewTask.dossier).selectinload(Dossier.files))
    )
    return list(db.session.scalars(query.order_by(ReviewTask.arrived_at)))


def send_letter(*, actor: Actor, consultation_id: uuid.UUID, now: datetime) -> NationalConsultation:
    """Send the letter with the files uploaded for it, if any. Refusals: those of `send_consultation` and of files that
    are not checked yet."""
    consultation = services.send_consultation(actor=actor, consultation_id=consultation_id, now=now)
    files = list_drafted_files(consultation)
    if files:
        db.session.flush()
        submit_dossier(
            actor=actor,
            kind=Purpose.consultation,
            subject_id=consultation_id,
            upload_ids=[upload.id for upload in files],
            idempotency_key=f"consultation:{consultation_id}",
            now=now,
        )
    return consultation


def answer_letter(
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
    """The department's reply; the files' task in its queue is done with it."""
    consultation = services.answer_consultation(
        actor=actor,
        consultation_id=consultation_id,
        agrees=agrees,
        reply_no=reply_no,
        replied_on=replied_on,
        reply_text=reply_text,
        expected_version=expected_version,
        now=now,
    )
    closing.close_tasks(list_tasks(consultation_id), actor=actor, state=ReviewState.accepted, now=now)
    return consultation
