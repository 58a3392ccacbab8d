"""What the mail workers run: one notice, one reminder. They take ids, read afresh and return when nothing is to do."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update

from app import clock
from app.db import db
from app.jobs import job
from app.lifecycle.deadlines.calendar import load_settings
from app.reminders import delivery, digests, holding, mailer, quiet, sending, webhooks
from app.reminders.feeds.inviting import with_invitation
from app.reminders.smtp import Bounced, Deferred
from tenants.models import User
from tenants.notices import Notice

log = structlog.get_logger(__name__)
SEND_NOTICE = "app.reminders.jobs.send_notice"
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
"""A greylisting server lets us in within the hour; after two days a mail counts as undeliverable (RFC 5321 4.5.4.1)."""


@job(on_dead="app.reminders.jobs.give_up_notice")
def send_notice(*, notice_id: str, attempt: int = 0, again: bool = False) -> None:
    """Mail one in-app notice: sent, bounced (for good), or deferred and tried again at a later time.

    An officer's may be held for the daily digest, unless it is sent `again`; what the clock causes at night waits for
    the morning.
    """
    notice = db.session.get(Notice, uuid.UUID(notice_id), populate_existing=True)
    if notice is None or notice.state not in ("queued", "deferred"):
        return
    user, now = db.session.get_one(User, notice.user_id), clock.now()
    if attempt == 0:
        _offer_to_webhooks(notice)
    if user.disabled_at is not None or (not notice.statutory and delivery.is_switched_off(user, notice.kind)):
        notice.state = "in_app_only"
        return
    if attempt == 0 and notice.state == "queued" and not again and holding.is_held_notice(user, notice):
        notice.state = "held"
        return
    if notice.kind in quiet.SCHEDULED_NOTICES and (end := _quiet_end(notice)):
        key = f"notice:{notice_id}:{attempt}:{end:%Y%m%d%H%M}"
        delivery.run_later(SEND_NOTICE, key=key, wait=end - now, notice_id=notice_id, attempt=attempt)
        return
    try:
        message_id = mailer.send(
            to=user.email,
            to_name=user.name,
            template=notice.kind,
            context=with_invitation(notice, user, delivery.words_of(notice), now=now),
            locale=user.locale,
            at=now,
            key=f"notice-{notice.id}",
            unsubscribe=None if notice.statutory else (user.id, notice.kind),
        )
    except Bounced as bounced:
        delivery.mark_notice(notice.id, "bounced", now=now, error=str(bounced))
        log.warning("notice_bounced", notice=notice_id, reason=str(bounced))
    except Deferred as deferred:
        _try_later(notice_id, attempt, str(deferred))
    else:
        delivery.mark_notice(notice.id, "sent", now=now, message_id=message_id)


def _offer_to_webhooks(notice: Notice) -> None:
    webhooks.offer(
        event=notice.kind,
        key=f"notice:{notice.kind}:{notice.created_at.isoformat()}:{notice.link}",
        context=delivery.words_of(notice),
        organisation_id=notice.organisation_id,
        authority_code=notice.authority_code,
        now=notice.created_at,
    )


def _quiet_end(notice: Notice) -> datetime | None:
    settings = load_settings(notice.authority_code) if notice.authority_code else load_settings()
    return quiet.until(settings, clock.now())


def _try_later(notice_id: str, attempt: int, reason: str) -> None:
    over = attempt >= len(RETRY_AFTER)
    delivery.mark_notice(uuid.UUID(notice_id), "bounced" if over else "deferred", now=clock.now(), error=reason)
    if not over:
        key = f"notice:{notice_id}:{attempt + 1}"
        delivery.run_later(SEND_NOTICE, key=key, wait=RETRY_AFTER[attempt], notice_id=notice_id, attempt=attempt + 1)
    log.warning("notice_deferred", notice=notice_id, attempt=attempt, given_up=over, reason=reason)


@job()
def give_up_notice(*, notice_id: str, attempt: int = 0) -> None:
    """The mail could not even be written: the failure is ours, and the authority's list of failures shows it."""
    delivery.mark_notice(uuid.UUID(notice_id), "bounced", now=clock.now(), error="the mail could not be written")


@job()
def resend_notice(*, notice_id: str) -> None:
    """Send again what bounced, after the address was put right; the officer asked for it."""
    freed: int = db.session.execute(
        update(Notice)
        .where(Notice.id == uuid.UUID(notice_id), Notice.state == "bounced")
        .values(state="queued", last_error=None)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if not freed:
        return
    if not sending.revive(uuid.UUID(notice_id)):
        send_notice(notice_id=notice_id, again=True)
    elif sending.send_reminder(uuid.UUID(notice_id), now=clock.now()) == "skipped":
        delivery.mark_notice(uuid.UUID(notice_id), "in_app_only", now=clock.now())


@job()
def send_reminder(*, reminder_id: str) -> None:
    """Send one reminder of the ledger, unless that is done or not wanted any more; the ledger counts its attempts."""
    sending.send_reminder(uuid.UUID(reminder_id), now=clock.now())


@job()
def send_digest(*, digest_id: str) -> None:
    """Send one officer's daily digest, unless that is done."""
    digests.send(uuid.UUID(digest_id), now=clock.now())


@job()
def post_webhook(*, delivery_id: str) -> None:
    """One try to post a message to an address of the other channel."""
    webhooks.post(uuid.UUID(delivery_id), now=clock.now())
