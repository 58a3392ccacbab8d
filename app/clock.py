"""The one source of the present instant. Domain code takes `now` as a parameter; only edges call `now()`.

In a demo the province's visitor may move the clock (`sheping demo clock +30d`); the offset is read through a reader
that the composition root installs, so this module knows no database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_CACHE_SECONDS = 1.0

_lock = threading.Lock()
_reader: Callable[[], timedelta] | None = None
_cached: tuple[float, timedelta] = (float("-inf"), timedelta())
_frozen: datetime | None = None


def install_offset_reader(reader: Callable[[], timedelta] | None) -> None:
    """Have `now()` add what `reader` answers (asked at most once a second); None takes it away."""
    global _reader
    with _lock:
        _reader = reader
    forget_offset()


def forget_offset() -> None:
    """Read the offset afresh at the next `now()`."""
    global _cached
    with _lock:
        _cached = (float("-inf"), timedelta())


def offset() -> timedelta:
    """How far the demo clock runs ahead of the real one."""
    global _cached
    if _reader is None:
        return timedelta()
    read_at, value = _cached
    if time.monotonic() - read_at > _CACHE_SECONDS:
        value = _reader()
        with _lock:
            _cached = (time.monotonic(), value)
    return value


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC) + offset()


def real_now() -> datetime:
    """The present instant without the demo's offset: what sign-in sessions last by."""
    return now() - offset()


def today() -> date:
    """Today's date in Asia/Shanghai."""
    return now().astimezone(SHANGHAI).date()


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Hold `now()` at `instant` (aware): for tests and for walking the demo clock day by day."""
    global _frozen
    before, _frozen = _frozen, instant.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before
