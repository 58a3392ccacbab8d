"""What reminders and notices share on their way: preferences, the inbox twin's state, tries at a later time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, update

from app import outbox
from app.db import db
from app.outbox import OutboxMessage
from app.reminders import mailer
from app.rules import clauses
from app.rules.clauses import Clause
from tenants.models import Authority, Organisation, User
from tenants.notices import Notice


def is_switched_off(user: User, kind: str) -> bool:
    """Whether the person wants no mail of this kind: `preferences['mail_off']` lists the kinds."""
    return kind in (user.preferences or {}).get("mail_off", ())


def clause_words(clause: Clause | None) -> dict[str, str] | None:
    """A clause as the templates quote it."""
    if clause is None:
        return None
    return {"title": clause.title, "quote": clause.quote, "anchor": clause.anchor}


def storable(context: Mapping[str, Any]) -> dict[str, Any]:
    """A mail's context as JSON values, for the in-app twin; dates become ISO."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in context.items()}


def restored(value: Any, key: str = "") -> Any:
    """The inverse of `storable`, all the way down: text under a name ending in _on or _at is a date or an instant."""
    if isinstance(value, dict):
        return {name: restored(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [restored(part) for part in value]
    if isinstance(value, str) and value and key.endswith("_on"):
        return date.fromisoformat(value)
    if isinstance(value, str) and value and key.endswith("_at"):
        return datetime.fromisoformat(value)
    return value


def title_of(notice: Notice, *, locale: str = "zh") -> str:
    """A notice's title in the inbox: the subject of its mail, in the reader's language."""
    return mailer.render_subject(notice.kind, words_of(notice), locale=locale, at=notice.created_at)


def words_of(notice: Notice) -> dict[str, Any]:
    """What the templates of a notice's kind are given: its side's name, its params, link and clause."""
    organisation = db.session.get(Organisation, notice.organisation_id) if notice.organisation_id else None
    authority = db.session.get(Authority, notice.authority_code) if notice.authority_code else None
    return {
        "organisation": organisation.name if organisation else "",
        "authority": authority.name if authority else "",
        **restored(notice.params),
        "link": notice.link,
        "clause": clause_words(clauses.find(notice.rule) if notice.rule else None),
        "statutory": notice.statutory,
    }


def mark_notice(
    notice_id: uuid.UUID, state: str, *, now: datetime, message_id: str | None = None, error: str | None = None
) -> None:
    """Record on the in-app notice what became of its mail; flushes nothing, one statement."""
    values: dict[str, Any] = {"state": state, "last_error": error[:2000] if error else None}
    if state == "sent":
        values |= {"sent_at": now, "message_id": message_id}
    db.session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.state != "sent")
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def run_later(function: str, *, key: str, wait: timedelta, **args: Any) -> None:
    """Put a job into the outbox that is not given to a worker before `wait` has passed, by the server's clock."""
    outbox.add(function, queue="mail", key=key, **args)
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.key == key, OutboxMessage.state == "pending")
        .values(available_at=func.clock_timestamp() + wait)
        .execution_options(synchronize_session=False)
    )
