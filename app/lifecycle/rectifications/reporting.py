"""The organisation's report (整改报告): an answer to every defect, its files, and handing both in (R58)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from app.db import db
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.rectifications import queries
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.rectifications.stepping import DUE, due_at, move, tell_authority, unknown
from app.lifecycle.submissions.services import submit_dossier
from app.rules import dossiers
from app.rules import rectification as rules
from app.rules.core import N_
from app.rules.states import RectificationState
from tenants.scope import Actor
from uploads.models import Purpose, Upload

ANSWER_LIMIT = 4000


def check_running(row: Rectification, now: datetime) -> None:
    """Refusals rectification_not_open and rectification_over: the report cannot be worked on (any more)."""
    if row.state != RectificationState.DELIVERED:
        raise dossiers.rectification_not_open()
    dossiers.check_can_submit_rectification(row.state, now, due_at(row))


def save_answers(
    *, actor: Actor, rectification_id: uuid.UUID, answers: Mapping[uuid.UUID, str], now: datetime
) -> Rectification:
    """Keep what was written so far, by the defects' ids; nothing is handed in.

    Refusals: rectification_unknown, rectification_not_open, rectification_over.
    """
    row = _held(actor, rectification_id)
    check_running(row, now)
    for defect in row.defects:
        if defect.id in answers:
            defect.answer = answers[defect.id].strip()[:ANSWER_LIMIT]
    db.session.flush()
    return row


def submit_report(
    *, actor: Actor, rectification_id: uuid.UUID, answers: Mapping[uuid.UUID, str], now: datetime
) -> Rectification:
    """Hand in the report with its files: final, every defect answered, in time.

    The files travel as a dossier to the authority. Refusals: those of `save_answers`, defects_unanswered, and those of
    files that are not checked yet or did not pass.
    """
    row = save_answers(actor=actor, rectification_id=rectification_id, answers=answers, now=now)
    given = {_name(defect.position, defect.wording): defect.answer for defect in row.defects}
    rules.check_report(row.state, now, due_at(row), list(given), given)
    files = queries.list_drafted_files(row)
    for defect in row.defects:
        defect.files = [_proof(upload) for upload in files[defect.id]]
    db.session.flush()
    row.report_submitted_at = now
    sent = [upload for of_one in files.values() for upload in of_one]
    move(actor, row, "submit_report", "rectification_reported", now, files=str(len(sent)))
    if sent:
        submit_dossier(
            actor=actor,
            kind=Purpose.rectification_report,
            subject_id=row.id,
            upload_ids=[upload.id for upload in sent],
            idempotency_key=f"rectification:{row.id}",
            now=now,
        )
    meet_deadline(kind=DUE, subject_id=row.id, now=now)
    tell_authority(row, N_("收到整改报告,请组织重新评估"), "R59", now)
    return row


def _held(actor: Actor, rectification_id: uuid.UUID) -> Rectification:
    row = queries.get_rectification(rectification_id, lock=True)
    if row is not None and row.organisation_id == actor.organisation_id:
        return row
    # Not to be held: either it is not theirs, or another window has handed it in meanwhile.
    if queries.get_rectification(rectification_id) is None:
        raise unknown()
    raise dossiers.rectification_not_open()


def _name(position: int, wording: str) -> str:
    """How a refusal names a defect: its number, and the beginning of its words."""
    return f"{position}. {wording[:20]}{'…' if len(wording) > 20 else ''}"


def _proof(upload: Upload) -> dict[str, object]:
    return {
        "upload_id": str(upload.id),
        "name": upload.name,
        "size": upload.size or upload.declared_size,
        "sha256": upload.sha256,
    }
