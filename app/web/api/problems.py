"""Refusals and bad input as problem+json, with the status that a program can act on."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext

from app.db import db
from app.rules.core import Refusal
from app.web.api.schema import BadInput
from app.web.errors import problem, refusal_text

# Every other refusal is 422.
STATUS: dict[str, int] = {
    "upload_unknown": 404,
    "subject_unknown": 404,
    "dossier_unknown": 404,
    "task_unknown": 404,
    "record_unknown": 404,
    "publicity_unknown": 404,
    "upload_expired": 410,
    "upload_aborted": 410,
    "upload_lost": 410,
    "file_too_large": 413,
    "upload_complete": 409,
    "file_submitted": 409,
    "dossier_open": 409,
    "objection_lodged": 409,
    "changed_meanwhile": 409,
}


def refused(refusal: Refusal) -> Response:
    """A refusal, with its rule and the place of its clause in the notice."""
    db.session.rollback()
    clause = refusal.clause
    extra = {"rule": refusal.rule, "clause": clause.title} if clause else {}
    return problem(STATUS.get(refusal.code, 422), refusal.code, refusal_text(refusal), **extra)


def bad_input(error: BadInput) -> Response:
    """What is wrong with the request, all of it at once."""
    db.session.rollback()
    errors = []
    for fault in error.faults:
        message = gettext(fault.message, **fault.params) if fault.params else gettext(fault.message)
        errors.append({"location": fault.location, "message": message})
    first = errors[0]
    detail = f"{first['location']}:{first['message']}" if first["location"] else str(first["message"])
    if len(errors) > 1:
        detail += gettext("(另有 %(count)d 处,见 errors)", count=len(errors) - 1)
    return problem(error.status, "bad_input", detail, errors=errors)
