"""The blueprint of the department and its lines of the access table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, abort
from markupsafe import Markup

from app.web.access import Access, Right, department

View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("province", __name__, url_prefix="/province")
ACCESS: dict[str, Access] = {}


def page(path: str, *, right: Right = Right.view, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Route a view of the department and put it into the access table in one place."""

    def register(view: View) -> View:
        ACCESS[f"province.{view.__name__}"] = department(right)
        blueprint.add_url_rule(path, view_func=view, methods=list(methods))
        return view

    return register


def found(value: Any) -> Any:
    """`value`, or 404 for what does not exist in this scope."""
    if value is None:
        abort(404)
    return value


@blueprint.app_template_filter("paragraphs")
def paragraphs(text: str) -> Markup:
    """Text as typed, a paragraph a line."""
    return Markup("").join(Markup("<p>{}</p>").format(line) for line in text.splitlines() if line.strip())
