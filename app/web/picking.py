"""Choosing occupations from the catalogue, for plans, calls and applications alike: by code or name, as one types."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, request
from flask_babel import gettext

from app.lifecycle.catalogue import queries
from app.lifecycle.catalogue.models import Occupation
from app.rules.calls import PRIORITY_TAGS
from app.rules.core import Refusal
from app.rules.occupations import normalise_code

RESULTS = 12


def search() -> dict[str, Any]:
    """What the picker shows for `?occupation=`: the hits, and how a code was understood where it was typed loosely."""
    text = request.args.get("occupation", "").strip()[:60]
    hits = queries.find_occupations(text, limit=RESULTS + 1)
    return {
        "sought": text,
        "hits": hits[:RESULTS],
        "more_hits": len(hits) > RESULTS,
        "read_as": _read_as(text),
        "catalogue_size": queries.count_occupations() if not text or not hits else None,
    }


def _read_as(text: str) -> str:
    if not any(char.isdigit() for char in text):
        return ""
    try:
        code = normalise_code(text)
    except Refusal:
        return ""
    return code if code != text else ""


def chosen() -> Occupation:
    """The occupation that the form names by id; 400 for no id, 404 for none that is current."""
    try:
        occupation = queries.get_occupation(uuid.UUID(request.form.get("occupation_id", "")))
    except ValueError:
        abort(400)
    if occupation is None or occupation.retired_at is not None:
        abort(404)
    return occupation


def as_row(occupation: Occupation) -> dict[str, Any]:
    """An occupation as plans and calls keep it."""
    return {"code": occupation.code, "name": occupation.name, "tags": list(occupation.tags)}


def tag_words(tags: list[str]) -> str:
    """The favoured directions in words (R9)."""
    return "、".join(gettext(PRIORITY_TAGS[tag]) for tag in tags if tag in PRIORITY_TAGS)
