"""C24: whether two organisations sent the same questions, without anybody seeing a question of the other.

A fingerprint is a keyed hash of a normalised stem. The key stays with the service, so that fingerprints that leak
cannot be tried out against a bank one holds.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from uploads.banks.models import Finding, Place, Question, Severity
from uploads.banks.text import normalise

_SHORTEST = 6

Prints = npt.NDArray[np.uint64]


def fingerprints(questions: Iterable[Question], key: bytes) -> Prints:
    """Sorted distinct 64-bit fingerprints; stems of fewer than six characters say too little and are left out.

    Options count for choice questions: 「下列说法正确的是」 is everybody's.
    """
    values = {print_ for print_, _ in iter_prints(questions, key)}
    return np.sort(np.frombuffer(b"".join(values), dtype=">u8").astype(np.uint64))


def iter_prints(questions: Iterable[Question], key: bytes) -> Iterator[tuple[bytes, Place]]:
    """The eight bytes of each question's fingerprint and where it stands, in the order of the file."""
    if len(key) < 16:
        raise ValueError("the fingerprint key needs at least 16 bytes")
    for question in questions:
        stem = normalise(question.stem)
        if len(stem) >= _SHORTEST:
            text = "\n".join([stem, *sorted(normalise(option) for option in question.options if option)])
            yield hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:8], question.place


def to_bytes(prints: Prints) -> bytes:
    """For the database: eight bytes a fingerprint, big-endian."""
    return prints.astype(">u8").tobytes()


def from_bytes(data: bytes) -> Prints:
    return np.frombuffer(data, dtype=">u8").astype(np.uint64)


def overlap(mine: Prints, theirs: Prints) -> float:
    """The part of `mine` that `theirs` holds too, 0–1."""
    return len(np.intersect1d(mine, theirs)) / len(mine) if len(mine) else 0.0


def find_overlaps(mine: Prints, others: Mapping[str, Prints], least: float = 0.05) -> list[Finding]:
    """One finding for each other bank (by a label that the bureau understands) that shares at least `least`.

    Information for the bureau only: never shown to an organisation.
    """
    findings = []
    for label, theirs in others.items():
        share = overlap(mine, theirs)
        if share >= least:
            told = f"与「{label}」的题库有{share:.1%}的题目相同(只比对指纹,不显示题目)"
            findings.append(Finding("C24", Severity.INFO, told))
    return findings
