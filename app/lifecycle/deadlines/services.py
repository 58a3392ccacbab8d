"""Setting, moving, meeting and missing deadlines. A deadline follows its subject: one row a kind and subject."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import db
from app.lifecycle.deadlines.cases import find_case
from app.lifecycle.deadlines.models import Deadline, DeadlineChange
from app.rules.clocks import Clock
from app.rules.ladders import INFORMATION_KINDS
from tenants import events
from tenants.scope import Actor


def set_deadline(
    *,
    actor: Actor,
    clock: Clock,
    subject_type: str,
    subject_id: uuid.UUID,
    subject_label: str,
    organisation_id: uuid.UUID,
    authority_code: str,
    link: str,
    now: datetime,
    reason: str = "",
) -> Deadline:
    """Make the deadline of this kind and subject what the rules computed; a change is kept in its history.

    Setting the same again changes nothing. A missed one whose date moves to the future opens again; a met one stays met
    until `reopen_deadline` says that it is owed anew.
    """
    deadline = find_deadline(clock.kind, subject_id)
    if deadline is None:
        deadline = Deadline(
            kind=clock.kind,
            subject_type=subject_type,
            subject_id=subject_id,
            subject_label=subject_label,
            organisation_id=organisation_id,
            authority_code=authority_code,
            rule=clock.rule,
            starts_on=clock.starts_on,
            due_on=clock.due_on,
            due_at=clock.due_at,
            provisional=clock.provisional,
            set_at=now,
            state="open",
            link=link,
            case_id=find_case(subject_type, subject_id),
        )
        db.session.add(deadline)
        _note(deadline, {}, reason or "set", now)
    else:
        before = _picture(deadline)
        deadline.subject_label, deadline.link = subject_label, link
        deadline.starts_on, deadline.due_on, deadline.due_at = clock.starts_on, clock.due_on, clock.due_at
        deadline.provisional, deadline.rule = clock.provisional, clock.rule
        if deadline.state == "missed" and clock.due_at > now:
            deadline.state = "open"
        if _picture(deadline) != before:
            deadline.set_at = now
            _note(deadline, before, reason or "recomputed", now)
    db.session.flush()
    return deadline


def meet_deadline(*, kind: str, subject_id: uuid.UUID, now: datetime) -> None:
    """What had to be done is done: no reminder goes out any more. Nothing happens where there is no such deadline."""
    _move(kind, subject_id, "met", now, from_states=("open", "missed"))


def reopen_deadline(*, kind: str, subject_id: uuid.UUID, now: datetime, ended: tuple[str, ...] = ("met",)) -> None:
    """It has to be done again (a bank was returned): open, or missed where its time has passed meanwhile. `ended`: from
    which states; also `cancelled` where a step was taken back."""
    deadline = find_deadline(kind, subject_id)
    if deadline is not None:
        _move(kind, subject_id, "open" if deadline.due_at > now else "missed", now, from_states=ended)


def cancel_deadline(*, kind: str, subject_id: uuid.UUID, now: datetime, reason: str = "cancelled") -> None:
    """The subject ended: nothing has to be done any more. `reason` goes into the history."""
    _move(kind, subject_id, "cancelled", now, from_states=("open", "missed"), reason=reason)


def mark_missed(*, actor: Actor, now: datetime, limit: int = 1000) -> list[Deadline]:
    """Turn up to `limit` open deadlines whose instant has passed into missed ones, with an event each; returns them.

    A window that closes (R43) is never missed: who wants nothing owes nothing.
    """
    query = (
        select(Deadline)
        .where(Deadline.state == "open", Deadline.due_at <= now, Deadline.kind.not_in(INFORMATION_KINDS))
        .order_by(Deadline.due_at, Deadline.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    missed = list(db.session.scalars(query))
    for deadline in missed:
        before = _picture(deadline)
        deadline.state = "missed"
        _note(deadline, before, "due", now)
        events.record(
            "deadline_missed",
            actor=actor,
            now=now,
            subject_type=deadline.subject_type,
            subject_id=deadline.subject_id,
            organisation_id=deadline.organisation_id,
            authority_code=deadline.authority_code,
            before="open",
            after="missed",
            rule=deadline.rule,
            kind=deadline.kind,
            due_on=deadline.due_on.isoformat(),
        )
    db.session.flush()
    return missed


def find_deadline(kind: str, subject_id: uuid.UUID) -> Deadline | None:
    """The one deadline of this kind and subject."""
    return db.session.scalar(select(Deadline).where(Deadline.kind == kind, Deadline.subject_id == subject_id))


def _move(
    kind: str, subject_id: uuid.UUID, state: str, now: datetime, *, from_states: tuple[str, ...], reason: str = ""
) -> None:
    deadline = find_deadline(kind, subject_id)
    if deadline is None or deadline.state not in from_states:
        return
    before = _picture(deadline)
    deadline.state = state
    deadline.met_at = now if state == "met" else None
    _note(deadline, before, reason or state, now)
    db.session.flush()


def _picture(deadline: Deadline) -> dict[str, Any]:
    return {
        "due_on": deadline.due_on.isoformat(),
        "due_at": deadline.due_at.isoformat(),
        "provisional": deadline.provisional,
        "state": deadline.state,
    }


def _note(deadline: Deadline, before: dict[str, Any], reason: str, now: datetime) -> None:
    db.session.flush()
    db.session.add(
        DeadlineChange(
            deadline_id=deadline.id,
            organisation_id=deadline.organisation_id,
            authority_code=deadline.authority_code,
            at=now,
            before=before,
            after=_picture(deadline),
            reason=reason,
        )
    )
