"""The trail of what happened: an append-only, hash-chained table that timelines and the audit read alike.

Each actor's own side (an organisation, an authority, a person, the system) has one chain: a row's hash covers its
content and the hash before it, so a row changed or removed afterwards shows (`sheping audit verify`).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, db
from tenants.scope import Actor, ScopeKind


class Event(Model):
    """One fact: who (side, role), what (`name`, past tense), when, before and after, by which rule."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("chain", "chain_no"),
        Index("ix_events_subject", "subject_type", "subject_id", "id"),
        Index("ix_events_organisation_id", "organisation_id", "id"),
        Index("ix_events_authority_code", "authority_code", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_role: Mapped[str]
    actor_user_id: Mapped[uuid.UUID | None]
    organisation_id: Mapped[uuid.UUID | None]
    authority_code: Mapped[str | None]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    rule: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]
    chain: Mapped[str]
    chain_no: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


def record(
    name: str,
    *,
    actor: Actor,
    now: datetime,
    subject_type: str,
    subject_id: object,
    organisation_id: uuid.UUID | None = None,
    authority_code: str | None = None,
    before: str | None = None,
    after: str | None = None,
    rule: str | None = None,
    **data: Any,
) -> Event:
    """Write one event in the running transaction. `data` holds JSON values, never a word of a question.

    `organisation_id` and `authority_code` say who may read it, beside the actor's own side.
    """
    fact = Fact(subject_type, subject_id, organisation_id, authority_code, before, after, rule, data)
    chain, number, previous = _lock_chain(actor)
    event = Event(**_values_of(name, actor, now, fact, chain, number + 1))
    event.hash = digest(event, previous)
    db.session.add(event)
    db.session.flush()
    return event


@dataclass(frozen=True)
class Fact:
    """One event of many that happen together; as the arguments of `record`."""

    subject_type: str
    subject_id: object
    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None
    before: str | None = None
    after: str | None = None
    rule: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record_many(name: str, *, actor: Actor, now: datetime, facts: Iterable[Fact]) -> int:
    """As `record`, for thousands at once: the chain is locked and read once, the rows are written together."""
    chain, number, previous = _lock_chain(actor)
    rows: list[dict[str, Any]] = []
    for fact in facts:
        number += 1
        values = _values_of(name, actor, now, fact, chain, number)
        previous = _digest_of(values, previous)
        rows.append({**values, "hash": previous})
    if rows:
        db.session.execute(_INSERT_MANY, {"rows": json.dumps(rows, default=_as_json, ensure_ascii=False)})
    return len(rows)


def _lock_chain(actor: Actor) -> tuple[str, int, str]:
    """The actor's chain, held until the transaction ends, with the number and the hash of its last event."""
    chain = _chain_of(actor)
    db.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:chain, 5202))"), {"chain": chain})
    last = db.session.execute(
        select(Event.chain_no, Event.hash).where(Event.chain == chain).order_by(Event.chain_no.desc()).limit(1)
    ).one_or_none()
    return (chain, last.chain_no, last.hash) if last else (chain, 0, "")


def _values_of(name: str, actor: Actor, now: datetime, fact: Fact, chain: str, number: int) -> dict[str, Any]:
    return {
        "at": now,
        "name": name,
        "actor_kind": actor.kind.value,
        "actor_role": actor.role.value if actor.role else actor.kind.value,
        "actor_user_id": actor.user_id,
        "organisation_id": fact.organisation_id or actor.organisation_id,
        "authority_code": fact.authority_code or actor.authority_code,
        "subject_type": fact.subject_type,
        "subject_id": str(fact.subject_id),
        "before": fact.before,
        "after": fact.after,
        "rule": fact.rule,
        "data": fact.data,
        "ip": actor.ip,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
        "chain": chain,
        "chain_no": number,
    }


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


# One statement for them all: a round trip and a plan each would cost more than the rows.
_COLUMNS = (
    "at timestamptz, name text, actor_kind text, actor_role text, actor_user_id uuid, organisation_id uuid,"
    " authority_code text, subject_type text, subject_id text, before text, after text, rule text, data jsonb, ip text,"
    " request_id text, chain text, chain_no bigint, hash text"
)
_NAMES = ", ".join(column.split()[0] for column in _COLUMNS.split(","))
_INSERT_MANY = text(
    f"insert into events ({_NAMES}) select {_NAMES} from jsonb_to_recordset(cast(:rows as jsonb)) as r ({_COLUMNS})"  # noqa: S608 - constants
)


def _chain_of(actor: Actor) -> str:
    if actor.kind is ScopeKind.system:
        return "system"
    side = actor.organisation_id or actor.authority_code or actor.user_id
    return f"{actor.kind.value}:{side or 'anyone'}"


def digest(event: Event, previous: str) -> str:
    """SHA-256 over the hash before and the canonical JSON of what the event says."""
    return _digest_of({name: getattr(event, name) for name in _DIGESTED}, previous)


_DIGESTED = (
    "at", "name", "actor_kind", "actor_role", "actor_user_id", "organisation_id", "authority_code", "subject_type",
    "subject_id", "before", "after", "rule", "data", "chain_no",
)  # fmt: skip


def _digest_of(values: Mapping[str, Any], previous: str) -> str:
    content = {
        "at": values["at"].timestamp(),
        "name": values["name"],
        "actor": [values["actor_kind"], values["actor_role"], str(values["actor_user_id"] or "")],
        "for": [str(values["organisation_id"] or ""), values["authority_code"] or ""],
        "subject": [values["subject_type"], values["subject_id"]],
        "change": [values["before"], values["after"], values["rule"]],
        "data": values["data"],
        "no": values["chain_no"],
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def verify() -> Iterable[str]:
    """Yield a line for each break in a chain; nothing when all chains are whole. Needs the system's scope."""
    previous: dict[str, tuple[int, str]] = {}
    rows = db.session.scalars(select(Event).order_by(Event.chain, Event.chain_no).execution_options(yield_per=1000))
    try:
        for event in rows:
            number, last_hash = previous.get(event.chain, (0, ""))
            if event.chain_no != number + 1:
                yield f"{event.chain}: entry {number + 1} is missing (next found: {event.chain_no})"
            elif digest(event, last_hash) != event.hash:
                yield f"{event.chain}: entry {event.chain_no} ({event.name}) does not match its hash"
            previous[event.chain] = (event.chain_no, event.hash)
            db.session.expunge(event)
    finally:
        rows.close()


def list_for_subject(subject_type: str, subject_id: object, *, limit: int = 100) -> list[Event]:
    """The newest events of one subject, newest first."""
    query = select(Event).where(Event.subject_type == subject_type, Event.subject_id == str(subject_id))
    return list(db.session.scalars(query.order_by(Event.id.desc()).limit(limit)))


def list_for_organisation(organisation_id: uuid.UUID, *, before_id: int | None = None, limit: int = 30) -> list[Event]:
    """The newest events that concern an organisation, newest first, those older than `before_id` when given."""
    query = select(Event).where(Event.organisation_id == organisation_id)
    if before_id is not None:
        query = query.where(Event.id < before_id)
    return list(db.session.scalars(query.order_by(Event.id.desc()).limit(limit)))
