"""What the scheduler does besides the outbox, and how often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import text

from app import clock
from app.config import Config
from app.db import db
from app.lifecycle import retention
from app.lifecycle.calls.jobs import follow_calls
from app.lifecycle.deadlines.following import follow_subjects
from app.lifecycle.directory.jobs import follow_filings
from app.lifecycle.incubation import jobs as incubation_jobs
from app.lifecycle.publicity import attachments
from app.lifecycle.publicity import jobs as publicity_jobs
from app.lifecycle.rectifications import jobs as rectification_jobs
from app.lifecycle.renewals import jobs as renewal_jobs
from app.lifecycle.scheduling import Periodic
from app.reminders import bounce_mailbox, digests, engine, sending
from app.reminders.feeds.inviting import follow_invitations
from tenants.accounts import expiry, throttle
from tenants.scope import SYSTEM_ACTOR
from uploads.custody import links, purging
from uploads.intake import sweep_expired
from uploads.sweeping import sweep_orphans, sweep_quarantine

LOCK_SPACE = 5205
LOCK_DAY = 1
OVERLAP = timedelta(minutes=10)
"""Looked at twice: a deadline set by a transaction that took this long to commit is still found."""

_planned_until: datetime | None = None
_guard = threading.Lock()


@contextmanager
def day_lock(*, wait: bool) -> Iterator[bool]:
    """Hold the right to follow the clock; False when another process has it and `wait` is off.

    The walk of the demo's clock holds it, so that the scheduler does not plan the days between in its own order.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        names = {"space": LOCK_SPACE, "number": LOCK_DAY}
        if wait:
            connection.execute(text("select pg_advisory_lock(:space, :number)"), names)
        elif not connection.scalar(text("select pg_try_advisory_lock(:space, :number)"), names):
            yield False
            return
        try:
            yield True
        finally:
            connection.execute(text("select pg_advisory_unlock(:space, :number)"), names)


def follow_deadlines() -> None:
    """Mark what was missed, plan what is due. The first run of a process looks back over an outage of weeks."""
    global _planned_until
    with _guard, day_lock(wait=False) as mine:
        if not mine:
            return
        now = clock.now()
        since = _planned_until - OVERLAP if _planned_until and _planned_until <= now else None
        engine.follow_missed(now=now)
        engine.plan(now=now, since=since)
        digests.plan(now=now)
        _planned_until = now


def sweep_reminders() -> None:
    """Heal claims whose sender died; hand over what the night kept back."""
    sending.sweep()
    digests.sweep()


def poll_bounces() -> None:
    """Take the delivery reports that came into the mailbox for them, where there is one."""
    settings: Config = current_app.config["SHEPING"]
    if settings.bounce_imap_url:
        bounce_mailbox.poll(settings.bounce_imap_url)


def expire_registrations() -> None:
    """Let go of organisations whose founder never confirmed the address."""
    expiry.expire_registrations(now=clock.now())
    db.session.commit()


def follow_selection() -> int:
    """End publicities (R25), flag incubations over (R27), end filing periods (R46, R50) and months of rectification
    (R58), set what follows from them. Answers how many renewals opened, closed, ended or were overdue."""
    now = clock.now()
    publicity_jobs.end_publicities(now=now)
    incubation_jobs.flag_overdue(now=now)
    renewals = renewal_jobs.follow_renewals(now=now)
    renewals += rectification_jobs.follow_rectifications(now=now)
    follow_subjects(now=now)
    follow_invitations(now=now)
    return renewals


def purge_custody() -> None:
    """Destroy what has been kept long enough, and links that nobody can use any more."""
    now = clock.now()
    retention.purge_due(by="系统(按保留规则自动执行)", now=now)
    purging.purge_removed(now=now)
    links.forget_old(now)
    db.session.commit()


def sweep_unlodged() -> None:
    """Take away the files of objections that were begun and never lodged."""
    attachments.sweep_unlodged(actor=SYSTEM_ACTOR, now=clock.now())


def purge_attempts() -> None:
    """Drop tries at a password that no limit looks at any more."""
    throttle.purge()
    db.session.commit()


# Between two sending times a run asks next to nothing; often, because in a demo a visitor moves the clock and watches.
PERIODIC: tuple[Periodic, ...] = (
    Periodic("follow_deadlines", 15, follow_deadlines),
    Periodic("sweep_reminders", 60, sweep_reminders),
    Periodic("poll_bounces", 120, poll_bounces),
    Periodic("expire_registrations", 3600, expire_registrations),
    Periodic("expire_uploads", 120, sweep_expired),
    Periodic("sweep_quarantine", 600, sweep_quarantine),
    Periodic("sweep_orphans", 24 * 3600, sweep_orphans),
    Periodic("sweep_unlodged", 3600, sweep_unlodged),
    Periodic("purge_custody", 3600, purge_custody),
    Periodic("follow_calls", 10, follow_calls),
    Periodic("purge_attempts", 3600, purge_attempts),
    Periodic("follow_filings", 30, follow_filings),
    Periodic("follow_selection", 15, follow_selection),
)
