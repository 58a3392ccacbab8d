"""The one verifier, behind the public page and `sheping documents verify`: the file, then what we know of its number.

A file is valid when it is whole, sealed by a key that we trust, and one of the files that we stored under its number.
Whether the document still stands is its `state`: a superseded receipt may be perfectly genuine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.documents import queries
from app.documents.models import Document, DocumentFile, DocumentState, TimestampState
from app.documents.reader import READER
from app.documents.reading import MAX_BYTES, MAX_PAGES, Reading
from app.lifecycle.directory.models import DirectoryEntry
from app.rules.core import N_
from app.rules.routing import authority_label

RECEIPTS = frozenset({"receipt", "renewal_receipt"})

SAMPLE = "SAMPLE-"

PROBLEMS = {
    "too_large": N_("文件超过20 MB,不是本系统出具的文书。"),
    "not_pdf": N_("这不是PDF文件。"),
    "too_heavy": N_("文件过于复杂,已停止检查;本系统出具的文书不会这样。"),
    "too_many_pages": N_("文件超过300页,不是本系统出具的文书。"),
    "unreadable": N_("文件损坏或无法读取,不能证明其真实。"),
    "unsigned": N_("文件没有电子签章:可能是打印、扫描或另存后的文件。"),
    "several_signatures": N_("文件含有多个签章,不是本系统出具的原件。"),
    "altered": N_("文件在签章后被改动过,或被追加了内容。"),
    "untrusted": N_("签章所用的证书不是本系统信任的机构签发的。"),
    "certificate_revoked": N_("签章时所用的证书已被吊销。"),
    "not_ours": N_("文件中没有本系统的文书编号。"),
    "number_unknown": N_("本系统没有出具过这个编号的文书。"),
    "number_unchecked": N_("签章有效,但现在无法连接数据库,没有核对文号。"),
    "other_file": N_("文件与本系统保存的这份文书不一致。"),
}


class Standing(StrEnum):
    """How a document stands today."""

    valid = "valid"
    renewed = "renewed"
    superseded = "superseded"
    revoked = "revoked"
    left_directory = "left_directory"
    awaiting = "awaiting"
    sample = "sample"
    unknown = "unknown"


@dataclass(frozen=True)
class Verification:
    """`reason` is why a file is not valid (a Chinese sentence, a msgid), empty for a valid one. `state`: a Standing."""

    valid: bool
    whole: bool
    signer: str
    signed_at: str
    number: str
    state: str
    reason: str
    timestamped: bool = False

    def as_json(self) -> dict[str, Any]:
        """The stable form: {valid, whole, signer, signed_at, number, state, reason, timestamped}."""
        return asdict(self)


def verify(
    pdf: bytes,
    *,
    roots: Sequence[bytes],
    crls: Sequence[bytes] = (),
    find: Callable[[str], Known | None] | None,
) -> Verification:
    """Check a file. `find` answers what we know of a verification code; None where no database is to be had."""
    reading = READER.read(pdf, roots=roots, crls=crls)
    if reading.reference.startswith(SAMPLE):
        return _answer(reading, reading.problem, Standing.sample)
    known = find(reading.reference.rpartition("-")[2]) if find is not None and reading.reference else None
    state = known.standing if known else Standing.unknown
    if reading.problem:
        return _answer(reading, reading.problem, state)
    if not reading.reference:
        return _answer(reading, "not_ours", state)
    if find is None:
        return _answer(reading, "number_unchecked", state)
    if known is None:
        return _answer(reading, "number_unknown", state)
    if known.reference != reading.reference or hashlib.sha256(pdf).hexdigest() not in known.hashes:
        return _answer(reading, "other_file", state)
    return _answer(reading, "", state)


def _answer(reading: Reading, problem: str, state: Standing) -> Verification:
    signed_at = ""
    if reading.signed_at:
        signed_at = datetime.fromisoformat(reading.signed_at).astimezone(SHANGHAI).isoformat(timespec="seconds")
    return Verification(
        valid=problem == "",
        whole=reading.whole,
        signer=reading.signer,
        signed_at=signed_at,
        number=reading.number,
        state=state.value,
        reason=PROBLEMS[problem] if problem else "",
        timestamped=reading.timestamped,
    )


@dataclass(frozen=True)
class Known:
    """What the database knows of a code, as plain values: the gate that let us see it closes behind us.

    `ended_at`, `reason`: since when and why it does not stand any more; `by`: the number that took its place.
    `institution_code`, `filed_from`, `filed_to`: of a receipt, which anybody finds in the directory too.
    """

    reference: str
    hashes: frozenset[str]
    standing: Standing
    number: str
    title: str
    authority: str
    organisation: str
    issued_on: date
    signer: str
    signed_at: datetime | None
    timestamped: bool
    ended_at: datetime | None
    reason: str
    by: str
    left_on: date | None
    institution_code: str = ""
    filed_from: date | None = None
    filed_to: date | None = None


def find_known(code: str, *, now: datetime) -> Known | None:
    """What we know of a verification code; the public needs a gate opened with it."""
    document = queries.find_by_code(code)
    if document is None:
        return None
    hashes = db.session.scalars(select(DocumentFile.sha256).where(DocumentFile.document_id == document.id))
    left_on = _left_on(document, now)
    return Known(
        reference=document.reference,
        hashes=frozenset(hashes),
        standing=_standing(document, left_on),
        number=document.number,
        title=document.title,
        authority=authority_label(document.authority_code),
        organisation=str(document.data.get("organisation", "")),
        issued_on=document.issued_on,
        signer=document.signer or "",
        signed_at=document.signed_at,
        timestamped=document.timestamp_state == TimestampState.done,
        ended_at=document.standing_changed_at,
        reason=document.state_reason,
        by=document.superseded_by_number or "",
        left_on=left_on,
        **(_filed(document.data) if document.kind in RECEIPTS else {}),
    )


def _filed(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a receipt grants: the code, and the first and the last day of the period."""
    first, last = data.get("valid_from"), data.get("valid_to")
    return {
        "institution_code": str(data.get("institution_code", "")),
        "filed_from": date.fromisoformat(first) if first else None,
        "filed_to": date.fromisoformat(last) if last else None,
    }


def _standing(document: Document, left_on: date | None) -> Standing:
    if document.state == DocumentState.superseded:
        return Standing.renewed if document.superseded_by_kind == "renewal_receipt" else Standing.superseded
    if document.state == DocumentState.revoked:
        return Standing.revoked
    if document.state == DocumentState.awaiting:
        return Standing.awaiting
    return Standing.left_directory if left_on else Standing.valid


def _left_on(document: Document, now: datetime) -> date | None:
    """The day on which the organisation of a receipt left the directory, if it has."""
    code = document.data.get("institution_code")
    if document.kind not in {"receipt", "renewal_receipt"} or not code:
        return None
    days = list(db.session.scalars(select(DirectoryEntry.left_on).where(DirectoryEntry.institution_code == code)))
    today = now.astimezone(SHANGHAI).date()
    gone = [day for day in days if day is not None and day <= today]
    return max(gone) if gone and len(gone) == len(days) else None


__all__ = ["MAX_BYTES", "MAX_PAGES", "PROBLEMS", "Known", "Standing", "Verification", "find_known", "verify"]
