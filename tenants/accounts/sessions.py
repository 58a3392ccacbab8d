"""Signing in and out; the list of signed-in browsers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app import clock
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.accounts import gate, passwords, throttle
from tenants.accounts.addresses import check_address
from tenants.models import Membership, SignInSession, User
from tenants.scope import Actor
from tenants.tokens import hash_token, new_token

USER_AGENT_LENGTH = 300


@dataclass(frozen=True)
class SignedIn:
    """A session just begun; `token` goes into the cookie and nowhere else."""

    token: str
    user_id: uuid.UUID
    locale: str


def sign_in(*, email: str, password: str, ip: str, user_agent: str, now: datetime, lifetime: timedelta) -> SignedIn:
    """Begin a session. Opens the gate itself; the caller commits on a refusal too, for the try must be counted.

    Refusals: email_malformed, wrong_credentials (for a wrong password and an unknown address alike),
    too_many_attempts, account_disabled.
    """
    address = check_address(email)
    with gate.opened(address):
        user_id = db.session.scalar(select(User.id).where(User.email == address))
    by_address, by_place = throttle.SIGN_IN_BY_ADDRESS, throttle.SIGN_IN_BY_PLACE
    with gate.opened(address, by_address.key(address), by_place.key(ip), user_id=user_id):
        throttle.check(by_address, address)
        throttle.check(by_place, ip)
        user = db.session.get(User, user_id) if user_id else None
        if not passwords.verify_password(user.password_hash if user else None, password) or user is None:
            throttle.count(by_address, address)
            throttle.count(by_place, ip)
            raise Refusal("wrong_credentials", "", N_("邮箱或密码不正确。请检查后再试,或通过邮件重设密码。"))
        if user.disabled_at is not None:
            raise Refusal("account_disabled", "", N_("这个账号已停用。请联系本单位负责人。"))
        if passwords.needs_rehash(user.password_hash):
            user.password_hash = passwords.hash_password(password)
        throttle.count(by_address, address, succeeded=True)
        actor = gate.visitor(user.id, ip=ip, name=user.name)
        events.record("signed_in", actor=actor, now=now, subject_type="user", subject_id=user.id)
        token = begin(user.id, ip=ip, user_agent=user_agent, lifetime=lifetime)
        return SignedIn(token, user.id, user.locale)


def begin(
    user_id: uuid.UUID,
    *,
    ip: str,
    user_agent: str,
    lifetime: timedelta,
    membership_id: uuid.UUID | None = None,
) -> str:
    """A new session's token, in the membership given or the one the person worked in last."""
    # By the real clock: a visitor who moves the demo's stays signed in.
    real = clock.real_now()
    token = new_token()
    row = SignInSession(
        user_id=user_id,
        membership_id=membership_id or _last_membership(user_id),
        token_hash=hash_token(token),
        ip=ip,
        user_agent=user_agent[:USER_AGENT_LENGTH],
        created_at=real,
        last_seen_at=real,
        expires_at=real + lifetime,
    )
    db.session.add(row)
    db.session.flush()
    return token


def _last_membership(user_id: uuid.UUID) -> uuid.UUID | None:
    query = (
        select(SignInSession.membership_id)
        .join(Membership, Membership.id == SignInSession.membership_id)
        .where(SignInSession.user_id == user_id, Membership.removed_at.is_(None))
        .order_by(SignInSession.last_seen_at.desc())
        .limit(1)
    )
    return db.session.scalar(query)


def list_sessions(user_id: uuid.UUID, *, now: datetime) -> list[SignInSession]:
    """The person's live sessions, the one seen last first."""
    query = (
        select(SignInSession)
        .where(SignInSession.user_id == user_id, SignInSession.revoked_at.is_(None), SignInSession.expires_at > now)
        .order_by(SignInSession.last_seen_at.desc())
    )
    return list(db.session.scalars(query))


def sign_out(*, actor: Actor, session_id: uuid.UUID, now: datetime) -> None:
    """End one of the person's own sessions. Refusal session_not_found when it is not theirs or over already."""
    ended = db.session.scalar(
        update(SignInSession)
        .where(
            SignInSession.id == session_id,
            SignInSession.user_id == actor.user_id,
            SignInSession.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(SignInSession.id)
    )
    if ended is None:
        raise Refusal("session_not_found", "", N_("这个登录已经退出。"))
    events.record("signed_out", actor=actor, now=now, subject_type="user", subject_id=actor.user_id)


def sign_out_everywhere(*, actor: Actor, now: datetime, except_session: uuid.UUID | None = None) -> int:
    """End all of the person's sessions, but for the one kept; answers how many. `actor` acts for themselves alone."""
    query = update(SignInSession).where(SignInSession.user_id == actor.user_id, SignInSession.revoked_at.is_(None))
    if except_session is not None:
        query = query.where(SignInSession.id != except_session)
    ended = len(db.session.scalars(query.values(revoked_at=now).returning(SignInSession.id)).all())
    events.record(
        "signed_out_everywhere", actor=actor, now=now, subject_type="user", subject_id=actor.user_id, sessions=ended
    )
    return ended


def switch_membership(*, actor: Actor, session_id: uuid.UUID, membership_id: uuid.UUID) -> None:
    """Have the session act in another of the person's memberships. Refusal membership_not_found."""
    own = db.session.scalar(
        select(Membership.id).where(
            Membership.id == membership_id, Membership.user_id == actor.user_id, Membership.removed_at.is_(None)
        )
    )
    if own is None:
        raise Refusal("membership_not_found", "", N_("您已不在这个单位中,请选择其他身份。"))
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.user_id == actor.user_id)
        .values(membership_id=membership_id)
        .execution_options(synchronize_session=False)
    )
