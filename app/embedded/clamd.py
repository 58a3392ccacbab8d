"""A clamd of one's own over a given folder of signatures: for tests of the real scanner without its real database."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from app.embedded.part import Part

STREAM_LIMIT = "2100M"


def program() -> str | None:
    """The clamd of this machine; Debian puts it where ordinary users' PATH does not look."""
    return shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")


class Clamd(Part):
    """The virus scanner on loopback. `home` holds the signatures (.ndb, .hdb, …) when it starts."""

    name = "clamd"

    def __init__(self, *, home: Path, log_dir: Path, environ: Mapping[str, str], port: int) -> None:
        super().__init__(home=home, log_dir=log_dir, environ=environ)
        self.port = port

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        super().prepare()
        settings = {
            "DatabaseDirectory": str(self.home),
            "TemporaryDirectory": str(self.home),
            "TCPSocket": str(self.port),
            "TCPAddr": "127.0.0.1",
            "Foreground": "yes",
            "StreamMaxLength": STREAM_LIMIT,
            # Run as who we are: without this line root's clamd looks for an account of its own.
            "User": pwd.getpwuid(os.geteuid()).pw_name,
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        (self.home / "clamd.conf").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        return [program() or "clamd", "--config-file", str(self.home / "clamd.conf")]

    def is_ready(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(b"zPING\0")
            return connection.recv(16).startswith(b"PONG")
