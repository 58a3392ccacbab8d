"""Tables and templates as files to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Response

from app.clock import SHANGHAI
from uploads.naming import disposition_of

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(data: bytes, name: str) -> Response:
    """An XLSX file as an attachment; the Chinese name is given as RFC 5987 wants it, with a plain one beside it."""
    answer = Response(data, mimetype=_XLSX)
    answer.headers["Content-Disposition"] = disposition_of(name, plain="table.xlsx")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], name: str) -> Response:
    """A CSV file as an attachment, in UTF-8 with the mark that Excel needs; no cell of it can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([_plain(value) for value in row] for row in rows)
    answer = Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = disposition_of(name, plain="table.csv")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _plain(value: Any) -> Any:
    # What a spreadsheet takes for a formula gets an apostrophe before it (CWE-1236).
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def day_of(instant: datetime) -> str:
    """The day of an instant in Shanghai, as other programs read it."""
    return instant.astimezone(SHANGHAI).date().isoformat()
