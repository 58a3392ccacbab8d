"""Issuing documents and ending their standing. The file itself is made after the commit (`jobs.render_document`)."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.documents import settings, texts
from app.documents.fonts import check_printable, load_fonts
from app.documents.kinds import Kind, get_kind, number_of
from app.documents.models import Document, DocumentState
from app.documents.samples import SAMPLES
from app.documents.schema import check_data, strings_of
from app.documents.typesetting import template_hash
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor

QUEUE = "documents"
RENDER = "app.documents.jobs.render_document"
# Crockford's base 32, as other numbers here: 20 characters are 100 bits, which nobody guesses.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20


def prepare(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template will be given: the checked data, and under `parts` the department's texts filled in.

    Refusals: document_kind_unknown, document_data_missing, document_data_invalid, document_data_unknown,
    character_unprintable. Call it early to show what is missing before anything is decided.
    """
    chosen = get_kind(kind)
    checked = check_data(chosen.fields, data)
    in_force = texts.texts_in_force(chosen)
    checked["parts"] = {key: texts.fill(body, chosen, checked) for key, (body, _) in in_force.items()}
    checked["part_versions"] = {key: version for key, (_, version) in in_force.items()}
    check_printable(strings_of(checked), load_fonts(settings.current().fonts))
    return checked


def issue(
    *,
    kind: str,
    authority_code: str,
    organisation_id: uuid.UUID | None,
    subject_type: str,
    subject_id: object,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    supersedes: Document | None = None,
    for_organisation: bool | None = None,
) -> Document:
    """Number a document and have its file made after the commit. `supersedes` loses its standing to it.

    The number is drawn under a row lock that lasts until the transaction ends: one rolled back is given again.
    Refusals: those of `prepare`, document_ended when `supersedes` has lost its standing already.
    """
    chosen = get_kind(kind)
    content = prepare(kind, data)
    issued_on = now.astimezone(SHANGHAI).date()
    serial = _draw(authority_code, chosen, issued_on.year)
    document = Document(
        id=uuid.uuid4(),
        kind=chosen.id,
        authority_code=authority_code,
        organisation_id=organisation_id,
        subject_type=subject_type,
        subject_id=str(subject_id),
        series=chosen.series,
        year=issued_on.year,
        serial=serial,
        number=number_of(chosen, authority_code, issued_on.year, serial),
        code="".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH)),
        title=chosen.title,
        issued_on=issued_on,
        data=content,
        data_sha256=data_hash(content),
        template_version=chosen.version,
        template_sha256=template_hash(chosen.id),
        for_organisation=chosen.for_organisation if for_organisation is None else for_organisation,
        is_public=chosen.is_public,
        state=DocumentState.awaiting,
        supersedes_id=supersedes.id if supersedes else None,
        issued_by=actor.user_id,
        created_at=now,
    )
    db.session.add(document)
    db.session.flush()
    if supersedes is not None:
        supersede(actor=actor, document=supersedes, by=document, now=now)
    _record("document_numbered", actor, document, now, before=None)
    outbox.add(RENDER, queue=QUEUE, key=f"document:{document.id}", document_id=str(document.id))
    return document


def _draw(authority_code: str, kind: Kind, year: int) -> int:
    return int(db.session.scalar(select(func.draw_document_number(authority_code, kind.series, year))) or 0)


def data_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of what the template was given."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def supersede(*, actor: Actor, document: Document, by: Document, now: datetime, reason: str = "") -> None:
    """End a document's standing in favour of another. Refusal document_ended."""
    before = _check_standing(document)
    document.state = DocumentState.superseded
    document.state_reason = reason
    document.standing_changed_at = now
    document.superseded_by_id, document.superseded_by_number = by.id, by.number
    document.superseded_by_kind = by.kind
    db.session.flush()
    _record("document_superseded", actor, document, now, before=before, reason=reason)


def revoke(*, actor: Actor, document: Document, reason: str, now: datetime) -> None:
    """End a document's standing, with the reason that anybody who checks it is told. Refusals: reason_missing,
    document_ended."""
    if not reason.strip():
        raise Refusal("reason_missing", "", N_("请填写理由。理由会告知对方并记入办理过程。"))
    before = _check_standing(document)
    document.state = DocumentState.revoked
    document.state_reason = reason.strip()
    document.standing_changed_at = now
    db.session.flush()
    _record("document_revoked", actor, document, now, before=before, reason=reason.strip())


def _check_standing(document: Document) -> str:
    if document.state in {DocumentState.superseded, DocumentState.revoked}:
        raise Refusal(
            "document_ended",
            "",
            N_("文书%(number)s已被替代或撤销,不能再次变更。"),
            number=document.number,
        )
    return document.state


def sample(kind: str) -> dict[str, Any]:
    """Sample data of a kind, as `issue` takes it: for previews, samples and tests. Refusal document_kind_unknown."""
    return dict(SAMPLES[get_kind(kind).id])


def _record(
    name: str, actor: Actor, document: Document, now: datetime, *, before: str | None, reason: str = ""
) -> None:
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type=document.subject_type,
        subject_id=document.subject_id,
        organisation_id=document.organisation_id if document.for_organisation else None,
        authority_code=document.authority_code,
        before=before,
        after=document.state,
        title=f"{document.title} {document.number}",
        document=str(document.id),
        sha256=document.data_sha256,
        reason=reason,
    )
