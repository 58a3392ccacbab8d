"""Which application a deadline belongs to: by it the boards know the officer and the case's other limits."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, select

from app.db import db
from app.lifecycle.applications.models import ApplicationItem, SupplementRequest
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.filings.models import Filing
from app.lifecycle.panels.models import Panel
from app.lifecycle.publicity.models import Objection, Publicity
from app.lifecycle.rectifications.models import Rectification


def find_case(subject_type: str, subject_id: uuid.UUID) -> uuid.UUID | None:
    """The application's id; None for what has none, as a filing period, a renewal or an imported filing."""
    if subject_type == "application":
        return subject_id
    queries: dict[str, Select[Any]] = {
        "application_item": select(ApplicationItem.application_id).where(ApplicationItem.id == subject_id),
        "supplement_request": select(SupplementRequest.application_id).where(SupplementRequest.id == subject_id),
        "publicity": select(Publicity.application_id).where(Publicity.id == subject_id),
        "exit_case": select(Filing.application_id)
        .join(ExitCase, ExitCase.filing_id == Filing.id)
        .where(ExitCase.id == subject_id),
        "rectification": select(Filing.application_id)
        .join(Rectification, Rectification.filing_id == Filing.id)
        .where(Rectification.id == subject_id),
        "panel": select(Panel.application_id).where(Panel.id == subject_id),
        "objection": select(Publicity.application_id)
        .join(Objection, Objection.publicity_id == Publicity.id)
        .where(Objection.id == subject_id),
    }
    query = queries.get(subject_type)
    found: uuid.UUID | None = None if query is None else db.session.scalar(query)
    return found
