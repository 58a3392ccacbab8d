"""Making the files of documents after the commit, and trying again what could not be made or timestamped yet."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import func, or_, select

from app import clock, outbox
from app.db import db
from app.documents import settings as document_settings
from app.documents.fonts import FontsMissing
from app.documents.keys import KeyProblem, trust_roots
from app.documents.making import make
from app.documents.models import Document, DocumentFile, DocumentState, TimestampState
from app.documents.seal_scans import SealUnreadable, with_seal
from app.documents.services import QUEUE, RENDER
from app.documents.settings import DocumentSettings
from app.documents.timestamping import TimestampUnavailable, add_timestamp
from app.documents.typesetting import TypesettingFailed
from app.jobs import NotReady, job
from app.lifecycle.scheduling import Periodic
from app.rules.core import N_
from tenants import events
from tenants.scope import SYSTEM_ACTOR
from uploads.errors import PartDown
from uploads.store import ObjectStore

TIMESTAMP = "app.documents.jobs.timestamp_document"
RETRY_AFTER = timedelta(minutes=2)
log = structlog.get_logger(__name__)


@job(on_dead="app.documents.jobs.note_failure")
def render_document(document_id: str) -> None:
    """Typeset, seal, timestamp and store one document; with nothing to do, return.

    What is wrong with keys, fonts or a seal's scan stays on the document as its `problem`: `retry_waiting` tries again.
    """
    document = _locked(document_id)
    if document is None or document.sha256 is not None:
        return
    settings = document_settings.current()
    try:
        made = make(
            kind=document.kind,
            title=document.title,
            number=document.number,
            reference=document.reference,
            authority_code=document.authority_code,
            issued_on=document.issued_on,
            data=with_seal(document.data),
            settings=settings,
        )
    except (KeyProblem, FontsMissing, TypesettingFailed, SealUnreadable) as problem:
        _note_problem(document, str(problem))
        return
    except PartDown as down:
        raise NotReady(str(down)) from down
    pdf, timestamp_state, problem_text = _with_time(made.pdf, settings)
    _keep(document, pdf, revision=1)
    document.pages = made.reading.pages
    document.signer = made.reading.signer
    document.signed_at = datetime.fromisoformat(made.reading.signed_at)
    document.timestamp_state, document.problem = timestamp_state, problem_text
    document.tried_at = datetime.now(UTC)
    document.attempts += 1
    if document.state == DocumentState.awaiting:
        document.state = DocumentState.issued
    events.record(
        "document_issued",
        actor=SYSTEM_ACTOR,
        now=clock.now(),
        subject_type=document.subject_type,
        subject_id=document.subject_id,
        organisation_id=document.organisation_id if document.for_organisation else None,
        authority_code=document.authority_code,
        before=DocumentState.awaiting,
        after=document.state,
        title=f"{document.title} {document.number}",
        document=str(document.id),
        sha256=document.sha256,
    )


@job()
def timestamp_document(document_id: str) -> None:
    """Give a document that waits for it its trusted time, as a second file."""
    document = _locked(document_id)
    if document is None or document.sha256 is None or document.timestamp_state != TimestampState.awaiting:
        return
    query = select(DocumentFile).where(DocumentFile.document_id == document.id).order_by(DocumentFile.revision.desc())
    newest = db.session.scalars(query.limit(1)).one()
    try:
        pdf = b"".join(_store().stream(newest.bucket, newest.key))
    except PartDown as down:
        raise NotReady(str(down)) from down
    stamped, state, problem_text = _with_time(pdf, document_settings.current())
    document.tried_at = datetime.now(UTC)
    document.attempts += 1
    document.problem = problem_text
    if state == TimestampState.done:
        _keep(document, stamped, revision=newest.revision + 1)
        document.timestamp_state = state


@job()
def note_failure(document_id: str) -> None:
    """Making it has failed for good: say so on the document, which is tried again like any other that waits."""
    document = _locked(document_id)
    if document is not None and document.sha256 is None:
        _note_problem(document, N_("制作文书时出现意外错误,已记录,系统会自动重试。"))


def _locked(document_id: str) -> Document | None:
    query = select(Document).where(Document.id == uuid.UUID(document_id)).with_for_update()
    return db.session.scalar(query)


def _with_time(pdf: bytes, settings: DocumentSettings) -> tuple[bytes, TimestampState, str]:
    if not settings.tsa_url:
        return pdf, TimestampState.none, ""
    roots = trust_roots(settings, with_demo=settings.demo_keys)
    try:
        stamped = add_timestamp(pdf, url=settings.tsa_url, seconds=settings.tsa_timeout, roots=roots)
    except TimestampUnavailable as problem:
        return pdf, TimestampState.awaiting, str(problem)
    return stamped, TimestampState.done, ""


def _keep(document: Document, pdf: bytes, *, revision: int) -> None:
    """Store the file under a new random key: nothing stored is ever written over."""
    bucket = f"{document_settings.current().bucket_prefix}-documents"
    key = f"{document.id}/{uuid.uuid4().hex}"
    try:
        _store().put(bucket, key, [pdf], len(pdf))
    except PartDown as down:
        raise NotReady(str(down)) from down
    digest = hashlib.sha256(pdf).hexdigest()
    db.session.add(
        DocumentFile(
            id=uuid.uuid4(),
            document_id=document.id,
            revision=revision,
            sha256=digest,
            size=len(pdf),
            bucket=bucket,
            key=key,
            created_at=datetime.now(UTC),
        )
    )
    document.sha256, document.size = digest, len(pdf)


def _store() -> ObjectStore:
    store: ObjectStore = current_app.extensions["sheping_store"]
    return store


def _note_problem(document: Document, problem: str) -> None:
    log.warning("document_waits", document=str(document.id), kind=document.kind, reason=problem)
    document.problem = problem
    document.attempts += 1
    document.tried_at = datetime.now(UTC)


def retry_waiting() -> int:
    """Give what waits for a key, a font or a timestamp to the workers again; answers how many."""
    due = datetime.now(UTC) - RETRY_AFTER
    query = (
        select(Document.id, Document.sha256)
        .where(or_(Document.sha256.is_(None), Document.timestamp_state == TimestampState.awaiting))
        .where(Document.tried_at.is_not(None), Document.tried_at < due)
        .order_by(Document.tried_at)
        .limit(500)
    )
    rows = db.session.execute(query).all()
    for document_id, sha256 in rows:
        outbox.add(RENDER if sha256 is None else TIMESTAMP, queue=QUEUE, document_id=str(document_id))
        db.session.execute(
            Document.__table__.update().where(Document.id == document_id).values(tried_at=func.now())  # type: ignore[attr-defined]
        )
    db.session.commit()
    if rows:
        log.info("documents_retried", count=len(rows))
    return len(rows)


PERIODIC = (Periodic("documents_retry", 30, retry_waiting),)
