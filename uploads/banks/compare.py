"""C25: what changed since the organisation's previous version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import Levenshtein

from uploads.banks.models import Finding, Question, Severity
from uploads.banks.neardup import near_pairs
from uploads.banks.text import normalise, squeeze


@dataclass(frozen=True, slots=True)
class Changed:
    """A question of the new version, the one it was before, and the fields that differ."""

    before: Question
    after: Question
    fields: tuple[str, ...]

    @property
    def similarity(self) -> float:
        return Levenshtein.normalized_similarity(normalise(self.before.stem), normalise(self.after.stem))


@dataclass(slots=True)
class Comparison:
    added: list[Question] = field(default_factory=list)
    removed: list[Question] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    unchanged: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "added": [question.place.to_json() for question in self.added],
            "removed": [question.place.to_json() for question in self.removed],
            "changed": [
                {"before": one.before.place.to_json(), "after": one.after.place.to_json(), "fields": list(one.fields)}
                for one in self.changed
            ],
            "unchanged": self.unchanged,
        }


def _differences(before: Question, after: Question) -> tuple[str, ...]:
    pairs = {
        "stem": (normalise(before.stem), normalise(after.stem)),
        "options": (tuple(map(squeeze, before.options)), tuple(map(squeeze, after.options))),
        "answer": (
            before.letters or before.truth or normalise(before.answer),
            after.letters or after.truth or normalise(after.answer),
        ),
        "type": (before.kind, after.kind),
        "point": (before.point, after.point),
        "difficulty": (before.difficulty, after.difficulty),
    }
    return tuple(name for name, (old, new) in pairs.items() if old != new)


def compare(before: Sequence[Question], after: Sequence[Question], similarity: float = 0.85) -> Comparison:
    """Equal stems are the same question; of the rest, like stems are one question that was reworded."""
    found = Comparison()
    old: dict[str, list[Question]] = {}
    for question in before:
        old.setdefault(normalise(question.stem), []).append(question)
    fresh: dict[str, list[Question]] = {}
    for question in after:
        stem = normalise(question.stem)
        if old.get(stem):
            _note(found, old[stem].pop(0), question)
        else:
            fresh.setdefault(stem, []).append(question)
    gone = {stem: questions for stem, questions in old.items() if questions}
    for one, two in _reworded(list(gone), list(fresh), similarity):
        if gone[one] and fresh[two]:
            _note(found, gone[one].pop(0), fresh[two].pop(0))
    found.added = sorted((q for questions in fresh.values() for q in questions), key=lambda q: (q.sheet, q.row))
    found.removed = sorted((q for questions in gone.values() for q in questions), key=lambda q: (q.sheet, q.row))
    return found


def _note(found: Comparison, before: Question, after: Question) -> None:
    fields = _differences(before, after)
    if fields:
        found.changed.append(Changed(before, after, fields))
    else:
        found.unchanged += 1


def _reworded(gone: list[str], fresh: list[str], similarity: float) -> list[tuple[str, str]]:
    """Pairs of an old and a new stem, the most alike first."""
    pairs = near_pairs([*gone, *fresh], similarity)
    across = [
        (float(alike), int(one), int(two))
        for one, two, alike in zip(pairs.first, pairs.second, pairs.similarity, strict=True)
        if one < len(gone) <= two
    ]
    return [(gone[one], fresh[two - len(gone)]) for _, one, two in sorted(across, reverse=True)]


def find_changes(comparison: Comparison) -> list[Finding]:
    """The comparison in one sentence, as information."""
    told = (
        f"与上一版相比:新增{len(comparison.added)}题,删除{len(comparison.removed)}题,"
        f"修改{len(comparison.changed)}题,未变{comparison.unchanged}题"
    )
    return [Finding("C25", Severity.INFO, told)]
