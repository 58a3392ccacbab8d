"""After leaving the directory: the checklist of the tail, and handing in the compliance data (R65)."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.exits.opening import EXIT_DATA
from app.rules.exit import CAUSE_LABELS, CAUSE_RULES
from app.rules.states import EXIT_CASE
from app.web.applicant.base import fingerprint, live_page, page
from app.web.applicant.incubation import _chosen, hand_in_context
from app.web.applicant.space import load_space
from app.web.wording import timeline_rows
from tenants import events
from uploads.models import Purpose


@page("/exit")
def exit() -> ResponseReturnValue:
    """What is left to do after the exit, until when, and what has been handed in."""
    space = load_space()
    if space.exit_case is None:
        if space.filing is None:
            return render_template("applicant/renewal_none.html", space=space)
        return redirect(url_for("applicant.renewal"), 303)
    case = space.exit_case
    progress = space.progress[case.id]
    latest = events.list_for_subject("exit_case", case.id, limit=20)
    return live_page(
        "applicant/exit.html",
        "applicant/_exit.html",
        seen=fingerprint(space.fingerprint(), [event.id for event in latest], _chosen()),
        space=space,
        case=case,
        shown=(EXIT_CASE.tone(case.state), EXIT_CASE.label(case.state)),
        cause=CAUSE_LABELS[case.cause],
        cause_rule=CAUSE_RULES[case.cause],
        deadline=space.deadline(EXIT_DATA, case.id),
        submit_url=url_for("applicant.check_exit_data"),
        events=timeline_rows(latest),
        **hand_in_context(space, progress, Purpose.exit_data),
    )
