"""Reading what was handed in: an organisation's items and dossiers, an authority's inbox. Keyset pages, no N+1."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from tenants.models import Organisation
from uploads.models import Dossier, DossierFile, ReviewState, ReviewTask
from uploads.queries import OPEN_DOSSIERS

After = tuple[datetime, uuid.UUID] | None
OPEN_REVIEWS = (ReviewState.waiting, ReviewState.in_review)


@dataclass(frozen=True)
class InboxFilter:
    """What an inbox shows; empty means all. `assigned_to` is an officer; `unassigned` the tasks nobody has."""

    states: tuple[str, ...] = ()
    kind: str = ""
    text: str = ""
    assigned_to: uuid.UUID | None = None
    unassigned: bool = False


# Organisations ------------------------------------------------------------------------------------------------------


def list_items(organisation_id: uuid.UUID, *, after: After = None, limit: int) -> list[ApplicationItem]:
    """One page of an organisation's application items with their applications, oldest application first."""
    query = (
        select(ApplicationItem)
        .join(ApplicationItem.application)
        .where(ApplicationItem.organisation_id == organisation_id)
        .options(contains_eager(ApplicationItem.application))
        .order_by(Application.created_at, ApplicationItem.id)
    )
    if after is not None:
        query = query.where(tuple_(Application.created_at, ApplicationItem.id) > after)
    return list(db.session.scalars(query.limit(limit)))


def get_dossier(dossier_id: uuid.UUID) -> Dossier | None:
    """One dossier with its files and organisation."""
    return db.session.scalar(
        select(Dossier)
        .where(Dossier.id == dossier_id)
        .options(selectinload(Dossier.files), joinedload(Dossier.organisation))
    )


def find_by_key(organisation_id: uuid.UUID, idempotency_key: str) -> Dossier | None:
    """What an earlier request with this key has submitted, with its files."""
    query = select(Dossier).where(
        Dossier.organisation_id == organisation_id, Dossier.idempotency_key == idempotency_key
    )
    return db.session.scalar(query.options(selectinload(Dossier.files)))


def find_open_dossier(kind: str, subject_id: uuid.UUID) -> Dossier | None:
    """The one dossier of this subject that has not been returned, with its files."""
    query = select(Dossier).where(
        Dossier.kind == kind, Dossier.subject_id == subject_id, Dossier.state.in_(OPEN_DOSSIERS)
    )
    return db.session.scalar(query.options(selectinload(Dossier.files)))


def list_dossiers_of_subject(kind: str, subject_id: uuid.UUID) -> list[Dossier]:
    """Everything handed in for one subject, newest first, with files."""
    query = select(Dossier).where(Dossier.kind == kind, Dossier.subject_id == subject_id)
    query = query.options(selectinload(Dossier.files)).order_by(Dossier.submitted_at.desc(), Dossier.id)
    return list(db.session.scalars(query))


def list_dossiers(organisation_id: uuid.UUID, *, after: After = None, limit: int = 50) -> list[Dossier]:
    """One page of an organisation's dossiers, newest first, with files."""
    query = select(Dossier).where(Dossier.organisation_id == organisation_id)
    if after is not None:
        query = query.where(tuple_(Dossier.submitted_at, Dossier.id) < after)
    query = query.options(selectinload(Dossier.files)).order_by(Dossier.submitted_at.desc(), Dossier.id.desc())
    return list(db.session.scalars(query.limit(limit)))


# Authorities --------------------------------------------------------------------------------------------------------


def list_inbox(authority_code: str, *, wanted: InboxFilter, after: After = None, limit: int = 50) -> list[ReviewTask]:
    """One page of an inbox, newest first, with dossier, organisation and assignee; `after` is the last row seen."""
    query = _filtered(select(ReviewTask).where(ReviewTask.authority_code == authority_code), wanted)
    if after is not None:
        query = query.where(tuple_(ReviewTask.arrived_at, ReviewTask.id) < after)
    query = query.options(
        joinedload(ReviewTask.dossier), joinedload(ReviewTask.organisation), joinedload(ReviewTask.assignee)
    )
    return list(db.session.scalars(query.order_by(ReviewTask.arrived_at.desc(), ReviewTask.id.desc()).limit(limit)))


def count_inbox(authority_code: str, *, wanted: InboxFilter | None = None) -> dict[str, int]:
    """How many tasks stand in each state, of those the filter's other fields let through."""
    given = wanted or InboxFilter()
    wanted = InboxFilter(kind=given.kind, text=given.text, assigned_to=given.assigned_to, unassigned=given.unassigned)
    query = _filtered(select(ReviewTask.state, func.count()).where(ReviewTask.authority_code == authority_code), wanted)
    found = {state: count for state, count in db.session.execute(query.group_by(ReviewTask.state)).all()}
    return {state.value: found.get(state.value, 0) for state in ReviewState}


def _filtered(query: Select, wanted: InboxFilter) -> Select:  # type: ignore[type-arg]
    if wanted.states:
        query = query.where(ReviewTask.state.in_(wanted.states))
    if wanted.kind:
        query = query.where(ReviewTask.dossier_id.in_(select(Dossier.id).where(Dossier.kind == wanted.kind)))
    if wanted.assigned_to is not None:
        query = query.where(ReviewTask.assigned_to == wanted.assigned_to)
    if wanted.unassigned:
        query = query.where(ReviewTask.assigned_to.is_(None))
    if text := wanted.text.strip():
        named = select(Organisation.id).where(Organisation.name.icontains(text, autoescape=True))
        numbered = select(Dossier.id).where(Dossier.number.icontains(text, autoescape=True))
        query = query.where(or_(ReviewTask.organisation_id.in_(named), ReviewTask.dossier_id.in_(numbered)))
    return query


def get_task(task_id: uuid.UUID, *, lock: bool = False) -> ReviewTask | None:
    """One task with its dossier, the files, the organisation and the assignee. With `lock`, the row is held."""
    query = (
        select(ReviewTask)
        .where(ReviewTask.id == task_id)
        .options(
            joinedload(ReviewTask.dossier).selectinload(Dossier.files),
            joinedload(ReviewTask.organisation),
            joinedload(ReviewTask.assignee),
        )
    )
    if lock:
        query = query.with_for_update(of=ReviewTask).execution_options(populate_existing=True)
    return db.session.scalar(query)


def get_task_of(dossier_id: uuid.UUID) -> ReviewTask | None:
    """The task that a dossier became once it was delivered."""
    return db.session.scalar(select(ReviewTask).where(ReviewTask.dossier_id == dossier_id))


def list_tasks_of(subject_id: uuid.UUID) -> list[ReviewTask]:
    """What was handed in for one subject and has come to the authority, newest first, with its dossiers."""
    query = select(ReviewTask).join(ReviewTask.dossier).where(Dossier.subject_id == subject_id)
    query = query.options(contains_eager(ReviewTask.dossier)).order_by(ReviewTask.arrived_at.desc(), ReviewTask.id)
    return list(db.session.scalars(query))


def get_file(task: ReviewTask, file_id: uuid.UUID) -> DossierFile | None:
    """One file of a task whose files are loaded."""
    return next((file for file in task.dossier.files if file.id == file_id), None)


def list_undelivered(authority_code: str) -> Sequence[Dossier]:
    """The dossiers whose delivery failed for good, oldest first, with their organisation: those with a retry button."""
    query = select(Dossier).where(Dossier.authority_code == authority_code, Dossier.state == "dead_letter")
    return db.session.scalars(query.options(joinedload(Dossier.organisation)).order_by(Dossier.submitted_at)).all()
