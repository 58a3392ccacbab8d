"""The figures of a stored report as the bar chart and the tables of the pages take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext

from app.web.wording import LEVELS
from uploads.banks.levels import level_label
from uploads.banks.models import KIND_LABELS, Kind
from uploads.banks.report import UNSTATED

Bars = list[dict[str, Any]]
PAIRS_SHOWN = 50
POINTS_SHOWN = 60


@dataclass(frozen=True)
class Matrix:
    """Questions by level (rows) and type (columns), with sums."""

    kinds: list[str] = field(default_factory=list)
    rows: list[tuple[str, list[int], int]] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Charts:
    """Everything the overview draws; an empty list is a chart that has nothing to show."""

    kinds: Bars
    matrix: Matrix
    ranges: Bars
    single: Bars
    multiple: Bars
    truth: Bars
    difficulty: Bars
    coverage: Mapping[str, Any]
    uncovered: list[str]
    longest: float | None
    mean_difficulty: float | None
    pairs: list[dict[str, Any]]


def of(stored: Mapping[str, Any]) -> Charts:
    """The charts of one report. A report stored before a figure was kept is shown without it."""
    balance: Mapping[str, Any] = stored.get("answer_balance") or {}
    coverage: Mapping[str, Any] = stored.get("coverage") or {}
    difficulty: Mapping[str, Any] = stored.get("difficulty") or {}
    by_type: Mapping[str, int] = stored.get("by_type") or {}
    truth: Mapping[str, int] = balance.get("true_false") or {}
    return Charts(
        kinds=_bars({gettext(KIND_LABELS[kind]): by_type[kind] for kind in Kind if by_type.get(kind)}),
        matrix=_matrix(stored.get("by_level_and_type") or {}),
        ranges=_ranges(coverage.get("by_range") or ()),
        single=_bars(balance.get("single_choice") or {}),
        multiple=_bars(balance.get("multiple_choice") or {}),
        truth=_bars({gettext("正确"): truth.get("true", 0), gettext("错误"): truth.get("false", 0)}),
        difficulty=_difficulty(difficulty),
        coverage=coverage,
        uncovered=[_point(one) for one in (coverage.get("uncovered") or ())[:POINTS_SHOWN]],
        longest=balance.get("longest_is_answer"),
        mean_difficulty=difficulty.get("mean"),
        pairs=list((stored.get("duplicates") or {}).get("pairs") or ())[:PAIRS_SHOWN],
    )


def _bars(counts: Mapping[str, int]) -> Bars:
    """Bars of parts of a whole, by their share of it; none where the whole is nothing."""
    whole = sum(counts.values())
    return [
        {"label": label, "value": number, "share": number / whole, "text": f"{number} · {number / whole:.0%}"}
        for label, number in counts.items()
        if whole
    ]


def _level(level: str) -> str:
    return str(gettext("未注明等级")) if level == UNSTATED else str(LEVELS.get(level) or gettext(level_label(level)))


def _matrix(table: Mapping[str, Mapping[str, int]]) -> Matrix:
    kinds = [kind for kind in Kind if any(row.get(kind) for row in table.values())]
    if not kinds:
        return Matrix()
    rows = [(_level(level), [row.get(kind, 0) for kind in kinds], sum(row.values())) for level, row in table.items()]
    sums = [sum(row.get(kind, 0) for row in table.values()) for kind in kinds]
    return Matrix([str(gettext(KIND_LABELS[kind])) for kind in kinds], rows, sums)


def _ranges(parts: Any) -> Bars:
    """Questions a blueprint range, with a mark at the weight that the blueprint gives it."""
    bars = []
    for part in parts:
        expected = part.get("expected")
        text = f"{part['questions']} · {part['share']:.1%}"
        if expected is not None:
            text = str(gettext("%(found)s(比重 %(expected)s)", found=text, expected=f"{expected:.1%}"))
        bars.append(
            {
                "label": part.get("code") or gettext("(无代码)"),
                "value": part["questions"],
                "share": part["share"],
                "mark": expected,
                "text": text,
                "indent": part.get("depth") == 2,
            }
        )
    return bars


def _difficulty(scale: Mapping[str, Any]) -> Bars:
    counts = {str(value): number for value, number in (scale.get("counts") or {}).items()}
    if not counts:
        return []
    if scale.get("blank"):
        counts[str(gettext("未填"))] = scale["blank"]
    if scale.get("invalid"):
        counts[str(gettext("无法识别"))] = scale["invalid"]
    return _bars(counts)


def _point(point: Mapping[str, Any]) -> str:
    return f"{point['code']}({point['importance']})" if point.get("importance") else str(point["code"])
