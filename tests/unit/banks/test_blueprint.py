"""The blueprint in its usual forms, and the bank against it."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.loading import load_blueprint
from uploads.banks.report import Report
from uploads.banks.sheets import Unreadable

TREE = [
    ("A", "基本要求", 25, "A", "职业道德", 5, "A", "职业道德基本知识", 3, ["职业道德的内涵", "职业守则"]),
    ("A", "基本要求", 25, "B", "基础知识", 20, "A", "电工基础知识", 20, ["欧姆定律", "交流电", "磁场"]),
    (
        "B",
        "相关知识",
        75,
        "A",
        "电气安装",
        75,
        "A",
        "低压电器安装",
        75,
        ["接触器", "熔断器", "热继电器", "按钮", "开关"],
    ),
]


def official(path: Path) -> Path:
    """Three header rows with merged cells, data from row 4, ranges merged over their points."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("细目表")
        sheet.merge_range(0, 0, 0, 14, "电工(三级)理论知识鉴定要素细目表")
        sheet.merge_range(1, 0, 1, 11, "鉴定范围")
        sheet.merge_range(1, 12, 1, 14, "鉴定点")
        for at, level in enumerate("一二三"):
            for column, word in enumerate(("代码", "名称", "重要程度比例", "鉴定比重")):
                sheet.write(2, at * 4 + column, f"{level}级{word}")
        sheet.write_row(2, 12, ["代码", "名称", "重要程度"])
        row = 3
        for one in TREE:
            points = one[9]
            assert isinstance(points, list)
            last = row + len(points) - 1
            for at in range(3):
                code, name, weight = one[at * 3 : at * 3 + 3]
                for column, value in ((0, code), (1, name), (2, "X80"), (3, weight)):
                    sheet.merge_range(row, at * 4 + column, last, at * 4 + column, value)
            for number, point in enumerate(points, 1):
                sheet.write_row(row, 12, [f"{number:03d}", point, "XYZ"[number % 3 == 0]])
                row += 1
    return path


def test_the_official_form(tmp_path: Path) -> None:
    found = load_blueprint(official(tmp_path / "细目表.xlsx"))
    assert [point.code for point in found.points.values()] == [
        "A-A-A-001",
        "A-A-A-002",
        "A-B-A-001",
        "A-B-A-002",
        "A-B-A-003",
        *(f"B-A-A-{number:03d}" for number in range(1, 6)),
    ]
    point = found.find("Ａ－Ｂ－Ａ－３")
    assert point is not None
    assert (point.name, point.importance) == ("磁场", "Y")
    assert {code: part.weight for code, part in found.ranges.items() if part.depth <= 2} == {
        "A": 25,
        "A-A": 5,
        "A-B": 20,
        "B": 75,
        "B-A": 75,
    }


def test_the_plain_form(tmp_path: Path) -> None:
    rows = [["鉴定点代码", "鉴定点名称", "重要程度"], ["A-A-A-001", "职业守则", "X"], ["B-A-A-001", "接触器", "Y"]]
    found = load_blueprint(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert list(found.ranges) == ["A", "A-A", "A-A-A", "B", "B-A", "B-A-A"]
    assert found.find("", "接触器") is not None


def test_a_file_without_a_blueprint_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="没有找到鉴定要素细目表"):
        load_blueprint(banks.simple_bank(tmp_path / "b.xlsx", [banks.single(1)]))


def bank(path: Path, codes: list[str], blueprint: Path | None) -> Report:
    head = ["鉴定点代码", *banks.SIMPLE]
    banks.write_xlsx(path, {"S": [head, *([code, *banks.single(n)] for n, code in enumerate(codes))]})
    return inspect_path(path, blueprint=blueprint)


def test_coverage_weights_and_parts(tmp_path: Path) -> None:
    codes = ["A-A-A-001", "A-A-A-002", "A-B-A-001", "A-B-A-002", "A-B-A-003"] * 4 + ["B-A-A-001", "Q-A-A-001", ""]
    report = bank(tmp_path / "b.xlsx", codes, official(tmp_path / "f.xlsx"))
    coverage = report.to_json_dict()["coverage"]
    assert (coverage["points"], coverage["covered"], coverage["covered_enough"]) == (10, 6, 5)
    assert [point["code"] for point in coverage["uncovered"]][:2] == ["B-A-A-002", "B-A-A-004"]
    shares = {part["code"]: (part["questions"], part["expected"]) for part in coverage["by_range"]}
    assert shares["A"] == (20, 0.25)
    assert shares["B"] == (1, 0.75)
    found = {(f.check, str(f.severity), f.row) for f in report.findings}
    assert {("C12", "error", 23), ("C12", "warn", 24), ("C13", "warn", None), ("C14", "warn", None)} <= found
    assert ("C15", "warn", None) not in found
    assert ("C16", "info", None) in found


def test_a_part_without_questions(tmp_path: Path) -> None:
    report = bank(tmp_path / "b.xlsx", ["A-B-A-001", "B-A-A-001"], official(tmp_path / "f.xlsx"))
    assert ["职业道德" in f.message for f in report.findings if f.check == "C15"] == [True]


def test_a_sound_distribution_is_silent(tmp_path: Path) -> None:
    codes = ["A-A-A-001"] * 2 + ["A-A-A-002"] * 3 + [f"A-B-A-00{n % 3 + 1}" for n in range(20)]
    codes += [f"B-A-A-00{n % 5 + 1}" for n in range(75)]
    report = bank(tmp_path / "b.xlsx", codes, official(tmp_path / "f.xlsx"))
    assert [f.check for f in report.findings if f.severity != "info"] == []


def test_a_blueprint_in_the_same_workbook_is_used(tmp_path: Path) -> None:
    blueprint = [["鉴定点代码", "鉴定点名称", "重要程度"], ["A-A-A-001", "职业守则", "X"], ["B-A-A-001", "接触器", "Y"]]
    questions = [["鉴定点代码", *banks.SIMPLE], ["A-A-A-001", *banks.single(1)]]
    path = banks.write_xlsx(tmp_path / "b.xlsx", {"题库": questions, "细目表": blueprint})
    assert inspect_path(path).to_json_dict()["coverage"]["covered"] == 1


FIELD = [
    ["电工(三级)理论知识考核要素细目表"],
    ["鉴定范围", "", "", "", "", "", "鉴定点", "", ""],
    ["一级", "", "", "二级", "", "", "", "", ""],
    ["名称", "代码", "鉴定\n比重", "名称", "代码", "鉴定\n比重", "代码", "名称", "重要\n程度"],
    ["基本\n要求", "A", 25, "职业道德", "A", 5, "001", "守则", "X"],
    ["", "", "", "", "", "", "002", "内涵", "X"],
    ["", "", "", "基础知识", "B", 20, "001", "电路", "Y"],
    ["相关知识", "B", 75, "安装", "A", 75, "001", "布线", "X"],
]


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_names_before_codes_and_cells_no_longer_merged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"b.{suffix}"
    if suffix == "csv":
        lines = (",".join('"' + str(cell) + '"' for cell in row) for row in FIELD)
        path.write_bytes("\r\n".join(lines).encode("gb18030"))
    else:
        banks.write_xlsx(path, {"S": FIELD})
    found = load_blueprint(path)
    assert [(p.code, p.name, p.importance) for p in found.points.values()] == [
        ("A-A-001", "守则", "X"),
        ("A-A-002", "内涵", "X"),
        ("A-B-001", "电路", "Y"),
        ("B-A-001", "布线", "X"),
    ]
    assert [(part.code, part.name, part.weight) for part in found.ranges.values()] == [
        ("A", "基本要求", 25),
        ("A-A", "职业道德", 5),
        ("A-B", "基础知识", 20),
        ("B", "相关知识", 75),
        ("B-A", "安装", 75),
    ]


def test_codes_and_weights_inside_the_names(tmp_path: Path) -> None:
    rows = [
        ["鉴定范围一级", "鉴定范围二级", "鉴定点代码", "鉴定点名称", "重要程度"],
        ["A 基本要求(25)", "A 职业道德(5)", "001", "守则", "X"],
        ["B 相关知识(75)", "A 安装(75)", "001", "布线", "X"],
    ]
    found = load_blueprint(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert [point.code for point in found.points.values()] == ["A-A-001", "B-A-001"]
    assert {code: part.weight for code, part in found.ranges.items()} == {"A": 25, "A-A": 5, "B": 75, "B-A": 75}
