"""One pass over an object: to a temporary file, counting and hashing on the way. No file outlives its job.

A job that is killed cannot tidy up. Its file stays behind, but its lock does not: the next job on this machine removes
whatever nobody holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

PREFIX = "intake-"
# Between making a file and locking it lies an instant in which another job must not take it for a leftover.
YOUNG_SECONDS = 60


@dataclass(frozen=True)
class Copy:
    """A local copy of an object: bytes counted, hashes in lower-case hex."""

    path: Path
    size: int
    sha256: str
    sm3: str


@contextmanager
def fetched(pieces: Iterable[bytes], folder: Path) -> Iterator[Copy]:
    """Write the object to a file in `folder` while counting and hashing; the file is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_leftovers(folder)
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
            size = _pour(pieces, file, sha256, sm3)
            file.flush()
            yield Copy(path, size, sha256.hexdigest(), sm3.hexdigest())
    finally:
        path.unlink(missing_ok=True)


def _pour(pieces: Iterable[bytes], file: BinaryIO, *hashes: Any) -> int:
    """Write and hash all pieces; the hashes of one run while the next is fetched. Returns the bytes."""
    size = 0
    running: list[Future[None]] = []
    with ThreadPoolExecutor(len(hashes)) as pool:
        for piece in pieces:
            for one in running:
                one.result()
            running = [pool.submit(each.update, piece) for each in hashes]
            file.write(piece)
            size += len(piece)
        for one in running:
            one.result()
    return size


def remove_leftovers(folder: Path) -> int:
    """Remove the files of jobs that were killed; returns how many."""
    removed = 0
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError, BlockingIOError):
            if time.time() - path.stat().st_mtime < YOUNG_SECONDS:
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
    return removed
