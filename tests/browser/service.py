"""The whole service as processes: for the browser journeys and for the pictures of the README."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import config

READY_SECONDS = 300.0
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first that is there: the shell without a window paints the same pages for half the work."""


def find_chromium() -> str | None:
    """The path of a Chromium: what CHROMIUM names, or what is installed; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


@dataclass(frozen=True)
class Live:
    """The running service."""

    url: str
    env: dict[str, str]
    accounts: list[dict[str, str]]
    mail_folder: Path

    def account(self, role: str, organisation: str = "", authority: str = "") -> dict[str, str]:
        """A demo account by its role and, where given, a part of its organisation's or authority's name."""
        for row in self.accounts:
            if (
                row["role"] == role
                and organisation in (row["organisation"] or "")
                and authority in (row["authority"] or "")
            ):
                return row
        raise LookupError(f"no demo account {role} {organisation} {authority}")

    def sheping(self, *arguments: str, timeout: float = 120) -> str:
        """Run a command of the console script against this service; answers what it printed."""
        command = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=config.ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running(stack_env: dict[str, str], *, mail_folder: Path, logs: Path) -> Iterator[Live]:
    """Web, worker and scheduler as their own processes over the demo's data, on a stack that is migrated."""
    env = {**os.environ, **stack_env, "DEMO": "1", "PYTHONUNBUFFERED": "1"}
    port = stack_env["PUBLIC_URL"].rsplit(":", 1)[1]

    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "app", *arguments]

    seed = command("demo", "seed", "--small")
    subprocess.run(seed, env=env, cwd=config.ROOT, check=True, capture_output=True, timeout=READY_SECONDS)
    listed = subprocess.run(
        command("demo", "accounts", "--json"), env=env, cwd=config.ROOT, check=True, capture_output=True, timeout=60
    )
    with contextlib.ExitStack() as stack:
        for arguments in (("web", "--port", port), ("worker",), ("scheduler",)):
            log = stack.enter_context((logs / f"{arguments[0]}.log").open("wb"))
            # A group of its own: what a process leaves behind when it has to be killed goes with it.
            process = subprocess.Popen(
                command(*arguments), env=env, cwd=config.ROOT, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(_stop, process)
        _wait_ready(stack_env["PUBLIC_URL"], logs)
        yield Live(stack_env["PUBLIC_URL"], env, json.loads(listed.stdout), mail_folder)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_ready(url: str, logs: Path) -> None:
    deadline, last = time.monotonic() + READY_SECONDS, "nothing yet"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            last = error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = repr(error)
        if time.monotonic() > deadline:
            tails = {path.name: path.read_text(errors="replace")[-2000:] for path in logs.iterdir()}
            raise AssertionError(f"the service is not ready after {READY_SECONDS} s, last: {last}; {tails}")
        time.sleep(0.2)
