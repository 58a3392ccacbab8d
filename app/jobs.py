"""The worker's side of the outbox: run a row's function once, and acknowledge it in the transaction of its effects.

A job function takes ids, reads afresh and returns quietly when there is nothing to do. It is wrapped by `@job`, which
may name what to do when it has failed for good (`on_dead`, dotted path, same arguments).
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import Connection, func, text, update

from app import outbox
from app.db import db
from app.outbox import OutboxMessage

log = structlog.get_logger(__name__)


def job(*, on_dead: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a function as one that the outbox may run."""

    def mark(function: Callable[..., None]) -> Callable[..., None]:
        function.is_job = True  # type: ignore[attr-defined]
        function.on_dead = on_dead  # type: ignore[attr-defined]
        return function

    return mark


class NotReady(Exception):
    """A part the job needs is down or busy: try again later, and do not count this as a failed attempt."""


def run(ids: list[int]) -> None:
    """What RQ calls: run the outbox rows `ids`, each in its own transaction. One failing does not stop the others."""
    _leave_parents_connections()
    with around_batch():
        for row_id in ids:
            run_one(row_id)


def around_batch() -> AbstractContextManager[None]:
    """What the composition root lets the rows of a batch share, such as one connection to the mail server."""
    make: Callable[[], AbstractContextManager[None]] = current_app.extensions.get("sheping_batch", nullcontext)
    return make()


def _leave_parents_connections() -> None:
    """RQ forks a process a job: sockets opened by the parent must not be shared, nor closed under it."""
    born = current_app.extensions.setdefault("sheping_engine_pid", os.getpid())
    if born != os.getpid():
        db.engine.dispose(close=False)
        current_app.extensions["sheping_engine_pid"] = os.getpid()


def run_one(row_id: int) -> bool:
    """Run one row unless another worker holds it or it is finished. Returns whether it was run and acknowledged."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
        if not _try_lock(lock, row_id):
            return False
        try:
            return _run_locked(row_id)
        finally:
            lock.execute(text("select pg_advisory_unlock(:s, :i)"), {"s": outbox.LOCK_SPACE, "i": row_id})


def _try_lock(lock: Connection, row_id: int) -> bool:
    # Held by the connection: if this process is killed, the server lets go, and the sweep may give the row again.
    return bool(lock.scalar(text("select pg_try_advisory_lock(:s, :i)"), {"s": outbox.LOCK_SPACE, "i": row_id}))


def _run_locked(row_id: int) -> bool:
    row = db.session.get(OutboxMessage, row_id, populate_existing=True)
    if row is None or row.state in {"done", "dead"}:
        db.session.rollback()
        return False
    function_path, args, attempts, queue = row.function, dict(row.args), row.attempts, row.queue
    request_id = row.request_id
    db.session.rollback()
    if attempts >= outbox.MAX_ATTEMPTS:
        # Every try so far took its worker down with it, so that nothing could be counted by the job itself.
        _fail(row_id, attempts, RuntimeError("the worker died at every attempt"), function_path, args)
        return False
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(outbox=row_id, job=function_path, request_id=request_id):
        try:
            function = resolve(function_path)
            function(**args)
            _acknowledge(row_id)
            db.session.commit()
        except NotReady as reason:
            db.session.rollback()
            _postpone(row_id, str(reason), attempts=attempts, seconds=15)
            log.info("job_postponed", reason=str(reason))
            return False
        except Exception as error:  # noqa: BLE001 - the boundary: every failure is logged, counted and retried
            db.session.rollback()
            _fail(row_id, attempts + 1, error, function_path, args)
            return False
        finally:
            db.session.remove()
        log.info("job_done", queue=queue, seconds=round(time.perf_counter() - started, 3))
    return True


def resolve(path: str) -> Callable[..., None]:
    """The job function at a dotted path; anything not marked by `@job` is refused."""
    module_name, _, name = path.rpartition(".")
    function = getattr(importlib.import_module(module_name), name)
    if not getattr(function, "is_job", False):
        raise TypeError(f"{path} is not a job")
    return function  # type: ignore[no-any-return]


def _acknowledge(row_id: int) -> None:
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == row_id)
        .values(state="done", finished_at=func.clock_timestamp(), last_error=None)
        .execution_options(synchronize_session=False)
    )


def _postpone(row_id: int, error: str, *, attempts: int, seconds: int) -> None:
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == row_id)
        .values(
            state="pending",
            attempts=attempts,
            job_id=None,
            last_error=error[:2000],
            available_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _fail(row_id: int, attempts: int, error: Exception, function_path: str, args: dict[str, Any]) -> None:
    log.error("job_failed", attempt=attempts, exc_info=error)
    if attempts < outbox.MAX_ATTEMPTS:
        delay = outbox.BACKOFF_SECONDS[min(attempts, len(outbox.BACKOFF_SECONDS)) - 1]
        _postpone(row_id, repr(error), attempts=attempts, seconds=delay)
        return
    on_dead = getattr(resolve(function_path), "on_dead", None)
    if on_dead:
        resolve(on_dead)(**args)
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == row_id)
        .values(state="dead", attempts=attempts, last_error=repr(error)[:2000], finished_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
