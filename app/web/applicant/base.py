"""The blueprint and its access table; what its views share: fragments that refresh themselves, words in templates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle import paths
from app.lifecycle.incubation.drawing import as_field
from app.rules.core import Refusal
from app.web import wording
from app.web.access import Access, Right, organisation
from app.web.dates import cn_date, cn_datetime, local
from app.web.errors import refusal_text

View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("applicant", __name__, url_prefix=paths.HOME)
ACCESS: dict[str, Access] = {}


def page(path: str, *, right: Right = Right.view, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Route a view of organisations and put it into the access table in one place."""

    def register(view: View) -> View:
        ACCESS[f"applicant.{view.__name__}"] = organisation(right)
        blueprint.add_url_rule(path, view_func=view, methods=list(methods))
        return view

    return register


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"level_names": wording.LEVELS, "item_label": wording.item_label, "dossier_states": wording.DOSSIER_STATES}


blueprint.add_app_template_global(refusal_text, "say")


@blueprint.app_template_filter("last_moment")
def last_moment(instant: datetime) -> str:
    """The end of a period in words: midnight is 24:00 of the day that ends."""
    if local(instant).time() == time(0):
        return str(gettext("%(day)s 24:00", day=cn_date(instant - timedelta(days=1))))
    return cn_datetime(instant)


blueprint.add_app_template_filter(as_field, "png_address")


def fingerprint(*parts: object) -> str:
    """What a polled fragment shows, in short: the browser tells it back, and nothing is sent where nothing changed."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def live_page(template: str, part: str, *, seen: str, **context: Any) -> ResponseReturnValue:
    """The page; to htmx's polling its part alone, or 204 when the browser has it as it is (`?seen=`)."""
    if getattr(request, "htmx", False) and "seen" in request.args:
        if request.args["seen"] == seen:
            return Response(status=204)
        return render_template(part, seen=seen, **context)
    return render_template(template, seen=seen, **context)


def refused(refusal: Refusal) -> dict[str, Any]:
    """A refusal as a page shows it, the transaction rolled back: what was typed is rendered again around it."""
    db.session.rollback()
    return {"refusal": refusal}


def found(value: Any) -> Any:
    """`value`, or 404 for what does not exist in this scope."""
    if value is None:
        abort(404)
    return value
