"""One reminder on its way: claimed by a conditional update, checked again, sent, marked; swept when its sender died.

Each step commits by itself. A crash before the mail server has taken the mail only delays it; a crash between that and
the mark sends it twice, under one Message-ID (design.md section 6). Claims are timed by the database server's clock,
never the demo's.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import clock
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.reminders import delivery, mailer
from app.reminders.engine import ORGANISATION_RECIPIENTS, SEND, enqueue_reminders
from app.reminders.models import Reminder
from app.reminders.smtp import Bounced, Deferred, MailServerDown
from app.reminders.wording import AUTHORITY_KINDS, kind_label, wording_of
from app.rules import clauses
from app.rules.reminders import ON_THE_DAY, send_at
from tenants.models import Membership
from tenants.notices import Notice

log = structlog.get_logger(__name__)
HEADER = "X-Sheping-Reminder"
MAX_ATTEMPTS = 5
STALE_CLAIM = timedelta(minutes=5)
"""Longer than a handover can take with all its time-outs: a claim this old has lost its sender."""
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


@dataclass(frozen=True)
class _Mail:
    """All that is needed to write the mail, read before it is sent: no transaction is open during the handover."""

    reminder_id: uuid.UUID
    attempt: int
    to: str
    to_name: str
    locale: str
    context: dict[str, Any]
    optional: bool


def send_reminder(reminder_id: uuid.UUID, *, now: datetime) -> str:
    """Send one reminder unless it was sent, is being sent, or is not wanted any more. Commits.

    Returns what became of it: sent, skipped, pending (to be tried again), failed, dropped (its deadline moved: a later
    run plans it anew), or lost (another sender has it). Raises MailServerDown, with the claim given back.
    """
    attempt = _claim(reminder_id)
    if attempt is None:
        return "lost"
    prepared = _prepare(reminder_id, attempt, now)
    if isinstance(prepared, str):
        return prepared
    try:
        message_id = mailer.send(
            to=prepared.to,
            to_name=prepared.to_name,
            template="reminder",
            context=prepared.context,
            locale=prepared.locale,
            headers={HEADER: str(reminder_id)},
            at=now,
            key=f"reminder-{reminder_id}",
            optional=prepared.optional,
        )
    except MailServerDown as down:
        _settle(prepared, "pending", now, error=str(down), attempts=attempt - 1)
        raise
    except Bounced as bounced:
        return _settle(prepared, "failed", now, error=str(bounced))
    except Deferred as deferred:
        last = attempt >= MAX_ATTEMPTS
        return _settle(prepared, "failed" if last else "pending", now, error=str(deferred), retry=not last)
    except Exception as error:
        # A mail that cannot be written is a fault of ours: counted, given back, and the job says so.
        db.session.rollback()
        _settle(prepared, "failed" if attempt >= MAX_ATTEMPTS else "pending", now, error=repr(error))
        raise
    return _settle(prepared, "sent", now, message_id=message_id)


def sweep(*, stale: timedelta = STALE_CLAIM) -> int:
    """Give back claims whose sender died, and hand to the workers whatever waits without being on its way. Commits."""
    old = Reminder.claimed_at < func.clock_timestamp() - stale
    freed: int = db.session.execute(
        update(Reminder)
        .where(Reminder.state == "claimed", old)
        .values(
            state=text(f"case when attempts >= {MAX_ATTEMPTS} then 'failed' else 'pending' end"),
            last_error="the sender died before the mail was handed over, or before it was marked",
        )
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    waiting = db.session.scalars(_ORPHANS).all()
    enqueue_reminders(waiting)
    db.session.commit()
    if freed or waiting:
        log.warning("reminders_healed", claims=freed, waiting=len(waiting))
    return freed + len(waiting)


_ORPHANS = text(
    """
    select r.id from reminders r
     where r.state = 'pending' and not exists (
           select from outbox o where o.key = 'reminder:' || r.id || ':' || r.attempts
              and o.state in ('pending', 'enqueued'))
     order by r.id limit 1000
    """
)


def revive(reminder_id: uuid.UUID) -> bool:
    """Make a failed reminder pending again; False when there is no such reminder (its inbox twin is a plain notice)."""
    revived = db.session.scalar(
        update(Reminder)
        .where(Reminder.id == reminder_id, Reminder.state == "failed")
        .values(state="pending", attempts=0, last_error=None)
        .returning(Reminder.id)
        .execution_options(synchronize_session=False)
    )
    return revived is not None


def _claim(reminder_id: uuid.UUID) -> int | None:
    """Take the reminder, whoever is first; the number of this attempt, None when it was not to be had. Commits."""
    attempt = db.session.scalar(
        update(Reminder)
        .where(Reminder.id == reminder_id, Reminder.state == "pending")
        .values(state="claimed", claimed_at=func.clock_timestamp(), attempts=Reminder.attempts + 1)
        .returning(Reminder.attempts)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return attempt


def _prepare(reminder_id: uuid.UUID, attempt: int, now: datetime) -> _Mail | str:
    """Check at the last moment that it is still wanted, and put it into the recipient's inbox. Commits."""
    reminder = db.session.scalars(
        select(Reminder)
        .where(Reminder.id == reminder_id)
        .options(
            joinedload(Reminder.deadline).joinedload(Deadline.organisation),
            joinedload(Reminder.recipient),
        )
        .execution_options(populate_existing=True)
    ).one()
    deadline, user = reminder.deadline, reminder.recipient
    if send_at(deadline.due_at, reminder.offset_days) > now and reminder.offset_days >= ON_THE_DAY:
        # The deadline was moved later: this step has not come yet, and must be free to be planned again.
        db.session.execute(delete(Reminder).where(Reminder.id == reminder_id))
        db.session.commit()
        return "dropped"
    if reason := _why_not(reminder, now):
        return _skip(reminder, reason)
    context = context_of(reminder, now)
    optional = not wording_of(deadline.kind).statutory
    muted = optional and delivery.is_switched_off(user, "reminder")
    _put_in_inbox(reminder, context, now, state="in_app_only" if muted else "queued", statutory=not optional)
    if muted:
        return _skip(reminder, "switched_off")
    mail = _Mail(reminder_id, attempt, user.email, user.name, user.locale, context, optional)
    db.session.commit()
    return mail


def _why_not(reminder: Reminder, now: datetime) -> str | None:
    """The reason why a planned reminder must not go out any more; None when it must."""
    deadline = reminder.deadline
    if deadline.state in ("met", "cancelled"):
        return deadline.state
    if (now >= deadline.due_at) != (reminder.offset_days < ON_THE_DAY):
        # An 'ahead' reminder after the deadline, or an 'overdue' one of a deadline that was moved to the future.
        return "passed" if now >= deadline.due_at else "moved"
    newer = select(Reminder.id).where(
        Reminder.deadline_id == reminder.deadline_id,
        Reminder.recipient_id == reminder.recipient_id,
        Reminder.offset_days < reminder.offset_days,
    )
    if db.session.scalar(select(newer.exists())):
        return "superseded"
    if reminder.recipient.disabled_at is not None or not _is_member(reminder):
        return "left"
    return None


def _is_member(reminder: Reminder) -> bool:
    query = select(Membership.id).where(Membership.user_id == reminder.recipient_id, Membership.removed_at.is_(None))
    if reminder.deadline.kind in AUTHORITY_KINDS:
        query = query.where(Membership.authority_code == reminder.authority_code)
    else:
        query = query.where(
            Membership.organisation_id == reminder.organisation_id, Membership.role.in_(ORGANISATION_RECIPIENTS)
        )
    return bool(db.session.scalar(select(query.exists())))


def _skip(reminder: Reminder, reason: str) -> str:
    reminder.state, reminder.reason = "skipped", reason
    db.session.commit()
    return "skipped"


def _put_in_inbox(reminder: Reminder, context: dict[str, Any], now: datetime, *, state: str, statutory: bool) -> None:
    """The in-app twin, once, under the reminder's own id; it stands there even while no mail server answers."""
    deadline = reminder.deadline
    bound_authority = deadline.kind in AUTHORITY_KINDS
    values = {
        "id": reminder.id,
        "user_id": reminder.recipient_id,
        "organisation_id": None if bound_authority else reminder.organisation_id,
        "authority_code": reminder.authority_code,
        "kind": "reminder",
        "params": delivery.storable(context),
        "link": deadline.link,
        "rule": deadline.rule,
        "statutory": statutory,
        "state": state,
        "created_at": now,
    }
    db.session.execute(insert(Notice).values(**values).on_conflict_do_nothing())


def context_of(reminder: Reminder, now: datetime) -> dict[str, Any]:
    """What the reminder's templates are given; `days_left` counts at the moment of sending, not of planning."""
    deadline = reminder.deadline
    words = wording_of(deadline.kind)
    return {
        "kind": deadline.kind,
        "kind_label": kind_label(deadline.kind),
        "subject_label": deadline.subject_label,
        "organisation": deadline.organisation.name,
        "due_on": deadline.due_on,
        "days_left": (deadline.due_on - now.astimezone(clock.SHANGHAI).date()).days,
        "offset_days": reminder.offset_days,
        "provisional": deadline.provisional,
        "words": {"due": words.due, "todo": words.todo, "button": words.button, "missed": words.missed},
        "of_authority": words.of_authority,
        "link": deadline.link,
        "clause": delivery.clause_words(clauses.find(deadline.rule)),
        "statutory": words.statutory,
    }


def _settle(
    mail: _Mail,
    state: str,
    now: datetime,
    *,
    message_id: str | None = None,
    error: str | None = None,
    attempts: int | None = None,
    retry: bool = False,
) -> str:
    """Mark what became of the claim, in the ledger and in the inbox, and commit."""
    values: dict[str, Any] = {"state": state, "last_error": error[:2000] if error else None}
    if state == "sent":
        values |= {"sent_at": now, "message_id": message_id}
    if attempts is not None:
        values["attempts"] = attempts
    # Whoever got the server's yes marks it sent, even if a sweep has given the claim to another meanwhile.
    held = and_(Reminder.state == "claimed", Reminder.attempts == mail.attempt)
    mine = Reminder.state != "sent" if state == "sent" else held
    db.session.execute(
        update(Reminder)
        .where(Reminder.id == mail.reminder_id, mine)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    delivery.mark_notice(mail.reminder_id, _NOTICE_STATES[state], now=now, message_id=message_id, error=error)
    if retry:
        wait = RETRY_AFTER[min(mail.attempt, len(RETRY_AFTER)) - 1]
        key = f"reminder:{mail.reminder_id}:{mail.attempt}"
        delivery.run_later(SEND, key=key, wait=wait, reminder_id=str(mail.reminder_id))
    db.session.commit()
    log.info("reminder_settled", reminder=str(mail.reminder_id), state=state, attempt=mail.attempt, reason=error)
    return state


_NOTICE_STATES = {"sent": "sent", "failed": "bounced", "pending": "deferred"}
