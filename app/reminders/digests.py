"""The officers' daily digest: planned once a person and working day, claimed, looked through again, sent, marked.

As with reminders each step commits by itself: a crash may delay a digest, never lose it, and sends it twice, under one
Message-ID, only if it died between the mail server's acceptance and the mark.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import joinedload

from app import clock, outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.calendar import load_calendar, load_settings_of
from app.lifecycle.deadlines.models import Deadline
from app.reminders import delivery, holding, mailer, quiet, sending
from app.reminders.engine import EXIT_KIND
from app.reminders.models import Digest, Reminder
from app.reminders.smtp import Bounced, Deferred, MailServerDown
from tenants.models import Authority, User
from tenants.notices import Notice

log = structlog.get_logger(__name__)
SEND = "app.reminders.jobs.send_digest"
HEADER = "X-Sheping-Digest"
MAX_ATTEMPTS = 5
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
STALE_CLAIM = timedelta(minutes=5)
MOST_ENTRIES = 60

_PLAN = text(
    """
    insert into digests (id, user_id, authority_code, "on", created_at)
    select distinct on (n.user_id) gen_random_uuid(), n.user_id, n.authority_code, cast(:on as date),
           cast(:now as timestamptz)
      from notices n where n.state = 'held' and n.authority_code = :code and n.created_at <= :instant
    on conflict do nothing returning id
    """
)
_ENQUEUE = text(
    f"""
    insert into outbox (queue, function, args, key)
    select 'mail', '{SEND}', jsonb_build_object('digest_id', d.id::text), 'digest:' || d.id || ':' || d.attempts
      from digests d where d.id = any(:ids) and d.state = 'pending'
    on conflict (key) do update set state = 'pending', attempts = 0, job_id = null, available_at = now()
     where outbox.state = 'done'
    """  # noqa: S608 - a constant
)
_WAITING = text(
    """
    select d.id from digests d where d.state = 'pending' and not exists (
           select from outbox o where o.key = 'digest:' || d.id || ':' || d.attempts
              and o.state in ('pending', 'enqueued'))
     order by d.id limit 1000
    """
)


@dataclass(frozen=True)
class _Entry:
    """One message of a digest."""

    notice: Notice
    reminder: Reminder | None


def plan(*, now: datetime, enqueue: bool = True) -> list[uuid.UUID]:
    """Write the digests whose hour has come on this working day, and commit; returns them.

    A day whose hour was slept through is not made up for: what was held goes with the next one.
    """
    held = select(Notice.authority_code).where(Notice.state == "held").distinct()
    today = now.astimezone(SHANGHAI).date()
    planned: list[uuid.UUID] = []
    for code, settings in load_settings_of([str(code) for code in db.session.scalars(held)]).items():
        instant = holding.digest_instant(today, settings)
        if now < instant or not load_calendar().is_workday(today) or quiet.until(settings, now):
            continue
        planned += db.session.scalars(_PLAN, {"on": today, "now": now, "code": code, "instant": instant}).all()
    if enqueue and planned:
        _hand_over(planned)
    db.session.commit()
    return planned


def send(digest_id: uuid.UUID, *, now: datetime) -> str:
    """Send one digest unless it was sent, is being sent or has nothing to say. Commits.

    Returns sent, empty, pending (to be tried again), failed or lost. Raises MailServerDown, with the claim given back.
    """
    attempt = sending.claim(Digest, digest_id)
    if attempt is None:
        return "lost"
    digest = db.session.get_one(Digest, digest_id, populate_existing=True)
    user = db.session.get_one(User, digest.user_id)
    entries = _look_through(digest, now)
    if not entries or user.disabled_at is not None:
        digest.state = "empty"
        db.session.commit()
        return "empty"
    context = _context(digest, entries, user.locale)
    address, name, locale = user.email, user.name, user.locale
    # Each reminder says by its ledger id in which mail it went, whether by itself or among others.
    reminders = [str(entry.reminder.id) for entry in entries if entry.reminder is not None]
    db.session.commit()
    try:
        message_id = mailer.send(
            to=address,
            to_name=name,
            locale=locale,
            template="digest",
            context=context,
            headers={HEADER: str(digest_id), sending.HEADER: reminders},
            at=now,
            key=f"digest-{digest_id}",
        )
    except MailServerDown as down:
        _settle(digest_id, "pending", now, error=str(down), attempts=attempt - 1)
        raise
    except Bounced as bounced:
        return _settle(digest_id, "failed", now, error=str(bounced))
    except Deferred as deferred:
        last = attempt >= MAX_ATTEMPTS
        return _settle(
            digest_id, "failed" if last else "pending", now, error=str(deferred), retry=None if last else attempt
        )
    return _settle(digest_id, "sent", now, message_id=message_id)


def sweep(*, stale: timedelta = STALE_CLAIM) -> int:
    """Give back claims whose sender died, and hand to the workers what waits without being on its way. Commits."""
    freed: int = db.session.execute(
        update(Digest)
        .where(Digest.state == "claimed", Digest.claimed_at < func.clock_timestamp() - stale)
        .values(state=text(f"case when attempts >= {MAX_ATTEMPTS} then 'failed' else 'pending' end"))
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    given_up = select(Digest.id).join(Notice, Notice.digest_id == Digest.id)
    for digest_id in db.session.scalars(given_up.where(Digest.state == "failed", Notice.state == "held").distinct()):
        _settle_messages(digest_id, "failed", clock.now(), message_id=None, error="its sender died at every try")
    waiting = db.session.scalars(_WAITING).all()
    if waiting:
        _hand_over(waiting)
    db.session.commit()
    return freed + len(waiting)


def _hand_over(ids: Any) -> None:
    db.session.execute(_ENQUEUE, {"ids": list(ids)})
    db.session.execute(text("select pg_notify(:channel, 'mail')"), {"channel": outbox.CHANNEL})


def _look_through(digest: Digest, now: datetime) -> list[_Entry]:
    """What was held for the person, without what was done meanwhile; a first try makes it the digest's own."""
    mine = or_(Notice.digest_id.is_(None), Notice.digest_id == digest.id)
    query = select(Notice).where(
        Notice.user_id == digest.user_id, Notice.authority_code == digest.authority_code, Notice.state == "held", mine
    )
    notices = db.session.scalars(query.order_by(Notice.created_at, Notice.id)).all()
    rows = db.session.scalars(
        select(Reminder)
        .where(Reminder.id.in_([notice.id for notice in notices]))
        .options(joinedload(Reminder.deadline).joinedload(Deadline.organisation), joinedload(Reminder.recipient))
    )
    reminders = {row.id: row for row in rows}
    entries = []
    for notice in notices:
        reminder = reminders.get(notice.id)
        reason = sending.why_not(reminder, now) if reminder is not None else None
        if reminder is not None and reason:
            reminder.state, reminder.reason = "skipped", reason
            notice.state = "in_app_only"
            continue
        notice.digest_id = digest.id
        entries.append(_Entry(notice, reminder))
    return entries


def _context(digest: Digest, entries: list[_Entry], locale: str) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    exits = []
    for entry in entries[:MOST_ENTRIES]:
        row = {
            "title": delivery.title_of(entry.notice, locale=locale),
            "url": mailer.absolute(entry.notice.link),
            "at": entry.notice.created_at,
        }
        if entry.reminder is not None and entry.reminder.deadline.kind == EXIT_KIND:
            deadline = entry.reminder.deadline
            exits.append({**row, "organisation": deadline.organisation.name, "due_on": deadline.due_on})
        else:
            groups.setdefault(_case_of(entry), []).append(row)
    return {
        "count": len(entries),
        "more": max(0, len(entries) - MOST_ENTRIES),
        "on": digest.on,
        "groups": [{"case": case, "rows": rows} for case, rows in sorted(groups.items())],
        "exits": exits,
        "exits_url": mailer.absolute("/bureau/exits"),
        "authority": db.session.get_one(Authority, digest.authority_code).name,
        "link": "/account/inbox",
    }


def _case_of(entry: _Entry) -> str:
    """The case a message belongs to: its organisation, and the matter where the message names one."""
    if entry.reminder is not None:
        deadline = entry.reminder.deadline
        return f"{deadline.organisation.name} {deadline.subject_label}".strip()
    organisation = entry.notice.params.get("organisation") or entry.notice.params.get("organisation_name")
    return str(organisation or "")


def _settle(
    digest_id: uuid.UUID,
    state: str,
    now: datetime,
    *,
    message_id: str | None = None,
    error: str | None = None,
    attempts: int | None = None,
    retry: int | None = None,
) -> str:
    """Mark what became of the digest, and with it of each message in it; commits."""
    values: dict[str, Any] = {"state": state, "last_error": error[:2000] if error else None}
    if state == "sent":
        values |= {"sent_at": now, "message_id": message_id}
    if attempts is not None:
        values["attempts"] = attempts
    db.session.execute(
        update(Digest)
        .where(Digest.id == digest_id, Digest.state != "sent")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if state in ("sent", "failed"):
        _settle_messages(digest_id, state, now, message_id=message_id, error=error)
    if retry is not None:
        wait = RETRY_AFTER[min(retry, len(RETRY_AFTER)) - 1]
        delivery.run_later(SEND, key=f"digest:{digest_id}:{retry}", wait=wait, digest_id=str(digest_id))
    db.session.commit()
    log.info("digest_settled", digest=str(digest_id), state=state, reason=error)
    return state


def _settle_messages(
    digest_id: uuid.UUID, state: str, now: datetime, *, message_id: str | None, error: str | None
) -> None:
    sent = {"sent_at": now, "message_id": message_id} if state == "sent" else {"last_error": error}
    mine = select(Notice.id).where(Notice.digest_id == digest_id, Notice.state == "held")
    db.session.execute(
        update(Reminder)
        .where(Reminder.id.in_(mine), Reminder.state == "held")
        .values(state=state, **sent)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(Notice)
        .where(Notice.digest_id == digest_id, Notice.state == "held")
        .values(state="sent" if state == "sent" else "bounced", **sent)
        .execution_options(synchronize_session=False)
    )
