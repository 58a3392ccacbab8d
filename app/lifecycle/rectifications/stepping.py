"""What every step of a rectification shares: holding it, moving it with an event, telling both sides."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.rectifications import queries
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.trail import check_unchanged
from app.rules import clocks
from app.rules.core import N_, ActorKind, Refusal
from app.rules.states import RECTIFICATION
from tenants import events, notices
from tenants.scope import Actor

DUE = "rectification_due"
SUBJECT = "rectification"


def today_of(now: datetime) -> date:
    """The day in Shanghai of an instant."""
    return now.astimezone(SHANGHAI).date()


def due_at(rectification: Rectification) -> datetime:
    """The end of the last day; a rectification that was delivered has one."""
    if rectification.due_on is None:
        raise AssertionError("the month has not begun")
    return clocks.end_of_day(rectification.due_on)


def locked(rectification_id: uuid.UUID, *, actor: Actor, expected_version: int | None = None) -> Rectification:
    """One of the actor's own authority, held. Refusals: rectification_unknown, changed_meanwhile."""
    row = queries.get_rectification(rectification_id, lock=True)
    if row is None or row.authority_code != actor.authority_code:
        raise unknown()
    check_unchanged(subject_type=SUBJECT, subject_id=row.id, version=row.version, expected=expected_version)
    return row


def unknown() -> Refusal:
    """What is told of one that this side cannot see."""
    return Refusal("rectification_unknown", "R58", N_("没有找到这项整改,它可能不由本单位办理。请从列表重新进入。"))


def move(
    actor: Actor,
    row: Rectification,
    event: str,
    name: str,
    now: datetime,
    *,
    rule: str = "R58",
    kind: ActorKind | None = None,
    **data: str,
) -> None:
    """One step of B13 with its event. `kind` is the side on whose behalf the actor moves it, if another."""
    before, row.state = row.state, RECTIFICATION.advance(row.state, event, kind or actor.kind)
    row.version += 1
    note(name, actor, row, now, rule=rule, before=before, **data)


def note(
    name: str, actor: Actor, row: Rectification, now: datetime, *, rule: str, before: str | None, **data: str
) -> None:
    """An event that its organisation and its authority read."""
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type=SUBJECT,
        subject_id=row.id,
        organisation_id=row.organisation_id,
        authority_code=row.authority_code,
        before=before,
        after=row.state,
        rule=rule,
        number=row.number,
        **{key: value for key, value in data.items() if value},
    )


def tell_organisation(
    row: Rectification, title: str, rule: str, now: datetime, *, reason: str = "", due_on: date | None = None
) -> None:
    """Tell everyone of the organisation of a step; `title` is a msgid marked N_()."""
    notices.tell(
        kind="renewal_step",
        now=now,
        link=paths.RECTIFICATION,
        organisation_id=row.organisation_id,
        rule=rule,
        statutory=True,
        key=f"rectification:{row.id}:{row.version}",
        step=title,
        number=row.filing.institution_code or row.number,
        organisation=row.organisation.name,
        reason=reason,
        due_on=due_on.isoformat() if due_on else "",
    )


def tell_authority(row: Rectification, title: str, rule: str, now: datetime) -> None:
    """Tell the officers of its authority what there is to do."""
    notices.tell(
        kind="case_task",
        now=now,
        link=paths.of_rectification(row.id),
        authority_code=row.authority_code,
        rule=rule,
        key=f"rectification_task:{row.id}:{row.version}",
        title=title,
        number=row.filing.institution_code or row.number,
        organisation=row.organisation.name,
        reason="",
    )
