"""Day by day how a last day was counted, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext


def day_rows(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows {on, text, counted, provisional} of an explanation as `publicity.services.days_of` keeps it."""
    return [
        {
            "on": date.fromisoformat(line["on"]),
            "text": gettext(line["message"], **line["params"]) if line["params"] else gettext(line["message"]),
            "counted": line["number"] is not None,
            "provisional": line["provisional"],
        }
        for line in lines
    ]
