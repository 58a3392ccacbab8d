"""Who is asking: the scope of a transaction, on which PostgreSQL's row-level security decides (design.md section 4).

A scope is set once per transaction and transaction-locally, when the transaction begins; with no scope at all every
protected table is empty. `Actor` is the person or process a service acts for; its scope follows from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction


class ScopeKind(StrEnum):
    """Who may ask. `gate` is a person not yet known (sign-in, registration): it sees only rows named by its keys."""

    organisation = "organisation"
    bureau = "bureau"
    department = "department"
    expert = "expert"
    public = "public"
    account = "account"
    gate = "gate"
    system = "system"


class Role(StrEnum):
    """Rights of a member: the first four in an organisation, the next two in an authority, then experts."""

    owner = "owner"
    signatory = "signatory"
    editor = "editor"
    viewer = "viewer"
    officer = "officer"
    lead = "lead"
    expert = "expert"


ORGANISATION_ROLES = (Role.owner, Role.signatory, Role.editor, Role.viewer)
AUTHORITY_ROLES = (Role.officer, Role.lead)
DEPARTMENT_CODE = "370000"


@dataclass(frozen=True)
class Scope:
    """What a transaction may see. `gate_keys`: the e-mails, credit codes or token hashes a visitor has presented."""

    kind: ScopeKind
    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None
    user_id: uuid.UUID | None = None
    gate_keys: tuple[str, ...] = ()

    def settings(self) -> dict[str, str]:
        """The transaction-local settings that the policies read."""
        return {
            "kind": self.kind.value,
            "organisation": str(self.organisation_id or ""),
            "authority": self.authority_code or "",
            "user": str(self.user_id or ""),
            "gate": "\n".join(self.gate_keys),
        }


@dataclass(frozen=True)
class Actor:
    """Who a service acts for: a person in one of their memberships, the public, or the system."""

    kind: ScopeKind
    user_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None
    role: Role | None = None
    name: str = ""
    ip: str | None = None
    user_agent: str | None = None

    @property
    def scope(self) -> Scope:
        """The scope in which this actor's transactions run."""
        return Scope(self.kind, self.organisation_id, self.authority_code, self.user_id)


SYSTEM = Scope(ScopeKind.system)
PUBLIC = Scope(ScopeKind.public)
SYSTEM_ACTOR = Actor(ScopeKind.system, name="系统")
PUBLIC_ACTOR = Actor(ScopeKind.public, name="公众")

_current: ContextVar[Scope | None] = ContextVar("sheping_scope", default=None)

_SET = text(
    "select set_config('sheping.kind', :kind, true), set_config('sheping.organisation', :organisation, true),"
    " set_config('sheping.authority', :authority, true), set_config('sheping.user', :user, true),"
    " set_config('sheping.gate', :gate, true)"
)


def current() -> Scope | None:
    """The scope that the next transaction will have."""
    return _current.get()


def enter(scope: Scope | None) -> None:
    """Set the scope of all transactions begun from here on in this context (a request, a job)."""
    _current.set(scope)


@contextmanager
def use(scope: Scope) -> Iterator[None]:
    """Have transactions begun inside this block run in `scope`. Raises nothing; the one before comes back after."""
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


def switch(session: Session, scope: Scope) -> None:
    """End the current transaction (work not committed is lost) and have the session's next ones run in `scope`."""
    session.rollback()
    session.expunge_all()
    enter(scope)


@event.listens_for(Session, "after_begin")
def _apply(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    # A savepoint keeps its transaction's settings; only a real beginning sets them.
    scope = _current.get()
    if scope is not None and not transaction.nested:
        connection.execute(_SET, scope.settings())
