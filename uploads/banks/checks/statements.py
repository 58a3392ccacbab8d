"""C02: the occupation and the level that the file states are those of the item (申报项)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from uploads.banks.bank import Bank
from uploads.banks.levels import level_label
from uploads.banks.models import Finding, Severity
from uploads.banks.text import fold, fold_code, quote, squeeze
from uploads.banks.thresholds import Thresholds

_CODE = re.compile(r"(?<![\d-])([1-8]-\d{1,2}-\d{1,2}-\d{1,2})(?![\d-])")
_NAMED = re.compile(r"(?:职业|工种)(?:名称|\(工种\)|、工种|工种)?(?:名称)?\s*[:]\s*([^\s,,;;:()]{2,20})")


def check_level(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """Another level on the cover, on a sheet or in the level column. A file that holds the item's level beside others
    is told, not refused."""
    wanted = bank.item.level if bank.item else None
    if not wanted:
        return
    stated = {statement.level for statement in bank.statements if statement.level}
    counted = Counter(question.level for question in bank.questions if question.level)
    severity = Severity.WARN if wanted in stated | set(counted) else Severity.BLOCK
    told_of: set[str] = set()
    for statement in bank.statements:
        if statement.level and statement.level != wanted:
            told_of.add(statement.level)
            told = f"{quote(statement.text, 40)}写的是{level_label(statement.level)},申报项是{level_label(wanted)}"
            yield Finding("C02", severity, told, statement.sheet, statement.row)
    for level, number in sorted(counted.items()):
        if level not in told_of and level != wanted:
            first = next(question for question in bank.questions if question.level == level)
            told = f"有{number}道题的等级是{level_label(level)},申报项是{level_label(wanted)}"
            yield Finding("C02", severity, told, first.sheet, first.row, first.column("level"))


def check_occupation(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """Another occupation's code or name on the cover."""
    item = bank.item
    if item is None:
        return
    wanted_code = _padded(item.occupation_code or "")
    names = [squeeze(name) for name in (item.occupation_name, item.work_type) if name]
    for statement in bank.statements:
        text = fold(statement.text)
        for match in _CODE.finditer(fold_code(text)):
            if wanted_code and _padded(match[1]) != wanted_code:
                told = f"写的职业编码是{match[1]},申报项是{item.occupation_code}"
                yield Finding("C02", Severity.BLOCK, told, statement.sheet, statement.row)
        named = _NAMED.search(text)
        if named and names and not _CODE.match(named[1]):
            stated = squeeze(named[1])
            if not any(name in stated or stated in name for name in names):
                told = f"写的职业是{quote(named[1])},申报项是「{item.occupation_name or item.work_type}」"
                yield Finding("C02", Severity.BLOCK, told, statement.sheet, statement.row)


def _padded(code: str) -> str:
    parts = fold_code(code).split("-")
    return "-".join([parts[0], *(part.zfill(2) for part in parts[1:])]) if len(parts) == 4 else fold_code(code)
