"""The time in which an objection is handled (R25): it runs with the publicity, stops when that is void, and begins
anew with the one that takes its place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, reopen_deadline, set_deadline
from app.lifecycle.publicity.models import Objection
from app.rules import clocks
from app.rules.states import OPEN_OBJECTIONS
from tenants.scope import Actor

KIND = "objection_handling_due"


def open_ones(objections: Iterable[Objection]) -> list[Objection]:
    """Those not yet decided."""
    return [one for one in objections if one.state in OPEN_OBJECTIONS]


def start_time(*, actor: Actor, objection: Objection, application: Application, begins_on: date, now: datetime) -> None:
    """Count the handling time from `begins_on`; one that was cancelled opens again with its new date."""
    clock = clocks.objection_handling_due(begins_on, load_calendar(), load_settings(objection.authority_code))
    objection.due_on = clock.due_on
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="objection",
        subject_id=objection.id,
        subject_label=objection.number,
        organisation_id=application.organisation_id,
        authority_code=objection.authority_code,
        link=f"/bureau/objections/{objection.id}",
        now=now,
    )
    reopen_deadline(kind=KIND, subject_id=objection.id, now=now, ended=("cancelled",))


def stop_time(*, objections: Iterable[Objection], now: datetime) -> None:
    """The publicity is void: its open objections wait for the next one, and nobody is reminded of them meanwhile."""
    for objection in open_ones(objections):
        cancel_deadline(kind=KIND, subject_id=objection.id, now=now, reason="publicity_void")
