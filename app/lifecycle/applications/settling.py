"""The files' tasks in the bureau's queue follow what the acceptance desk decides on their application."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.submissions import closing
from tenants.scope import Actor
from uploads.models import Dossier, Purpose, ReviewState, ReviewTask


def list_dossiers(application: Application) -> list[Dossier]:
    """What was handed in with an application and its supplements, oldest first."""
    requests = select(SupplementRequest.id).where(SupplementRequest.application_id == application.id)
    query = select(Dossier).where(
        or_(
            and_(Dossier.kind == Purpose.filing_materials, Dossier.subject_id == application.id),
            and_(Dossier.kind == Purpose.supplement, Dossier.subject_id.in_(requests)),
        )
    )
    return list(db.session.scalars(query.order_by(Dossier.submitted_at, Dossier.id)))


def list_tasks(application: Application) -> list[ReviewTask]:
    """Their tasks in the queue, with dossier and files, oldest first."""
    ids = [dossier.id for dossier in list_dossiers(application)]
    query = (
        select(ReviewTask)
        .where(ReviewTask.dossier_id.in_(ids))
        .options(joinedload(ReviewTask.dossier).selectinload(Dossier.files))
    )
    return list(db.session.scalars(query.order_by(ReviewTask.arrived_at, ReviewTask.id)))


def find_application_id(task_id: uuid.UUID) -> uuid.UUID | None:
    """The application that a task's files belong to; None for a task of another kind, or not the scope's."""
    query = select(Dossier.kind, Dossier.subject_id).join(ReviewTask, ReviewTask.dossier_id == Dossier.id)
    row = db.session.execute(query.where(ReviewTask.id == task_id)).one_or_none()
    if row is None:
        return None
    if row.kind == Purpose.supplement:
        request = select(SupplementRequest.application_id).where(SupplementRequest.id == row.subject_id)
        return db.session.scalar(request)
    return row.subject_id if row.kind == Purpose.filing_materials else None


def close_tasks(actor: Actor, application: Application, state: ReviewState, reason: str, now: datetime) -> None:
    """Mark every open task and its dossier as decided; what has not arrived yet is marked when it is looked at."""
    closing.close_tasks(list_tasks(application), actor=actor, state=state, reason=reason, now=now)
