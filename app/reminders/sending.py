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
from urllib.parse import quote

import structlog
from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import clock
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.models import Deadline
from app.reminders import delivery, holding, mailer, quiet, recipients, webhooks
from app.reminders.engine import EXIT_KIND, SEND, enqueue_reminders
from app.reminders.models import Digest, Reminder
from app.reminders.recipients import Audience
from app.reminders.smtp import Bounced, Deferred, MailServerDown
from app.reminders.wording import kind_label, wording_of
from app.rules import clauses
from app.rules.reminders import ON_THE_DAY, send_at
from tenants.notices import Notice, describe_recipient

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
    user_id: uuid.UUID


def send_reminder(reminder_id: uuid.UUID, *, now: datetime) -> str:
    """Send one reminder unless it was sent, is being sent, or is not wanted any more. Commits.

    Returns what became of it: sent, held (for the person's digest), skipped, pending (to be tried again), quiet (given
    back till the morning), failed, dropped (its deadline moved: a later run plans it anew), or lost (another sender has
    it). Raises MailServerDown, with the claim given back.
    """
    attempt = claim(Reminder, reminder_id)
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
            unsubscribe=(prepared.user_id, "reminder") if prepared.optional else None,
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


def sweep(*, stale: timedelta = STALE_CLAIM, now: datetime | None = None) -> int:
    """Give back claims whose sender died, and hand to the workers whatever waits without being on its way. Commits.

    What waits for the end of its authority's quiet hours goes on waiting, unless its deadline ends before they do.
    """
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
    silent = quiet.list_quiet(now or clock.now())
    waiting = db.session.scalars(
        _ORPHANS, {"now": now or clock.now(), "codes": list(silent), "ends": list(silent.values())}
    ).all()
    enqueue_reminders(waiting)
    db.session.commit()
    if freed or waiting:
        log.warning("reminders_healed", claims=freed, waiting=len(waiting))
    return freed + len(waiting)


_ORPHANS = text(
    """
    select r.id from reminders r join deadlines d on d.id = r.deadline_id
      left join unnest(cast(:codes as text[]), cast(:ends as timestamptz[])) as q (code, ends)
             on q.code = r.authority_code
     where r.state = 'pending' and (q.code is null or (d.due_at > :now and d.due_at <= q.ends)) and not exists (
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


def claim(ledger: type[Reminder] | type[Digest], row_id: uuid.UUID) -> int | None:
    """Take a reminder or a digest, whoever is first; the number of this attempt, None when it was not to be had.

    Commits.
    """
    attempt: int | None = db.session.scalar(
        update(ledger)
        .where(ledger.id == row_id, ledger.state == "pending")
        .values(state="claimed", claimed_at=func.clock_timestamp(), attempts=ledger.attempts + 1)
        .returning(ledger.attempts)
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
    moved = deadline.due_on != reminder.due_on
    if moved or (send_at(deadline.due_at, reminder.offset_days) > now and reminder.offset_days >= ON_THE_DAY):
        # The deadline was moved: this step belongs to another day, and must be free to be planned again.
        db.session.execute(delete(Reminder).where(Reminder.id == reminder_id))
        db.session.commit()
        return "dropped"
    if reason := why_not(reminder, now):
        return _skip(reminder, reason)
    settings = load_settings(reminder.authority_code)
    if quiet.until(settings, now, deadline.due_at):
        reminder.state, reminder.attempts = "pending", attempt - 1
        db.session.commit()
        return "quiet"
    context = context_of(reminder, now)
    optional = not wording_of(deadline.kind).statutory
    muted = optional and delivery.is_switched_off(user, "reminder")
    held = not muted and recipients.is_of_authority(reminder) and holding.is_held(user, deadline, settings, now)
    state = "in_app_only" if muted else "held" if held else "queued"
    fresh = _put_in_inbox(reminder, context, now, state=state, statutory=not optional)
    webhooks.offer(
        event="reminder",
        key=f"reminder:{deadline.id}:{reminder.offset_days}:{reminder.due_on}:{reminder.audience}",
        context=context,
        organisation_id=None if recipients.is_of_authority(reminder) else reminder.organisation_id,
        authority_code=reminder.authority_code,
        now=now,
    )
    if muted:
        return _skip(reminder, "switched_off")
    if held and fresh:
        reminder.state = "held"
        db.session.commit()
        return "held"
    mail = _Mail(reminder_id, attempt, user.email, user.name, user.locale, context, optional, user.id)
    db.session.commit()
    return mail


def why_not(reminder: Reminder, now: datetime) -> str | None:
    """The reason why a planned reminder must not go out any more; None when it must.

    `deadline` and `recipient` are loaded.
    """
    deadline = reminder.deadline
    if deadline.state in ("met", "cancelled"):
        return deadline.state
    if (now >= deadline.due_at) != (reminder.offset_days < ON_THE_DAY):
        # An 'ahead' reminder after the deadline, or an 'overdue' one of a deadline that was moved to the future.
        return "passed" if now >= deadline.due_at else "moved"
    newer = select(Reminder.id).where(
        Reminder.deadline_id == reminder.deadline_id,
        Reminder.recipient_id == reminder.recipient_id,
        Reminder.due_on == reminder.due_on,
        Reminder.offset_days < reminder.offset_days,
    )
    if db.session.scalar(select(newer.exists())):
        return "superseded"
    if reminder.recipient.disabled_at is not None or not recipients.is_recipient(reminder):
        return "left"
    return None


def _skip(reminder: Reminder, reason: str) -> str:
    reminder.state, reminder.reason = "skipped", reason
    db.session.commit()
    return "skipped"


def _put_in_inbox(reminder: Reminder, context: dict[str, Any], now: datetime, *, state: str, statutory: bool) -> bool:
    """The in-app twin, once, under the reminder's own id; it stands there even while no mail server answers.

    Whether it is new: an earlier try may have put it there.
    """
    deadline = reminder.deadline
    bound_authority = recipients.is_of_authority(reminder)
    values = {
        "id": reminder.id,
        "user_id": reminder.recipient_id,
        "recipient": describe_recipient(
            reminder.recipient_id,
            organisation_id=None if bound_authority else reminder.organisation_id,
            authority_code=reminder.authority_code,
        ),
        "organisation_id": None if bound_authority else reminder.organisation_id,
        "authority_code": reminder.authority_code,
        "kind": "reminder",
        "params": delivery.storable(context),
        "link": context["link"],
        "rule": deadline.rule,
        "statutory": statutory,
        "state": state,
        "created_at": now,
    }
    made = insert(Notice).values(**values).on_conflict_do_nothing().returning(Notice.id)
    return db.session.scalar(made) is not None


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
        **_escalation_words(reminder),
        "clause": delivery.clause_words(clauses.find(deadline.rule)),
        "statutory": words.statutory,
    }


def _escalation_words(reminder: Reminder) -> dict[str, Any]:
    """For those whom the deadline does not bind: who was reminded, and who has read it."""
    deadline = reminder.deadline
    words: dict[str, Any] = {"audience": reminder.audience, "link": deadline.link}
    if reminder.audience == Audience.bound:
        return words
    if reminder.audience == Audience.bureau:
        exits = deadline.kind == EXIT_KIND
        words["link"] = "/bureau/exits" if exits else f"/bureau/deadlines?q={quote(deadline.organisation.name)}"
    sent = (
        select(func.count(Reminder.recipient_id.distinct()), func.count(Notice.user_id.distinct()))
        .select_from(Reminder)
        .outerjoin(Notice, and_(Notice.id == Reminder.id, Notice.read_at.is_not(None)))
        .where(Reminder.deadline_id == deadline.id, Reminder.audience == Audience.bound, Reminder.state == "sent")
    )
    words["reminded"], words["read"] = db.session.execute(sent).one()
    return words


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
