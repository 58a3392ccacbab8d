"""The scan of the organisation's seal (单位印章扫描件) that stands on a commitment signed in the system (R28).

It is printed on the document after the commit, by a job. What cannot be printed is refused when it is signed, while the
person who can scan it again is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from app.rules.core import N_, Refusal
from uploads import pictures
from uploads.custody import reading
from uploads.custody.cipher import Tampered
from uploads.models import Upload, UploadState
from uploads.queries import list_by_ids
from uploads.store import ObjectGone

PICTURES = frozenset({"png", "jpeg"})


class _Typed(Protocol):
    @property
    def type(self) -> str | None: ...


_File = TypeVar("_File", bound=_Typed)


def find_seal(files: Iterable[_File]) -> _File | None:
    """The scan that is printed: the first picture. A PDF is named with its hash only."""
    return next((file for file in files if file.type in PICTURES), None)


def check_seal(upload_ids: Sequence[uuid.UUID]) -> None:
    """Read the scan that will be printed, whole. Refusals seal_too_large, seal_unreadable; raises PartDown."""
    if not upload_ids:
        return
    found = list_by_ids(upload_ids)
    checked = [found[one] for one in upload_ids if one in found and found[one].state == UploadState.checked]
    seal = find_seal(checked)
    if seal is not None:
        _check(seal)


def _check(seal: Upload) -> None:
    try:
        with reading.plain_copy(seal) as copy:
            fault = pictures.find_fault(copy.path, most=pictures.MAX_PRINT_PIXELS)
            is_whole = copy.sha256 == seal.sha256
    except (ObjectGone, reading.Locked, Tampered):
        raise _unreadable(seal) from None
    if fault is not None and fault["code"] == "picture_too_large":
        raise Refusal(
            "seal_too_large",
            "R28",
            N_("印章扫描件“%(name)s”超过 %(millions)d 百万像素,无法印在承诺书上。请移除后降低分辨率重新扫描上传。"),
            name=seal.name,
            millions=pictures.MAX_PRINT_PIXELS // 1_000_000,
        )
    if fault is not None or not is_whole:
        raise _unreadable(seal)


def _unreadable(seal: Upload) -> Refusal:
    return Refusal(
        "seal_unreadable",
        "R28",
        N_("印章扫描件“%(name)s”无法打开,不能印在承诺书上。请移除后重新扫描上传,再签署。"),
        name=seal.name,
    )
