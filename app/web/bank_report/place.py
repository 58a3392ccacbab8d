"""Where a report is read: whose desk, which addresses; the pages themselves are the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Place:
    """`holder` heads the printed page, `subject` is what the bank is for; the rest are addresses. `reading`: the bank
    page by page, None for who may not open it now; `readers`: who opened it; `changes`: what differs from the version
    before, question by question."""

    holder: str
    subject: str
    back: str
    back_label: str
    overview: str
    findings: str
    xlsx: str
    dossier_url: Callable[..., str] | None = None
    reading: str | None = None
    readers: str | None = None
    changes: str | None = None

    def question_url(self, sheet: str | None, row: int) -> str | None:
        """The page with the question that stands at this row."""
        if self.reading is None:
            return None
        return f"{self.reading}?{urlencode({'sheet': sheet or '', 'row': row})}"
