"""A person's notices (站内信), newest first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_, update

from app.db import db
from app.rules.core import N_, Refusal
from tenants.notices import Notice

PAGE_SIZE = 20


@dataclass(frozen=True)
class Page:
    """Some notices; `last` is the place after which older ones follow, None at the end."""

    notices: list[Notice]
    last: tuple[datetime, uuid.UUID] | None


def list_notices(
    user_id: uuid.UUID,
    *,
    unread_only: bool = False,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """One page, older than `after`."""
    query = select(Notice).where(Notice.user_id == user_id)
    if unread_only:
        query = query.where(Notice.read_at.is_(None))
    if after is not None:
        query = query.where(tuple_(Notice.created_at, Notice.id) < after)
    rows = list(db.session.scalars(query.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(limit + 1)))
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, (shown[-1].created_at, shown[-1].id) if more else None)


def open_notice(*, user_id: uuid.UUID, notice_id: uuid.UUID, now: datetime) -> Notice:
    """Mark one notice as read. Refusal notice_not_found."""
    notice = db.session.scalar(select(Notice).where(Notice.id == notice_id, Notice.user_id == user_id))
    if notice is None:
        raise Refusal("notice_not_found", "", N_("没有找到这条消息。"))
    if notice.read_at is None:
        notice.read_at = now
        db.session.flush()
    return notice


def mark_all_read(*, user_id: uuid.UUID, now: datetime) -> int:
    """Mark every notice that was there by `now` as read; answers how many."""
    done = db.session.scalars(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None), Notice.created_at <= now)
        .values(read_at=now)
        .returning(Notice.id)
    )
    return len(done.all())
