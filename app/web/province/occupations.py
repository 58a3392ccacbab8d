"""One occupation of the catalogue: add, change, retire, bring back, with what it was before (D3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.catalogue import editing, queries
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.catalogue.reading import COLUMNS
from app.rules.calls import PRIORITY_TAGS
from app.rules.core import Refusal
from app.rules.occupations import SKILL_LEVELS
from app.web.access import Right
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.province.base import found, page
from app.web.wording import timeline_rows
from tenants import events

MAX_FIELD = 2000


@page("/catalogue/new")
def occupation_new() -> ResponseReturnValue:
    """An empty form."""
    return _page(None)


@page("/catalogue/new", right=Right.decide, methods=("POST",))
def occupation_add() -> ResponseReturnValue:
    """Add it."""
    return _do(
        None,
        lambda: editing.add_occupation(actor=actor(), given=_given(), now=g.now),
        gettext("已增加职业。"),
    )


@page("/catalogue/<uuid:occupation_id>")
def occupation(occupation_id: uuid.UUID) -> ResponseReturnValue:
    """One occupation and its history."""
    return _page(found(queries.get_occupation(occupation_id)))


@page("/catalogue/<uuid:occupation_id>", right=Right.decide, methods=("POST",))
def occupation_change(occupation_id: uuid.UUID) -> ResponseReturnValue:
    """Change it."""
    return _do(
        found(queries.get_occupation(occupation_id)),
        lambda: editing.change_occupation(actor=actor(), occupation_id=occupation_id, given=_given(), now=g.now),
        gettext("已更改,今后的申报、计划和通告按新内容选择。"),
    )


@page("/catalogue/<uuid:occupation_id>/retire", right=Right.decide, methods=("POST",))
def occupation_retire(occupation_id: uuid.UUID) -> ResponseReturnValue:
    """Take an occupation out of what may be applied for."""
    reason = request.form.get("reason", "")[:500]
    return _do(
        found(queries.get_occupation(occupation_id)),
        lambda: editing.retire_occupation(actor=actor(), occupation_id=occupation_id, reason=reason, now=g.now),
        gettext("已停用,今后不能再选;已备案的不受影响。"),
    )


@page("/catalogue/<uuid:occupation_id>/return", right=Right.decide, methods=("POST",))
def occupation_return(occupation_id: uuid.UUID) -> ResponseReturnValue:
    """Bring it back."""
    return _do(
        found(queries.get_occupation(occupation_id)),
        lambda: editing.return_occupation(actor=actor(), occupation_id=occupation_id, now=g.now),
        gettext("已恢复。"),
    )


def _given() -> dict[str, str]:
    return {key: request.form.get(key, "")[:MAX_FIELD] for key in COLUMNS}


def _do(row: Occupation | None, verb: Callable[[], Occupation], done: str) -> ResponseReturnValue:
    row_id = row.id if row else None
    try:
        made = verb()
    except Refusal as refusal:
        db.session.rollback()
        return _page(queries.get_occupation(row_id) if row_id else None, (refusal_text(refusal),))
    target = url_for("province.occupation", occupation_id=made.id)
    db.session.commit()
    flash(done, "success")
    return redirect(target, 303)


def _page(row: Occupation | None, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    history = events.list_for_subject("occupation", row.id) if row else []
    page = render_template(
        "province/occupation.html",
        occupation=row,
        problems=problems,
        values={key: request.form[key] for key in COLUMNS if key in request.form} if problems else _words(row),
        tags=PRIORITY_TAGS,
        levels=[level.label for level in SKILL_LEVELS.values() if level.offered],
        fields=editing.FIELDS,
        changes=[
            (event.at, field, _told(field, before), _told(field, after))
            for event in history
            for field, (before, after) in event.data.get("changes", {}).items()
        ],
        events=timeline_rows(history),
    )
    return page, 422 if problems else 200


def _words(row: Occupation | None) -> dict[str, str]:
    if row is None:
        return {"edition": "2022"}
    told = {field: _told(field, getattr(row, field)) for field in editing.FIELDS}
    return {"code": row.code, "edition": row.edition, **told}


def _told(field: str, value: object) -> str:
    """A field as the form and the import's table write it."""
    if not isinstance(value, list):
        return str(value)
    words: dict[str, dict[str, str]] = {
        "levels": {str(key): str(level.label) for key, level in SKILL_LEVELS.items()},
        "tags": dict(PRIORITY_TAGS),
    }
    named = words.get(field, {})
    return "、".join(named.get(str(one), str(one)) for one in value)
