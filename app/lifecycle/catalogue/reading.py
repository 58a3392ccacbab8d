"""From a file of occupations to rows of the catalogue, each fault with its row and column (D3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.lifecycle.sheets import RowError, find_columns, read_rows
from app.rules.calls import PRIORITY_TAGS
from app.rules.core import N_, Refusal
from app.rules.occupations import OFFERED_LEVELS, SKILL_LEVELS, find_code_doubts, normalise_code, sort_levels

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("职业编码", "编码", "职业代码", "代码"),
    "name": ("职业名称", "职业", "名称"),
    "work_types": ("工种", "工种名称"),
    "levels": ("等级", "技能等级", "级别"),
    "tags": ("重点方向", "方向", "标签"),
    "edition": ("大典版本", "版本", "版次"),
}
REQUIRED = ("code", "name")
TEMPLATE_COLUMNS = (("职业编码", 14), ("职业名称", 26), ("工种", 36), ("等级", 30), ("重点方向", 24), ("大典版本", 10))
DEFAULT_EDITION = "2022"
MAX_NAME = 60
_SEPARATORS = re.compile(r"[、,,;;\n]+")
_TAG_BY_LABEL = {label: key for key, label in PRIORITY_TAGS.items()}
_LEVEL_WORDS = {
    word: level.id
    for level in SKILL_LEVELS.values()
    if level.offered
    for word in (level.id, level.digit, level.label, *level.label.split("/"))
}


def read_occupations(data: bytes, file_name: str) -> tuple[list[dict[str, Any]], list[RowError]]:
    """The occupations of a file, merged by code and edition, and every fault; a faulty row is left out of the first.

    Raises the Refusals of `sheets`.
    """
    rows = read_rows(data, file_name)
    columns = find_columns(rows[0], COLUMNS, REQUIRED)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    errors: list[RowError] = []
    for number, row in enumerate(rows[1:], start=2):
        if any(row):
            _read_row(number, _Cells(row, columns), found, errors)
    return list(found.values()), errors


def read_one(values: Mapping[str, str]) -> tuple[dict[str, Any] | None, list[RowError]]:
    """One occupation as typed, by the keys of COLUMNS, read as a file's row is; None with what is wrong with it."""
    keys = list(COLUMNS)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    errors: list[RowError] = []
    cells = _Cells([values.get(key, "").strip() for key in keys], {key: index for index, key in enumerate(keys)})
    _read_row(1, cells, found, errors)
    return next(iter(found.values()), None), errors


class _Cells:
    def __init__(self, row: Sequence[str], columns: Mapping[str, int]) -> None:
        self._row, self._columns = row, columns

    def get(self, key: str) -> str:
        index = self._columns.get(key)
        return self._row[index] if index is not None and index < len(self._row) else ""

    def parts(self, key: str) -> list[str]:
        return [part.strip() for part in _SEPARATORS.split(self.get(key)) if part.strip()]


def _read_row(number: int, cells: _Cells, found: dict[tuple[str, str], dict[str, Any]], errors: list[RowError]) -> None:
    before = len(errors)
    code = _code(number, cells.get("code"), errors)
    name = cells.get("name")
    if not name or len(name) > MAX_NAME:
        errors.append(RowError(number, "职业名称", N_("职业名称为空或过长。")))
    levels = _levels(number, cells.parts("levels"), errors)
    tags = _tags(number, cells.parts("tags"), errors)
    if len(errors) > before:
        return
    key = (code, cells.get("edition") or DEFAULT_EDITION)
    known = found.setdefault(
        key, {"code": code, "name": name, "edition": key[1], "work_types": [], "levels": [], "tags": []}
    )
    if known["name"] != name:
        errors.append(RowError(number, "职业名称", N_("同一编码在前面的行中是另一个职业名称。")))
        return
    known["work_types"] += [part for part in cells.parts("work_types") if part not in known["work_types"]]
    known["levels"] = sort_levels(list({*known["levels"], *levels}))
    known["tags"] = sorted({*known["tags"], *tags})


def _code(number: int, text: str, errors: list[RowError]) -> str:
    try:
        code = normalise_code(text)
    except Refusal as refusal:
        errors.append(RowError(number, "职业编码", str(refusal)))
        return ""
    if doubts := find_code_doubts(code):
        errors.append(RowError(number, "职业编码", str(doubts[0])))
    return code


def _levels(number: int, words: list[str], errors: list[RowError]) -> list[str]:
    if not words:
        return list(OFFERED_LEVELS)
    unknown = [word for word in words if word not in _LEVEL_WORDS]
    if unknown:
        errors.append(RowError(number, "等级", N_("等级无法识别。请写五级至一级,用顿号分开。")))
    return [_LEVEL_WORDS[word] for word in words if word in _LEVEL_WORDS]


def _tags(number: int, words: list[str], errors: list[RowError]) -> list[str]:
    unknown = [word for word in words if word not in _TAG_BY_LABEL and word not in PRIORITY_TAGS]
    if unknown:
        errors.append(
            RowError(number, "重点方向", N_("方向无法识别。可填:急需紧缺、数字信息、绿色环保、新就业形态、其他。"))
        )
    return [_TAG_BY_LABEL.get(word, word) for word in words if word not in unknown]
