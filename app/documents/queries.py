"""Reading documents; the scope decides which of them there are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.db import db
from app.documents.models import Document, DocumentFile, DocumentState


def get_document(document_id: uuid.UUID) -> Document | None:
    """One document with its files."""
    return db.session.scalar(select(Document).where(Document.id == document_id).options(selectinload(Document.files)))


def find_by_code(code: str) -> Document | None:
    """The document with this verification code; the public needs a gate opened with it."""
    return db.session.scalar(select(Document).where(Document.code == code))


def list_documents(
    *,
    subject_type: str | None = None,
    subject_id: object = None,
    subject_ids: Iterable[object] = (),
    kind: str | None = None,
    kinds: Sequence[str] = (),
    organisation_id: uuid.UUID | None = None,
    limit: int = 200,
) -> list[Document]:
    """The newest documents first, narrowed by whatever is given."""
    query = select(Document).options(selectinload(Document.files))
    if subject_type is not None:
        query = query.where(Document.subject_type == subject_type)
    if wanted := [str(one) for one in (*subject_ids, *([subject_id] if subject_id is not None else []))]:
        query = query.where(Document.subject_id.in_(wanted))
    if wanted_kinds := [*kinds, *([kind] if kind else [])]:
        query = query.where(Document.kind.in_(wanted_kinds))
    if organisation_id is not None:
        query = query.where(Document.organisation_id == organisation_id)
    return list(db.session.scalars(query.order_by(Document.created_at.desc(), Document.number.desc()).limit(limit)))


def current_document(*, kind: str, subject_type: str, subject_id: object) -> Document | None:
    """The newest document of a kind about a subject that still stands."""
    query = (
        select(Document)
        .where(Document.kind == kind, Document.subject_type == subject_type, Document.subject_id == str(subject_id))
        .where(Document.state.in_((DocumentState.awaiting, DocumentState.issued)))
        .options(selectinload(Document.files))
        .order_by(Document.created_at.desc())
    )
    return db.session.scalars(query.limit(1)).first()


def newest_file(document: Document) -> DocumentFile | None:
    """The file to hand out; None while it is still being made."""
    query = select(DocumentFile).where(DocumentFile.document_id == document.id)
    return db.session.scalars(query.order_by(DocumentFile.revision.desc()).limit(1)).first()


def count_progress(document_ids: Iterable[uuid.UUID]) -> tuple[int, int, int]:
    """(all, with a file, with a problem) of these documents: for a batch's progress bar."""
    row = db.session.execute(
        select(
            func.count(),
            func.count(Document.sha256),
            func.count().filter(Document.problem != "", Document.sha256.is_(None)),
        ).where(Document.id.in_(list(document_ids)))
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
