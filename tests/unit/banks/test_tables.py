"""Tables in every layout: right counts, right addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.report import Report


def checks_at(report: Report) -> set[tuple[str, str, int | None]]:
    """(check, sheet, row) of everything graver than information."""
    return {(f.check, f.sheet, f.row) for f in report.findings if f.severity != "info"}


def rows_of_simple() -> list[list[str]]:
    return [*map(banks.single, range(6)), *map(banks.multiple, range(6, 9)), *map(banks.judged, range(9, 13))]


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", "-bom.csv", "-utf8.csv", "-gb18030.csv", "-utf16.csv"])
def test_a_simple_table_reads_the_same_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bank{suffix}"
    rows = [banks.SIMPLE, *rows_of_simple()]
    if suffix == ".xlsx":
        banks.write_xlsx(path, {"题库": rows})
    elif suffix == ".xls":
        banks.write_xls(path, {"题库": rows})
    else:
        encoding = {"bom": "utf-8-sig", "utf8": "utf-8", "gb18030": "gb18030", "utf16": "utf-16"}[suffix[1:-4]]
        path.write_bytes("\r\n".join(",".join(row) for row in rows).encode(encoding))
    report = inspect_path(path)
    assert {kind: n for kind, n in report.by_type.items() if n} == {
        "single_choice": 6,
        "multiple_choice": 3,
        "true_false": 4,
    }
    assert checks_at(report) == set()
    assert [question.row for question in report.questions] == list(range(2, 15))
