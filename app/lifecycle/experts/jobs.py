"""The system's part: an expert's account, and messages to one expert (whose row no authority may see)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import outbox
from app.db import db
from app.jobs import job
from app.lifecycle.experts.models import Expert
from tenants import notices
from tenants.models import Membership, User
from tenants.scope import Role

WELCOME = "app.reminders.account_mail.send_reset"


@job()
def enrol(*, expert_id: str, at: str) -> None:
    """Give an expert an account: the one that their address has, or a new one with a mail to choose a password."""
    expert = db.session.get(Expert, uuid.UUID(expert_id), with_for_update=True)
    if expert is None or expert.user_id is not None:
        return
    now = datetime.fromisoformat(at)
    user = db.session.scalar(select(User).where(User.email == expert.email))
    if user is None:
        user = User(id=uuid.uuid4(), email=expert.email, name=expert.name, preferences={}, created_at=now)
        db.session.add(user)
        db.session.flush()
        outbox.add(WELCOME, queue="mail", key=f"welcome:{user.id}", email=user.email)
    seat = select(Membership.id).where(
        Membership.user_id == user.id, Membership.role == Role.expert.value, Membership.removed_at.is_(None)
    )
    if db.session.scalar(seat) is None:
        db.session.add(Membership(id=uuid.uuid4(), user_id=user.id, role=Role.expert.value, created_at=now))
    expert.user_id = user.id
    db.session.flush()


def tell_expert(*, user_id: uuid.UUID, kind: str, now: datetime, link: str, key: str, **params: Any) -> None:
    """After the commit, a message to one expert; `kind` names the mail."""
    outbox.add(
        "app.lifecycle.experts.jobs.write_to_expert",
        queue="mail",
        key=key,
        user_id=str(user_id),
        notice_kind=kind,
        at=now.isoformat(),
        link=link,
        params=params,
    )


@job()
def write_to_expert(*, user_id: str, notice_kind: str, at: str, link: str, params: dict[str, Any]) -> None:
    """The system's half of `tell_expert`."""
    notices.write_one(
        uuid.UUID(user_id), kind=notice_kind, now=datetime.fromisoformat(at), link=link, params=params, rule="R18"
    )
