"""The list of findings: filtered by what it means, by check, by sheet and by row; a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.web.bank_report.view import LEVELS, BankReport, Row

PAGE_SIZE = 50


@dataclass(frozen=True)
class Selection:
    """One page of the findings that the filters let through, and the filters' choices."""

    rows: list[Row]
    count: int
    first: int
    is_narrowed: bool
    selects: list[dict[str, Any]]
    prev_cursor: str | None
    next_cursor: str | None

    @property
    def last(self) -> int:
        """The number of the last one shown."""
        return self.first + len(self.rows) - 1


def select(report: BankReport, args: Mapping[str, str]) -> Selection:
    """What `?level=&check=&sheet=&row=&cursor=` ask for; a value that nobody offered asks for nothing."""
    level = _offered(args.get("level"), {row.level for row in report.rows})
    check = _offered(args.get("check"), {row.check for row in report.rows})
    sheet = _offered(args.get("sheet"), {row.sheet for row in report.rows if row.sheet})
    number = args.get("row", "").strip()
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None
    rows = [
        row
        for row in report.rows
        if level in ("", row.level)
        and check in ("", row.check)
        and sheet in ("", row.sheet)
        and (wanted is None or _stands_at(row, wanted))
    ]
    cursor = args.get("cursor", "")
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 6 else 0
    start = start if start < len(rows) else 0
    shown = rows[start : start + PAGE_SIZE]
    return Selection(
        rows=shown,
        count=len(rows),
        first=start + 1,
        is_narrowed=bool(level or check or sheet or wanted is not None),
        selects=_selects(report, level, check, sheet),
        prev_cursor=str(max(0, start - PAGE_SIZE)) if start else None,
        next_cursor=str(start + PAGE_SIZE) if start + PAGE_SIZE < len(rows) else None,
    )


def _offered(value: str | None, known: set[str]) -> str:
    return value if value in known else ""


def _stands_at(row: Row, number: int) -> bool:
    return row.row == number or any(number == other for _, other in row.related)


def _selects(report: BankReport, level: str, check: str, sheet: str) -> list[dict[str, Any]]:
    levels = [(key, str(word)) for key, (_, word) in LEVELS.items() if any(row.level == key for row in report.rows)]
    checks = sorted({(row.check, f"{row.check} {row.title}") for row in report.rows})
    sheets = sorted({row.sheet for row in report.rows if row.sheet})
    everything = ("", str(gettext("全部")))
    selects = [
        {"name": "level", "label": gettext("程度"), "options": [everything, *levels], "value": level},
        {"name": "check", "label": gettext("检查项"), "options": [everything, *checks], "value": check},
    ]
    if sheets:
        options = [everything, *((name, name) for name in sheets)]
        selects.append({"name": "sheet", "label": gettext("工作表"), "options": options, "value": sheet})
    return selects
