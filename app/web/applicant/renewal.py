"""The filing, its periods and items, and the renewal at its end."""

from __future__ import annotations

from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.renewals import self_assessing
from app.lifecycle.renewals.planning import get_plan
from app.rules import clocks
from app.rules.core import Refusal
from app.rules.renewal import GRADE_LABELS
from app.rules.states import FILED_ITEM, FILING, RenewalState
from app.web.access import Right
from app.web.applicant import stages
from app.web.applicant.base import fingerprint, found, live_page, page
from app.web.applicant.incubation import _chosen, hand_in_context
from app.web.applicant.space import Space, load_space
from app.web.errors import refusal_text
from app.web.forms import number_arg
from app.web.guards import actor
from app.web.renewing import GRADE_TONES, steps_of
from app.web.wording import timeline_rows
from tenants import events
from uploads.models import Purpose


@page("/renewal")
def renewal() -> ResponseReturnValue:
    """What is filed until when; self-assessment and application in the renewal's window (R45–R50)."""
    return _page(load_space())


def _page(space: Space, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    if space.filing is None:
        return render_template("applicant/renewal_none.html", space=space)
    calendar, settings = load_calendar(), load_settings(space.organisation.authority_code)
    context: dict[str, Any] = {
        "space": space,
        "filing_state": (FILING.tone(space.filing.state), FILING.label(space.filing.state)),
        "item_states": {
            one.id: (FILED_ITEM.tone(one.state), FILED_ITEM.label(one.state)) for one in space.filing.items
        },
        "grades": GRADE_LABELS,
        "opens": clocks.renewal_open_on(space.period.valid_to, calendar, settings) if space.period else None,
        "exit_due": clocks.auto_exit_due(space.period.valid_to, calendar, settings) if space.period else None,
        "problems": problems,
    }
    if space.cycle is None:
        return render_template("applicant/renewal.html", seen="", **context)
    return _with_cycle(space, context)


# Of the grade, the organisation sees what was decided, not what the panel suggested before.
_DECIDED = (RenewalState.RENEWAL_DECIDED, RenewalState.RENEWED, RenewalState.RECTIFYING, RenewalState.NOT_RENEWED)


@page("/renewal/self-assessment", right=Right.edit, methods=("POST",))
def self_assessment() -> ResponseReturnValue:
    """Keep the organisation's own scores: by itself from the page, or by the button."""
    cycle = load_space().cycle
    if cycle is None:
        return redirect(url_for("applicant.renewal"), 303)
    template = self_assessing.sheet_of(cycle)
    try:
        cycle = self_assessing.save_self_assessment(
            actor=actor(),
            cycle_id=cycle.id,
            scores={code: number_arg(request.form.get(f"score-{code}", "")) for code in template.mandatory},
            notes={code: request.form.get(f"note-{code}", "") for code in template.mandatory},
            now=g.now,
        )
    except Refusal as refusal:
        if request.htmx:  # type: ignore[attr-defined]
            raise
        db.session.rollback()
        answer = make_response(_page(load_space(), (refusal_text(refusal),)))
        answer.status_code = 422
        return answer
    blanks = self_assessing.find_blank_scores(cycle)
    db.session.commit()
    if request.htmx:  # type: ignore[attr-defined]
        return render_template("applicant/_self_saved.html", blanks=blanks, at=g.now)
    flash(gettext("已保存。"), "success")
    return redirect(url_for("applicant.renewal") + "#self-assessment", 303)


def _assessment(space: Space) -> dict[str, Any]:
    """The steps, the own scores, and what was decided."""
    cycle = found(space.cycle)
    return {
        "steps": steps_of(cycle),
        "sheet": self_assessing.sheet_of(cycle),
        "plan": get_plan(cycle.plan_id) if cycle.plan_id else None,
        "may_score": self_assessing.can_self_assess(cycle, g.now),
        "blanks": self_assessing.find_blank_scores(cycle),
        "decided": cycle.grade if cycle.state in _DECIDED else None,
        "grade_tones": GRADE_TONES,
    }


def _with_cycle(space: Space, context: dict[str, Any]) -> ResponseReturnValue:
    cycle = space.cycle
    assert cycle is not None  # noqa: S101 - the caller looked
    progress = space.progress[cycle.id]
    latest = events.list_for_subject("renewal_cycle", cycle.id, limit=20)
    return live_page(
        "applicant/renewal.html",
        "applicant/_renewal.html",
        seen=fingerprint(space.fingerprint(), [event.id for event in latest], _chosen()),
        shown=stages.show_cycle(cycle.state, progress),
        submit_url=url_for("applicant.check_renewal"),
        events=timeline_rows(latest),
        **_assessment(space),
        **hand_in_context(space, progress, Purpose.self_assessment),
        **context,
    )
