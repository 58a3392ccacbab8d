"""The results of periodic assessments in the whole province: what waits, and announcing it (R61)."""

from __future__ import annotations

import uuid

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.announcements import results as services
from app.rules.core import Refusal
from app.rules.renewal import GRADE_LABELS
from app.rules.routing import CITIES
from app.rules.states import RENEWAL_CYCLE
from app.web.access import Right
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.province.base import page
from app.web.renewing import GRADE_TONES


@page("/results")
def results() -> ResponseReturnValue:
    """Final results that are not public yet."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    year = g.now.astimezone(SHANGHAI).year
    rows = services.list_unannounced()
    answer = render_template(
        "province/results.html",
        rows=rows,
        problems=problems,
        machine=RENEWAL_CYCLE,
        grades=GRADE_LABELS,
        grade_tones=GRADE_TONES,
        cities={code: city.name for code, city in CITIES.items()},
        ticked=request.form.getlist("cycle") if problems else [str(row.id) for row in rows],
        typed_title=request.form.get("title") or gettext("%(year)d年社会培训评价组织定期评估结果公布", year=year),
    )
    return answer, 422 if problems else 200


@page("/results/publish", right=Right.decide, methods=("POST",))
def results_publish() -> ResponseReturnValue:
    """Announce what was ticked."""
    try:
        wanted = [uuid.UUID(value) for value in request.form.getlist("cycle")]
    except ValueError:
        abort(400)
    try:
        made = services.publish_results(
            actor=actor(),
            title=request.form.get("title", ""),
            doc_no=request.form.get("doc_no", ""),
            foreword=request.form.get("foreword", ""),
            cycle_ids=wanted,
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _list((refusal_text(refusal),))
    address = url_for("public.announcement", announcement_id=made.id)
    db.session.commit()
    flash(gettext("评估结果已公布,各单位会收到通知。"), "success")
    return redirect(address, 303)
