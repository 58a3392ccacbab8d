"""What the selection pages of the bureau share: doing one verb and coming back, reading small forms."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.rules.core import Refusal
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, blueprint
from app.web.errors import refusal_text
from app.web.forms import date_arg

Page = Callable[[tuple[str, ...]], ResponseReturnValue]


def perform(verb: Callable[[], Any], *, page: Page, target: str, done: str) -> ResponseReturnValue:
    """Do it, commit and go to `target`; a refusal shows the page as it is now, with the reason, and keeps the draft."""
    try:
        verb()
    except Refusal as refusal:
        db.session.rollback()
        return page((refusal_text(refusal),))
    db.session.commit()
    flash(done, "success")
    return redirect(target, 303)


class Steps:
    """The steps of one kind of record, each a POST below the record's own address.

    A step is a function of the record's id (and what else its address names) that calls one verb; the route, its line
    of the access table, the 404 for what this authority may not see and the way back are the same for all.
    """

    def __init__(
        self, path: str, endpoint: str, *, find: Callable[[uuid.UUID], Any], page: Callable[..., ResponseReturnValue]
    ) -> None:
        """`path` holds the record's id; `endpoint` shows it; `find` aborts with 404; `page` takes id and problems."""
        self._path = path
        self._name = path.rpartition(":")[2].rstrip(">")
        self._endpoint = endpoint
        self._find = find
        self._page = page

    def step(
        self, rule: str, *, done: str, anchor: str = "", target: Callable[[Any], str] | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., ResponseReturnValue]]:
        """Make a function a step. `done` is a msgid marked N_(); `target` tells from the row where to go instead."""

        def mark(verb: Callable[..., Any]) -> Callable[..., ResponseReturnValue]:
            @functools.wraps(verb)
            def view(**ids: uuid.UUID) -> ResponseReturnValue:
                row_id = ids[self._name]
                row = self._find(row_id)
                address: dict[str, Any] = {self._name: row_id}
                goes = target(row) if target else url_for(self._endpoint, **address) + anchor
                return perform(
                    lambda: verb(**ids),
                    page=lambda problems: self._page(row_id, problems),
                    target=goes,
                    done=gettext(done),
                )

            blueprint.add_url_rule(f"{self._path}{rule}", verb.__name__, view, methods=["POST"])
            ACCESS[f"bureau.{verb.__name__}"] = authority(Right.decide)
            return view

        return mark


def typed(name: str, limit: int = 4000) -> str:
    """A text field of the form."""
    return request.form.get(name, "").strip()[:limit]


def typed_date(name: str) -> date:
    """A date field of the form; Refusal date_missing."""
    value = date_arg(request.form.get(name, ""))
    if value is None:
        raise Refusal("date_missing", "", gettext("请填写日期。"))
    return value


def typed_ids(name: str) -> list[uuid.UUID]:
    """Ticked boxes that name rows; 400 for anything that is no id."""
    try:
        return [uuid.UUID(one) for one in request.form.getlist(name)]
    except ValueError:
        abort(400)


def case_of(application_id: uuid.UUID) -> Application:
    """An application that this authority may see, or 404."""
    return casework.get_case(application_id) or abort(404)
