"""An organisation's files as the list shows them: state, hashes, why one was rejected, what the inspection counted."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.lifecycle.progress import Progress
from app.lifecycle.submissions.banks import find_blocking
from app.rules.settings import Settings
from app.web import bank_report
from app.web.wording import SCANS, UPLOAD_STATES
from uploads import naming, reasons
from uploads.models import Purpose, Upload, UploadState


@dataclass(frozen=True)
class FileRow:
    """One file. `selectable`: it may be submitted; `report`: what the inspection of a bank found, once there is one."""

    upload: Upload
    tone: str
    status: str
    note: str
    reasons: list[dict[str, str]]
    report: bank_report.BankReport | None
    frozen: bool
    selectable: bool
    selected: bool
    may_recheck: bool


def rows_of(
    progress: Progress,
    settings: Settings,
    *,
    chosen: Collection[uuid.UUID] | None = None,
    known: Collection[uuid.UUID] = (),
) -> list[FileRow]:
    """Every file of one subject, newest first.

    A file that may be submitted is selected unless it was seen and left out: `chosen` are the ticked ones, `known`
    those that could have been ticked (None: nobody has looked yet).
    """
    frozen = progress.handed_in
    return [_row(upload, settings, frozen, chosen, known) for upload in reversed(progress.uploads)]


def _row(
    upload: Upload,
    settings: Settings,
    frozen: Collection[uuid.UUID],
    chosen: Collection[uuid.UUID] | None,
    known: Collection[uuid.UUID],
) -> FileRow:
    tone, status = UPLOAD_STATES[upload.state]
    checks = find_blocking(upload, settings) if upload.purpose == Purpose.question_bank else {}
    blocking = sum(checks.values())
    if blocking:
        tone, status = "bad", gettext("有 %(count)d 处必须改正", count=blocking)
    selectable = upload.state == UploadState.checked and upload.id not in frozen and not blocking
    return FileRow(
        upload=upload,
        tone=tone,
        status=gettext("已提交") if upload.id in frozen else str(status),
        note=_note(upload),
        reasons=[_reason(reason) for reason in upload.reasons],
        report=bank_report.build(upload.report, name=upload.name, settings=settings) if upload.report else None,
        frozen=upload.id in frozen,
        selectable=selectable,
        selected=selectable and (chosen is None or upload.id in chosen or upload.id not in known),
        may_recheck=any(reason.get("retry") for reason in upload.reasons),
    )


def _note(upload: Upload) -> str:
    if message := reasons.note_of(upload.state, upload.scan):
        return str(gettext(message))
    return str(SCANS.get(upload.scan or "", ""))


def _reason(reason: dict[str, Any]) -> dict[str, str]:
    params = reason.get("params") or {}
    message = gettext(reason["message"], **params) if params else gettext(reason["message"])
    return {"message": message, "location": reason.get("location") or ""}


def accept_of(purpose: Purpose) -> str:
    """The extensions of a purpose as a file field takes them."""
    return ",".join(f".{extension}" for extension in naming.EXTENSIONS[purpose])


def ids_from(values: Collection[str]) -> list[uuid.UUID]:
    """The ids among what a form or an address said; what is none is left out, each is kept once."""
    found: list[uuid.UUID] = []
    for value in values:
        try:
            one = uuid.UUID(value)
        except ValueError:
            continue
        if one not in found:
            found.append(one)
    return found
