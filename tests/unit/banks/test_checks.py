"""Each check finds the fault of a bank that has exactly that fault, and nothing graver in a sound one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.models import ItemRef
from uploads.banks.report import Report
from uploads.banks.thresholds import Thresholds

Rows = list[list[str]]
HEAD = [*banks.SIMPLE, "难度", "一致性", "鉴定点代码"]


def sound(count: int = 24) -> Rows:
    rows = [banks.single(n) for n in range(count // 2)]
    rows += [banks.multiple(n) for n in range(count // 2, count * 3 // 4)]
    rows += [banks.judged(n) for n in range(count * 3 // 4, count)]
    return [[*row, str(1 + n % 5), "5", f"A-B-A-{n % 6 + 1:03d}"] for n, row in enumerate(rows)]


def inspect(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "题库", **more: Any) -> Report:
    banks.write_xlsx(path / "bank.xlsx", {sheet: [HEAD, *rows]})
    return inspect_path(path / "bank.xlsx", **more)


def graver(report: Report) -> list[tuple[str, str, int | None, str | None]]:
    return [(f.check, str(f.severity), f.row, f.column) for f in report.findings if f.severity != "info"]


def test_a_sound_bank_has_nothing_but_information(tmp_path: Path) -> None:
    report = inspect(tmp_path, sound())
    assert graver(report) == []
    assert not report.blocking


def change(row: int, column: int, value: str) -> Callable[[Rows], None]:
    """Row as the spreadsheet shows it."""

    def apply(rows: Rows) -> None:
        rows[row - 2][column] = value

    return apply


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (change(5, 1, ""), ("C03", "error", 5, "B")),
        (change(5, 6, ""), ("C03", "error", 5, "G")),
        (change(5, 0, "看图题"), ("C04", "error", 5, "A")),
        (change(5, 0, "选择填空"), ("C04", "error", 5, "A")),
        (change(5, 0, "Q"), ("C04", "error", 5, "A")),
        (change(5, 6, "AC"), ("C05", "error", 5, "G")),
        (change(5, 6, "E"), ("C05", "error", 5, "G")),
        (change(5, 6, "甲乙丙"), ("C05", "error", 5, "G")),
        (change(15, 6, "C"), ("C06", "error", 15, "G")),
        (change(15, 6, "AF"), ("C06", "error", 15, "G")),
        (change(22, 6, "不一定"), ("C07", "error", 22, "G")),
        (change(22, 6, "C"), ("C07", "error", 22, "G")),
        (change(5, 3, "第3题的甲"), ("C08", "warn", 5, "D")),
        (change(5, 9, "X"), ("C12", "error", 5, "J")),
        (change(5, 9, "A--B-1"), ("C12", "error", 5, "J")),
        (change(5, 7, "6"), ("C18", "warn", 5, "H")),
        (change(5, 7, ""), ("C18", "warn", 5, "H")),
        (change(5, 8, "0"), ("C18", "warn", 5, "I")),
        (change(5, 1, "{A}" + banks.stem(99)), ("C22", "warn", 5, "B")),
        (change(5, 2, "#REF!"), ("C22", "warn", 5, "C")),
        (change(5, 1, "乱码\ufffd" + banks.stem(99)), ("C22", "warn", 5, "B")),
        (change(5, 1, "应选用（D）" + banks.stem(99)), ("C22", "warn", 5, "B")),
        (change(5, 1, "如图所示," + banks.stem(99)), ("C22", "warn", 5, "B")),
        (change(5, 1, banks.stem(99) + "&nbsp;"), ("C22", "warn", 5, "B")),
    ],
)
def test_a_fault_in_one_cell(
    tmp_path: Path, fault: Callable[[Rows], None], expected: tuple[str, str, int, str]
) -> None:
    rows = sound()
    fault(rows)
    assert graver(inspect(tmp_path, rows)) == [expected]


@pytest.mark.parametrize(
    ("fault", "check", "row"),
    [
        (change(5, 5, "以上都对"), "C21", 5),
        (change(5, 1, banks.stem(99) + "不是不可以的吗"), "C21", 5),
        (change(5, 1, "根据《合同法》," + banks.stem(99)), "C21", 5),
        (change(5, 1, banks.stem(99) + "联系电话13812345678"), "C26", 5),
        (change(5, 1, banks.stem(99) + "11010519491231002X"), "C26", 5),
        (change(5, 1, "泰山培训中心的" + banks.stem(99)), "C26", 5),
    ],
)
def test_information_about_one_row(tmp_path: Path, fault: Callable[[Rows], None], check: str, row: int) -> None:
    rows = sound()
    fault(rows)
    report = inspect(tmp_path, rows, item=ItemRef(applicant_names=("泰山培训中心",)))
    assert (check, row) in {(f.check, f.row) for f in report.findings}
    assert graver(report) == []


def test_only_listed_checks_block(tmp_path: Path) -> None:
    rows = sound()
    change(15, 6, "C")(rows)
    assert not inspect(tmp_path, rows).blocking
    assert inspect(tmp_path, rows, thresholds=Thresholds(submission_blocking_checks=("C06",))).blocking
    change(5, 6, "")(rows)
    assert inspect(tmp_path, rows).blocking


def test_the_same_stem_twice_is_told_at_the_later_row(tmp_path: Path) -> None:
    rows = sound()
    rows[10][1] = "  " + rows[3][1].replace("的", "的,") + "（　　）"
    rows[10][2:6] = rows[3][2:6]
    rows[10][6] = rows[3][6]
    report = inspect(tmp_path, rows)
    assert graver(report) == [("C09", "error", 12, "B")]
    finding = next(f for f in report.findings if f.check == "C09")
    assert [place.row for place in finding.related] == [5]
    assert [(pair.a.row, pair.b.row, pair.similarity) for pair in report.duplicates] == [(5, 12, 1.0)]


def test_the_same_stem_with_another_answer(tmp_path: Path) -> None:
    rows = sound()
    rows[10] = [*rows[3]]
    rows[10][6] = "B" if rows[3][6] != "B" else "C"
    assert ("C11", "error", 12, "G") in graver(inspect(tmp_path, rows))


def test_turned_options_are_no_other_answer(tmp_path: Path) -> None:
    rows = sound()
    rows[10] = [*rows[3]]
    rows[10][2:6] = rows[3][5:1:-1]
    rows[10][6] = "DCBA"["ABCD".index(rows[3][6])]
    assert "C11" not in {check for check, *_ in graver(inspect(tmp_path, rows))}


def test_nearly_the_same_stem(tmp_path: Path) -> None:
    rows = sound()
    rows[10][1] = rows[3][1][:-1] + "哪"
    report = inspect(tmp_path, rows)
    assert graver(report) == [("C10", "warn", 12, "B")]
    (pair,) = report.duplicates
    longer = max(len(rows[3][1]), len(rows[10][1]))
    assert (pair.a.row, pair.b.row) == (5, 12)
    assert pair.similarity == pytest.approx(1 - 1 / longer)


def test_near_duplicates_across_levels(tmp_path: Path) -> None:
    one, two = sound(), [[*row[:1], banks.stem(100 + n), *row[2:]] for n, row in enumerate(sound())]
    two[4][1] = one[3][1] + "呢"
    path = banks.write_xlsx(tmp_path / "b.xlsx", {"三级": [HEAD, *one], "四级": [HEAD, *two]})
    (finding,) = [f for f in inspect_path(path).findings if f.check == "C10"]
    assert (finding.sheet, finding.row, finding.related[0].sheet, finding.related[0].row) == ("四级", 6, "三级", 5)
    assert "跨等级" in finding.message


def test_answers_that_can_be_guessed(tmp_path: Path) -> None:
    rows = [[*banks.single(n, "A" if n % 2 else None), "1", "5", "A-B-A-001"] for n in range(40)]
    for n, row in enumerate(rows):
        row[7] = str(n % 5 + 1)
    assert [check for check, *_ in graver(inspect(tmp_path, rows))] == ["C17"]
    rows = [[*banks.judged(n, "√"), str(n % 5 + 1), "5", "A-B-A-001"] for n in range(40)]
    assert [check for check, *_ in graver(inspect(tmp_path, rows))] == ["C17"]


def test_the_longest_option_is_always_right(tmp_path: Path) -> None:
    rows = [[*banks.single(n), str(n % 5 + 1), "5", "A-B-A-001"] for n in range(40)]
    for row in rows:
        row[2 + "ABCD".index(row[6])] += "并且说明理由"
    report = inspect(tmp_path, rows)
    assert ["最长" in f.message for f in report.findings if f.check == "C17"] == [True]


def test_all_options_are_right_too_often(tmp_path: Path) -> None:
    rows = [[*banks.multiple(n, "ABCD"), str(n % 5 + 1), "5", "A-B-A-001"] for n in range(30)]
    assert [(check, severity) for check, severity, *_ in graver(inspect(tmp_path, rows))] == [("C06", "warn")]


def test_one_difficulty_for_all(tmp_path: Path) -> None:
    rows = sound()
    for row in rows:
        row[7] = "3"
    assert [check for check, *_ in graver(inspect(tmp_path, rows))] == ["C18"]


def test_numbers_and_papers(tmp_path: Path) -> None:
    limits = Thresholds(minimum_counts={"true_false": 7, "essay": 1}, paper_pattern={"choice": 9, "true_false": 3})
    report = inspect(tmp_path, sound(), thresholds=limits)
    messages = [f.message for f in report.findings if f.check in ("C19", "C20")]
    assert len(messages) == 3
    assert "6道,少于要求的7道" in messages[0]
    assert "可抽出2套" in messages[2]


def test_the_level_of_the_sheet_is_not_the_items(tmp_path: Path) -> None:
    item = ItemRef(level="level_3")
    report = inspect(tmp_path, sound(), sheet="四级", item=item)
    assert [(check, severity) for check, severity, *_ in graver(report)] == [("C02", "block")]
    assert report.blocking
    assert graver(inspect(tmp_path, sound(), sheet="高级工", item=item)) == []
    assert graver(inspect(tmp_path, sound(), sheet="Sheet1", item=item)) == []


def test_a_workbook_of_all_levels_is_told_and_not_refused(tmp_path: Path) -> None:
    two = [[*row[:1], banks.stem(100 + n), *row[2:]] for n, row in enumerate(sound())]
    path = banks.write_xlsx(tmp_path / "b.xlsx", {"初级": [HEAD, *sound()], "高级": [HEAD, *two]})
    report = inspect_path(path, item=ItemRef(level="level_3"))
    assert [(f.check, f.severity, f.sheet) for f in report.findings if f.severity != "info"] == [
        ("C02", "warn", "初级")
    ]
    assert report.by_level == {"level_3": 24, "level_5": 24}


@pytest.mark.parametrize(
    ("title", "blocked"),
    [
        ("职业编码:6-31-01-03 三级", False),
        ("职业编码:6-18-01-01 三级", True),
        ("职业(工种):电工  等级:三级", False),
        ("职业(工种):焊工  等级:三级", True),
        ("电工三级/高级工理论题库", False),
        ("电工(四级/中级工)理论题库", True),
    ],
)
def test_the_cover_names_the_item(tmp_path: Path, title: str, blocked: bool) -> None:
    path = banks.write_xlsx(tmp_path / "b.xlsx", {"题库": [[title], HEAD, *sound()]})
    item = ItemRef(occupation_code="6-31-01-03", occupation_name="电工", level="level_3")
    assert [f.check for f in inspect_path(path, item=item).findings if f.severity == "block"] == ["C02"] * blocked


def test_messages_quote_the_file_only_in_corner_brackets(tmp_path: Path) -> None:
    """What keeps findings without content takes out what stands in 「」: nothing of a question may stand outside."""
    rows = sound()
    rows[0][1], rows[0][6] = "", "甲」泄露「乙"
    rows[1][6], rows[2][0], rows[12][6] = "答案泄露", "泄露」题", "A"
    rows[3][1] = rows[4][1] + "(E)泄露"
    rows[5][9], rows[6][7] = "泄露」1", "泄露"
    report = inspect(tmp_path, rows)
    assert len(report.findings) >= 7
    for finding in report.findings:
        rest = re.sub("「[^」]*」", "", finding.message)
        assert "泄露" not in rest
        assert "「" not in rest
        assert "」" not in rest
