"""The questions of a stored bank, read once and kept for a while in the memory of the process that shows them.

docs/decisions/0006-reading-banks.md says why not longer, not on disk and not in the database.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from uploads.banks.inspection import iter_questions
from uploads.banks.models import Question
from uploads.custody import reading
from uploads.models import DossierFile, Upload

MOST_QUESTIONS = 150_000
IDLE_SECONDS = 600.0
Questions = tuple[Question, ...]


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    questions: Questions | None = None
    used_at: float = 0.0


class ParsedBanks:
    """At most `most` questions, those unused for `idle` seconds dropped; one reader parses, the others wait for it."""

    def __init__(
        self,
        most: int = MOST_QUESTIONS,
        idle: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._idle, self._clock = most, idle, clock
        self._slots: OrderedDict[uuid.UUID, _Slot] = OrderedDict()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def get(self, key: uuid.UUID, parse: Callable[[], Questions]) -> Questions:
        """The questions under `key`, by `parse` where they are not held. What it raises is not kept."""
        with self._lock:
            self._drop_idle()
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            slot.used_at = self._clock()
        with slot.lock:
            if slot.questions is None:
                slot.questions = parse()
        with self._lock:
            slot.used_at = self._clock()
            self._drop_overflow(key)
            self._watch()
        return slot.questions

    def _watch(self) -> None:
        """Nobody may come again for hours: a timer drops what is idle then too."""
        if self._timer is None and self._slots:
            self._timer = threading.Timer(self._idle + 1, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._lock:
            self._timer = None
            self._drop_idle()
            self._watch()

    def held(self) -> int:
        """How many questions are in memory."""
        return sum(len(slot.questions or ()) for slot in self._slots.values())

    def _drop_idle(self) -> None:
        now = self._clock()
        for key in [key for key, slot in self._slots.items() if now - slot.used_at > self._idle]:
            del self._slots[key]

    def _drop_overflow(self, kept: uuid.UUID) -> None:
        for key in [key for key in self._slots if key != kept]:
            if self.held() <= self._most:
                return
            del self._slots[key]


_parsed = ParsedBanks()


def read_questions(bank: Upload | DossierFile) -> Questions:
    """All questions in the file's order. Whoever calls has asked `access` first: the memory knows no scopes.

    Raises ObjectGone, Locked, PartDown, Tampered as `reading`; Unreadable for a file that holds no bank.
    """
    reading.place_of(bank)  # A purged file is gone here too.
    upload_id = bank.id if isinstance(bank, Upload) else bank.upload_id

    def parse() -> Questions:
        with reading.plain_copy(bank) as copy:
            return tuple(iter_questions(copy.path))

    return _parsed.get(upload_id, parse)
