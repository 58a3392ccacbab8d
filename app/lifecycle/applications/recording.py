"""One way for every step of an application: the machine, the version, the event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.db import db
from app.lifecycle.applications.models import Application
from app.rules.core import find_transition
from app.rules.states import APPLICATION
from tenants import events
from tenants.scope import Actor


def advance(actor: Actor, application: Application, event: str, now: datetime, *, name: str, **data: Any) -> None:
    """Take one step of B4 and write it down. Raises transition_not_allowed, actor_not_allowed."""
    before = application.state
    application.state = APPLICATION.advance(before, event, actor.kind)
    application.version += 1
    step = find_transition(APPLICATION.table, before, event)
    write(actor, application, now, name=name, rule=step.rule if step else "R15", before=before, **data)


def write(
    actor: Actor, application: Application, now: datetime, *, name: str, rule: str, before: str | None, **data: Any
) -> None:
    """An event of the application, which its organisation and the authority that holds it read."""
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
        **data,
    )
