"""What templates look up: this page with other arguments, pages that may not exist, the clause of a rule."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, session, url_for

from app.rules import clauses

LANGUAGES = ("zh", "en")


def remember_language() -> None:
    """`?lang=en`, the language switch of every page, is kept in the session; it works without JavaScript."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and session.get("locale") != chosen:
        session["locale"] = chosen


def url_with(**changes: str | int | None) -> str:
    """The address of this page with its query changed; None takes an argument away. The order is kept."""
    query: dict[str, list[str]] = {key: list(values) for key, values in request.args.lists() if key != "lang"}
    for key, value in changes.items():
        if value is None:
            query.pop(key, None)
        else:
            query[key] = [str(value)]
    path = request.script_root + request.path
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def link_to(endpoint: str, **values: Any) -> str | None:
    """The address of an endpoint, or None where this installation has none: frames show what there is."""
    if endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, **values)


def init_app(app: Flask) -> None:
    """Give templates `url_with()`, `link_to()` and `clause_of('R27')`."""
    app.before_request(remember_language)
    app.jinja_env.globals.update(url_with=url_with, link_to=link_to, clause_of=clauses.find)
