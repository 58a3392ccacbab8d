"""The department: the whole province at a glance, plans and calls, the catalogue, announcements, its settings."""

from __future__ import annotations

from app.web.province import (
    annexes,
    announcements,
    calendar,
    calls,
    catalogue,
    consultations,
    deadlines,
    documents,
    occupations,
    results,
    views,
)
from app.web.province.base import ACCESS, blueprint

VIEWS = (
    views,
    calls,
    catalogue,
    consultations,
    announcements,
    calendar,
    annexes,
    deadlines,
    documents,
    occupations,
    results,
)

__all__ = ["ACCESS", "VIEWS", "blueprint"]
