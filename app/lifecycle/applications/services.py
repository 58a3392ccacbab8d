"""Applications (申报) on their way through selection (B4) and into incubation (B5)."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.applications.queries import label_of
from app.lifecycle.calls.models import Call
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.rules import calls as call_rules
from app.rules import clocks, occupations
from app.rules.clocks import Clock
from app.rules.states import APPLICATION, APPLICATION_ITEM
from tenants import events
from tenants.models import Organisation
from tenants.scope import Actor

_NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# The steps of an application before incubation: event of the machine -> name in the trail.
STEPS = {
    "submit": "application_submitted",
    "accept": "application_accepted",
    "form_panel": "selection_panel_formed",
    "conclude_panel": "selection_concluded",
    "recommend": "application_recommended",
    "open_publicity": "publicity_opened",
}
# Items go along with some of them.
_ITEM_STEPS = {"recommend": "recommend", "open_publicity": "publicise", "clear": "incubate"}


@dataclass(frozen=True)
class NewItem:
    """One item to apply for, as typed: the code may be in full-width characters."""

    occupation_code: str
    occupation_name: str
    skill_level: str
    work_type: str = ""


def create_application(
    *, actor: Actor, organisation: Organisation, call: Call, items: Sequence[NewItem], now: datetime
) -> Application:
    """Begin an application to a call, addressed to the organisation's competent authority (R1, R15).

    Raises Refusal: occupation_code_invalid, skill_level_not_offered, items_missing, items_duplicate.
    """
    settings = load_settings(organisation.authority_code)
    wanted = [_checked(item) for item in items]
    call_rules.check_submission(
        call_id=call.id,
        items=[occupations.Item(item.occupation_code, item.work_type, item.skill_level) for item in wanted],
        settings=settings,
    )
    application = Application(
        id=uuid.uuid4(),
        number=_number(organisation.authority_code, now),
        organisation=organisation,
        authority_code=organisation.authority_code,
        city_code=organisation.registration_city_code,
        call=call,
        level=organisation.filing_level,
        state=APPLICATION.advance(None, "create", actor.kind),
        created_at=now,
        items=[
            ApplicationItem(
                id=uuid.uuid4(),
                organisation_id=organisation.id,
                authority_code=organisation.authority_code,
                city_code=organisation.registration_city_code,
                position=position,
                occupation_code=item.occupation_code,
                occupation_name=item.occupation_name,
                work_type=item.work_type,
                skill_level=item.skill_level,
                state=APPLICATION_ITEM.advance(None, "propose", actor.kind),
            )
            for position, item in enumerate(wanted, start=1)
        ],
    )
    db.session.add(application)
    db.session.flush()
    _record("application_created", "R12", actor, application, now, before=None)
    return application


def _checked(item: NewItem) -> NewItem:
    occupations.check_skill_level(item.skill_level)
    code = occupations.normalise_code(item.occupation_code)
    return NewItem(code, item.occupation_name.strip(), item.skill_level, item.work_type.strip())


def _number(authority_code: str, now: datetime) -> str:
    # Random, not counted: row-level security lets no organisation count the others' applications.
    tail = "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(5))
    return f"SQ-{authority_code}-{now.astimezone(SHANGHAI):%Y%m%d}-{tail}"


def take_step(*, actor: Actor, application: Application, event: str, now: datetime) -> None:
    """One of STEPS, by the side that may take it; `application.items` and `call` must be loaded.

    Raises Refusal: transition_not_allowed, actor_not_allowed; call_not_yet_open, call_closed for a submission.
    """
    call = application.call
    if event == "submit" and call.apply_open_at and call.apply_close_at:
        call_rules.check_can_submit_to(call.state, call.apply_open_at, call.apply_close_at, now)
    _advance(actor, application, event, now, name=STEPS[event])
    if event == "submit":
        application.submitted_at = now


def start_incubation(
    *,
    actor: Actor,
    application: Application,
    publicity_last_on: date,
    objection_dismissed_on: date | None = None,
    now: datetime,
) -> None:
    """Publicity has ended without objection: the incubation (孵化培育期) begins, with its deadlines (R25, R27–R29).

    `application.items` must be loaded. Raises Refusal transition_not_allowed unless in publicity.
    """
    calendar, settings = load_calendar(), load_settings(application.authority_code)
    start = clocks.incubation_start(publicity_last_on, objection_dismissed_on)
    due = clocks.incubation_due(start, calendar, settings)
    application.incubation_start_on, application.incubation_due_on = start, due.due_on
    _advance(actor, application, "clear", now, name="incubation_started")
    label = f"{application.number}"
    _set(actor, application, due, label, paths.INCUBATION, now)
    _set(actor, application, clocks.commitment_sign_due(start, calendar, settings), label, paths.COMMITMENT, now)
    by = clocks.bank_submit_by(due.due_on, calendar, settings)
    for item in application.items:
        set_deadline(
            actor=actor,
            clock=by,
            subject_type="application_item",
            subject_id=item.id,
            subject_label=label_of(item.occupation_name, item.work_type, item.skill_level),
            organisation_id=application.organisation_id,
            authority_code=application.authority_code,
            link=paths.of_item(item.id),
            now=now,
        )


def _set(actor: Actor, application: Application, clock: Clock, label: str, link: str, now: datetime) -> None:
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="application",
        subject_id=application.id,
        subject_label=label,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        link=link,
        now=now,
    )


def _advance(actor: Actor, application: Application, event: str, now: datetime, *, name: str) -> None:
    before = application.state
    application.state = APPLICATION.advance(before, event, actor.kind)
    if item_event := _ITEM_STEPS.get(event):
        for item in application.items:
            item.state = APPLICATION_ITEM.advance(item.state, item_event, actor.kind)
    step = next(step for step in APPLICATION.table if step.event == event)
    _record(name, step.rule, actor, application, now, before=before)


def _record(name: str, rule: str, actor: Actor, application: Application, now: datetime, *, before: str | None) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="application",
        subject_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        before=before,
        after=application.state,
        rule=rule,
        number=application.number,
    )
