"""Choosing a new password: with the old one, or with a link sent by mail."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from app import outbox
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.accounts import gate, links, passwords, sessions, throttle
from tenants.accounts.addresses import check_address
from tenants.accounts.confirmation import mark_confirmed
from tenants.accounts.links import Purpose
from tenants.models import User
from tenants.scope import Actor

SEND_RESET = "app.reminders.account_mail.send_reset"
SEND_PASSWORD_CHANGED = "app.reminders.account_mail.send_password_changed"  # noqa: S105 - a job's name


def request_reset(*, email: str, ip: str) -> None:
    """Have a link mailed to the address if it has an account; the answer is the same if not. Opens the gate itself.

    Refusals: email_malformed, too_many_attempts.
    """
    address = check_address(email)
    limits = ((throttle.MAIL_TO_ADDRESS, address), (throttle.MAIL_BY_PLACE, ip))
    with gate.opened(address, *(limit.key(of) for limit, of in limits)):
        for limit, of in limits:
            throttle.check(limit, of)
            throttle.count(limit, of)
        # The job looks the address up: the answer takes the same time for everybody.
        outbox.add(SEND_RESET, queue="mail", email=address)


def reset_password(*, token: str, password: str, ip: str | None, now: datetime) -> User:
    """Set a new password by a mailed link, end all sessions and open the throttle. Opens the gate itself.

    Refusals: link_*, password_*.
    """
    user_id = links.check_link(token, Purpose.reset_password, now=now)
    with gate.as_person(user_id):
        email, name = db.session.execute(select(User.email, User.name).where(User.id == user_id)).one()
    passwords.check_password(password, personal=(email, name))
    actor = gate.visitor(user_id, ip=ip, name=name)
    with gate.opened(throttle.SIGN_IN_BY_ADDRESS.key(email), user_id=user_id):
        links.use(token, Purpose.reset_password, user_id=user_id, now=now)
        user = db.session.get_one(User, user_id)
        _set_password(user, password, actor=actor, now=now, way="reset")
        # Whoever opened the mail owns the address, and has waited long enough.
        mark_confirmed(user, actor=actor, now=now)
        throttle.count(throttle.SIGN_IN_BY_ADDRESS, email, succeeded=True)
        sessions.sign_out_everywhere(actor=actor, now=now)
        return user


def change_password(
    *, user_id: uuid.UUID, current: str, password: str, session_id: uuid.UUID | None, ip: str | None, now: datetime
) -> None:
    """Set a new password knowing the old one, and end the other sessions. Opens the gate itself.

    Refusals: wrong_password (counted as a failed sign-in is, so the caller commits it), password_unchanged,
    password_*, too_many_attempts.
    """
    with gate.as_person(user_id):
        email = db.session.scalars(select(User.email).where(User.id == user_id)).one()
    with gate.opened(throttle.SIGN_IN_BY_ADDRESS.key(email), user_id=user_id):
        throttle.check(throttle.SIGN_IN_BY_ADDRESS, email)
        user = db.session.get_one(User, user_id)
        if not passwords.verify_password(user.password_hash, current):
            throttle.count(throttle.SIGN_IN_BY_ADDRESS, email)
            raise Refusal("wrong_password", "", N_("当前密码不正确。"))
        if passwords.verify_password(user.password_hash, password):
            raise Refusal("password_unchanged", "", N_("新密码与当前密码相同,请换一个。"))
        passwords.check_password(password, personal=(user.email, user.name))
        actor = gate.visitor(user_id, ip=ip, name=user.name)
        _set_password(user, password, actor=actor, now=now, way="change")
        sessions.sign_out_everywhere(actor=actor, now=now, except_session=session_id)


def _set_password(user: User, password: str, *, actor: Actor, now: datetime, way: str) -> None:
    user.password_hash = passwords.hash_password(password)
    db.session.flush()
    events.record("password_changed", actor=actor, now=now, subject_type="user", subject_id=user.id, way=way)
    outbox.add(SEND_PASSWORD_CHANGED, queue="mail", user_id=str(user.id), at=now.isoformat())
