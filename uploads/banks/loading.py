"""From a path to questions: what the file is, whether it is safe, and the reader that understands it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from uploads.banks.archive import ArchiveLimits, Problem, check_archive
from uploads.banks.blueprint import Blueprint, merge, read_blueprint
from uploads.banks.filetype import FileKind, FileType, sniff
from uploads.banks.loose import read_loose_table
from uploads.banks.models import Finding, Severity
from uploads.banks.packages import read_package
from uploads.banks.sheet_key import KeyTable, apply_key, read_key
from uploads.banks.sheets import Table, Unreadable, read_csv, read_workbook
from uploads.banks.tables import Yield, read_table
from uploads.banks.word import read_word

_REFUSED: dict[FileKind, str] = {
    FileKind.DOC: "这是旧版 Word 文件(.doc),请用 Word 或 WPS 另存为 .docx 后重新上传",
    FileKind.RAR: "这是 RAR 压缩包,请解开后上传表格或 Word 文件,或改用 .zip 打包",
    FileKind.SEVEN_ZIP: "这是 7z 压缩包,请解开后上传表格或 Word 文件,或改用 .zip 打包",
    FileKind.PDF: "这是 PDF 文件,读不出试题的行和列,请上传 .xlsx、.xls、.csv 或 .docx",
    FileKind.PNG: "这是图片,读不出试题,请上传 .xlsx、.xls、.csv 或 .docx",
    FileKind.JPEG: "这是图片,读不出试题,请上传 .xlsx、.xls、.csv 或 .docx",
    FileKind.HTML: "这其实是网页格式的文件,请用 Excel 打开后另存为 .xlsx",
    FileKind.XLSB: "这是 .xlsb 格式,请用 Excel 另存为 .xlsx",
    FileKind.ODS: "这是 .ods 格式,请另存为 .xlsx",
    FileKind.UNKNOWN: "认不出这是什么文件,请上传 .xlsx、.xls、.csv、.docx 或 .zip",
}
_OFFICE = (".xlsx", ".xls", ".xlsm", ".docx", ".doc", ".zip")
_ZIPPED = frozenset({FileKind.XLSX, FileKind.DOCX, FileKind.ZIP})


def refuse(problem: Problem) -> Finding:
    severity = Severity.BLOCK if problem.fatal or problem.code in ("macros", "archive_nested") else Severity.WARN
    return Finding("C22" if problem.code == "drawings" else "C01", severity, problem.message)


def identify(path: Path, limits: ArchiveLimits) -> FileType:
    """The type of a file that may be read. Raises Unreadable with the reason in a clerk's words."""
    try:
        found = sniff(path)
    except OSError as error:
        raise Unreadable(Problem("missing", f"文件打不开({type(error).__name__})")) from error
    fatal = next((problem for problem in found.problems if problem.fatal), None)
    if fatal:
        raise Unreadable(fatal)
    if found.kind in _REFUSED:
        raise Unreadable(Problem(f"kind_{found.kind}", _REFUSED[found.kind]))
    if found.kind in _ZIPPED:
        problems = check_archive(path, limits)
        fatal = next((problem for problem in problems if problem.fatal), None)
        if fatal:
            raise Unreadable(fatal)
        if found.kind is FileKind.ZIP:
            found.problems.extend(problems)
    return found


def load(path: Path, name: str, letters: Mapping[str, str], limits: ArchiveLimits) -> Yield:
    """Everything a file holds. Raises Unreadable when it cannot be read at all."""
    found = identify(path, limits)
    out = Yield()
    out.findings.extend(refuse(problem) for problem in found.problems)
    if found.kind in (FileKind.XLSX, FileKind.XLS):
        tables, problems = read_workbook(path, found.kind)
        out.findings.extend(refuse(problem) for problem in problems)
        read_tables(tables, out, letters)
    elif found.kind is FileKind.CSV:
        try:
            tables, repairs = read_csv(path)
        except csv.Error as error:
            raise Unreadable(Problem("truncated", f"文件不是完整的 CSV 表格({error})")) from error
        for repair in repairs:
            out.note("", None, repair)
        read_tables(tables, out, letters)
        if not out.headers and name.lower().endswith(_OFFICE):
            message = f"文件名是「{Path(name).suffix}」,内容却是普通文字,可能已损坏,请重新导出"
            raise Unreadable(Problem("mislabelled", message))
    elif found.kind is FileKind.DOCX:
        out.has_pictures |= read_word(path, out, letters)
    else:
        read_package(path, out, letters, limits, load)
    return out


def read_tables(tables: list[Table], out: Yield, letters: Mapping[str, str]) -> None:
    """All sheets; one without a header is told, as a warning when it looks like data."""
    missed: list[Table] = []
    keys: list[tuple[Table, KeyTable]] = []
    for table in tables:
        out.has_pictures |= bool(table.marks.pictures)
        if read_table(table, out, letters) or not any(any(row) for row in table.rows):
            continue
        blueprint = read_blueprint(table)
        if blueprint:
            out.blueprints.append(blueprint)
        elif key := read_key(table):
            keys.append((table, key))
        else:
            missed.append(table)
    for table, key in keys:
        apply_key(key, table.name, out, letters)
    for table in missed:
        if not out.headers and read_loose_table(table, out, letters):
            continue
        rows = sum(1 for row in table.rows if any(row))
        wide = sum(1 for row in table.rows if sum(map(bool, row)) >= 3)
        severity = Severity.WARN if wide >= 3 else Severity.INFO
        message = f"工作表「{table.name}」没有找到题目表头(题干、答案等),{rows}行内容未读取"
        out.note(table.name, 1, message, severity=severity)


def load_blueprint(path: Path, limits: ArchiveLimits | None = None) -> Blueprint:
    """The blueprint in a workbook, a CSV file or a package. Raises Unreadable."""
    found = load(path, path.name, {}, limits or ArchiveLimits())
    whole = merge(found.blueprints)
    if whole is None:
        raise Unreadable(
            Problem("no_blueprint", f"「{path.name}」里没有找到鉴定要素细目表(鉴定范围、鉴定点、重要程度)")
        )
    return whole
