"""`make run` when processes are killed, ports are taken and starts are interrupted. All of it on real servers."""

from __future__ import annotations

import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis
from minio import Minio

from app.config import ROOT, read_env_file
from app.embedded.leftovers import MARK
from app.embedded.state import free_port

pytestmark = pytest.mark.chaos
SERVERS = {"postgres", "valkey-server", "juicefs"}


class Instance:
    """One `up` on its own folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []

    def up(self, *mode: str, port: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.chaos.standin", str(self.folder), str(port or self.port), *mode]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def up_and_ready(self) -> subprocess.Popen[str]:
        process = self.up()
        assert process.stdout is not None
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if "is ready at" in line:
                return process
        pytest.fail(f"never ready: {''.join(seen)} {process.communicate()[1]}")

    @property
    def env(self) -> dict[str, str]:
        return read_env_file(self.folder / "env")

    def processes(self) -> list[psutil.Process]:
        """Every process of the instance, the supervisor and its keepers left out."""
        token = json.loads((self.folder / "stack.json").read_text())["token"]
        return [process for process in psutil.process_iter() if self._is_ours(process, token)]

    def _is_ours(self, process: psutil.Process, token: str) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            inside = process.name() in SERVERS and Path(process.cwd()).is_relative_to(self.folder)
            return inside or process.environ().get(MARK) == token
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def database(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.env["SUPERUSER_DATABASE_URL"], autocommit=True, connect_timeout=3)

    def queue(self) -> redis.Redis:
        return redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=3)

    def store(self) -> Minio:
        address = self.env["S3_ENDPOINT"].removeprefix("http://")
        return Minio(address, self.env["S3_ACCESS_KEY"], self.env["S3_SECRET_KEY"], secure=False)

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture
def instance() -> Iterator[Instance]:
    # Not pytest's tmp_path: below it, folders are closed to the user that PostgreSQL runs as under root.
    folder = Path(tempfile.mkdtemp(prefix="sheping-chaos-"))
    running = Instance(folder)
    try:
        yield running
    finally:
        running.end()
        shutil.rmtree(folder)


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    process.send_signal(number)
    return process.communicate(timeout=30)


def soon(call: Callable[[], object], *, within: float = 15.0) -> None:
    """Wait until `call` raises no error of a server that is coming back, nor of a file that is still being written."""
    deadline = time.monotonic() + within
    while True:
        try:
            call()
        except (OSError, ValueError, psycopg.OperationalError, redis.RedisError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_what_was_stored_is_there_after_everything_was_killed(instance: Instance) -> None:
    first = instance.up_and_ready()
    with closing(instance.database()) as connection:
        connection.execute("create table kept as select 42 as answer")
    instance.queue().set("kept", "yes")
    instance.store().make_bucket("kept")
    instance.store().put_object("kept", "file", io.BytesIO(b"bytes"), 5)
    time.sleep(1.1)  # the queue's file is written through once a second
    before = instance.env

    everything = [*instance.processes(), *psutil.Process(first.pid).children(recursive=True)]
    first.kill()
    for process in everything:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue  # it died with its parent
    first.communicate(timeout=30)
    assert (instance.folder / "postgres/data/postmaster.pid").exists()

    second = instance.up_and_ready()
    assert instance.env == before
    with closing(instance.database()) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    assert instance.queue().get("kept") == b"yes"
    with closing(instance.store().get_object("kept", "file")) as answer:
        assert answer.read() == b"bytes"
    stop(second)
    assert second.returncode == 0


def test_each_process_is_started_again_when_it_dies(instance: Instance) -> None:
    running = instance.up_and_ready()
    leaders = [process for process in instance.processes() if "postgres:" not in " ".join(process.cmdline())]
    assert len(leaders) == 6  # four servers, web and worker
    for process in leaders:
        process.kill()
    psutil.wait_procs(leaders, timeout=10)

    soon(lambda: instance.database().close())
    soon(lambda: instance.queue().ping())
    for port in (urlsplit(instance.env["SMTP_URL"]).port, urlsplit(instance.env["S3_ENDPOINT"]).port, instance.port):
        soon(lambda port=port: socket.create_connection(("127.0.0.1", port), 2).close())
    out, _ = stop(running)
    assert "postgres" in out
    assert "starting it again" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_stop_leaves_no_process_and_no_lock(instance: Instance, number: signal.Signals) -> None:
    running = instance.up_and_ready()
    assert (instance.folder / "lock").exists()
    out, _ = stop(running, number)
    assert out.endswith("Stopped.\n")
    assert running.returncode == 0
    assert instance.processes() == []
    assert not (instance.folder / "lock").exists()


@pytest.mark.parametrize("after", [0.7, 1.3])
def test_an_interrupted_start_leaves_nothing(instance: Instance, after: float) -> None:
    starting = instance.up()
    time.sleep(after)
    stop(starting, signal.SIGTERM)
    if (instance.folder / "stack.json").exists():
        assert instance.processes() == []
    assert not (instance.folder / "lock").exists()


def test_a_first_start_that_was_cut_off_begins_anew(instance: Instance) -> None:
    """Killed while the demo was being told: half a demo must not be what the next start finds, or serves for good."""
    cut_off = instance.up("endless-seed")
    log = instance.folder / "logs" / "demo-data.log"
    soon(lambda: log.read_text().index("seeding"), within=60)
    with closing(instance.database()) as connection:
        connection.execute("create table half_a_demo ()")
    cut_off.kill()
    assert "First start" in cut_off.communicate(timeout=30)[0]

    second = instance.up_and_ready()
    with closing(instance.database()) as connection:
        assert connection.execute("select to_regclass('half_a_demo')").fetchone() == (None,)
        connection.execute("create table in_use ()")
    stop(second)

    third = instance.up_and_ready()
    with closing(instance.database()) as connection:
        assert connection.execute("select to_regclass('in_use')::text").fetchone() == ("in_use",)
    stop(third)


def test_a_second_start_says_where_the_first_serves_and_nothing_outlives_it(instance: Instance) -> None:
    first = instance.up_and_ready()
    second = instance.up(port=free_port())
    _, errors = second.communicate(timeout=30)
    assert second.returncode == 1
    assert errors == f"sheping: it already runs, at http://127.0.0.1:{instance.port} ({instance.folder})\n"

    first.kill()
    first.communicate(timeout=30)
    psutil.wait_procs(instance.processes(), timeout=10)
    assert instance.processes() == []


def test_a_port_in_use_is_one_clear_line(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", instance.port)):
        refused = instance.up()
        _, errors = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert errors.count("\n") == 1
    assert f"port {instance.port} is in use" in errors
    assert f"make run PORT={instance.port + 1}" in errors
    assert not (instance.folder / "lock").exists()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("broken-migration", "migrations failed: no such revision"),
        ("never-ready", 'not ready after 6 s: /readyz answered 503: {"database": "down"}'),
    ],
)
def test_a_service_that_cannot_start_ends_with_the_reason(instance: Instance, mode: str, reason: str) -> None:
    failing = instance.up(mode)
    _, errors = failing.communicate(timeout=30)
    assert failing.returncode == 1
    assert errors.startswith("sheping: ")
    assert errors.count("\n") == 1
    assert reason in errors
    assert instance.processes() == []
