"""Processes of a stack whose supervisor was killed: found by the mark they carry, and ended."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

# In the environment of every process of a stack; its value is the token of the data folder.
MARK = "SHEPING_STACK"
# Servers that write over their environment to show a title: known by their working folder instead.
_TITLED = {"postgres", "valkey-server", "juicefs"}
_GRACE_SECONDS = 3.0


def end_leftovers(folder: Path, token: str | None = None) -> int:
    """End what is left of a stack: servers working in `folder` and all that carry `token`. Returns how many.

    Only call it holding the lock of the stack's folder.
    """
    left = [process for process in psutil.process_iter() if _belongs(process, folder.resolve(), token)]
    for process in left:
        # A killed process loses nothing that a crash may not lose; asking politely could wait for a long job.
        _kill(process)
    psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    return len(left)


def _belongs(process: psutil.Process, folder: Path, token: str | None) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if token is not None and process.environ().get(MARK) == token:
            return True
        return process.name() in _TITLED and Path(process.cwd()).is_relative_to(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
