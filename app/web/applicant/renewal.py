"""The filing, its periods and items, and the renewal at its end."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.rules import clocks
from app.rules.renewal import GRADE_LABELS
from app.rules.states import FILED_ITEM, FILING
from app.web.applicant import stages
from app.web.applicant.base import fingerprint, live_page, page
from app.web.applicant.incubation import _chosen, hand_in_context
from app.web.applicant.space import Space, load_space
from app.web.wording import timeline_rows
from tenants import events
from uploads.models import Purpose


@page("/renewal")
def renewal() -> ResponseReturnValue:
    """What is filed until when; self-assessment and application in the renewal's window (R45–R50)."""
    space = load_space()
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
    }
    if space.cycle is None:
        return render_template("applicant/renewal.html", seen="", **context)
    return _with_cycle(space, context)


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
        **hand_in_context(space, progress, Purpose.self_assessment),
        **context,
    )
