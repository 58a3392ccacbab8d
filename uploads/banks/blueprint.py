"""The blueprint (鉴定要素细目表): ranges with their weights, points with their importance X, Y, Z."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from uploads.banks.points import split_code
from uploads.banks.sheets import Table
from uploads.banks.text import fold, fold_code, squeeze

_LEVELS = {sign: number for number, sign in enumerate("一二三四五六", 1)}
_LEVEL = re.compile(r"([一二三四五六])级")
_POINT = re.compile(r"鉴定点|考核点|考评点|认定点|评价点|知识点|鉴定要素|考点")
_CODE_CELL = re.compile(r"^(?:\d{1,4}|[A-Z](?:-[A-Z])*-\d{1,4})$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BREAK = re.compile(r"\s*\n\s*")
_TAIL_WEIGHT = re.compile(r"[(（]\s*(\d+(?:\.\d+)?)\s*%?\s*[)）]\s*$")


@dataclass(frozen=True, slots=True)
class Point:
    """鉴定点: the smallest unit that a question examines. `code` is whole: A-B-A-001."""

    code: str
    name: str
    importance: str
    row: int


@dataclass(frozen=True, slots=True)
class Range:
    """鉴定范围 of depth 1, 2, 3 … with its weight (鉴定比重) where one is stated."""

    code: str
    name: str
    depth: int
    weight: float | None


@dataclass(slots=True)
class Blueprint:
    """Points and ranges by canonical code, in the order of the table."""

    points: dict[str, Point] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    title: str = ""
    by_name: dict[str, Point] = field(default_factory=dict)

    def find(self, code: str, name: str = "") -> Point | None:
        """The point a question names, by its code or else by its exact name."""
        found = self.points.get(canonical(code)) if code else None
        if found is None and name and not code:
            if not self.by_name:
                self.by_name = {squeeze(point.name): point for point in self.points.values()}
            found = self.by_name.get(squeeze(name))
        return found


def canonical(code: str) -> str:
    """One writing for one code: A-B-A-1 is A-B-A-001."""
    head, _, tail = fold_code(code).rpartition("-")
    return f"{head}-{int(tail)}" if head and tail.isdigit() else fold_code(code)


@dataclass(frozen=True, slots=True)
class _Columns:
    point_code: int
    point_name: int
    importance: int
    codes: dict[int, int]
    names: dict[int, int]
    weights: dict[int, int]


def _spread(table: Table, last: int) -> list[list[str]]:
    """Header rows with merged cells repeated; a blank in the upper rows belongs to what stands left of it."""
    width = max((len(row) for row in table.rows[: last + 1]), default=0)
    rows = [[*row, *[""] * (width - len(row))] for row in table.rows[:last]]
    for (top, left), (bottom, right) in table.merged:
        for row in range(top, min(bottom, last - 1) + 1):
            for column in range(left, min(right, width - 1) + 1):
                rows[row][column] = rows[top][left] if top < last else ""
    # A title over the whole table says nothing about a column.
    rows = [row for row in rows if len({text for text in row if text}) > 1]
    if not table.merged:
        begun = [False] * width
        for texts in rows[:-1]:
            begun = [already or bool(text) for already, text in zip(begun, texts, strict=True)]
            for column in range(1, width):
                if not begun[column]:
                    texts[column] = texts[column - 1]
    return rows


def _first_data_row(table: Table) -> int | None:
    """The first row with a point's code, below a row that speaks of points."""
    seen = False
    for index, row in enumerate(table.rows[:30]):
        if seen and any(_CODE_CELL.match(fold_code(text)) for text in row if text) and not _is_heading(row):
            return index
        seen = seen or any(_POINT.search(squeeze(text)) for text in row)
    return None


def _is_heading(row: Sequence[str]) -> bool:
    return any(squeeze(text) in ("代码", "名称", "鉴定点", "重要程度", "鉴定比重") for text in row)


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    width = len(rows[0]) if rows else 0
    code = name = importance = -1
    codes: dict[int, int] = {}
    names: dict[int, int] = {}
    weights: dict[int, int] = {}
    for column in range(width):
        words = squeeze("".join(dict.fromkeys(row[column] for row in rows if row[column])))
        level = _LEVEL.search(words)
        is_code = bool(re.search(r"代码|编码|编号", words))
        if level or ("范围" in words and not _POINT.search(words)):
            depth = _LEVELS[level[1]] if level else len(names) + 1
            target = weights if "比重" in words else codes if is_code else names if "比例" not in words else None
            if target is not None:
                target.setdefault(depth, column)
        elif re.search(r"重要程度|重要性|X/?Y/?Z", words) and "比例" not in words:
            importance = column
        elif _POINT.search(words) and is_code and code < 0:
            code = column
        elif _POINT.search(words) and name < 0:
            name = column
        elif "比重" in words:
            weights.setdefault(1, column)
    return _Columns(code, name, importance, codes, names, weights) if name >= 0 or code >= 0 else None


def _cell(row: Sequence[str], column: int) -> str:
    return fold(row[column]) if 0 <= column < len(row) else ""


def _weight(text: str) -> float | None:
    match = _NUMBER.search(text)
    return float(match[0]) if match else None


@dataclass(slots=True)
class _Path:
    """Where in the tree of ranges a row stands; cells left blank under a merged one keep what stood above."""

    codes: dict[int, str] = field(default_factory=dict)

    def step(self, row: Sequence[str], columns: _Columns, blueprint: Blueprint) -> None:
        for depth in sorted({*columns.codes, *columns.names}):
            code, name = _cell(row, columns.codes.get(depth, -1)), _cell(row, columns.names.get(depth, -1))
            name = _BREAK.sub("", name)
            tail = _TAIL_WEIGHT.search(name)
            weight = _weight(_cell(row, columns.weights.get(depth, -1))) if depth in columns.weights else None
            if tail:
                weight, name = weight if weight is not None else float(tail[1]), name[: tail.start()].strip()
            if not code and name:
                code, name = split_code(name)
            if not code:
                continue
            code = fold_code(code)
            changed = self.codes.get(depth) != code
            self.codes[depth] = code
            if changed:
                for deeper in [level for level in self.codes if level > depth]:
                    del self.codes[deeper]
            whole = self.prefix(depth)
            blueprint.ranges.setdefault(whole, Range(whole, name, depth, weight))

    def prefix(self, depth: int | None = None) -> str:
        return "-".join(self.codes[level] for level in sorted(self.codes) if depth is None or level <= depth)


def read_blueprint(table: Table) -> Blueprint | None:
    """The blueprint that a table holds, or None when it is none. Headers may take several rows, cells may be merged."""
    start = _first_data_row(table)
    if not start:
        return None
    heads = _spread(table, start)
    columns = _columns(heads)
    if columns is None or (columns.point_code < 0 and not columns.names):
        return None
    found = Blueprint(title=next((text for row in table.rows[:start] for text in row if text), ""))
    path = _Path()
    for index in range(start, len(table.rows)):
        row = table.rows[index]
        if not any(row) or _is_heading(row):
            continue
        path.step(row, columns, found)
        code, name = _cell(row, columns.point_code), _BREAK.sub("", _cell(row, columns.point_name))
        if not code and name:
            code, name = split_code(name)
        if not code or not _CODE_CELL.match(fold_code(code)):
            continue
        whole = fold_code(code)
        if "-" not in whole and path.codes:
            whole = f"{path.prefix()}-{whole}"
        importance = squeeze(_cell(row, columns.importance)).upper()[:1]
        found.points.setdefault(canonical(whole), Point(whole, name, importance, table.number(index)))
    if len(found.points) < 1:
        return None
    _derive_ranges(found)
    return found


def _derive_ranges(blueprint: Blueprint) -> None:
    """Ranges that only the points' codes tell of."""
    for point in blueprint.points.values():
        parts = point.code.split("-")[:-1]
        for depth in range(1, len(parts) + 1):
            code = "-".join(parts[:depth])
            blueprint.ranges.setdefault(code, Range(code, "", depth, None))


def merge(blueprints: Iterable[Blueprint]) -> Blueprint | None:
    """Several sheets of one blueprint as one."""
    whole: Blueprint | None = None
    for part in blueprints:
        if whole is None:
            whole = part
        else:
            whole.points = {**part.points, **whole.points}
            whole.ranges = {**part.ranges, **whole.ranges}
    return whole
