"""Why a file is rejected and what to do about it, in a clerk's words; kept on the upload as plain values."""

from __future__ import annotations

from typing import Any

from app.rules.core import N_
from uploads.models import UploadState

SCAN_WAITING = "waiting"


def reason(
    code: str, message: str, /, *, location: str | None = None, retry: bool = False, **params: Any
) -> dict[str, Any]:
    """One reason as it is stored: `message` is a msgid that `params` fill. `retry`: checking it again may help."""
    stored: dict[str, Any] = {"code": code, "message": message, "location": location, "params": params}
    return stored | {"retry": True} if retry else stored


def text_of(stored: dict[str, Any]) -> str:
    """The Chinese sentence of a stored reason."""
    params = stored.get("params")
    return stored["message"] % params if params else str(stored["message"])


def note_of(state: str, scan: str | None) -> str | None:
    """What an upload is waiting for, where that is worth a sentence."""
    if state == UploadState.checking and scan == SCAN_WAITING:
        return N_("正在等待病毒扫描服务,恢复后会自动继续检查,不需要重新上传。")
    if state == UploadState.received:
        return N_("已收到,等待检查。")
    return None
