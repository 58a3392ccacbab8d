"""Tables of Word files: as tables with a header, as cards, as answer keys, or as lines that merely stand in boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from uploads.banks.headers import field_of
from uploads.banks.numbering import W
from uploads.banks.ooxml import SheetMarks
from uploads.banks.sheets import Table
from uploads.banks.text import half
from uploads.banks.word_key import table_items
from uploads.banks.word_lines import Line


@dataclass(slots=True)
class Grid:
    """A table: rows of cells of lines. A cell over several columns is followed by empty ones; `merged` has the first
    and last place (row, column) of each cell over several rows."""

    rows: list[list[list[Line]]] = field(default_factory=list)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


def read_grid(element: Any, read_line: Callable[[Any], Line]) -> Grid:
    """The table of an element `w:tbl`; `read_line` counts and reads a paragraph, and is called in reading order. The
    rows of a table inside a cell belong to the lines of that cell."""
    grid = Grid()
    open_cells: dict[int, int] = {}
    for row in element.iter(f"{W}tr"):
        if next(row.iterancestors(f"{W}tbl")) is not element:
            continue
        cells: list[list[Line]] = []
        for cell in row.iter(f"{W}tc"):
            if next(cell.iterancestors(f"{W}tr")) is row:
                _note_merge(grid, open_cells, cell, len(cells))
                cells.append([read_line(paragraph) for paragraph in cell.iter(f"{W}p") if not _is_boxed(paragraph)])
                cells.extend([] for _ in range(_span(cell) - 1))
        grid.rows.append(cells)
    return grid


def _is_boxed(paragraph: Any) -> bool:
    """Whether it stands in a text box: its text comes with the paragraph that the box is anchored in."""
    return next(paragraph.iterancestors(f"{W}txbxContent"), None) is not None


def _span(cell: Any) -> int:
    """How many columns a cell takes: at least 1, at most 63 as in Word."""
    mark = cell.find(f"{W}tcPr/{W}gridSpan")
    value = str(mark.get(f"{W}val", "1")) if mark is not None else "1"
    return min(63, max(1, int(value))) if value.isdecimal() else 1


def _note_merge(grid: Grid, open_cells: dict[int, int], cell: Any, column: int) -> None:
    """Widen the merge that a cell continues; `open_cells` has the place in `grid.merged` by column."""
    row = len(grid.rows)
    mark = cell.find(f"{W}tcPr/{W}vMerge")
    if mark is None:
        open_cells.pop(column, None)
    elif mark.get(f"{W}val") == "restart":
        open_cells[column] = len(grid.merged)
        grid.merged.append(((row, column), (row, column)))
    elif column in open_cells:
        grid.merged[open_cells[column]] = (grid.merged[open_cells[column]][0], (row, column))


def as_table(grid: Grid) -> Table:
    rows = grid.rows
    return Table(
        name="",
        merged=grid.merged,
        rows=[["\n".join(line.text.strip() for line in cell).strip() for cell in row] for row in rows],
        marks=SheetMarks(pictures=_pictured(rows)),
        numbers=[next((line.row for cell in row for line in cell), 1) for row in rows],
        unit="段",
    )


def _pictured(rows: list[list[list[Line]]]) -> set[tuple[int, int]]:
    """Cells with a picture, as `SheetMarks` has them: (row from 1, column from 0)."""
    return {
        (number, column)
        for number, row in enumerate(rows, 1)
        for column, cell in enumerate(row)
        if any(line.pictured for line in cell)
    }


def loose_lines(block: list[list[list[Line]]], rows: list[list[str]]) -> Iterator[Line]:
    """A table without a header of questions: its lines as if they stood in the text, a table of answers as a key,
    a letter beside an option as one line."""
    answers = table_items(rows)
    for index, row in enumerate(block):
        first = next((line.row for cell in row for line in cell), 1)
        if index in answers:
            if answers[index]:
                yield Line(first, answers[index], is_key=True)
        elif not (answers and (index - 1 in answers or index + 1 in answers)):
            yield from _row_lines(row, rows[index], first)


def _row_lines(row: list[list[Line]], texts: list[str], first: int) -> Iterator[Line]:
    letters = [column for column in range(0, len(texts) - 1, 2) if re.fullmatch(r"[A-Ja-j][.、]?", half(texts[column]))]
    if letters and letters == list(range(0, len(texts), 2)):
        yield Line(first, " ".join(f"{half(texts[n])[0].upper()}.{texts[n + 1]}" for n in letters))
    else:
        yield from (line for cell in row for line in cell)


def turned_table(block: list[list[list[Line]]], table: Table) -> Table | None:
    """A question as a small table of its own, 题干 | … over 答案 | …, as a table of one row; else None."""
    fields: list[tuple[str, str, int]] = []
    pictures: set[tuple[int, int]] = set()
    for row, texts in zip(block, table.rows, strict=True):
        for column in range(0, len(texts) - 1, 2):
            at = next((line.row for line in row[column + 1]), 1)
            if field_of(texts[column]):
                if any(line.pictured for line in row[column + 1]):
                    pictures.add((2, len(fields)))
                fields.append((texts[column], texts[column + 1], at))
            elif texts[column]:
                return None
    names = [field_of(label) for label, _, _ in fields]
    if len(table.rows) < 2 or not {"stem", "answer"} <= set(names):
        return None
    at = fields[names.index("stem")][2]
    rows = [[label for label, _, _ in fields], [text for _, text, _ in fields]]
    return Table("", rows, marks=SheetMarks(pictures=pictures), numbers=[at, at], unit="段")
