"""The gate: the scope of a visitor who is not yet known, or who presents a token."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from app.db import db
from tenants import scope
from tenants.scope import Actor, Scope, ScopeKind


@contextmanager
def opened(*keys: str, user_id: uuid.UUID | None = None) -> Iterator[None]:
    """Begin a transaction that sees only what the presented keys name, and the rows of `user_id`.

    What the session held uncommitted is lost, so this comes first. The transaction stays open for the caller's commit;
    the scope before it comes back for those that follow.
    """
    if any("\n" in key for key in keys):
        raise ValueError("a gate key cannot hold a line break: it would pass for two keys")
    with _transaction(Scope(ScopeKind.gate, user_id=user_id, gate_keys=keys)):
        yield


@contextmanager
def as_person(user_id: uuid.UUID) -> Iterator[None]:
    """Begin a transaction in a person's own account, whatever membership they hold; otherwise as `opened`."""
    with _transaction(Scope(ScopeKind.account, user_id=user_id)):
        yield


@contextmanager
def _transaction(wanted: Scope) -> Iterator[None]:
    before = scope.current()
    scope.switch(db.session(), wanted)
    try:
        yield
    finally:
        scope.enter(before)


def visitor(user_id: uuid.UUID | None, *, ip: str | None, name: str = "") -> Actor:
    """The actor of a gate transaction, for its events."""
    return Actor(ScopeKind.gate, user_id=user_id, name=name, ip=ip)


def person(actor: Actor) -> Actor:
    """The same person acting for themselves alone: what they change in their account is not their side's business."""
    return Actor(ScopeKind.account, user_id=actor.user_id, name=actor.name, ip=actor.ip, user_agent=actor.user_agent)
