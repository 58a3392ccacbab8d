"""That an e-mail address is its owner's own: shown by pressing a button behind a link sent there."""

from __future__ import annotations

import uuid
from datetime import datetime

from app import outbox
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.accounts import gate, links, throttle
from tenants.accounts.links import Purpose
from tenants.accounts.registration import SEND_CONFIRMATION
from tenants.models import User
from tenants.scope import Actor, ScopeKind


def confirm_email(*, token: str, ip: str | None, now: datetime) -> User:
    """Mark the address of the link's owner as confirmed. Opens the gate itself. Refusals link_*."""
    user_id = links.check_link(token, Purpose.confirm_email, now=now)
    with gate.as_person(user_id):
        links.use(token, Purpose.confirm_email, user_id=user_id, now=now)
        user = db.session.get_one(User, user_id)
        mark_confirmed(user, actor=Actor(ScopeKind.account, user_id, name=user.name, ip=ip), now=now)
        return user


def mark_confirmed(user: User, *, actor: Actor, now: datetime) -> None:
    """Note that the address is the person's own; once."""
    if user.email_confirmed_at is not None:
        return
    user.email_confirmed_at = now
    db.session.flush()
    events.record("email_confirmed", actor=actor, now=now, subject_type="user", subject_id=user.id)


def resend_confirmation(*, user_id: uuid.UUID, email: str, ip: str) -> None:
    """Have a fresh confirmation mailed. Opens the gate itself. Refusal too_many_attempts."""
    limits = ((throttle.MAIL_TO_ADDRESS, email), (throttle.MAIL_BY_PLACE, ip))
    with gate.opened(*(limit.key(of) for limit, of in limits), user_id=user_id):
        for limit, of in limits:
            throttle.check(limit, of)
            throttle.count(limit, of)
        outbox.add(SEND_CONFIRMATION, queue="mail", user_id=str(user_id))


def require_confirmed(actor: Actor) -> None:
    """Refusal email_not_confirmed unless the person has confirmed their address: for whatever binds, submit or sign."""
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is None or user.email_confirmed_at is None:
        raise Refusal(
            "email_not_confirmed",
            "",
            N_("请先确认您的邮箱:打开我们发到您邮箱的邮件,点击其中的按钮。没有收到时可在页面顶部重新发送。"),
        )
