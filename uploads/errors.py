"""What can go wrong outside: a part of the system that does not answer."""

from __future__ import annotations


class PartDown(Exception):
    """A part (`object_store`, `mail`, `scanner`) cannot be reached now; the work waits, nothing is lost."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part
