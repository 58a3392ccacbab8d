"""What must follow a commit: a row in the same transaction, handed to RQ by a relay, done when acknowledged.

PostgreSQL is the only truth (design.md section 3). A row is `pending` until the relay gave it to RQ, `enqueued` until
a worker acknowledged it in the transaction of its effects, then `done`. Redis may be lost at any moment: `sweep` puts
back whatever has neither a live job nor a worker holding its lock. After MAX_ATTEMPTS failures a row is `dead`.
Times here are the real ones of the database server, never the demo clock's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job, JobStatus
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, db

CHANNEL = "sheping_outbox"
LOCK_SPACE = 5201
MAX_ATTEMPTS = 5
BACKOFF_SECONDS = (2, 10, 60, 300)
STALE_SECONDS = 15
DEFAULT_TIMEOUT_SECONDS = 1800
# Deliveries are short and come in floods before a closing date: one job takes many, each in its own transaction.
BATCH_BY_PREFIX = {"bureau": 25, "mail": 10, "documents": 10}

log = structlog.get_logger(__name__)


class OutboxMessage(Model):
    """One piece of work to do after a commit: a function's dotted path and the ids it takes."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'enqueued', 'done', 'dead')", name="state"),
        Index("ix_outbox_pending", "available_at", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_outbox_enqueued", "enqueued_at", postgresql_where=text("state = 'enqueued'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    queue: Mapped[str]
    function: Mapped[str]
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    job_id: Mapped[str | None]
    last_error: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    enqueued_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def add(function: str, *, queue: str, key: str | None = None, **args: Any) -> None:
    """Record that `function` (dotted path) is to run with `args` (JSON values) once this transaction has committed.

    A `key` makes it at most one row for ever: adding it again does nothing.
    """
    row = insert(OutboxMessage).values(
        queue=queue,
        function=function,
        args=args,
        key=key,
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    db.session.execute(row.on_conflict_do_nothing())
    db.session.execute(select(func.pg_notify(CHANNEL, queue)))


def add_many(function: str, *, queue: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> int:
    """As `add` for many at once, each (key, args); answers how many were given."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    shared = {"queue": queue, "function": function, "request_id": request_id}
    values = [{**shared, "key": key, "args": args} for key, args in rows]
    if values:
        db.session.execute(insert(OutboxMessage).on_conflict_do_nothing(), values)
        db.session.execute(select(func.pg_notify(CHANNEL, queue)))
    return len(values)


def connect_redis(url: str, *, answer_seconds: float | None = None) -> Redis:
    """A connection that gives up quickly where nobody listens.

    A worker waits for its next job as long as that takes; who only asks whether the queue is there sets how long.
    """
    once = {} if answer_seconds is None else {"socket_timeout": answer_seconds, "retry": Retry(NoBackoff(), 0)}
    return Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30, **once)


def relay(redis: Redis, *, limit: int = 500, paused: Iterable[str] = ()) -> int:
    """Give up to `limit` pending rows to RQ, oldest first, and commit; the queues named in `paused` wait.

    Returns how many rows were given. Several relays may run: each takes rows the others have not locked. A crash
    between RQ and the mark repeats the job under the same id, which RQ refuses or the worker finds already done.
    """
    query = (
        select(OutboxMessage)
        .where(OutboxMessage.state == "pending", OutboxMessage.available_at <= func.now())
        .where(OutboxMessage.queue.not_in(list(paused)))
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = sorted(db.session.scalars(query), key=lambda row: (row.queue, row.id))
    for queue_name, members in groupby(rows, key=lambda row: row.queue):
        queue = Queue(queue_name, connection=redis, serializer="json")
        for batch in _batches(list(members), BATCH_BY_PREFIX.get(queue_name.partition(":")[0], 1)):
            _enqueue(queue, batch)
    db.session.commit()
    return len(rows)


def _batches(rows: list[OutboxMessage], size: int) -> Iterable[list[OutboxMessage]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _enqueue(queue: Queue, rows: list[OutboxMessage]) -> None:
    first = rows[0]
    job_id = f"outbox_{first.id}_{first.attempts}_{len(rows)}"
    try:
        queue.enqueue(
            "app.jobs.run",
            [row.id for row in rows],
            job_id=job_id,
            unique=True,
            job_timeout=DEFAULT_TIMEOUT_SECONDS,
            result_ttl=0,
            failure_ttl=24 * 3600,
        )
    except DuplicateJobError:
        # An earlier relay died between RQ and its mark: the job is there already, only the mark is missing.
        log.info("outbox_job_already_queued", job_id=job_id)
    ids = [row.id for row in rows]
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(ids))
        .values(state="enqueued", enqueued_at=func.clock_timestamp(), job_id=job_id)
        .execution_options(synchronize_session=False)
    )


def sweep(redis: Redis, *, stale_seconds: int = STALE_SECONDS, limit: int = 200) -> int:
    """Make pending again what was given to RQ but is neither waiting there nor held by a living worker; commit.

    Heals a lost Redis, a worker killed in the middle, a job RQ gave up. Returns how many rows were healed.
    """
    stale = db.session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.state == "enqueued")
        .where(OutboxMessage.enqueued_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, stale_seconds))
        .order_by(OutboxMessage.enqueued_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    healed = 0
    for row in stale:
        if not _is_waiting(redis, row.job_id) and not _is_held(row.id):
            row.state, row.job_id, row.attempts = "pending", None, row.attempts + 1
            healed += 1
    db.session.commit()
    if healed:
        log.warning("outbox_healed", rows=healed)
    return healed


def _is_waiting(redis: Redis, job_id: str | None) -> bool:
    """Whether the job still waits in its RQ queue. A started one is judged by its worker's lock instead."""
    if job_id is None or not Job.exists(job_id, connection=redis):
        return False
    status = Job.fetch(job_id, connection=redis, serializer="json").get_status()
    return status in {JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED, JobStatus.CREATED}


def _is_held(row_id: int) -> bool:
    held = text("select pg_try_advisory_lock(:space, :id) as free").bindparams(
        bindparam("space", LOCK_SPACE), bindparam("id", row_id)
    )
    if db.session.scalar(held):
        db.session.execute(text("select pg_advisory_unlock(:space, :id)"), {"space": LOCK_SPACE, "id": row_id})
        return False
    return True


def count_by_state() -> dict[str, int]:
    """How many rows stand in each state but `done`, for metrics and the operator."""
    query = select(OutboxMessage.state, func.count()).where(OutboxMessage.state != "done").group_by(OutboxMessage.state)
    return {state: count for state, count in db.session.execute(query).all()}
