"""Tables and templates as files to download."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(data: bytes, name: str) -> Response:
    """An XLSX file as an attachment; the Chinese name is given as RFC 5987 wants it, with a plain one beside it."""
    answer = Response(data, mimetype=_XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=\"table.xlsx\"; filename*=UTF-8''{quote(name)}"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
