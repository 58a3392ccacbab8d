"""What the selection pages of the bureau share: doing one verb and coming back, reading small forms."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.rules.core import Refusal
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
