"""A dossier as one ZIP: each file passes from the object store to the browser piece by piece, none is held here.

Every file is hashed on the way; one that is no longer what was handed in ends the download instead of ending in it.
The bytes of a sealed file (a question bank, D4) are left out: its line in the manifest, with both hashes, is not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from zipstream import ZIP_STORED, ZipStream

from uploads.custody import reading
from uploads.custody.reading import Place
from uploads.models import Dossier, DossierFile, Purpose

FORMAT = "sheping-dossier-archive/1"
FOLDER = "files"
SUBMITTED = "submission-manifest.json"
SEALED_KINDS = frozenset({Purpose.question_bank.value})
_NOT_IN_A_PATH = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_LONGEST_STEM = 80
log = structlog.get_logger(__name__)


class ChangedInStore(Exception):
    """An object is no longer the one whose hash was handed in."""


@dataclass(frozen=True)
class Member:
    """One file of the dossier; without a `place` its bytes are not part of the archive."""

    file_id: str
    path: str
    name: str
    size: int
    sha256: str
    sm3: str
    type: str
    place: Place | None

    @property
    def is_included(self) -> bool:
        return self.place is not None


def list_members(dossier: Dossier, *, for_authority: bool) -> list[Member]:
    """The files in their order, each from the copy of the side that asks; `dossier.files` must be loaded."""
    sealed = dossier.kind in SEALED_KINDS
    return [_member(file, sealed, for_authority) for file in dossier.files]


def _member(file: DossierFile, sealed: bool, for_authority: bool) -> Member:
    return Member(
        file_id=str(file.id),
        path=f"{FOLDER}/{file.position:02d}-{_in_a_path(file.name)}",
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        sm3=file.sm3,
        type=file.type,
        place=None if sealed or file.purged_at else reading.place_of(file, own=not for_authority),
    )


def _in_a_path(name: str) -> str:
    """A name that every system can unpack; the position before it keeps two of them apart."""
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if dot else (name, "")
    return _NOT_IN_A_PATH.sub("_", stem[:_LONGEST_STEM].rstrip(" .") + extension)


def describe(dossier: Dossier, members: Sequence[Member], *, made_at: str, made_for: str) -> dict[str, Any]:
    """What manifest.json says: the dossier, every file with its hashes, and whether its bytes are here."""
    return {
        "format": FORMAT,
        "number": dossier.number,
        "title": dossier.title,
        "kind": dossier.kind,
        "submitted_at": dossier.submitted_at.isoformat(),
        "state": dossier.state,
        "submission_manifest": {"path": SUBMITTED, "sha256": dossier.manifest_sha256},
        "made_at": made_at,
        "made_for": made_for,
        "files": [
            {
                "position": position,
                "path": member.path if member.is_included else None,
                "name": member.name,
                "size": member.size,
                "sha256": member.sha256,
                "sm3": member.sm3,
                "type": member.type,
                "included": member.is_included,
            }
            for position, member in enumerate(members, start=1)
        ],
    }


def check_sums(members: Iterable[Member], dossier: Dossier) -> str:
    """Lines that `sha256sum -c SHA256SUMS` understands."""
    lines = [f"{dossier.manifest_sha256}  {SUBMITTED}"]
    lines += [f"{member.sha256}  {member.path}" for member in members if member.is_included]
    return "\n".join(lines) + "\n"


def make_archive(*, members: Sequence[Member], texts: Sequence[tuple[str, bytes]]) -> ZipStream:
    """The archive as an iterable whose `len` is its size in bytes.

    The database is asked for the keys now, in the caller's scope; no byte is read before it is iterated over.
    """
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    for path, content in texts:
        archive.add(content, path)
    for member in members:
        if member.place is not None:
            archive.add(_checked(reading.open_place(member.place), member), member.path, size=member.size)
    return archive


def _checked(stream: Iterable[bytes], member: Member) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in stream:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != member.sha256:
        log.error("object_changed_in_store", file=member.file_id)
        raise ChangedInStore(member.file_id)
