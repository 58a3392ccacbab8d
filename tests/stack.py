"""Fixtures of the real parts: one PostgreSQL, Valkey, object store and mail server a test session.

A pytest plugin: `pytest_plugins = ["tests.stack"]` in the root conftest.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import clamd as clamd_part
from app.embedded.clamd import Clamd
from app.embedded.stack import Stack, start_stack
from app.embedded.state import free_port

# The harmless file that every scanner knows, in two halves so that this source is not taken for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The four servers, empty: roles and database exist, nothing is migrated. `stack.env` are the settings.

    A live web server of a test must listen where `PUBLIC_URL` says: only that origin may upload from a browser.
    """
    folder = Path(tempfile.mkdtemp(prefix="sheping-test-"))
    try:
        with start_stack(folder, public_url=f"http://127.0.0.1:{free_port()}") as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def stack_env(stack: Stack) -> dict[str, str]:
    """The settings of the stack, and nothing of the developer's own environment or running instance."""
    return {**stack.env, "SHEPING_HOME": str(stack.data_dir)}


@pytest.fixture(scope="session")
def mail_folder(stack: Stack) -> Path:
    """Where the mail server puts every mail as one .eml file."""
    return stack.mail.home


@pytest.fixture(scope="session")
def clamd() -> Iterator[Clamd]:
    """A real clamd that knows one signature, EICAR's; its address is `clamd.url`. Skips, saying so, without clamd."""
    if clamd_part.program() is None:
        pytest.skip("clamd is not installed (apt-get install clamav-daemon): the virus scan was NOT tested")
    with tempfile.TemporaryDirectory(prefix="sheping-clamd-") as name:
        home = Path(name)
        (home / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n", encoding="ascii")
        scanner = Clamd(home=home, log_dir=home / "logs", environ=os.environ, port=free_port())
        scanner.start()
        try:
            yield scanner
        finally:
            scanner.stop()
