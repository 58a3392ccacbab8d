"""A look inside .xls (BIFF8) before calamine reads it, as `ooxml` does for .xlsx.

Only record headers and the few records below are looked at: cells far outside the sheet (calamine would allocate the
rectangle and abort), error values and formulas without a result (calamine gives both as empty), passwords, DDE.
"""

from __future__ import annotations

import struct
from pathlib import Path

import olefile

from uploads.banks.archive import Problem
from uploads.banks.ooxml import SheetMarks, WorkbookMarks

_BOF, _BOUNDSHEET, _FILEPASS, _SUPBOOK, _DRAWINGS = 0x809, 0x85, 0x2F, 0x1AE, 0xEB
_FORMULA, _BOOLERR = 0x06, 0x205
_CELLS = frozenset({_FORMULA, _BOOLERR, 0x201, 0x203, 0x204, 0x27E, 0xBD, 0xBE, 0xD6, 0xFD})
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_LAST_COLUMN = 255


def scan_workbook(path: str | Path) -> WorkbookMarks:
    """Marks by sheet name. Problems that are fatal mean: do not hand the file to calamine."""
    try:
        with olefile.OleFileIO(str(path)) as ole:
            name = next(entry for entry in ole.listdir() if entry[-1].lower() in ("workbook", "book"))
            data: bytes = ole.openstream(name).read()
        return _scan(data)
    except (OSError, StopIteration, struct.error, ValueError, IndexError, RecursionError) as error:
        problem = Problem("truncated", f"工作簿已损坏或不完整,无法读取({type(error).__name__})")
        return WorkbookMarks(problems=[problem])


def _scan(data: bytes) -> WorkbookMarks:
    found = WorkbookMarks()
    names: dict[int, str] = {}
    marks = SheetMarks()
    at, end = 0, len(data)
    while at + 4 <= end:
        kind, size = struct.unpack_from("<HH", data, at)
        body = at + 4
        if kind in _CELLS and size >= 4:
            _mark_cell(data, body, size, kind, marks)
        elif kind == _BOF:
            marks = found.sheets.setdefault(names[at], SheetMarks()) if at in names else SheetMarks()
        elif kind == _BOUNDSHEET and size >= 8:
            names[struct.unpack_from("<I", data, body)[0]] = _name(data[body + 6 : body + size])
        elif kind == _FILEPASS:
            found.problems.append(Problem("encrypted", "文件设有打开密码(已加密),请去掉密码后重新上传"))
            return found
        elif kind == _SUPBOOK and size > 4 and b"\x03" in data[body + 4 : body + size]:
            found.problems.append(Problem("dde", "文件含有 DDE 链接(会启动外部程序),拒绝接收,请删除后重新上传"))
        elif kind == _DRAWINGS:
            found.has_drawings = True
        at = body + size
    for name, sheet in found.sheets.items():
        if sheet.last_column > _LAST_COLUMN + 1:
            found.problems.append(Problem("far_cell", f"工作表「{name}」在表格之外还有内容,文件已损坏,请重新另存"))
    return found


def _name(raw: bytes) -> str:
    count, wide = raw[0], raw[1] & 1
    return raw[2 : 2 + count * 2].decode("utf-16-le", "replace") if wide else raw[2 : 2 + count].decode("latin-1")


def _mark_cell(data: bytes, body: int, size: int, kind: int, marks: SheetMarks) -> None:
    row, column = struct.unpack_from("<HH", data, body)
    marks.last_row = max(marks.last_row, row + 1)
    marks.last_column = max(marks.last_column, column + 1)
    if kind == _BOOLERR and size >= 8 and data[body + 7]:
        marks.errors[row + 1, column] = _ERRORS.get(data[body + 6], "#N/A")
    elif kind == _FORMULA and size >= 14 and data[body + 12 : body + 14] == b"\xff\xff":
        if data[body + 6] == 2:
            marks.errors[row + 1, column] = _ERRORS.get(data[body + 8], "#N/A")
        elif data[body + 6] == 3:
            marks.uncalculated.append((row + 1, column))
