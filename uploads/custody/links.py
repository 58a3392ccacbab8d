"""Links that open one thing, once, within a minute, for the person they were made for; only a hash is kept."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update

from app.db import db
from tenants.scope import Actor
from tenants.tokens import hash_token, new_token
from uploads.custody.models import DownloadLink

LINK_SECONDS = 60
KEPT_DAYS = 7


class NotValid(Exception):
    """The link was used, is too old, is another person's, or never was."""


def offer(
    *,
    actor: Actor,
    kind: str,
    object_id: uuid.UUID,
    name: str,
    mime: str,
    now: datetime,
    seconds: int = LINK_SECONDS,
    **data: Any,
) -> str:
    """A new token for `actor`; `kind` names the route that takes it, `object_id` and `data` are for that route."""
    if actor.user_id is None:
        raise ValueError("a link is made for a person")
    token = new_token()
    link = DownloadLink(
        id=uuid.uuid4(),
        token_hash=hash_token(token),
        user_id=actor.user_id,
        kind=kind,
        object_id=object_id,
        name=name,
        mime=mime,
        data=data,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    db.session.add(link)
    db.session.flush()
    return token


def redeem(*, actor: Actor, token: str, kind: str, now: datetime) -> DownloadLink:
    """Use the link up; of two at the same time one gets it. Raises NotValid. The caller commits."""
    used = (
        update(DownloadLink)
        .where(
            DownloadLink.token_hash == hash_token(token),
            DownloadLink.user_id == actor.user_id,
            DownloadLink.kind == kind,
            DownloadLink.used_at.is_(None),
            DownloadLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(DownloadLink)
    )
    link = db.session.scalars(used).one_or_none()
    if link is None:
        raise NotValid("the link is not valid (any more)")
    return link


def forget_old(now: datetime) -> int:
    """Delete links that nobody can use any more; returns how many. As the system."""
    old = delete(DownloadLink).where(DownloadLink.expires_at < now - timedelta(days=KEPT_DAYS))
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
