"""Rows of files outside dossiers, as the file list shows them to an official and to an objector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import gettext

from app.web.dates import cn_datetime
from app.web.reasons import reason_text
from app.web.wording import SCANS, UPLOAD_STATES
from uploads import case_files, naming, reasons
from uploads.banks.filetype import FileKind
from uploads.models import Purpose, Upload, UploadState

_WORKING = (UploadState.receiving, UploadState.received, UploadState.checking)
_PICTURES = (FileKind.PNG, FileKind.JPEG)
Link = Callable[[Upload], str]


def rows_of(
    uploads: Iterable[Upload], *, download: Link | None = None, thumbnail: Link | None = None, hashes: bool = True
) -> list[dict[str, Any]]:
    """One row a file. `download` and `thumbnail` give addresses; only what was found clean has any."""
    return [_row(one, download, thumbnail, hashes) for one in uploads]


def _row(upload: Upload, download: Link | None, thumbnail: Link | None, hashes: bool) -> dict[str, Any]:
    tone, status = UPLOAD_STATES[upload.state]
    is_clean = upload.state == UploadState.checked and upload.purged_at is None
    waiting = reasons.note_of(upload.state, upload.scan)
    note = gettext(waiting) if waiting else str(SCANS.get(upload.scan or "", "")) if is_clean else ""
    when = cn_datetime(upload.created_at)
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size or upload.declared_size,
        "tone": tone,
        "status": status,
        "meta": f"{when} · {note}" if note else when,
        "sha256": upload.sha256 if hashes else None,
        "reasons": [{"message": reason_text(one), "location": one.get("location") or ""} for one in upload.reasons],
        "href": download(upload) if download and is_clean else None,
        "thumb": thumbnail(upload) if thumbnail and is_clean and upload.type in _PICTURES else None,
        "may_recheck": any(one.get("retry") for one in upload.reasons),
    }


def is_working(uploads: Iterable[Upload]) -> bool:
    """Whether something is still on its way or being checked: then the list looks again by itself."""
    return any(one.state in _WORKING for one in uploads)


def limits_of(purpose: Purpose) -> dict[str, Any]:
    """What the uploader says beforehand: extensions and the largest size."""
    return {
        "accept": ",".join(f".{extension}" for extension in naming.EXTENSIONS[purpose]),
        "max_size": case_files.bytes_of(purpose),
    }
