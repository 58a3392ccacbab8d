"""Tables in files: reading XLSX and CSV as rows of text, writing XLSX that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from app.clock import SHANGHAI
from app.rules.core import N_, Refusal

MAX_ROWS = 20_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_XLSX_HEAD = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class RowError:
    """One fault in an imported table, where a person finds it: row number of the sheet, column heading."""

    row: int
    column: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "column": self.column, "message": self.message}


def read_rows(data: bytes, file_name: str) -> list[list[str]]:
    """The first sheet's rows as trimmed text; the first row is the heading.

    Refusals: sheet_unreadable, sheet_encrypted, sheet_empty, sheet_too_long.
    """
    if not data:
        raise Refusal("sheet_empty", "", N_("文件是空的。请下载模板,填写后上传。"))
    rows = _from_workbook(data) if data.startswith(_XLSX_HEAD) else _from_csv(data, file_name)
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < 2:
        raise Refusal("sheet_empty", "", N_("表格里没有数据行。请在标题行之下填写后上传。"))
    if len(rows) > MAX_ROWS + 1:
        raise Refusal("sheet_too_long", "", N_("表格超过%(limit)d行。请分成几个文件上传。"), limit=MAX_ROWS)
    return rows


def _from_workbook(data: bytes) -> list[list[str]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if not workbook.sheet_names:
            return []
        raw = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except PasswordError:
        raise Refusal("sheet_encrypted", "", N_("文件设有密码,无法读取。请去掉密码后上传。")) from None
    except CalamineError:
        raise Refusal("sheet_unreadable", "", N_("文件无法读取。请用模板另存为 .xlsx 后上传。")) from None
    return [[_as_text(cell) for cell in row] for row in raw]


def _as_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return _clean(str(cell)) if cell is not None else ""


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\u3000", " ").strip()


def _from_csv(data: bytes, file_name: str) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return [[_clean(cell) for cell in row] for row in csv.reader(io.StringIO(text))]
    raise Refusal(
        "sheet_unreadable", "", N_("“%(name)s”不是可以读取的表格。请上传 .xlsx 或 .csv 文件。"), name=file_name
    )


def find_columns(
    heading: Sequence[str], wanted: Mapping[str, Sequence[str]], required: Iterable[str]
) -> dict[str, int]:
    """Where each wanted column stands, by any of its names, blanks and a 必填 mark aside, in any order.

    Refusal columns_missing naming those that are required and not there.
    """
    seen = {_plain(name): index for index, name in enumerate(heading) if name}
    found = {
        key: seen[_plain(name)] for key, names in wanted.items() for name in reversed(names) if _plain(name) in seen
    }
    missing = [wanted[key][0] for key in required if key not in found]
    if missing:
        raise Refusal(
            "columns_missing",
            "",
            N_("第1行缺少标题:%(missing)s。请使用系统提供的模板,不要改动标题行。"),
            missing="、".join(missing),
        )
    return found


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).replace("*", "")
    for mark in ("(必填)", "(选填)", " "):
        text = text.replace(mark, "")
    return text.lower()


def write_workbook(
    *, title: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]], note: str = ""
) -> bytes:
    """One sheet: a heading row (name, width in characters) and rows. Text stays text, whatever it begins with.

    What would be taken for a formula is written as a string cell with the quote prefix, so that neither opening nor
    editing the cell runs it. Instants become dates and times of Shanghai. Rows are taken one by one and kept on disk,
    not in memory, until the file is made.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet(title[:31])
        heading = book.add_format({"bold": True, "bg_color": "#E8EEF5", "border": 1, "text_wrap": True})
        quoted = book.add_format({"quote_prefix": True})
        for index, (name, width) in enumerate(columns):
            sheet.write_string(0, index, name, heading)
            sheet.set_column(index, index, width)
        number = 0
        for number, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                _write(sheet, number, index, value, quoted)
        sheet.freeze_panes(1, 0)
        _lay_out_for_paper(sheet)
        if number:
            sheet.autofilter(0, 0, number, len(columns) - 1)
        if note:
            sheet.write_comment(0, 0, note)
    return target.getvalue()


def _lay_out_for_paper(sheet: Any) -> None:
    """A4 across, as wide as the paper, the heading row on every page, the pages numbered."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&C第 &P 页,共 &N 页")


def _write(sheet: Any, row: int, column: int, value: Any, quoted: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, "是" if value else "否")
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_string(row, column, value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))
    elif isinstance(value, date):
        sheet.write_string(row, column, value.isoformat())
    else:
        text = str(value)
        sheet.write_string(row, column, text, quoted if text.startswith(_FORMULA_STARTS) else None)
