"""C12–C16: the bank against its blueprint (鉴定要素细目表)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from uploads.banks.bank import Bank
from uploads.banks.models import Finding, Severity
from uploads.banks.overview import coverage
from uploads.banks.text import quote
from uploads.banks.thresholds import Thresholds

_PARTS = ("职业道德", "基础知识", "相关知识")


def check_points(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C12: the point's code is malformed, or the blueprint does not know it."""
    pattern = re.compile(limits.point_pattern)
    for question in bank.questions:
        code, name = question.point, question.point_name
        column = "point" if question.layout.has("point") else "point_name"
        told, severity = "", Severity.ERROR
        if code and bank.blueprint and bank.blueprint.find(code) is None:
            told = f"鉴定点代码{quote(code)}不在细目表中"
        elif code and not bank.blueprint and question.layout.point_is_code and not pattern.fullmatch(code):
            told = f"鉴定点代码{quote(code)}格式不对,应当像 A-B-A-001"
        elif not code and name and bank.blueprint and bank.blueprint.find("", name) is None:
            told = f"鉴定点{quote(name)}不在细目表中"
        elif not code and not name and question.layout.has(column) and (bank.blueprint or question.layout.has("point")):
            told, severity = "没有填写鉴定点", Severity.WARN
        if told:
            message = f"{question.here(column)}:{told}"
            yield Finding("C12", severity, message, question.sheet, question.row, question.column(column))


def check_coverage(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C13: points without a question, the most important first; points with too few."""
    if bank.blueprint is None:
        return
    found = coverage(bank.questions, bank.blueprint, limits.point_questions_wanted)
    points = len(found.counts)
    if found.covered < limits.coverage_wanted * points:
        names = "、".join(f"{point.code}{point.name}" for point in found.uncovered[:10])
        more = f"等{len(found.uncovered)}个" if len(found.uncovered) > 10 else ""
        told = (
            f"细目表共{points}个鉴定点,有题目的{found.covered}个({found.covered / points:.1%});没有题目的:{names}{more}"
        )
        yield Finding("C13", Severity.WARN, told)
    few = points - found.covered_enough
    if few:
        told = f"{few}个鉴定点的题目不足{limits.point_questions_wanted}道"
        yield Finding("C13", Severity.INFO, told)


def check_weights(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C14: the share of each first- and second-level range against its weight (鉴定比重)."""
    if bank.blueprint is None or not bank.questions:
        return
    found = coverage(bank.questions, bank.blueprint, limits.point_questions_wanted)
    for part in found.shares:
        if part.expected is not None and found.placed and abs(part.share - part.expected) > limits.weight_tolerance:
            name = f"{part.range.code} {part.range.name}".strip()
            told = f"鉴定范围「{name}」占题目的{part.share:.1%},细目表的比重是{part.expected:.1%}"
            yield Finding("C14", Severity.WARN, told)


def check_parts(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C15: 职业道德, 基础知识 and 相关知识 all have questions."""
    if bank.blueprint is None or not bank.questions:
        return
    found = coverage(bank.questions, bank.blueprint, limits.point_questions_wanted)
    by_name: Counter[str] = Counter()
    for part in found.shares:
        for name in _PARTS:
            if name in part.range.name:
                by_name[name] += part.questions
    for name in _PARTS:
        if not by_name[name]:
            where = "没有题目" if name in by_name else "在细目表的一级、二级鉴定范围中没有找到"
            yield Finding("C15", Severity.WARN, f"「{name}」{where}")


def check_importance(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C16: shares of X, Y and Z points and their number, against advice of uncertain authority."""
    if bank.blueprint is None:
        return
    points = bank.blueprint.points
    counts = Counter(point.importance for point in points.values() if point.importance)
    stated = sum(counts.values())
    parts = []
    for letter, (low, high) in limits.importance_advice.items():
        share = counts[letter] / stated if stated else 0.0
        advice = "" if not stated or low <= share <= high else f"(建议{low:.0%}—{high:.0%})"
        parts.append(f"{letter}类{counts[letter]}个占{share:.0%}{advice}")
    short = f",少于建议的{limits.points_wanted}个" if len(points) < limits.points_wanted else ""
    yield Finding("C16", Severity.INFO, f"细目表共{len(points)}个鉴定点{short};{';'.join(parts)}")
