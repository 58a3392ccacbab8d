"""What a person says of themselves, and the sides they belong to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from tenants import events
from tenants.models import Membership, User
from tenants.scope import Actor


def get_user(user_id: uuid.UUID) -> User:
    """The person themselves."""
    return db.session.get_one(User, user_id)


def change_profile(*, actor: Actor, name: str, locale: str, now: datetime) -> User:
    """Set name and language. `actor` acts for themselves alone."""
    user = db.session.get_one(User, actor.user_id)
    before = (user.name, user.locale)
    user.name, user.locale = name.strip(), locale
    if before != (user.name, user.locale):
        db.session.flush()
        events.record("profile_changed", actor=actor, now=now, subject_type="user", subject_id=user.id)
    return user


def change_mails(*, actor: Actor, wanted: Iterable[str], offered: Iterable[str], now: datetime) -> User:
    """Of the `offered` kinds of mail, have only the `wanted` ones sent; kinds not offered stay as they were.

    The in-app twin always comes. `actor` acts for themselves alone.
    """
    user = db.session.get_one(User, actor.user_id)
    offered = set(offered)
    before = set(user.preferences.get("mail_off", ()))
    off = (before - offered) | (offered - set(wanted))
    if off != before:
        user.preferences = {**user.preferences, "mail_off": sorted(off)}
        db.session.flush()
        events.record("mails_changed", actor=actor, now=now, subject_type="user", subject_id=user.id, off=sorted(off))
    return user


def change_digest(*, actor: Actor, digest: str, now: datetime) -> User:
    """How an authority's person gets their mails: `daily` together, or `each` by itself. `actor` is themselves."""
    user = db.session.get_one(User, actor.user_id)
    if user.preferences.get("digest", "daily") != digest:
        user.preferences = {**user.preferences, "digest": digest}
        db.session.flush()
        events.record("mails_changed", actor=actor, now=now, subject_type="user", subject_id=user.id, digest=digest)
    return user


def list_memberships(user_id: uuid.UUID) -> list[Membership]:
    """The sides a person belongs to, in the order of joining, with their names."""
    query = (
        select(Membership)
        .where(Membership.user_id == user_id, Membership.removed_at.is_(None))
        .options(joinedload(Membership.organisation), joinedload(Membership.authority))
        .order_by(Membership.created_at, Membership.id)
    )
    return list(db.session.scalars(query))
