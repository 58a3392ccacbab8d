"""The organisation's seal on its commitment: read from its custody when the document is made, small enough to print."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any

from app.db import db
from app.rules.core import N_
from uploads import pictures
from uploads.custody import reading
from uploads.custody.cipher import Tampered
from uploads.models import DossierFile
from uploads.store import ObjectGone


class SealUnreadable(RuntimeError):
    """The scan is not there any more, or is not what its hash says. Told in one line."""


def with_seal(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document's data with the picture of the seal that it names by `seal_file`; without one as it is.

    The same file gives the same picture. Raises SealUnreadable, PartDown.
    """
    file_id = data.get("seal_file")
    if not file_id:
        return dict(data)
    file = db.session.get(DossierFile, uuid.UUID(file_id))
    if file is None:
        raise _unreadable()
    try:
        picture = _read(file, own=True)
    except ObjectGone:
        # The organisation's copy is gone; the authority's holds the same bytes.
        picture = _read_copy(file)
    return {**data, "seal_image": "data:image/jpeg;base64," + base64.b64encode(picture).decode()}


def _read_copy(file: DossierFile) -> bytes:
    try:
        return _read(file, own=False)
    except ObjectGone:
        raise _unreadable() from None


def _read(file: DossierFile, *, own: bool) -> bytes:
    try:
        with reading.plain_copy(file, own=own) as copy:
            fault = pictures.find_fault(copy.path, most=pictures.MAX_PRINT_PIXELS)
            if fault is not None or copy.sha256 != file.sha256:
                raise _unreadable()
            return pictures.for_print(copy.path)
    except (reading.Locked, Tampered):
        raise _unreadable() from None


def _unreadable() -> SealUnreadable:
    return SealUnreadable(N_("单位印章扫描件已不在存储中,或与签署时的摘要不符,不能印在承诺书上。"))
