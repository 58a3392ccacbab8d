"""What the API takes and gives, as dataclasses; the suite holds each answer's example against its schema."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from app.lifecycle.submissions.reviews import Decision
from app.web.api.schema import Limits
from uploads.models import DossierState, Purpose, ReviewState, UploadState

MAX_PARTS = 10_000
MAX_FILES = 200
PAGE = 50
Cursor = Annotated[str | None, Limits("`next_cursor` of the page before.", high=500)]
PageSize = Annotated[int, Limits("Entries a page.", low=1, high=200)]


# Uploads ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UploadRequest:
    """A file that is about to be uploaded."""

    name: Annotated[str, Limits("The file's name; path parts and control characters are taken out.", low=1, raw=True)]
    size: Annotated[int, Limits("Bytes.", high=2**62)]
    purpose: Purpose
    subject_id: Annotated[uuid.UUID | None, Limits("The application item or renewal cycle it belongs to.")] = None


@dataclass(frozen=True)
class Part:
    """A part to PUT, exactly `part_size` bytes; the last one is what remains."""

    number: int
    url: str


@dataclass(frozen=True)
class UploadTicket:
    """Where to send the bytes. Keep each answer's ETag and name it at completion."""

    id: uuid.UUID
    part_size: int
    parts: list[Part]
    expires_at: datetime


@dataclass(frozen=True)
class PartProgress:
    """A part with a fresh address; `done` and its `etag` once the store has the part whole."""

    number: int
    size: int
    url: str
    done: bool
    etag: str | None


@dataclass(frozen=True)
class UploadParts:
    """What is needed to resume an upload: send the parts that have no ETag, then complete with all."""

    id: uuid.UUID
    part_size: int
    parts: list[PartProgress]
    expires_at: datetime


@dataclass(frozen=True)
class SentPart:
    """A part that was sent, with the ETag the store answered."""

    number: Annotated[int, Limits(low=1, high=MAX_PARTS)]
    etag: Annotated[str, Limits(low=1, high=200)]


@dataclass(frozen=True)
class Completion:
    """All parts of an upload."""

    parts: Annotated[list[SentPart], Limits(low=1, high=MAX_PARTS)]


@dataclass(frozen=True)
class Reason:
    """Why a file was rejected, as a sentence for a person; `location` says where (a sheet and row) when known."""

    code: str
    message: str
    location: str | None


@dataclass(frozen=True)
class UploadStatus:
    """One file. Hashes in lower-case hex; `type` is found from the content; `note` says what it is waiting for.

    `scan`: clean, skipped (no scanner is configured), waiting, or null. `report`: counts, rows and checks, no question.
    """

    id: uuid.UUID
    name: str
    purpose: Purpose
    subject_id: uuid.UUID | None
    state: UploadState
    size: int
    sha256: str | None
    sm3: str | None
    type: str | None
    scan: str | None
    note: str | None
    reasons: list[Reason]
    report: dict[str, Any] | None
    created_at: datetime
    checked_at: datetime | None


@dataclass(frozen=True)
class UploadQuery:
    """Which files to list."""

    purpose: Purpose | None = None
    subject_id: uuid.UUID | None = None
    cursor: Cursor = None
    limit: PageSize = PAGE


@dataclass(frozen=True)
class UploadPage:
    """Files, oldest first."""

    items: list[UploadStatus]
    next_cursor: str | None


# Dossiers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DossierRequest:
    """Checked files handed in together: for a question bank of an item, or a self-assessment of a renewal cycle."""

    kind: Purpose
    subject_id: uuid.UUID
    upload_ids: Annotated[list[uuid.UUID], Limits(low=1, high=MAX_FILES)]


@dataclass(frozen=True)
class DossierReceipt:
    """The receipt of a submission; `manifest_sha256` is the SHA-256 of the canonical JSON of its manifest."""

    id: uuid.UUID
    number: str
    state: DossierState
    manifest_sha256: str


@dataclass(frozen=True)
class DossierFileInfo:
    """A file as it was submitted."""

    name: str
    size: int
    sha256: str
    sm3: str
    type: str


@dataclass(frozen=True)
class EventInfo:
    """One step: what, when, and the role (not the name) of who did it."""

    name: str
    at: datetime
    role: str


@dataclass(frozen=True)
class DossierStatus:
    """A dossier and what became of it; `reason` is the officer's when it was returned."""

    id: uuid.UUID
    number: str
    kind: Purpose
    subject_id: uuid.UUID
    title: str
    state: DossierState
    manifest_sha256: str
    submitted_at: datetime
    delivered_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    files: list[DossierFileInfo]
    events: list[EventInfo]


# Reviews ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReviewQuery:
    """Which tasks of the inbox to list."""

    state: ReviewState | None = None
    kind: Purpose | None = None
    q: Annotated[str, Limits("Part of the organisation's name or of the dossier's number.", high=100)] = ""
    cursor: Cursor = None
    limit: PageSize = PAGE


@dataclass(frozen=True)
class ReviewInfo:
    """One task. `version` counts its changes: send it with a decision to be told if someone was faster."""

    id: uuid.UUID
    dossier_id: uuid.UUID
    number: str
    kind: Purpose
    title: str
    organisation: str
    state: ReviewState
    assigned: bool
    arrived_at: datetime
    decided_at: datetime | None
    reason: str | None
    version: int


@dataclass(frozen=True)
class ReviewPage:
    """Tasks, newest first."""

    items: list[ReviewInfo]
    next_cursor: str | None


@dataclass(frozen=True)
class DecisionRequest:
    """The decision on a dossier; a return needs its reason."""

    decision: Decision
    reason: Annotated[str, Limits(high=2000)] = ""
    version: Annotated[int | None, Limits("The task's version as it was read.", low=1)] = None


# Records ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PageQuery:
    """Which page."""

    cursor: Cursor = None
    limit: PageSize = PAGE


@dataclass(frozen=True)
class ItemInfo:
    """An application item: occupation, work type and level; `bank_state` follows its question bank."""

    id: uuid.UUID
    application_id: uuid.UUID
    application_number: str
    occupation_code: str
    occupation_name: str
    work_type: str
    skill_level: str
    state: str
    bank_state: str
    incubation_due_on: date | None


@dataclass(frozen=True)
class ItemPage:
    """The organisation's application items."""

    items: list[ItemInfo]
    next_cursor: str | None


@dataclass(frozen=True)
class DeadlineInfo:
    """A deadline. `due_on` is the last day, `due_at` its end (24:00 in Shanghai); `rule` as `sheping rules list`."""

    id: uuid.UUID
    kind: str
    label: str
    subject_type: str
    subject_id: uuid.UUID
    due_on: date
    due_at: datetime
    provisional: bool
    state: str
    rule: str


@dataclass(frozen=True)
class DeadlinePage:
    """Deadlines by due date."""

    items: list[DeadlineInfo]
    next_cursor: str | None


@dataclass(frozen=True)
class FaultInfo:
    """One thing wrong with a request."""

    location: str
    message: str


@dataclass(frozen=True)
class Problem:
    """An error (RFC 9457, application/problem+json). `code` is stable; `detail` is a sentence for a person."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    rule: str | None = None
    clause: str | None = None
    errors: list[FaultInfo] | None = None
