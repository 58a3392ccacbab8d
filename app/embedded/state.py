"""What a local stack keeps between starts: its ports and secrets, the settings file, and the lock on its folder."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from app.embedded.part import StackError
from uploads.custody.masters import generate

FREE_BYTES_NEEDED = 500 * 1024 * 1024


@dataclass(frozen=True)
class Identity:
    """Ports and secrets of one data folder. `token` marks the processes that belong to it."""

    token: str
    secret_key: str
    postgres_superuser: str
    postgres_owner: str
    postgres_web: str
    postgres_worker: str
    valkey_password: str
    s3_access_key: str
    s3_secret_key: str
    postgres_port: int = 0
    valkey_port: int = 0
    gateway_port: int = 0
    mail_port: int = 0

    @classmethod
    def fresh(cls) -> Self:
        """New secrets; no ports yet."""
        generated: dict[str, Any] = {field.name: secrets.token_hex(16) for field in fields(cls) if field.type == "str"}
        return cls(**generated)

    def with_free_ports(self) -> Self:
        """The same, with a new port wherever the old one is taken (or none was chosen yet)."""
        chosen: dict[str, Any] = {}
        for name in ("postgres_port", "valkey_port", "gateway_port", "mail_port"):
            port = getattr(self, name)
            chosen[name] = port if port and is_free(port) else free_port(avoid=chosen.values())
        return replace(self, **chosen)


def load_identity(data_dir: Path) -> Identity:
    """The folder's identity; a fresh one when the folder is new."""
    path = data_dir / "stack.json"
    if not path.exists():
        return Identity.fresh()
    try:
        return Identity(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as problem:
        raise StackError(f"{path} cannot be read ({problem}); `make clean` starts afresh, without the data") from None


def save_identity(data_dir: Path, identity: Identity) -> None:
    """Keep it for the next start."""
    write_private(data_dir / "stack.json", json.dumps(asdict(identity), indent=1) + "\n")


def load_custody_keys(data_dir: Path) -> str:
    """The folder's master keys as CUSTODY_KEYS has them, newest first; the first is made when there is none.

    They stand in a file of their own, to which a newer key is added by hand (docs/operations.md).
    """
    path = data_dir / "custody.keys"
    if not path.exists():
        write_private(path, generate(1) + "\n")
    return ",".join(path.read_text(encoding="utf-8").split())


def write_env(data_dir: Path, values: Mapping[str, str]) -> None:
    """Write `env`, from which every `sheping` command finds the running stack."""
    lines = [f"{key}={value}\n" for key, value in values.items()]
    write_private(data_dir / "env", "# Written by `make run` at every start; the environment wins.\n" + "".join(lines))


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


# Below the ports that the kernel gives to outgoing connections: one of those could take a chosen port before its server
# listens there. At random, so that two that choose at the same time hardly ever meet.
CHOSEN_PORTS = range(20_000, 32_768)


def free_port(*, avoid: Collection[int] = ()) -> int:
    """A TCP port on loopback that nobody listens on."""
    for _ in range(len(CHOSEN_PORTS)):
        port = secrets.choice(CHOSEN_PORTS)
        if port not in avoid and is_free(port):
            return port
    raise StackError(f"no free port between {CHOSEN_PORTS.start} and {CHOSEN_PORTS.stop - 1} on 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of loopback."""
    return not why_taken("127.0.0.1", port)


def why_taken(host: str, port: int) -> str:
    """Why no server could listen there, in the system's words; empty where one could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def check_space(folder: Path, *, needed: int = FREE_BYTES_NEEDED) -> None:
    """Raise StackError when the disk is too full to run databases on."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StackError(
            f"the disk of {folder} has {free >> 20} MB free and {needed >> 20} MB are needed: free some and try again"
        )


@contextmanager
def locked(data_dir: Path, *, label: str) -> Iterator[None]:
    """Hold the folder: one stack at a time. `label` tells a second start where the first one serves.

    The kernel gives the lock back when its holder dies, however it dies; the file is removed on a clean end.
    """
    path = data_dir / "lock"
    descriptor = _take(path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, label.encode("utf-8"))
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _take(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode("utf-8", "replace")
            os.close(descriptor)
            raise StackError(f"it already runs, {holder or 'and is just starting'} ({path.parent})") from None
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
        os.close(descriptor)  # the holder removed the file between our opening and locking it
