"""What forms of several audiences share: reading instants and ids, choices, the version a page showed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from flask import abort, request
from flask_babel import gettext
from wtforms.fields import SelectChoice

from app.clock import SHANGHAI


def shown_version() -> int:
    """The version of the record that the person's page showed; 400 without one."""
    given = request.form.get("version", "")
    return int(given) if given.isdigit() and len(given) < 10 else abort(400)


def form_id(name: str) -> uuid.UUID:
    """An id of the form; 400 for anything else."""
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        abort(400)


def choices(options: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Options of a select field, translated."""
    pairs = options.items() if isinstance(options, Mapping) else options
    return [SelectChoice(value=value, label=gettext(str(label)) if str(label) else "") for value, label in pairs]


def in_shanghai(typed: datetime | None) -> datetime | None:
    """A date and time as typed, by the clock in Shanghai."""
    return typed.replace(tzinfo=SHANGHAI) if typed is not None else None


def as_typed(instant: datetime | None) -> datetime | None:
    """An instant as a date-and-time field shows it."""
    return instant.astimezone(SHANGHAI).replace(tzinfo=None) if instant is not None else None


def number_arg(text: str) -> float | None:
    """A number as typed, or None for what is none."""
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return None


def date_arg(text: str) -> date | None:
    """A date of the form YYYY-MM-DD, or None."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
