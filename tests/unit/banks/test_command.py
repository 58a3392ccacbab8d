"""`sheping banks inspect` and the workbook of a report."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook

from tests.factories import banks
from uploads.banks.command import inspect_files
from uploads.banks.inspection import inspect_path
from uploads.banks.report_xlsx import write_report_xlsx


def run(*paths: Path, **options: Any) -> tuple[int, list[dict[str, Any]], str, str]:
    out, err = io.StringIO(), io.StringIO()
    settings = {"blueprint": None, "occupation": None, "level": None, "as_json": True, **options}
    code = inspect_files(list(paths), out=out, err=err, **settings)
    lines = [json.loads(line) for line in out.getvalue().splitlines()] if settings["as_json"] else []
    return code, lines, out.getvalue(), err.getvalue()


def test_exit_codes_and_one_object_a_line(tmp_path: Path) -> None:
    sound = banks.simple_bank(tmp_path / "sound.xlsx", [banks.single(n) for n in range(4)])
    faulty = banks.simple_bank(tmp_path / "faulty.xlsx", [banks.single(1), banks.single(2, "")])
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"")
    assert run(sound)[0] == 0
    assert run(sound, faulty)[0] == 1
    code, objects, *_ = run(sound, broken, faulty)
    assert code == 2
    assert [Path(found["file"]).name for found in objects] == ["sound.xlsx", "broken.xlsx", "faulty.xlsx"]
    assert objects[0]["questions"] == objects[0]["by_type"]["single_choice"] == 4
    assert [finding["check"] for finding in objects[1]["findings"]] == ["C01"]
    (finding,) = [finding for finding in objects[2]["findings"] if finding["check"] == "C03"]
    assert (finding["sheet"], finding["row"], finding["column"], finding["severity"]) == ("Sheet1", 3, "G", "error")
    assert run(tmp_path / "missing.xlsx")[0] == 2


def test_item_and_blueprint_from_the_command_line(tmp_path: Path) -> None:
    path = banks.simple_bank(tmp_path / "a.xlsx", [banks.single(n) for n in range(4)], sheet="四级")
    assert run(path, level="三级")[0] == 1
    assert run(path, level="level_4", occupation="6-31-01-03")[0] == 0
    code, _, _, err = run(path, level="九级")
    assert (code, err.count("\n")) == (2, 1)
    code, _, _, err = run(path, blueprint=path)
    assert (code, err.count("\n")) == (2, 1)


def test_the_readable_form(tmp_path: Path) -> None:
    path = banks.simple_bank(tmp_path / "[a].xlsx", [banks.single(1), banks.single(2, "")])
    code, _, out, _ = run(path, as_json=False)
    assert code == 1
    assert "[a].xlsx" in out
    assert "共2题" in out
    assert "C03" in out


def test_the_workbook_of_a_report_holds_no_formula(tmp_path: Path) -> None:
    rows = [banks.single(1), banks.single(2, "=1+1"), banks.single(3, "@SUM(A1)"), banks.single(4)]
    rows[3][1] = rows[0][1]
    report = inspect_path(banks.simple_bank(tmp_path / "a.xlsx", rows, sheet="=三级"), name="=cmd|' /C calc'!A0")
    memory = io.BytesIO()
    write_report_xlsx(report, memory)
    (tmp_path / "report.xlsx").write_bytes(memory.getvalue())
    sheets = CalamineWorkbook.from_path(str(tmp_path / "report.xlsx"))
    assert sheets.sheet_names == ["概况", "问题", "重复"]
    found = sheets.get_sheet_by_name("问题").to_python()
    assert {row[0] for row in found[1:]} >= {"C05", "C09"}
    for sheet in openpyxl.load_workbook(tmp_path / "report.xlsx"):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not str(cell.value or "").startswith(("=", "+", "-", "@"))


def test_long_lists_are_written_whole(tmp_path: Path) -> None:
    rows = [banks.single(n, "") for n in range(1, 1300)] + [banks.single(n) for n in range(1, 1300)]
    path = banks.simple_bank(tmp_path / "a.xlsx", rows)
    code, (found,), *_ = run(path)
    report = inspect_path(path).to_json_dict()
    assert code == 1
    assert found["findings"] == report["findings"]
    assert found["duplicates"] == report["duplicates"]
    assert len(found["duplicates"]) >= 1299
