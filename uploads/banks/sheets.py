"""Workbooks and CSV files as plain tables of text, rows numbered as the spreadsheet shows them."""

from __future__ import annotations

import csv
import io
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from uploads.banks import biff, ooxml
from uploads.banks.archive import Problem
from uploads.banks.filetype import FileKind
from uploads.banks.ooxml import SheetMarks
from uploads.banks.text import cell_text

_DELIMITERS = ("\t", ",", ";", "|")


@dataclass(slots=True)
class Table:
    """A sheet: `rows[i]` is row i + 1. `merged` are ((row, column), (row, column)), 0-based, ends included."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    marks: SheetMarks = field(default_factory=SheetMarks)
    hidden: bool = False
    unit: str = "行"
    numbers: list[int] = field(default_factory=list)

    def number(self, index: int) -> int:
        """The row's number as people see it; Word tables go by paragraphs."""
        return self.numbers[index] if self.numbers else index + 1


class Unreadable(Exception):
    """The file cannot be read at all; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _text_rows(sheet: CalamineSheet) -> list[list[str]]:
    """Row by row, so that a sheet is never held twice; calamine gives all rows, but columns from the first used one."""
    if sheet.start is None:
        return []
    left = [""] * sheet.start[1]
    return [
        left + [value.strip() if type(value) is str else cell_text(value) for value in row] for row in sheet.iter_rows()
    ]


def read_workbook(path: Path, kind: FileKind) -> tuple[list[Table], list[Problem]]:
    """All sheets of an .xlsx or .xls, hidden ones too. Raises Unreadable."""
    marks = ooxml.scan_workbook(path) if kind is FileKind.XLSX else biff.scan_workbook(path)
    fatal = next((problem for problem in marks.problems if problem.fatal), None)
    if fatal:
        raise Unreadable(fatal)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            tables = list(_tables(book, marks.sheets))
    except PasswordError as error:
        raise Unreadable(Problem("encrypted", "文件设有打开密码(已加密),请去掉密码后重新上传")) from error
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(Problem("truncated", f"工作簿已损坏或不完整,无法读取({type(error).__name__})")) from error
    except BaseException as error:
        # calamine's panics arrive as pyo3's PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable(Problem("truncated", "工作簿内部结构损坏,无法读取")) from error
    if marks.has_drawings:
        told = "工作簿里有图片或图形,.xls 格式看不出在哪一行,请核对,或另存为 .xlsx 再上传"
        marks.problems.append(Problem("drawings", told, fatal=False))
    return tables, marks.problems


def _tables(book: CalamineWorkbook, marks: dict[str, SheetMarks]) -> Iterator[Table]:
    for meta in book.sheets_metadata:
        if meta.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet):
            continue
        sheet = book.get_sheet_by_name(meta.name)
        yield Table(
            name=meta.name,
            rows=_text_rows(sheet),
            merged=sheet.merged_cell_ranges or [],
            marks=marks.get(meta.name) or SheetMarks(),
            hidden=meta.visible != SheetVisibleEnum.Visible,
        )


def decode(data: bytes) -> tuple[str, bool]:
    """Text in UTF-8 (with or without BOM), UTF-16 with BOM, or GB18030; True when bytes had to be replaced."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding), False
        except UnicodeDecodeError:
            continue
    rough = {name: data.decode(name, errors="replace") for name in ("utf-8-sig", "gb18030")}
    return min(rough.values(), key=lambda text: text.count("\ufffd")), True


def _records(text: str, sign: str, **options: Any) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=sign, **options)


def _delimiter(text: str) -> str:
    """The sign that splits the first lines into the most columns, outside quotes."""
    sample = text[:20_000]
    best, most = ",", 0
    for sign in _DELIMITERS:
        widths = [len(row) for row in islice(_records(sample, sign), 30)]
        columns = sum(width - 1 for width in widths if width > 2)
        if columns > most:
            best, most = sign, columns
    return best


def read_csv(path: Path) -> tuple[list[Table], list[str]]:
    """One table; a row is one record, as a spreadsheet would number it. The second part says what was repaired."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    text, broken = decode(path.read_bytes())
    repairs = ["文件中有无法识别的字节,已用「\ufffd」代替,请另存为 UTF-8 编码"] if broken else []
    sign = _delimiter(text)
    rows = list(_records(text, sign))
    if _has_open_quote(text, sign):
        repairs.append("文件中有一个英文双引号没有配对,已按普通字符读取,请检查引号附近的内容")
        rows = list(_records(text, sign, quoting=csv.QUOTE_NONE))
    return [Table(name="", rows=[[cell.strip() for cell in row] for row in rows])], repairs


def _has_open_quote(text: str, sign: str) -> bool:
    """A quote that opens and never closes would swallow every row after it."""
    if text.count('"') % 2 == 0:
        return False
    try:
        deque(_records(text, sign, strict=True), maxlen=0)
    except csv.Error as error:
        return "end of data" in str(error)
    return False
