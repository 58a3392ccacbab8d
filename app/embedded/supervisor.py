"""`sheping up`: the whole service on embedded parts, under honcho.

The servers start first (see stack), then migrations and demo data, then web, workers and scheduler run as honcho's
processes. Ours are only the two things that honcho does not do: a process that dies is started again, and none
outlives the supervisor.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import click
from honcho.manager import Manager
from honcho.printer import Message
from honcho.process import Popen, Process

from app.embedded.filling import Start, filling, find_start
from app.embedded.leftovers import end_leftovers
from app.embedded.part import StackError, die_with_parent, kill_group, last_lines
from app.embedded.stack import STEADY_SECONDS, Stack, backoff, prepared
from app.embedded.state import is_free, write_env

READY_SECONDS = 120.0
STOP_SECONDS = 8.0
_POLL_SECONDS = 0.2
LOG_BYTES = 8 * 1024 * 1024
_FILLING = {
    Start.first: "First start: tables and the demo's province are made (once; about a minute) …\n",
    Start.interrupted: "The first start was cut off: tables and the demo's province are made anew …\n",
    Start.later: "",
}
# What of a process's log also stands on the terminal: the rest is in its file, so that the address stays in sight.
_SERIOUS = re.compile(rb'"level": "(error|critical)"|^Traceback ')


def _sheping(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / "sheping"), *arguments]


@dataclass(frozen=True)
class Commands:
    """What runs on the stack; the tests put stand-ins here."""

    steps: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"migrations": _sheping("db", "upgrade"), "demo data": _sheping("demo", "seed")}
    )
    processes: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {
            "web": _sheping("web"),
            "worker-1": _sheping("worker"),
            "worker-2": _sheping("worker"),
            "scheduler": _sheping("scheduler"),
        }
    )
    accounts: Sequence[str] = field(default_factory=lambda: _sheping("demo", "accounts"))
    ready_seconds: float = READY_SECONDS


class KeptProcess(Process):  # type: ignore[misc]
    """A honcho process that starts its program again when it dies, and ends it when `stopping` is set.

    What the program prints goes to `log`; the terminal shows only what is serious.
    """

    def __init__(self, *args: Any, stopping: Event, supervisor: int, logs: Path, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stopping = stopping
        self.supervisor = supervisor
        self.log = logs / f"{self.name}.log"

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Honcho calls this in a process of its own, whose only work is to keep the program running."""
        self._events = events
        die_with_parent(self.supervisor)()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        log = logging.Logger(self.name or "process")
        log.addHandler(RotatingFileHandler(self.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"))
        failures = 0
        code = 0
        # Honcho waits for a first start of every process, even when told to stop before it came to that.
        self._send_message({"pid": os.getpid()}, type="start")
        while not self.stopping.is_set():
            started = time.monotonic()
            code = self._run_once(log)
            if self.stopping.is_set():
                break
            failures = 1 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            delay = backoff(failures)
            self._send_message(f"stopped with code {code}; starting it again in {delay:.0f} s (why: {self.log})\n")
            self.stopping.wait(delay)
        self._send_message({"returncode": code}, type="stop")

    def _run_once(self, log: logging.Logger) -> int:
        child = Popen(list(self.cmd), env=self.env, cwd=self.cwd, shell=False, preexec_fn=die_with_parent(os.getpid()))
        # Read beside waiting: a grandchild that outlives the program would hold the pipe open.
        threading.Thread(target=self._relay, args=(child, log), daemon=True).start()
        while child.poll() is None and not self.stopping.wait(_POLL_SECONDS):
            pass
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._send_message(f"did not stop within {STOP_SECONDS:.0f} s and was killed\n")
        kill_group(child.pid)
        return int(child.wait())

    def _relay(self, child: Popen, log: logging.Logger) -> None:
        for line in iter(child.stdout.readline, b""):
            log.info(line.rstrip(b"\n").decode("utf-8", "replace"))
            if _SERIOUS.search(line):
                self._send_message(line)


class Supervisor(Manager):  # type: ignore[misc]
    """Honcho's manager of kept processes; `stopping` ends all of them."""

    def __init__(self, logs: Path) -> None:
        super().__init__()
        self.stopping: Event = multiprocessing.Event()
        self.failure: str | None = None
        self.beside: list[Callable[[], None]] = []
        supervisor = os.getpid()
        self._process_ctor = lambda *args, **kwargs: KeptProcess(
            *args, stopping=self.stopping, supervisor=supervisor, logs=logs, **kwargs
        )

    def _start(self) -> None:
        super()._start()
        # After the forks: a fork must not copy a running thread's locks.
        for work in self.beside:
            threading.Thread(target=work, daemon=True).start()

    def terminate(self) -> None:
        """Each keeper ends its own program; see KeptProcess."""
        self._terminating = True
        self.stopping.set()

    def end(self) -> None:
        """Stop all and wait for it: bounded, since each keeper kills what does not stop in time."""
        self.terminate()
        for process in self._processes.values():
            if "process" in process:
                process["process"].join(STOP_SECONDS * 2)

    def kill(self) -> None:
        """Not needed: the keepers kill what does not stop in time."""

    def fail(self, reason: str) -> None:
        """Stop all because of `reason`."""
        self.failure = reason
        self.terminate()

    def say(self, name: str, text: str) -> None:
        """Print a line as if the process `name` had printed it."""
        self.events.put(Message(type="line", data=f"{text}\n", time=self._clock.now(), name=name, colour=None))


def up(data_dir: Path, port: int, *, commands: Commands | None = None) -> int:
    """Serve `http://127.0.0.1:<port>` from `data_dir` until a signal. Returns the exit status.

    Whatever keeps it from serving is one line on standard error and status 1.
    """
    try:
        with _signals_raise():
            return _serve(data_dir.resolve(), port, commands or Commands())
    except StackError as problem:
        click.echo(f"sheping: {problem}", err=True)
    except OSError as problem:
        click.echo(f"sheping: {problem.strerror or problem}: {problem.filename or data_dir}", err=True)
    except KeyboardInterrupt:
        return 0
    return 1


def _serve(data_dir: Path, port: int, commands: Commands) -> int:
    address = f"http://127.0.0.1:{port}"
    with prepared(data_dir, public_url=address, label=f"at {address}") as stack:
        if not is_free(port):
            raise StackError(f"port {port} is in use by another program: choose one with `make run PORT={port + 1}`")
        try:
            click.echo(f"Starting PostgreSQL, Valkey, the object store and the mail server in {data_dir} …")
            click.echo(_FILLING[find_start(data_dir)], nl=False)
            with filling(data_dir, homes=[part.home for part in stack.parts]):
                stack.start()
                env = stack.env | _scanner()
                write_env(data_dir, env)
                environ = {**os.environ, **env, **stack.marked, "SHEPING_HOME": str(data_dir), "PORT": str(port)}
                environ["PYTHONUNBUFFERED"] = "1"
                for name, command in commands.steps.items():
                    _run_step(name, command, environ=environ, log=data_dir / "logs" / f"{name.replace(' ', '-')}.log")
            return _supervise(stack, commands, environ=environ, address=address, logs=data_dir / "logs")
        finally:
            # From here a second Ctrl-C must not leave half of it running; every step below is bounded in time.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stack.stop()
            end_leftovers(data_dir, stack.identity.token)


def _supervise(stack: Stack, commands: Commands, *, environ: Mapping[str, str], address: str, logs: Path) -> int:
    manager = Supervisor(logs)
    for name, command in commands.processes.items():
        manager.add_process(name, list(command), env=dict(environ))
    manager.beside = [
        lambda: _watch(stack, manager),
        lambda: _announce(manager, commands, environ=environ, address=address, logs=logs),
    ]
    # Honcho takes over SIGINT and SIGTERM; a closed terminal shall end it in the same orderly way.
    signal.signal(signal.SIGHUP, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    try:
        manager.loop()
    finally:
        manager.end()
    if manager.failure:
        raise StackError(manager.failure)
    click.echo("Stopped.")
    return 0


def _watch(stack: Stack, manager: Supervisor) -> None:
    """Keep the servers alive, in a thread that never ends: the kernel would end what it started together with it."""
    stack.watch(until=manager.stopping, report=manager.say)
    threading.Event().wait()


def _announce(manager: Supervisor, commands: Commands, *, environ: Mapping[str, str], address: str, logs: Path) -> None:
    """Wait until the service says that it is ready, then print where it is and who may sign in."""
    # Asked while the service still starts: building the application twice, one after the other, takes twice as long.
    asked = subprocess.Popen(  # noqa: S603 - our own commands
        list(commands.accounts), env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + commands.ready_seconds
    while (state := _readiness(address)) is not None:
        if manager.stopping.wait(_POLL_SECONDS):
            return
        if time.monotonic() > deadline:
            manager.fail(f"the service was not ready after {commands.ready_seconds:.0f} s: {state}")
            return
    accounts = asked.communicate()[0].rstrip()
    click.echo(f"\n{accounts}\n\n社评通 is ready at {address} — Ctrl-C stops everything; logs: {logs}\n")


def _readiness(address: str) -> str | None:
    """None when ready, else what is wrong in a few words."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:  # noqa: S310 - our own http address
            return None if answer.status == 200 else f"/readyz answered {answer.status}"
    except urllib.error.HTTPError as problem:
        return f"/readyz answered {problem.code}: {_compact(problem.read())}"
    except OSError as problem:
        return f"{address} does not answer ({problem})"


def _compact(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)[:400]
    except ValueError:
        return body[:200].decode("utf-8", "replace")


def _run_step(name: str, command: Sequence[str], *, environ: Mapping[str, str], log: Path) -> None:
    """Run one command to its end. Raises StackError with the last line that it printed."""
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )
        try:
            code = child.wait()
        finally:
            kill_group(child.pid)
    if code != 0:
        raise StackError(f"{name} failed: {last_lines(log, 1)} (all of it in {log})")


def _scanner() -> dict[str, str]:
    """The machine's own clamd, where one runs; CLAMD_URL in the environment wins."""
    if "CLAMD_URL" in os.environ:
        return {"CLAMD_URL": os.environ["CLAMD_URL"]}
    usual = ("/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock")
    found = next((path for path in usual if Path(path).exists()), None)
    return {"CLAMD_URL": f"unix://{found}"} if found else {}


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Until honcho takes the signals over, each of them ends the start like a Ctrl-C."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
