"""Where a report is read: whose desk, which addresses; the pages themselves are the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`holder` heads the printed page, `subject` is what the bank is for; the rest are addresses."""

    holder: str
    subject: str
    back: str
    back_label: str
    overview: str
    findings: str
    xlsx: str
    dossier_url: Callable[..., str] | None = None
