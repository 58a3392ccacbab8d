"""A warm process beside ours that reads hostile files: it forks a child for each, with limits, and answers JSON.

Starting an interpreter with all that a PDF needs takes a second; a fork of one that stands ready takes milliseconds.
It has no thread, so that forking is safe, and ends when our end of its pipe closes.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO

from app.config import ROOT
from app.documents import reading
from app.documents.reading import MAX_BYTES, Reading

TIMEOUT_SECONDS = 15
_LENGTH = struct.Struct(">I")
_TOO_HEAVY = json.dumps(asdict(Reading("too_heavy"))).encode()


class _Gone(Exception):
    """The process does not answer (any more)."""


class ReaderProcess:
    """One such process, started at first use; callers take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, pdf: bytes, *, roots: Sequence[bytes], crls: Sequence[bytes] = ()) -> Reading:
        """Read a file that may be hostile. A file that kills its reader is `too_heavy`."""
        if len(pdf) > MAX_BYTES:
            return Reading("too_large")
        given = {"roots": [_text(one) for one in roots], "crls": [_text(one) for one in crls]}
        body = json.dumps(given).encode() + b"\n" + pdf
        with self._lock:
            for _ in range(2):
                try:
                    return Reading(**json.loads(self._ask(body)))
                except (_Gone, BrokenPipeError):
                    self._stop()
        return Reading("too_heavy")

    def _ask(self, body: bytes) -> bytes:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise _Gone
        rest = memoryview(_LENGTH.pack(len(body)) + body)
        while rest:
            rest = rest[process.stdin.write(rest) :]
        deadline = time.monotonic() + TIMEOUT_SECONDS + 10
        head = _receive(process.stdout, _LENGTH.size, deadline)
        return _receive(process.stdout, _LENGTH.unpack(head)[0], deadline)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():
            # After a fork the process is our parent's: two must not speak to it at once.
            self._process, self._owner = None, os.getpid()
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.documents.reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                bufsize=0,
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()

    def close(self) -> None:
        """End the process; the next read starts another."""
        with self._lock:
            self._stop()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _receive(source: BinaryIO | object, count: int, deadline: float) -> bytes:
    descriptor: int = source.fileno()  # type: ignore[union-attr]
    pieces: list[bytes] = []
    while count:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(descriptor, count) if ready else b""
        if not piece:
            raise _Gone
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


READER = ReaderProcess()
atexit.register(READER.close)


def serve(source: BinaryIO, answer: BinaryIO) -> None:
    """The process: a length and a body at a time from standard input, a length and JSON to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        told = _in_child(source.read(_LENGTH.unpack(head)[0]))
        answer.write(_LENGTH.pack(len(told)) + told)
        answer.flush()


def _in_child(body: bytes) -> bytes:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _answer_and_exit(body, theirs)
    os.close(theirs)
    try:
        told = b""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
            piece = os.read(ours, 65536)
            if not piece:
                break
            told += piece
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return told if told.endswith(b"}") else _TOO_HEAVY


def _answer_and_exit(body: bytes, theirs: int) -> None:
    told = _TOO_HEAVY
    try:
        reading.limit_this_process()
        told = json.dumps(asdict(_read(body))).encode()
    except MemoryError:
        told = _TOO_HEAVY
    finally:
        os.write(theirs, told)
        os._exit(0)


def _read(body: bytes) -> Reading:
    head, _, pdf = body.partition(b"\n")
    given = json.loads(head)
    roots, crls = ([base64.b64decode(one) for one in given[name]] for name in ("roots", "crls"))
    return reading.read(pdf, roots=roots, crls=crls)


if __name__ == "__main__":
    # What the parsers think of a hostile file is not for the log.
    reading.be_quiet()
    serve(sys.stdin.buffer, sys.stdout.buffer)
