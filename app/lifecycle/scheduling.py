"""The scheduler's loop: the outbox relay at once on NOTIFY, periodic work by its interval, one holder at a time."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import outbox
from app.db import db
from tenants.queries import list_paused_queues

log = structlog.get_logger(__name__)
LOCK_SPACE = 5203
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Periodic:
    """Work done every `seconds` by whichever scheduler gets its lock; it must be idempotent."""

    name: str
    seconds: float
    function: Callable[[], object]


class Scheduler:
    """Runs until `stop` is set. A part that is down is logged and tried again; nothing is lost meanwhile."""

    def __init__(self, redis: Redis, periodic: Iterable[Periodic], *, stop: threading.Event) -> None:
        self._redis = redis
        self._stop = stop
        heal = Periodic("outbox_sweep", 10, lambda: outbox.sweep(redis))
        self._periodic = [heal, *periodic]
        self._next: dict[str, float] = {}

    def run(self) -> None:
        """The loop."""
        log.info("scheduler_ready", periodic=[task.name for task in self._periodic])
        listener = _Listener()
        while not self._stop.is_set():
            self._guarded("outbox_relay", self._relay)
            for number, task in enumerate(self._periodic):
                if time.monotonic() >= self._next.get(task.name, 0.0):
                    self._next[task.name] = time.monotonic() + task.seconds
                    self._guarded(task.name, functools.partial(self._once, number, task))
            listener.wait(POLL_SECONDS, self._stop)
        listener.close()

    def _relay(self) -> None:
        while outbox.relay(self._redis, paused=list_paused_queues()) and not self._stop.is_set():
            pass

    def _once(self, number: int, task: Periodic) -> None:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
            parameters = {"space": LOCK_SPACE, "number": number}
            if not lock.scalar(text("select pg_try_advisory_lock(:space, :number)"), parameters):
                return
            try:
                task.function()
            finally:
                lock.execute(text("select pg_advisory_unlock(:space, :number)"), parameters)

    def _guarded(self, name: str, call: Callable[[], object]) -> None:
        try:
            call()
        except (DBAPIError, RedisError, OSError) as error:
            log.warning("scheduler_part_down", task=name, reason=f"{type(error).__name__}: {error}"[:300])
            self._stop.wait(1)
        except Exception as error:
            log.error("scheduler_task_failed", task=name, exc_info=error)
        finally:
            db.session.rollback()
            db.session.remove()


class _Listener:
    """Waits for a NOTIFY of the outbox, or for the poll interval where listening is not possible just now."""

    def __init__(self) -> None:
        self._connection: object | None = None

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after a notification or `seconds`."""
        try:
            if self._connection is None:
                self._connect()
            next(iter(self._connection.notifies(timeout=seconds, stop_after=1)), None)  # type: ignore[union-attr]
        except Exception as error:  # noqa: BLE001 - psycopg raises many kinds when the server goes; polling carries on
            log.info("listening_interrupted", reason=type(error).__name__)
            self.close()
            stop.wait(seconds)

    def _connect(self) -> None:
        import psycopg

        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(url, autocommit=True, connect_timeout=3)
        self._connection.execute(f"listen {outbox.CHANNEL}")

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()  # type: ignore[attr-defined]
