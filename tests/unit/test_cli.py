"""Wrong usage is one line on standard error, like every other failure of a command."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from app import cli
from app.cli.main import sheping


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore", "/nowhere-at-all"], "'/nowhere-at-all' does not exist. (sheping restore --help)"),
        (["rules", "date"], "Missing argument 'KIND'. (sheping rules date --help)"),
        (["tokens", "create", "--emial", "a@b.c"], "No such option '--emial'"),
        (["nonsense"], "No such command 'nonsense'. (sheping --help)"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["sheping", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.run(sheping, lambda *_args, **_kwargs: pytest.fail("no application is needed"))
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert err.startswith("sheping: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_port_that_somebody_has_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it must not start beside the other one"))
    with socket.socket() as other:
        # As the other server does it: without the probe the two would share the port.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["sheping", "web", "--port", str(port)])
        with pytest.raises(SystemExit) as ended:
            cli.run(sheping, lambda *_args, **_kwargs: pytest.fail("no application is needed"))
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"sheping: cannot listen on 127.0.0.1:{port}: ")
