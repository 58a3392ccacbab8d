"""The report as a workbook, the same for the organisation and for the panel; no cell of it can be a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO, Any

import xlsxwriter

from uploads.banks.checks.table import TITLES
from uploads.banks.levels import level_label
from uploads.banks.models import KIND_LABELS, Kind, Severity
from uploads.banks.report import UNSTATED, Report

_SEVERITIES = {Severity.BLOCK: "拒收", Severity.ERROR: "错误", Severity.WARN: "提醒", Severity.INFO: "说明"}
_COLOURS = {Severity.BLOCK: "#F8D7DA", Severity.ERROR: "#F8D7DA", Severity.WARN: "#FFF3CD"}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_LIMIT = 32_000


def neutralise(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading = + - @ tab or line end gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


class _Sheet:
    """Rows written one after the other, strings only as strings, in constant memory."""

    def __init__(self, book: Any, name: str, heads: Sequence[tuple[str, int]]) -> None:
        self._sheet = book.add_worksheet(name)
        for column, (_, width) in enumerate(heads):
            self._sheet.set_column(column, column, width)
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        self.write([head for head, _ in heads], book.add_format({"bold": True, "bottom": 1}))

    def write(self, values: Iterable[str | int | float | None], style: Any = None) -> None:
        for column, value in enumerate(values):
            if isinstance(value, int | float):
                self._sheet.write_number(self._row, column, value, style)
            elif value:
                self._sheet.write_string(self._row, column, neutralise(value)[:_LIMIT], style)
        self._row += 1


def write_report_xlsx(report: Report, stream: IO[bytes]) -> None:
    """Three sheets: 概况 (counts), 问题 (findings with their addresses), 重复 (pairs)."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        _write_overview(book, report)
        _write_findings(book, report)
        _write_duplicates(book, report)


def _write_overview(book: Any, report: Report) -> None:
    sheet = _Sheet(book, "概况", [("项目", 28), ("内容", 40), ("数量", 12)])
    sheet.write(["文件", report.file])
    sheet.write(
        ["结论", "无法读取" if not report.readable else "有必须改正的问题" if report.blocking else "没有必须改正的问题"]
    )
    sheet.write(["试题", "合计", len(report.questions)])
    for level, kinds in report.by_level_and_type.items():
        for kind, number in kinds.items():
            sheet.write(["未注明等级" if level == UNSTATED else level_label(level), KIND_LABELS[Kind(kind)], number])
    covered = report.sections.get("coverage")
    if covered:
        sheet.write(["鉴定点", "合计", covered["points"]])
        sheet.write(["鉴定点", "有题目", covered["covered"]])
        for part in covered["by_range"]:
            sheet.write(["鉴定范围", f"{part['code']} {part['name']}".strip(), part["questions"]])
    for letter, number in report.sections.get("answer_balance", {}).get("single_choice", {}).items():
        sheet.write(["单选题答案", letter, number])
    for value, number in report.sections.get("difficulty", {}).get("counts", {}).items():
        sheet.write(["难度", value, number])


def _write_findings(book: Any, report: Report) -> None:
    heads = [
        ("检查", 8),
        ("检查内容", 24),
        ("程度", 8),
        ("工作表", 20),
        ("行", 8),
        ("列", 6),
        ("说明", 90),
        ("相关位置", 30),
    ]
    sheet = _Sheet(book, "问题", heads)
    styles = {severity: book.add_format({"bg_color": colour}) for severity, colour in _COLOURS.items()}
    for found in report.findings:
        related = "、".join(f"{place.sheet} {place.row}".strip() for place in found.related)
        address = (found.sheet, found.row, found.column)
        values = [
            found.check,
            TITLES.get(found.check, ""),
            _SEVERITIES[found.severity],
            *address,
            found.message,
            related,
        ]
        sheet.write(values, styles.get(found.severity))


def _write_duplicates(book: Any, report: Report) -> None:
    sheet = _Sheet(book, "重复", [("工作表一", 20), ("行", 8), ("工作表二", 20), ("行", 8), ("相似度", 10)])
    for pair in report.duplicates:
        sheet.write([pair.a.sheet, pair.a.row, pair.b.sheet, pair.b.row, round(pair.similarity, 4)])
