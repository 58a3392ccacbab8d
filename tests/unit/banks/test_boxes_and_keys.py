"""Matter that stands beside the questions: text boxes, pictures in Word tables, sheets of answers, grouped headers."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.models import Question
from uploads.banks.report import Report

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
)
OPTIONS = ["A.甲", "B.乙", "C.丙", "D.丁"]


def add_box(paragraph: Any, *lines: str) -> None:
    """A text box as Word writes it: once for itself, once for older programs."""
    inside = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    content = f"<w:txbxContent>{inside}</w:txbxContent>"
    paragraph._p.append(
        parse_xml(
            f'<w:r {_SPACES}><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:wsp><wps:txbx>{content}'
            f"</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{content}"
            "</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        )
    )


def graver(report: Report) -> list[tuple[str, int | None]]:
    return [(f.check, f.row) for f in report.findings if f.severity in ("block", "error", "warn")]


def answered(questions: list[Question]) -> list[tuple[int, str, int]]:
    return [(each.row, each.letters or str(each.truth), len(each.options)) for each in questions]


def test_questions_and_options_in_text_boxes_are_read_where_they_are_anchored(tmp_path: Path) -> None:
    document = docx.Document()
    add_box(document.add_paragraph("一、单选题"), "密封线内不要答题 姓名:____")
    for line in ("1.导体是( )", *OPTIONS, "答案:D"):
        document.add_paragraph(line)
    add_box(document.add_paragraph(), "2.绝缘体是( )", *OPTIONS, "答案:B")
    add_box(document.add_paragraph("3.半导体是( )"), *OPTIONS)
    document.add_paragraph("答案:C")
    document.save(str(tmp_path / "b.docx"))
    report = inspect_path(tmp_path / "b.docx")
    assert answered(report.questions) == [(2, "D", 4), (8, "B", 4), (9, "C", 4)]
    assert graver(report) == [("C22", 1)]
    told = [(f.row, f.message) for f in report.findings if f.check == "C22"]
    assert "密封线内不要答题" in told[0][1]
    assert [row for row, _ in told[1:]] == [8, 9]


def test_a_text_box_with_a_whole_coded_question(tmp_path: Path) -> None:
    document = docx.Document()
    for line in ("A-B-A-001  C  3  5", "{A}铜是导体。", "{B}√"):
        last = document.add_paragraph(line)
    add_box(last, "A-B-A-002  C  3  5", "{A}木是导体。", "{B}×")
    document.save(str(tmp_path / "b.docx"))
    report = inspect_path(tmp_path / "b.docx")
    assert [(each.point, each.truth) for each in report.questions] == [("A-B-A-001", True), ("A-B-A-002", False)]


def test_a_text_box_in_a_cell_is_read_once(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table.rows[0].cells, ("题型", "题干", "答案"), strict=True):
        cell.text = text
    for cell, text in zip(table.rows[1].cells, ("单选题", "导体是( )", "A"), strict=True):
        cell.text = text
    add_box(table.cell(1, 1).paragraphs[0], *OPTIONS)
    document.add_paragraph("完")
    document.save(str(tmp_path / "b.docx"))
    report = inspect_path(tmp_path / "b.docx")
    assert answered(report.questions) == [(4, "A", 4)]
    assert report.questions[0].stem == "导体是( )"


def test_a_stem_that_is_a_picture_in_a_word_table_is_no_empty_stem(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=0, cols=7)
    for row in (banks.SIMPLE, ["单选题", "", "甲", "乙", "丙", "丁", "A"], ["单选题", "导体是", *"甲乙丙丁", "B"]):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    table.cell(1, 1).paragraphs[0].add_run().add_picture(BytesIO(banks.png(20, 20)))
    document.save(str(tmp_path / "b.docx"))
    report = inspect_path(tmp_path / "b.docx")
    assert len(report.questions) == 2
    assert graver(report) == [("C22", 8)]
    assert not report.blocking


def test_answers_on_a_sheet_of_their_own(tmp_path: Path) -> None:
    head = ["题号", "题干", "A", "B", "C", "D"]
    sheets = {
        "单选题": [head, *[[n, banks.stem(n), "甲", "乙", "丙", "丁"] for n in (1, 2)]],
        "判断题": [["题号", "题干"], [1, banks.stem(7)], [2, banks.stem(8)]],
        "参考答案": [
            ["题型", "题号", "答案"],
            ["单选题", 1, "C"],
            ["", 2, "A"],
            ["判断题", 1, "√"],
            ["", 2, "×"],
            ["", 9, "√"],
        ],
    }
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", sheets))
    found = sorted((each.sheet, *answered([each])[0][:2]) for each in report.questions)
    assert found == [("判断题", 2, "True"), ("判断题", 3, "False"), ("单选题", 2, "C"), ("单选题", 3, "A")]
    assert [(f.check, f.sheet) for f in report.findings if f.severity == "warn"] == [("C22", "参考答案")]


def test_a_header_of_two_rows_with_groups(tmp_path: Path) -> None:
    upper = ["题型", "题干", "答案", "选项", "", "", "", "知识点", "", "难度"]
    lower = ["", "", "", "A", "B", "C", "D", "一级", "二级", ""]
    row = ["单选题", banks.stem(1), "C", "甲", "乙", "丙", "丁", "A 基本要求", "B 职业道德", 3]
    report = inspect_path(banks.write_xlsx(tmp_path / "b.xlsx", {"S": [["题库"], upper, lower, row]}))
    assert answered(report.questions) == [(4, "C", 4)]
    assert (report.questions[0].point, report.questions[0].point_name) == ("A-B", "职业道德")
    assert graver(report) == []


def test_options_glued_to_their_letters_in_one_line(tmp_path: Path) -> None:
    lines = [
        "单选题",
        "1.导体是(A)",
        "A铜 B橡胶 C塑料 D木",
        "2.维生素的说法对的是(B)",
        "A.维生素A 是水溶的 B.维生素B 是水溶的",
    ]
    report = inspect_path(banks.write_docx(tmp_path / "b.docx", lines))
    assert [each.options for each in report.questions] == [
        ("铜", "橡胶", "塑料", "木"),
        ("维生素A 是水溶的", "维生素B 是水溶的"),
    ]


def test_a_row_of_notes_below_the_header_is_no_question(tmp_path: Path) -> None:
    notes = ["(必填)", "（必填）", "选填", "选填", "选填", "选填", "必填"]
    report = inspect_path(banks.simple_bank(tmp_path / "b.xlsx", [notes, banks.single(1)]))
    assert [each.row for each in report.questions] == [3]
    assert graver(report) == []


def test_one_key_without_a_title_for_all_sections_that_count_on(tmp_path: Path) -> None:
    """Number and answer twice beside one another, under 「答  案」, below the last section."""
    lines: list[str | list[list[str]]] = ["一、单选题"]
    for number in (1, 2):
        lines += [f"{number}.导体之{number}是( )", "A.铜 B.橡胶 C.塑料 D.木"]
    lines += ["二、判断题", "3.铜是导体。", "4.木是导体。", "答  案"]
    lines.append([["题号", "答案", "题号", "答案"], ["1", "A", "3", "T"], ["2", "C", "4", "F"]])
    for end in (lines, [*lines[:-2], lines[-1]]):
        report = inspect_path(banks.write_docx(tmp_path / "b.docx", end))
        assert [each.letters or str(each.truth) for each in report.questions] == ["A", "C", "True", "False"]
        assert graver(report) == []


def test_options_that_are_pictures_are_no_empty_options(tmp_path: Path) -> None:
    document = docx.Document()
    for kind, asked, answer in (("一、单选题", "警告标志", "C"), ("二、多选题", "灭火器的摆放位置", "AB")):
        document.add_paragraph(kind)
        document.add_paragraph(f"1.下列图形表示{asked}的是( )")
        for letter in "ABC":
            document.add_paragraph(f"{letter}.").add_run().add_picture(BytesIO(banks.png(20, 20)))
        document.add_paragraph("D.以上三个图形")
        document.add_paragraph(f"答案:{answer}")
    document.save(str(tmp_path / "b.docx"))
    report = inspect_path(tmp_path / "b.docx")
    assert [(each.letters, each.pictured) for each in report.questions] == [
        ("C", {"option:0", "option:1", "option:2"}),
        ("AB", {"option:0", "option:1", "option:2"}),
    ]
    assert {finding.check for finding in report.findings if finding.severity != "info"} == {"C22"}
    assert not report.blocking


def test_answers_in_a_word_file_of_their_own_in_the_package(tmp_path: Path) -> None:
    asked = ["一、单选题", "1.导体是( )", "A.铜 B.橡胶 C.塑料 D.木", "2.绝缘体是( )", "A.铜 B.铁 C.塑料 D.银"]
    asked += ["二、判断题", "1.铜是导体。", "2.木是导体。"]
    told = ["参考答案", "一、单选题", "1.A 2.C", "二、判断题", "1.√ 2.× 3.√"]
    members = {
        "答案.docx": banks.write_docx(tmp_path / "a.docx", told).read_bytes(),
        "试题.docx": banks.write_docx(tmp_path / "q.docx", asked).read_bytes(),
    }
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", members))
    assert [each.letters or str(each.truth) for each in report.questions] == ["A", "C", "True", "False"]
    assert [(f.check, f.sheet, f.severity) for f in report.findings if f.severity != "info"] == [
        ("C22", "答案.docx", "warn")
    ]
    assert inspect_path(tmp_path / "a.docx").blocking, "answers alone are no bank"
