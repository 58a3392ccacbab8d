"""From a cookie's or a bearer's token to the person, their membership and the actor they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_login import UserMixin
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from app.db import db
from tenants import scope
from tenants.models import ApiToken, Membership, SignInSession, User
from tenants.scope import DEPARTMENT_CODE, Actor, Role, Scope, ScopeKind
from tenants.tokens import hash_token

# A last-seen time to the minute is all a person needs, and it spares a write on every request.
SEEN_EVERY = timedelta(minutes=1)


@dataclass
class Identity(UserMixin):  # type: ignore[misc]
    """A signed-in person as the web sees them: plain values, detached from any transaction."""

    token: str
    user_id: uuid.UUID
    email: str
    name: str
    locale: str
    email_confirmed: bool
    session_id: uuid.UUID | None
    membership_id: uuid.UUID | None
    role: Role | None
    organisation_id: uuid.UUID | None
    organisation_name: str
    authority_code: str | None
    authority_name: str
    membership_count: int

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's token, so that revoking the session signs out."""
        return self.token

    @property
    def kind(self) -> ScopeKind:
        """Which kind of actor the current membership makes of this person."""
        if self.organisation_id:
            return ScopeKind.organisation
        if self.authority_code:
            return ScopeKind.department if self.authority_code == DEPARTMENT_CODE else ScopeKind.bureau
        return ScopeKind.expert if self.role is Role.expert else ScopeKind.account

    def actor(self, *, ip: str | None, user_agent: str | None) -> Actor:
        """The actor of this person's requests."""
        return Actor(
            self.kind, self.user_id, self.organisation_id, self.authority_code, self.role, self.name, ip, user_agent
        )


def find_by_session(token: str, *, now: datetime) -> Identity | None:
    """Who holds the session `token`, or None when it is unknown, revoked or expired. Marks it as seen."""
    key = hash_token(token)
    with _transaction(Scope(ScopeKind.gate, gate_keys=(key,))) as session:
        row = session.scalar(select(SignInSession).where(SignInSession.token_hash == key))
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            return None
        if now - row.last_seen_at > SEEN_EVERY:
            # A session slides: it ends when it was not used for as long as it was given at the sign-in.
            until = now + (row.expires_at - row.last_seen_at)
            seen = update(SignInSession).where(SignInSession.id == row.id)
            session.execute(seen.values(last_seen_at=now, expires_at=until))
        session.commit()
    return _load(token, row.user_id, row.membership_id, session_id=row.id)


def find_by_bearer(token: str, *, now: datetime) -> Identity | None:
    """Who holds the API token, or None when it is unknown, revoked or expired."""
    key = hash_token(token)
    with _transaction(Scope(ScopeKind.gate, gate_keys=(key,))) as session:
        row = session.scalar(select(ApiToken).where(ApiToken.token_hash == key))
        if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        if row.last_used_at is None or now - row.last_used_at > SEEN_EVERY:
            session.execute(update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now))
        session.commit()
    return _load(token, row.user_id, row.membership_id, session_id=None, strictly=True)


def find_by_membership(user_id: uuid.UUID, membership_id: uuid.UUID) -> Identity | None:
    """Who a person is in one membership, or None when they have left it or were disabled."""
    return _load("", user_id, membership_id, session_id=None, strictly=True)


def _load(
    token: str,
    user_id: uuid.UUID,
    membership_id: uuid.UUID | None,
    *,
    session_id: uuid.UUID | None,
    strictly: bool = False,
) -> Identity | None:
    with _transaction(Scope(ScopeKind.account, user_id=user_id)) as session:
        user = session.get(User, user_id)
        if user is None or user.disabled_at is not None:
            return None
        query = (
            select(Membership)
            .where(Membership.user_id == user_id, Membership.removed_at.is_(None))
            .order_by(Membership.created_at, Membership.id)
            .options(joinedload(Membership.organisation), joinedload(Membership.authority))
        )
        memberships = list(session.scalars(query))
    chosen = next((m for m in memberships if m.id == membership_id), None)
    if chosen is None and strictly:
        return None
    chosen = chosen or (memberships[0] if memberships else None)
    return Identity(
        token=token,
        user_id=user.id,
        email=user.email,
        name=user.name,
        locale=user.locale,
        email_confirmed=user.email_confirmed_at is not None,
        session_id=session_id,
        membership_id=chosen.id if chosen else None,
        role=Role(chosen.role) if chosen else None,
        organisation_id=chosen.organisation_id if chosen else None,
        organisation_name=chosen.organisation.name if chosen and chosen.organisation else "",
        authority_code=chosen.authority_code if chosen else None,
        authority_name=chosen.authority.name if chosen and chosen.authority else "",
        membership_count=len(memberships),
    )


class _transaction:
    """A session of its own in one scope: who a person is must be known before the request's scope can be set."""

    def __init__(self, wanted: Scope) -> None:
        self._use = scope.use(wanted)

    def __enter__(self) -> Session:
        self._use.__enter__()
        self._session = Session(db.engine, expire_on_commit=False)
        return self._session

    def __exit__(self, *exc: object) -> None:
        self._session.close()
        self._use.__exit__(None, None, None)
