"""One-time links sent by mail: made by the job that sends them, used by a POST, never by a GET."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from app.db import db
from app.rules.core import N_, Refusal
from tenants.accounts import gate
from tenants.models import OneTimeToken
from tenants.tokens import hash_token, new_token


class Purpose(StrEnum):
    """What a link is for."""

    confirm_email = "confirm_email"
    reset_password = "reset_password"  # noqa: S105 - a purpose, not a password


LIFETIME = {Purpose.confirm_email: timedelta(days=3), Purpose.reset_password: timedelta(hours=1)}


class LinkState(StrEnum):
    """Whether a link still works, and if not, why."""

    good = "good"
    used = "used"
    expired = "expired"
    unknown = "unknown"


@dataclass(frozen=True)
class Link:
    """What a presented token is."""

    state: LinkState
    user_id: uuid.UUID | None = None


_REASONS = {
    LinkState.used: N_("这个链接已经用过,每个链接只能用一次。"),
    LinkState.expired: N_("这个链接已过期。"),
    LinkState.unknown: N_("链接无效,可能没有复制完整,或已被较新的邮件代替。"),
}


def issue(user_id: uuid.UUID, purpose: Purpose, *, now: datetime) -> str:
    """A fresh token for the mail about to be sent; only its hash is kept."""
    token = new_token()
    row = OneTimeToken(
        user_id=user_id,
        purpose=purpose.value,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + LIFETIME[purpose],
    )
    db.session.add(row)
    db.session.flush()
    return token


def find_link(token: str, purpose: Purpose, *, now: datetime) -> Link:
    """What the token is, without using it. Opens the gate itself."""
    key = hash_token(token)
    with gate.opened(key):
        row = db.session.scalar(
            select(OneTimeToken).where(OneTimeToken.token_hash == key, OneTimeToken.purpose == purpose.value)
        )
        if row is None:
            return Link(LinkState.unknown)
        if row.used_at is not None:
            return Link(LinkState.used, row.user_id)
        return Link(LinkState.good if row.expires_at > now else LinkState.expired, row.user_id)


def check_link(token: str, purpose: Purpose, *, now: datetime) -> uuid.UUID:
    """Whose good link it is. Refusal link_used, link_expired or link_unknown."""
    link = find_link(token, purpose, now=now)
    if link.state is not LinkState.good or link.user_id is None:
        raise refusal(link.state)
    return link.user_id


def refusal(state: LinkState) -> Refusal:
    """Why a link does not work."""
    return Refusal(f"link_{state.value}", "", _REASONS[state])


def use(token: str, purpose: Purpose, *, user_id: uuid.UUID, now: datetime) -> None:
    """Use the link up, and with it every other of the same purpose; within the transaction of its effect."""
    claimed = db.session.scalar(
        update(OneTimeToken)
        .where(OneTimeToken.token_hash == hash_token(token), OneTimeToken.used_at.is_(None))
        .values(used_at=now)
        .returning(OneTimeToken.id)
    )
    if claimed is None:
        raise refusal(LinkState.used)
    db.session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose.value, OneTimeToken.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
