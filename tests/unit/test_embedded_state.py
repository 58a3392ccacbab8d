"""What a local stack keeps between starts, its lock, and how its failures are told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import read_env_file
from app.embedded import state
from app.embedded.leftovers import MARK, end_leftovers
from app.embedded.part import Part, StackError, last_lines
from app.embedded.stack import BACKOFF_LIMIT_SECONDS, backoff
from app.embedded.state import Identity


def test_secrets_and_free_ports_are_kept(tmp_path: Path) -> None:
    first = state.load_identity(tmp_path).with_free_ports()
    state.save_identity(tmp_path, first)
    assert state.load_identity(tmp_path).with_free_ports() == first
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600


def test_a_taken_port_is_replaced_and_the_others_stay() -> None:
    first = Identity.fresh().with_free_ports()
    with socket.create_server(("127.0.0.1", first.gateway_port)):
        second = first.with_free_ports()
    assert second.gateway_port != first.gateway_port
    assert (second.postgres_port, second.valkey_port) == (first.postgres_port, first.valkey_port)
    assert second.s3_secret_key == first.s3_secret_key


def test_secrets_differ_from_each_other_and_between_folders() -> None:
    values = [value for one in (Identity.fresh(), Identity.fresh()) for value in vars(one).values() if value != 0]
    assert len(values) == len(set(values)) == 18


@pytest.mark.parametrize("content", ["", "{", json.dumps({"token": "x"}), json.dumps(["token"])])
def test_an_unreadable_identity_is_told_and_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)
    with pytest.raises(StackError, match="make clean"):
        state.load_identity(tmp_path)
    assert (tmp_path / "stack.json").read_text() == content


def test_settings_are_private_and_read_back_as_written(tmp_path: Path) -> None:
    state.write_env(tmp_path, {"DATABASE_URL": "postgresql://a:b=c@127.0.0.1:1/x", "DEMO": "1"})
    assert read_env_file(tmp_path / "env") == {"DATABASE_URL": "postgresql://a:b=c@127.0.0.1:1/x", "DEMO": "1"}
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_a_failed_write_leaves_the_old_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.write_env(tmp_path, {"DEMO": "1"})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        state.write_env(tmp_path, {"DEMO": "2"})
    assert read_env_file(tmp_path / "env") == {"DEMO": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_one_holder_at_a_time_and_no_lock_afterwards(tmp_path: Path) -> None:
    with (
        state.locked(tmp_path, label="at http://127.0.0.1:1"),
        pytest.raises(StackError, match=r"already runs, at http://127\.0\.0\.1:1 "),
        state.locked(tmp_path, label="second"),
    ):
        pytest.fail("two held it")
    assert not (tmp_path / "lock").exists()
    with state.locked(tmp_path, label="third"):
        assert (tmp_path / "lock").read_text() == "third"


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 12 << 20))
    with pytest.raises(StackError, match="12 MB free and 500 MB are needed"):
        state.check_space(tmp_path)


def test_backoff_grows_to_a_limit() -> None:
    assert [backoff(failures) for failures in range(1, 6)] == [0, 1, 2, 4, 8]
    assert backoff(50) == BACKOFF_LIMIT_SECONDS


def test_marked_processes_are_ended_and_no_others(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = subprocess.Popen(sleep, env={**os.environ, MARK: "token-of-this-test"})
    other = subprocess.Popen(sleep, env={**os.environ, MARK: "token-of-another"}, cwd=tmp_path)
    try:
        assert end_leftovers(tmp_path, "token-of-this-test") == 1
        assert ours.poll() is not None
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


class Program(Part):
    """A server that prints and exits, or never answers."""

    name = "program"
    code = "print('first'); print('cannot bind'); raise SystemExit(3)"

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.code]

    def is_ready(self) -> bool:
        raise ConnectionRefusedError


def test_a_server_that_exits_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    part = Program(home=tmp_path / "home", log_dir=tmp_path / "logs", environ=os.environ)
    with pytest.raises(StackError, match="program stopped with code 3 while starting: first / cannot bind"):
        part.start()


def test_a_server_that_never_answers_is_stopped(tmp_path: Path) -> None:
    part = Program(home=tmp_path / "home", log_dir=tmp_path / "logs", environ=os.environ)
    part.code = "print('waiting', flush=True); import time; time.sleep(60)"
    part.spawn()
    process = part.process
    assert process is not None
    with pytest.raises(StackError, match="did not answer within 0 s"):
        part.wait_ready(seconds=0.3)
    assert process.poll() == -signal.SIGTERM


def test_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log") == "no output"
