"""The four servers together: what `make run` serves on and what the tests run against."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from app.embedded.gateway import Gateway
from app.embedded.leftovers import MARK, end_leftovers
from app.embedded.mail import MailServer
from app.embedded.part import Part, StackError
from app.embedded.postgres import Passwords, Postgres
from app.embedded.state import (
    Identity,
    check_space,
    load_custody_keys,
    load_identity,
    locked,
    save_identity,
)
from app.embedded.valkey import Valkey

# A user's own client settings must not reach our servers.
_FOREIGN = ("PG", "MINIO_", "REDIS", "AWS_", "JFS_")
WATCH_SECONDS = 0.5
FREE_BYTES_TO_GO_ON = 50 * 1024 * 1024
BACKOFF_LIMIT_SECONDS = 30.0
STEADY_SECONDS = 30.0


class Stopping(Protocol):
    """An event of threads or of processes."""

    def wait(self, timeout: float | None = None) -> bool: ...

    def is_set(self) -> bool: ...


def backoff(failures: int) -> float:
    """Seconds to wait before the next start: at once, then 1, 2, 4 … up to BACKOFF_LIMIT_SECONDS."""
    return 0.0 if failures <= 1 else min(2.0 ** (failures - 2), BACKOFF_LIMIT_SECONDS)


class Stack:
    """PostgreSQL, Valkey, the object store and the mail server of one data folder."""

    def __init__(self, data_dir: Path, *, identity: Identity, public_url: str) -> None:
        self.data_dir = data_dir
        self.identity = identity
        self.public_url = public_url
        self.marked = {MARK: identity.token}
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)} | self.marked
        logs = data_dir / "logs"
        passwords = Passwords(
            superuser=identity.postgres_superuser,
            owner=identity.postgres_owner,
            web=identity.postgres_web,
            worker=identity.postgres_worker,
        )
        self.postgres = Postgres(
            home=data_dir / "postgres", log_dir=logs, environ=environ, port=identity.postgres_port, passwords=passwords
        )
        self.valkey = Valkey(
            home=data_dir / "valkey",
            log_dir=logs,
            environ=environ,
            port=identity.valkey_port,
            password=identity.valkey_password,
        )
        self.gateway = Gateway(
            home=data_dir / "gateway",
            log_dir=logs,
            environ=environ,
            port=identity.gateway_port,
            access_key=identity.s3_access_key,
            secret_key=identity.s3_secret_key,
            origins=[public_url, public_url.replace("127.0.0.1", "localhost")],
        )
        self.mail = MailServer(home=data_dir / "mail", log_dir=logs, environ=environ, port=identity.mail_port)

    @property
    def parts(self) -> tuple[Part, ...]:
        """In the order in which they are started."""
        return (self.postgres, self.valkey, self.gateway, self.mail)

    @property
    def env(self) -> dict[str, str]:
        """The settings under which the service runs on this stack (design.md section 8)."""
        return {
            "DATABASE_URL": self.postgres.url("web"),
            "WORKER_DATABASE_URL": self.postgres.url("worker"),
            "OWNER_DATABASE_URL": self.postgres.url("owner"),
            "SUPERUSER_DATABASE_URL": self.postgres.url("superuser"),
            "REDIS_URL": self.valkey.url,
            "S3_ENDPOINT": self.gateway.endpoint,
            "S3_PUBLIC_ENDPOINT": self.gateway.endpoint,
            "S3_ACCESS_KEY": self.identity.s3_access_key,
            "S3_SECRET_KEY": self.identity.s3_secret_key,
            "SMTP_URL": self.mail.url,
            "SECRET_KEY": self.identity.secret_key,
            "CUSTODY_KEYS": load_custody_keys(self.data_dir),
            "PUBLIC_URL": self.public_url,
            "DEMO": "1",
        }

    def start(self) -> None:
        """Start all at once and wait for each. Raises StackError, with all stopped, when one does not answer."""
        try:
            for part in self.parts:
                part.spawn()
            for part in self.parts:
                part.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, last started first."""
        for part in reversed(self.parts):
            part.stop()

    def watch(self, *, until: Stopping, report: Callable[[str, str], None]) -> None:
        """Start again whatever dies, later and later if it keeps dying, until `until` is set."""
        failures = dict.fromkeys((part.name for part in self.parts), 0)
        started = dict.fromkeys(failures, time.monotonic())
        due: dict[str, float] = {}
        while not until.wait(WATCH_SECONDS):
            for part in self.parts:
                if part.process is not None and part.exit_code is None:
                    continue
                now = time.monotonic()
                if part.name not in due:
                    failures[part.name] = 1 if now - started[part.name] > STEADY_SECONDS else failures[part.name] + 1
                    due[part.name] = now + backoff(failures[part.name])
                    report(part.name, f"died (code {part.exit_code}); starting it again")
                if now < due[part.name] or until.is_set():
                    continue
                del due[part.name]
                started[part.name] = now
                self._revive(part, report)

    def _revive(self, part: Part, report: Callable[[str, str], None]) -> None:
        try:
            # What a server prints when the disk is full tells nobody so.
            check_space(self.data_dir, needed=FREE_BYTES_TO_GO_ON)
            # A killed server may leave children of its own, which hold its port or its shared memory.
            end_leftovers(part.home)
            part.start()
        except (StackError, OSError) as problem:
            report(part.name, str(problem))
        else:
            report(part.name, "answers again")


@contextmanager
def prepared(data_dir: Path, *, public_url: str, label: str) -> Iterator[Stack]:
    """Lock the folder, end what a killed start left, and hand over a stack that is not started yet."""
    data_dir.mkdir(parents=True, exist_ok=True)
    # Root's servers run as another user, who must be able to enter; what is private has its own mode.
    data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    check_space(data_dir)
    with locked(data_dir, label=label):
        identity = load_identity(data_dir)
        end_leftovers(data_dir, identity.token)
        identity = identity.with_free_ports()
        save_identity(data_dir, identity)
        yield Stack(data_dir, identity=identity, public_url=public_url)


@contextmanager
def start_stack(data_dir: Path, *, public_url: str = "http://127.0.0.1:8000") -> Iterator[Stack]:
    """The four servers, started and stopped: for tests and for whoever needs no web process.

    `public_url` is the origin that browsers may upload from. The folder is locked meanwhile and kept afterwards.
    """
    with prepared(data_dir.resolve(), public_url=public_url, label="for a test") as stack:
        stack.start()
        try:
            yield stack
        finally:
            stack.stop()
