"""The numbers of an inspection that may be kept beside its findings: counts, codes, rows. Never a word of the file."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from uploads.banks.report import Report

PAIRS_KEPT = 500
POINTS_KEPT = 200
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,39}", re.ASCII)
_LETTER = re.compile(r"[A-J]")
_SCALE_KEPT = 12


def figures_of(report: Report) -> dict[str, Any]:
    """Counts by level and type, coverage, answers, difficulty and pairs of like questions.

    Points and ranges of the blueprint (细目表) are kept by their codes: their names are words of the file.
    """
    sections = report.sections
    return {
        "by_level_and_type": report.by_level_and_type,
        "findings_by_severity": dict(Counter(str(finding.severity) for finding in report.findings)),
        "coverage": _coverage(sections.get("coverage")),
        "answer_balance": _balance(sections.get("answer_balance")),
        "difficulty": _scale(sections.get("difficulty")),
        "consistency": _scale(sections.get("consistency")),
        "duplicates": {
            "count": len(report.duplicates),
            "pairs": [pair.to_json() for pair in report.duplicates[:PAIRS_KEPT]],
        },
    }


def _coverage(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if not found:
        return None
    uncovered = [{"code": _code(one["code"]), "importance": one["importance"]} for one in found["uncovered"]]
    return {
        **{name: found[name] for name in ("points", "covered", "covered_enough", "share", "placed_questions")},
        "uncovered_total": len(uncovered),
        "uncovered": [one for one in uncovered if one["code"]][:POINTS_KEPT],
        "by_range": [
            {name: part[name] for name in ("depth", "weight", "questions", "share", "expected")}
            | {"code": _code(part["code"])}
            for part in found["by_range"]
        ],
    }


def _code(text: str) -> str | None:
    return text if _CODE.fullmatch(text) else None


def _balance(found: dict[str, Any] | None) -> dict[str, Any]:
    if not found:
        return {}
    return {
        **{name: found.get(name) for name in ("true_false", "longest_is_answer", "longest_compared")},
        **{
            name: {letter: count for letter, count in found.get(name, {}).items() if _LETTER.fullmatch(letter)}
            for name in ("single_choice", "multiple_choice")
        },
    }


def _scale(found: dict[str, Any] | None) -> dict[str, Any]:
    if not found:
        return {}
    return {**found, "counts": dict(list(found.get("counts", {}).items())[:_SCALE_KEPT])}
