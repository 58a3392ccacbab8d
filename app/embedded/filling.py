"""The first filling of a data folder: tables and demo. Cut off half-way, the next start begins it anew.

The demo is told in many commits and cannot be continued. As long as the mark stands the service has not served anybody,
so that nothing of a person is lost by emptying the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from app.embedded.state import write_private


class Start(StrEnum):
    """How a start finds its folder."""

    first = "first"
    interrupted = "interrupted"
    later = "later"


def find_start(data_dir: Path) -> Start:
    """Whether the folder is empty, was left half-filled, or has been in use."""
    if _mark(data_dir).exists():
        return Start.interrupted
    return Start.later if (data_dir / "postgres" / "data").exists() else Start.first


@contextmanager
def filling(data_dir: Path, *, homes: Collection[Path]) -> Iterator[None]:
    """Around the filling of a folder; `homes`, the servers' own folders, are emptied when the last one was cut off."""
    start = find_start(data_dir)
    if start is Start.later:
        yield
        return
    write_private(_mark(data_dir), "The first start has not come to its end yet; see app/embedded/filling.py.\n")
    if start is Start.interrupted:
        for home in homes:
            if home.exists():
                shutil.rmtree(home)
    yield
    _mark(data_dir).unlink()


def _mark(data_dir: Path) -> Path:
    return data_dir / "filling"
