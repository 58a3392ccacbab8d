"""One server program of the local stack: start it, know when it answers, stop it, and say why it would not start."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
LOG_LIMIT_BYTES = 5 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec nothing may be imported or looked up.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class StackError(RuntimeError):
    """The local stack cannot start or go on; the message is one line that says what to do."""


def die_with_parent(parent: int, death_signal: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `death_signal` when its parent dies, and default handling of the others.

    Signals that the parent ignores would stay ignored through exec, and nothing could then stop the child politely.
    """

    def prepare() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return prepare


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a log on one line, for an error message."""
    if not log.exists():
        return "no output"
    text = log.read_bytes()[-4000:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "no output"


class Part:
    """A server program. Subclasses say how it is prepared, run and asked whether it answers."""

    name = "part"
    stop_signal: int = signal.SIGTERM

    def __init__(self, *, home: Path, log_dir: Path, environ: Mapping[str, str]) -> None:
        self.home = home
        self.log = log_dir / f"{self.name}.log"
        self.environ = dict(environ)
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make what the program needs on disk; may be called any number of times."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it answers; an OSError counts as not yet."""
        raise NotImplementedError

    def settle(self) -> None:
        """What must be done once it answers, before others may use it."""

    def run_as(self) -> dict[str, int]:
        """Arguments `user` and `group` of Popen, for a program that refuses to run as root."""
        return {}

    def start(self) -> None:
        """Start it and wait until it answers. Raises StackError with the end of its log."""
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start the process without waiting for it."""
        self.prepare()
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own argument list
                self.command(),
                cwd=self.home,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(os.getpid(), self.stop_signal),
                **self.run_as(),  # type: ignore[call-overload]
            )

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it answers, then settle it. Raises StackError when it exits or stays silent."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self.exit_code is not None:
                code, self.process = self.exit_code, None
                raise StackError(f"{self.name} stopped with code {code} while starting: {last_lines(self.log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise StackError(f"{self.name} did not answer within {seconds:.0f} s: {last_lines(self.log)}")
            time.sleep(POLL_SECONDS)
        self.settle()

    def _answers(self) -> bool:
        try:
            return self.is_ready()
        except OSError:
            return False

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs or when it was never started."""
        return self.process.poll() if self.process is not None else None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    def stop(self) -> None:
        """Ask it to stop, and kill its process group if it does not within STOP_SECONDS."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        kill_group(process.pid)
        process.wait()


def kill_group(leader: int) -> None:
    """Kill what is left of a session that we started; quiet when nothing is."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
