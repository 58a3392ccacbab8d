"""Reading the ledger, for operators and checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.reminders.models import Reminder
from app.rules import clauses
from tenants.models import User


def list_ledger() -> Iterator[dict[str, Any]]:
    """Every reminder by the time it was planned; instants in ISO; `offset_days` -1 is overdue, less an escalation."""
    query = (
        select(Reminder, Deadline.kind, Deadline.subject_label, User.email)
        .join(Deadline, Deadline.id == Reminder.deadline_id)
        .join(User, User.id == Reminder.recipient_id)
        .order_by(Reminder.created_at, Deadline.due_at, Reminder.offset_days.desc(), User.email)
        .execution_options(yield_per=1000)
    )
    for reminder, kind, subject, email in db.session.execute(query):
        yield {
            "id": str(reminder.id),
            "deadline": str(reminder.deadline_id),
            "kind": kind,
            "subject": subject,
            "recipient": email,
            "offset_days": reminder.offset_days,
            "due_on": reminder.due_on.isoformat(),
            "audience": reminder.audience,
            "state": reminder.state,
            "reason": reminder.reason,
            "sent_at": reminder.sent_at.isoformat() if reminder.sent_at else None,
            "attempts": reminder.attempts,
            "last_error": reminder.last_error,
            "message_id": reminder.message_id,
        }


def list_deadlines() -> Iterator[dict[str, Any]]:
    """Every deadline by due instant, with the place of its clause in the notice."""
    query = select(Deadline).order_by(Deadline.due_at, Deadline.id).execution_options(yield_per=1000)
    for deadline in db.session.scalars(query):
        clause = clauses.find(deadline.rule)
        yield {
            "id": str(deadline.id),
            "kind": deadline.kind,
            "subject": deadline.subject_label,
            "due_on": deadline.due_on.isoformat(),
            "due_at": deadline.due_at.isoformat(),
            "state": deadline.state,
            "provisional": deadline.provisional,
            "rule": deadline.rule,
            "clause": clause.title if clause else "",
            "organisation": str(deadline.organisation_id),
            "authority": deadline.authority_code,
        }
