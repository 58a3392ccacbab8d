"""The layouts of the field and the messes people make in them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.report import Report


def graver(report: Report) -> list[tuple[str, int | None, str | None]]:
    return [(f.check, f.row, f.column) for f in report.findings if f.severity in ("block", "error", "warn")]


def counts(report: Report) -> dict[str, int]:
    return {kind: number for kind, number in report.by_type.items() if number}


def row_20(n: int, kind: str, options: list[str], answer: str) -> list[str | float]:
    points = ["A 基本要求", "B 基础知识", "A 电工基础", f"{n % 9 + 1:03d} 欧姆定律", "", ""]
    return [f"guid-{n}", kind, banks.stem(n), answer, *options, *points, float(n % 5 + 1), 5.0, 1.0, "", "教材"]


def test_the_20_columns_with_a_sheet_a_level(tmp_path: Path) -> None:
    sheets = {}
    for at, level in enumerate(("初级", "中级", "高级")):
        four = ["甲", "乙", "丙", "丁", ""]
        rows = [row_20(at * 100 + n, "单选题", four, "ABCD"[n % 4]) for n in range(4)]
        rows += [row_20(at * 100 + 10 + n, "多选题", [*four[:4], "戊"], "ACE") for n in range(3)]
        rows += [row_20(at * 100 + 20 + n, "判断题", [""] * 5, "√×"[n % 2]) for n in range(2)]
        sheets[level] = [["理论知识题库导入模板"], ["填写说明:单选题/多选题/判断题"], banks.COLUMNS_20, *rows]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", sheets))
    assert counts(report) == {"single_choice": 12, "multiple_choice": 9, "true_false": 6}
    assert report.by_level == {"level_3": 9, "level_4": 9, "level_5": 9}
    assert graver(report) == []
    first = report.questions[0]
    assert (first.row, first.point, first.point_name, first.difficulty) == (4, "A-B-A-001", "欧姆定律", "1")


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_the_11_columns(tmp_path: Path, suffix: str) -> None:
    rows: list[list[object]] = [banks.COLUMNS_11]
    rows += [["A-B-A-001", "B", banks.stem(n), "甲", "乙", "丙", "丁", "", "ABCD"[n % 4], 3, 5] for n in range(5)]
    rows += [["A-B-A-002", "C", banks.stem(10 + n), "", "", "", "", "", "√×"[n % 2], 2, 5] for n in range(3)]
    rows += [["A-B-A-003", "G", banks.stem(20), "甲", "乙", "丙", "丁", "戊", "ABE", 2, 5]]
    write = banks.write_xls if suffix == "xls" else banks.write_xlsx
    report = inspect_path(write(tmp_path / f"b.{suffix}", {"Sheet1": rows}))
    assert counts(report) == {"single_choice": 5, "true_false": 3, "other": 1}
    assert graver(report) == [("C04", 10, "B")]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (["序号", "题目", "选项A", "选项B", "选项C", "选项D", "正确答案"], [1, "{}", "甲", "乙", "丙", "丁", "B"]),
        (["标准答案", "试题", "A", "B", "C", "D"], ["B", "{}", "甲", "乙", "丙", "丁"]),
        (
            ["No.", "Question", "Option A", "Option B", "Option C", "Option D", "Correct Answer"],
            [1, "{}", *"甲乙丙丁", "b"],
        ),
        (["id", "question", "option1", "option2", "option3", "option4", "answer"], [1, "{}", *"甲乙丙丁", "乙"]),
        (["问题", "A选项", "B选项", "C选项", "D选项", "答案"], ["{}", "A.甲", "B、乙", "(C)丙", "D 丁", "（Ｂ）"]),
        (["题干", "选项", "答案"], ["{}", "A.甲|B.乙|C.丙|D.丁", "B"]),
        (["题干", "选项", "答案"], ["{}", "A、甲\nB、乙\nC、丙\nD、丁", "B"]),
        (["题干", "备选答案", "答案"], ["{}", "甲\n乙\n丙\n丁", "答案:B"]),
        (["question", "choices", "answer"], ["{}", '["甲", "乙", "丙", "丁"]', "B"]),
        (["题 干（必填）", "选项Ａ", "选项Ｂ", "选项Ｃ", "选项Ｄ", "＊答案"], ["{}", "甲", "乙", "丙", "丁", "Ｂ"]),
    ],
)
def test_simple_tables_without_a_type(tmp_path: Path, head: list[str], row: list[str]) -> None:
    rows = [[str(cell).replace("{}", banks.stem(n)) for cell in row] for n in range(5)]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": [head, *rows]}))
    assert counts(report) == {"single_choice": 5}
    assert graver(report) == []
    assert [(q.options, q.letters) for q in report.questions] == [(("甲", "乙", "丙", "丁"), "B")] * 5


def test_types_are_inferred(tmp_path: Path) -> None:
    rows = [
        ["题目", "A", "B", "C", "D", "答案"],
        [banks.stem(1), "甲", "乙", "丙", "丁", "A,C、D"],
        [banks.stem(2), "正确", "错误", "", "", "A"],
        [banks.stem(3), "", "", "", "", "×"],
        [banks.stem(4) + "____", "", "", "", "", "50赫兹"],
        [banks.stem(5), "", "", "", "", "先验电,再挂接地线"],
    ]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert [str(q.kind) for q in report.questions] == [
        "multiple_choice",
        "true_false",
        "true_false",
        "fill_in",
        "short_answer",
    ]
    assert report.questions[0].letters == "ACD"
    assert [q.truth for q in report.questions[1:3]] == [True, False]
    assert graver(report) == []


def test_two_header_rows_merged_types_and_blank_rows(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("三级")
        sheet.merge_range(0, 0, 0, 6, "电工三级理论题库")
        for column, head in ((0, "题型"), (1, "题干"), (6, "答案")):
            sheet.merge_range(1, column, 2, column, head)
        sheet.merge_range(1, 2, 1, 5, "选项")
        sheet.write_row(2, 2, ["A", "B", "C", "D"])
        sheet.merge_range(3, 0, 5, 0, "单选题")
        for n in range(3):
            sheet.write_row(3 + n, 1, [banks.stem(n), "甲", "乙", "丙", "丁", "C"])
        sheet.merge_range(8, 0, 9, 0, "判断题")
        for n in range(2):
            sheet.write_row(8 + n, 1, [banks.stem(20 + n), "", "", "", "", "对"])
        sheet.write(11, 0, "合计:5题")
    report = inspect_path(path)
    assert counts(report) == {"single_choice": 3, "true_false": 2}
    assert [q.row for q in report.questions] == [4, 5, 6, 9, 10]
    assert graver(report) == []
    assert ("C22", 12) in {(f.check, f.row) for f in report.findings}


def test_section_titles_and_repeated_headers_inside_a_sheet(tmp_path: Path) -> None:
    head = ["序号", "题目", "A", "B", "C", "D", "答案"]
    rows = [["一、单项选择题(共2题)"], head]
    rows += [[str(n), banks.stem(n), "甲", "乙", "丙", "丁", "A"] for n in (1, 2)]
    rows += [[], ["二、判断题"], head, *([str(n), banks.stem(n), "", "", "", "", "错"] for n in (3, 4))]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert counts(report) == {"single_choice": 2, "true_false": 2}
    assert graver(report) == []


def test_a_sheet_a_type(tmp_path: Path) -> None:
    four = ["题干", "A", "B", "C", "D", "答案"]
    sheets = {
        "单选题": [four, [banks.stem(1), "甲", "乙", "丙", "丁", "A"]],
        "多选题": [four, [banks.stem(2), "甲", "乙", "丙", "丁", "A"]],
        "判断题": [["题干", "答案"], [banks.stem(3), "A"]],
        "简答题": [["题干", "参考答案"], [banks.stem(4), "对"]],
    }
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", sheets))
    assert counts(report) == {"single_choice": 1, "multiple_choice": 1, "true_false": 1, "short_answer": 1}
    assert [(f.check, f.sheet) for f in report.findings if f.severity == "error"] == [("C06", "多选题")]


def test_hidden_sheets_and_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("说明").write(0, 0, "请勿修改格式")
        sheet = book.add_worksheet("题库")
        sheet.hide()
        sheet.write_row(0, 0, banks.SIMPLE)
        for n in range(3):
            sheet.write_row(n + 1, 0, banks.single(n))
        sheet.set_row(2, None, None, {"hidden": True})
    report = inspect_path(path)
    assert len(report.questions) == 3
    assert any("隐藏" in f.message for f in report.findings)
    assert graver(report) == []


def test_formulas_errors_and_pictures(tmp_path: Path) -> None:
    path, picture = tmp_path / "b.xlsx", tmp_path / "p.png"
    picture.write_bytes(banks.png(20, 20))
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("题库")
        sheet.write_row(0, 0, banks.SIMPLE)
        for n in range(5):
            sheet.write_row(n + 1, 0, banks.single(n))
        sheet.write_formula(1, 1, '="某"&"题"', None, banks.stem(77))
        sheet.write_formula(2, 1, "=Z1", None, "")
        sheet.write_formula(3, 2, "=#REF!", None, "#REF!")
        sheet.write_blank(4, 1, None)
        sheet.write(4, 1, "")
        sheet.insert_image(4, 1, str(picture))
    report = inspect_path(path)
    assert report.questions[0].stem == banks.stem(77)
    assert len(report.questions) == 5
    assert sorted(graver(report), key=lambda at: (at[1] or 0, at)) == [
        ("C03", 3, "B"),
        ("C22", 3, "B"),
        ("C08", 4, "C"),
        ("C22", 4, "C"),
        ("C22", 5, "B"),
    ]


def test_numbers_dates_and_truths_as_cells(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["题型", "题干", "A", "B", "C", "D", "答案"],
        ["单选题", banks.stem(1), 1.0, 2, 3.5, "1e3", "A"],
        ["判断题", banks.stem(2), None, None, None, None, True],
        [20.0, banks.stem(3), "甲", "乙", "丙", "丁", "D"],
    ]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert report.questions[0].options == ("1", "2", "3.5", "1e3")
    assert report.questions[1].truth is True
    assert counts(report) == {"single_choice": 2, "true_false": 1}
    assert graver(report) == []


def test_rows_that_are_no_questions_are_told(tmp_path: Path) -> None:
    rows = [["序号", "题型", "题干", "A", "B", "C", "D", "答案"]]
    rows += [[str(n), *banks.single(n)] for n in (1, 2)]
    rows += [["3"], ["备注:以上题目由教研室编写"], ["4", *banks.single(4)]]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert [q.row for q in report.questions] == [2, 3, 6]
    assert {(f.check, f.row) for f in report.findings if f.row} >= {("C22", 4), ("C22", 5)}


def test_a_formula_without_a_value_by_openpyxl(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(banks.SIMPLE)
    sheet.append(banks.single(1))
    sheet.append(banks.single(2))
    sheet["B3"] = '=CONCATENATE("甲","乙")'
    book.save(tmp_path / "b.xlsx")
    assert graver(inspect_path(tmp_path / "b.xlsx")) == [("C03", 3, "B"), ("C22", 3, "B")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_csv_with_line_breaks_in_cells_counts_records(tmp_path: Path, encoding: str) -> None:
    text = '题干,选项,答案\n"第一问\n第二行",A.甲 B.乙 C.丙 D.丁,A\n\n另一道题目是什么,A.甲 B.乙 C.丙 D.丁,\n'
    path = tmp_path / "b.csv"
    path.write_bytes(text.encode(encoding))
    report = inspect_path(path)
    assert [(q.row, q.stem) for q in report.questions] == [(2, "第一问\n第二行"), (4, "另一道题目是什么")]
    assert graver(report) == [("C03", 4, "C")]


@pytest.mark.parametrize("sign", ["\t", ";", "|"])
def test_csv_with_other_separators(tmp_path: Path, sign: str) -> None:
    rows = [banks.SIMPLE, *(banks.single(n) for n in range(4))]
    path = tmp_path / "b.csv"
    path.write_text("\n".join(sign.join(row) for row in rows), encoding="utf-8")
    assert counts(inspect_path(path)) == {"single_choice": 4}


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(f'题干,答案\n"{banks.stem(1)},√\n{banks.stem(2)},×\n{banks.stem(3)},√\n', encoding="utf-8")
    report = inspect_path(path)
    assert len(report.questions) == 3
    assert any("双引号" in f.message for f in report.findings)


def test_options_below_one_another(tmp_path: Path) -> None:
    rows = [["题干", "选项", "答案"]]
    for n in range(2):
        rows += [[banks.stem(n), "A.甲", "C"], ["", "B.乙", ""], ["", "C.丙", ""], ["", "D.丁", ""]]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert [(q.row, q.options, q.letters) for q in report.questions] == [
        (2, ("甲", "乙", "丙", "丁"), "C"),
        (6, ("甲", "乙", "丙", "丁"), "C"),
    ]
    assert graver(report) == []


def test_codes_explained_in_the_header(tmp_path: Path) -> None:
    head = ["问题", "题型（0单选，1判断，2多选）", *(f"选项{x}" for x in "ABCD"), "答案（多选用英文逗号分隔，如：A,B）"]
    rows = [
        [banks.stem(1), 0, *"甲乙丙丁", "B"],
        [banks.stem(2), 1, "", "", "", "", "对"],
        [banks.stem(3), 2, *"甲乙丙丁", "A,B"],
    ]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": [head, *rows]}))
    assert counts(report) == {"single_choice": 1, "true_false": 1, "multiple_choice": 1}
    assert graver(report) == []


def test_text_boxes_and_stray_pictures_are_told(tmp_path: Path) -> None:
    path, picture = tmp_path / "b.xlsx", tmp_path / "p.png"
    picture.write_bytes(banks.png(20, 20))
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("题库")
        sheet.write_row(0, 0, banks.SIMPLE)
        sheet.write_row(1, 0, banks.single(1))
        sheet.insert_textbox(1, 8, "第二题:写在文本框里的题")
        sheet.insert_image(6, 1, str(picture))
    found = {(f.check, str(f.severity), f.row, f.column) for f in inspect_path(path).findings if f.row}
    assert found == {("C22", "warn", 2, "I"), ("C22", "warn", 7, "B")}


def test_a_blank_type_is_inferred_and_told(tmp_path: Path) -> None:
    rows = [banks.single(1), ["", *banks.single(2)[1:]], banks.judged(3)]
    report = inspect_path(banks.simple_bank(tmp_path / "b.xlsx", rows))
    assert counts(report) == {"single_choice": 2, "true_false": 1}
    assert graver(report) == [("C04", 3, "A")]
    assert not report.blocking


def test_another_scale_of_difficulty_is_told_once(tmp_path: Path) -> None:
    rows = [["题干", "答案", "难度"], *([banks.stem(n), "√×"[n % 2], 0.65] for n in range(40))]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": rows}))
    assert [(f.row, f.column) for f in report.findings if f.check == "C18"] == [(2, "C")]
