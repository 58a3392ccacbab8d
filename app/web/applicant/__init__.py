"""The tenant space of an organisation: what to do next, commitment, question banks, renewal, deadlines, receipts."""

from __future__ import annotations

from app.web.applicant import (
    applications,
    bank_reports,
    banks,
    commitment,
    consultations,
    deadlines,
    dossiers,
    exit,
    guidance,
    handin,
    home,
    incubation,
    rectification,
    renewal,
)
from app.web.applicant.base import ACCESS, blueprint

VIEWS = (
    home, applications, bank_reports, banks, consultations, commitment, incubation, guidance, handin, renewal,
    rectification, exit, dossiers, deadlines,
)  # fmt: skip

__all__ = ["ACCESS", "VIEWS", "blueprint"]
