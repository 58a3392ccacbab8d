"""The desk of a city bureau, and of the department for the organisations it handles itself."""

from __future__ import annotations

from app.web.bureau import (
    applications,
    bank_reports,
    banks,
    boards,
    case_files,
    cases,
    commitments,
    exits,
    experts,
    incubation,
    panel_exports,
    panels,
    plans,
    publicity,
    receipts,
    rectifications,
    renewals,
    reports,
    review,
    settings,
    visits,
)
from app.web.bureau.base import ACCESS, blueprint

__all__ = [
    "ACCESS",
    "applications",
    "bank_reports",
    "banks",
    "blueprint",
    "boards",
    "case_files",
    "cases",
    "commitments",
    "exits",
    "experts",
    "incubation",
    "panel_exports",
    "panels",
    "plans",
    "publicity",
    "receipts",
    "rectifications",
    "renewals",
    "reports",
    "review",
    "settings",
    "visits",
]
