"""A person's private calendar address: made, shown once, made anew, revoked; and who asks by it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.db import db
from app.reminders.feeds.models import CalendarFeed
from app.rules.core import N_, Refusal
from tenants import events, identity
from tenants.accounts import gate
from tenants.identity import Identity
from tenants.scope import Actor
from tenants.tokens import hash_token, new_token

SEEN_EVERY = timedelta(minutes=1)
MARK = "cal_"
"""What every address begins with: a secret found in a log or a mail can be told to be one."""


def find_feed(membership_id: uuid.UUID) -> CalendarFeed | None:
    """The live address of a membership; nobody can say what it is any more."""
    return db.session.scalar(
        select(CalendarFeed).where(CalendarFeed.membership_id == membership_id, CalendarFeed.revoked_at.is_(None))
    )


def make_feed(*, actor: Actor, membership_id: uuid.UUID | None, now: datetime) -> str:
    """A new secret for a membership's calendar; the one before serves nothing from now on. Refusal feed_no_side."""
    if membership_id is None or actor.user_id is None:
        raise Refusal("feed_no_side", "", N_("您目前不属于任何单位,没有可以订阅的期限。"))
    replaced = _revoke(membership_id, now)
    token = MARK + new_token()
    db.session.add(
        CalendarFeed(user_id=actor.user_id, membership_id=membership_id, token_hash=hash_token(token), created_at=now)
    )
    db.session.flush()
    _note("calendar_feed_replaced" if replaced else "calendar_feed_made", actor, membership_id, now)
    return token


def revoke_feed(*, actor: Actor, membership_id: uuid.UUID | None, now: datetime) -> bool:
    """Have the address serve nothing any more; whether there was one."""
    if membership_id is None or not _revoke(membership_id, now):
        return False
    _note("calendar_feed_revoked", actor, membership_id, now)
    return True


def _revoke(membership_id: uuid.UUID, now: datetime) -> bool:
    live = (CalendarFeed.membership_id == membership_id) & CalendarFeed.revoked_at.is_(None)
    done = db.session.execute(
        update(CalendarFeed).where(live).values(revoked_at=now).execution_options(synchronize_session=False)
    )
    db.session.flush()
    return bool(done.rowcount)  # type: ignore[attr-defined]


def open_feed(token: str, *, now: datetime) -> Identity | None:
    """Who an address belongs to; None for one that is unknown, revoked, or whose person has left. Commits."""
    if not token.startswith(MARK) or len(token) > 100:
        return None
    key = hash_token(token)
    with gate.opened(key):
        row = db.session.scalar(select(CalendarFeed).where(CalendarFeed.token_hash == key))
        if row is None or row.revoked_at is not None:
            db.session.rollback()
            return None
        user_id, membership_id = row.user_id, row.membership_id
        if row.fetched_at is None or now - row.fetched_at > SEEN_EVERY:
            row.fetched_at = now
        db.session.commit()
    return identity.find_by_membership(user_id, membership_id)


def _note(name: str, actor: Actor, membership_id: uuid.UUID, now: datetime) -> None:
    events.record(name, actor=actor, now=now, subject_type="membership", subject_id=membership_id)
