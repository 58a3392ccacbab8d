"""A running service of its own for measuring: the embedded parts, web, workers and scheduler as real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from app import clock, config
from app.cli.database import migrate
from app.config import ROOT, Config
from app.db import db
from app.embedded.stack import start_stack
from app.embedded.state import free_port
from app.factory import create_app
from app.lifecycle.reference import seed_reference
from tenants import scope
from tenants.scope import SYSTEM

READY_SECONDS = 60


@dataclass
class World:
    """The service under measurement. `app` is the worker's application in this process, for making data."""

    env: dict[str, str]
    settings: Config
    app: Flask
    url: str
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, port: int | None = None) -> subprocess.Popen[bytes]:
        """Start `sheping …` as a process of its own."""
        environ = {**os.environ, **self.env} | ({"PORT": str(port)} if port else {})
        command = [str(Path(sys.executable).parent / "sheping"), *arguments]
        log = (self.settings.home / f"bench-{arguments[0]}-{len(self._running)}.log").open("wb")
        process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self._running.append(process)
        return process

    def start_web(self) -> subprocess.Popen[bytes]:
        """Start the web process and wait until it answers."""
        process = self.start("web", port=int(self.url.rpartition(":")[2]))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=2):  # noqa: S310
                return process
            time.sleep(0.1)
        raise RuntimeError(f"the web process does not answer; see {self.settings.home}")

    def start_workers(self, count: int, *queues: str) -> None:
        """Start workers and the scheduler that feeds them."""
        for _ in range(count):
            self.start("worker", *(("--queues", ",".join(queues)) if queues else ()))
        self.start("scheduler")

    def stop(self) -> None:
        """End every process that was started here, with its children."""
        for process in self._running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()


@contextmanager
def running(**changed: str) -> Iterator[World]:
    """A new, empty service, its settings `changed` where given; everything of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sheping-bench-"))
    url = f"http://127.0.0.1:{free_port()}"
    try:
        with start_stack(folder, public_url=url) as stack:
            env = {**stack.env, "SHEPING_HOME": str(stack.data_dir), "PUBLIC_URL": url, **changed}
            settings = config.load(env)
            migrate(settings.sqlalchemy_url("owner"))
            app = create_app("worker", settings)
            with app.app_context(), scope.use(SYSTEM):
                seed_reference(now=clock.now())
                db.session.commit()
            world = World(env, settings, app, url)
            try:
                yield world
            finally:
                world.stop()
                with app.app_context():
                    db.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def family_rss(pid: int) -> int:
    """Bytes resident of a process and its children; 0 when it is gone."""
    total = 0
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError, ValueError):
                status = (entry / "stat").read_text().rpartition(") ")[2].split()
                children.setdefault(int(status[1]), []).append(int(entry.name))
    todo = [pid]
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        with suppress(OSError, ValueError):
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total
