"""Entry into incubation (进入评价能力孵化培育期, R25, R27–R29): the recommended items only, with their deadlines."""

from __future__ import annotations

from datetime import date, datetime

from app.lifecycle import casework, paths
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.rules import clocks
from app.rules.clocks import Clock
from app.rules.core import N_
from app.rules.states import ItemState
from tenants.scope import Actor


def start_incubation(
    *,
    actor: Actor,
    application: Application,
    publicity_last_on: date,
    objection_dismissed_on: date | None = None,
    now: datetime,
) -> None:
    """Begin the 180 days for the items that were publicised; a cancelled or unrecommended one takes no part."""
    calendar, settings = load_calendar(), load_settings(application.authority_code)
    start = clocks.incubation_start(publicity_last_on, objection_dismissed_on)
    due = clocks.incubation_due(start, calendar, settings)
    application.incubation_start_on, application.incubation_due_on = start, due.due_on
    for item in application.items:
        if item.state == ItemState.PUBLICISED:
            casework.move_item(actor=actor, item=item, event="incubate")
    casework.move(actor=actor, application=application, event="clear", name="incubation_started", now=now)
    _set(actor, application, due, paths.INCUBATION, now)
    _set(actor, application, clocks.commitment_sign_due(start, calendar, settings), paths.COMMITMENT, now)
    by = clocks.bank_submit_by(due.due_on, calendar, settings)
    for item in application.items:
        if item.state == ItemState.INCUBATING:
            set_deadline(
                actor=actor,
                clock=by,
                subject_type="application_item",
                subject_id=item.id,
                subject_label=casework.label(item),
                organisation_id=application.organisation_id,
                authority_code=application.authority_code,
                link=paths.of_item(item.id),
                now=now,
            )
    casework.tell_organisation(
        application=application,
        title=N_("公示期满无异议,进入孵化培育期"),
        rule="R25",
        now=now,
        key=f"incubation:{application.id}",
        link=paths.INCUBATION,
    )


def _set(actor: Actor, application: Application, clock: Clock, link: str, now: datetime) -> None:
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="application",
        subject_id=application.id,
        subject_label=application.number,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        link=link,
        now=now,
    )
