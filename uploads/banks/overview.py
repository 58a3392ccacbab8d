"""Numbers about a bank, without judging them: answers, difficulty, coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from uploads.banks.blueprint import Blueprint, Point, Range, canonical
from uploads.banks.models import LETTERS, Kind, Question

_WORDS = {"易": 1, "容易": 1, "较易": 2, "中": 3, "中等": 3, "适中": 3, "较难": 4, "难": 5}


def scale_value(text: str) -> int | None:
    """1–5 as a number or in words (易 … 难); None for anything else."""
    if text.isdigit():
        return int(text)
    return _WORDS.get(text)


def scale(questions: Sequence[Question], name: str) -> dict[str, Any]:
    """How often each value of `difficulty` or `consistency` occurs, blanks and unreadable ones apart."""
    texts = Counter(getattr(question, name) for question in questions)
    counts: Counter[int] = Counter()
    invalid = 0
    for text, number in texts.items():
        value = scale_value(text) if text else None
        if value is not None:
            counts[value] += number
        elif text:
            invalid += number
    known = sum(counts.values())
    mean = round(sum(value * number for value, number in counts.items()) / known, 3) if known else None
    ordered = {str(value): counts[value] for value in sorted(counts)}
    return {"counts": ordered, "blank": texts.get("", 0), "invalid": invalid, "mean": mean}


def answer_balance(questions: Sequence[Question]) -> dict[str, Any]:
    """Answer letters of choice questions, truth of true/false ones, and how often the longest option is the answer."""
    single: Counter[str] = Counter()
    multiple: Counter[str] = Counter()
    truth: Counter[str] = Counter()
    longest = compared = 0
    for question in questions:
        if question.kind is Kind.SINGLE_CHOICE and len(question.letters) == 1:
            single[question.letters] += 1
            lengths = [len(text) for text in question.options]
            most = max(lengths, default=0)
            if lengths.count(most) == 1 and len(lengths) > 1:
                compared += 1
                longest += lengths.index(most) == LETTERS.index(question.letters)
        elif question.kind is Kind.MULTIPLE_CHOICE:
            multiple.update(question.letters)
        elif question.truth is not None:
            truth["true" if question.truth else "false"] += 1
    return {
        "single_choice": dict(sorted(single.items())),
        "multiple_choice": dict(sorted(multiple.items())),
        "true_false": {name: truth.get(name, 0) for name in ("true", "false")},
        "longest_is_answer": round(longest / compared, 4) if compared else None,
        "longest_compared": compared,
    }


@dataclass(frozen=True, slots=True)
class RangeShare:
    """Questions of one range against its weight; `expected` is its part of the weights of its depth."""

    range: Range
    questions: int
    share: float
    expected: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    counts: dict[str, int]
    placed: int
    uncovered: list[Point]
    covered: int
    covered_enough: int
    shares: list[RangeShare]

    def to_json(self) -> dict[str, Any]:
        points = len(self.counts)
        return {
            "points": points,
            "covered": self.covered,
            "covered_enough": self.covered_enough,
            "share": round(self.covered / points, 4) if points else None,
            "placed_questions": self.placed,
            "uncovered": [{"code": p.code, "name": p.name, "importance": p.importance or None} for p in self.uncovered],
            "by_range": [
                {
                    "code": part.range.code,
                    "name": part.range.name,
                    "depth": part.range.depth,
                    "weight": part.range.weight,
                    "questions": part.questions,
                    "share": round(part.share, 4),
                    "expected": None if part.expected is None else round(part.expected, 4),
                }
                for part in self.shares
            ],
        }


def coverage(questions: Sequence[Question], blueprint: Blueprint, wanted: int) -> Coverage:
    """Questions a point, points without any (X first), and questions a range against its weight."""
    counts = dict.fromkeys(blueprint.points, 0)
    names = Counter((question.point, question.point_name) for question in questions)
    for (code, name), number in names.items():
        point = blueprint.find(code, name)
        if point:
            counts[canonical(point.code)] += number
    placed = sum(counts.values())
    uncovered = [blueprint.points[code] for code, number in counts.items() if not number]
    uncovered.sort(key=lambda point: point.importance or "~")
    totals: Counter[str] = Counter()
    for code, number in counts.items():
        parts = blueprint.points[code].code.split("-")
        for depth in range(1, len(parts)):
            totals["-".join(parts[:depth])] += number
    weights: Counter[int] = Counter()
    for part in blueprint.ranges.values():
        weights[part.depth] += part.weight or 0  # type: ignore[assignment]
    shares = [
        RangeShare(
            part,
            totals[part.code],
            totals[part.code] / placed if placed else 0.0,
            part.weight / weights[part.depth] if part.weight is not None and weights[part.depth] else None,
        )
        for part in blueprint.ranges.values()
        if part.depth <= 2
    ]
    covered = sum(1 for number in counts.values() if number)
    enough = sum(1 for number in counts.values() if number >= wanted)
    return Coverage(counts, placed, uncovered, covered, enough, shares)
