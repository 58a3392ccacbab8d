"""Packages: theory, blueprint and skills together, names in GBK or UTF-8, members that are no good."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pytest

from tests.factories import banks
from uploads.banks.inspection import inspect_path


def theory(count: int = 4, start: int = 0) -> bytes:
    head = ["鉴定点代码", *banks.SIMPLE]
    rows = [["A-A-A-001", *banks.single(n)] for n in range(start, start + count)]
    return banks.xlsx_bytes({"高级": [head, *rows]})


BLUEPRINT = banks.xlsx_bytes(
    {"细目表": [["鉴定点代码", "鉴定点名称", "重要程度"], ["A-A-A-001", "守则", "X"], ["B-A-A-001", "安装", "X"]]}
)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_names_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    members = {"题库/理论.xlsx": theory(), "题库/细目表.xlsx": BLUEPRINT, "__MACOSX/._x": b"junk", "~$理论.xlsx": b"x"}
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", members, encoding))
    assert len(report.questions) == 4
    assert {question.sheet for question in report.questions} == {"题库/理论.xlsx/高级"}
    assert report.to_json_dict()["coverage"]["points"] == 2
    assert report.by_level == {"level_3": 4}
    assert not report.blocking


def test_duplicates_across_the_files_of_a_package(tmp_path: Path) -> None:
    csv = f"题干,答案\n{banks.stem(1)},√\n".encode("gb18030")
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", {"a.xlsx": theory(), "b.csv": csv}))
    (pair,) = report.duplicates
    assert (pair.a.sheet, pair.a.row, pair.b.sheet, pair.b.row) == ("a.xlsx/高级", 3, "b.csv", 2)


def test_bad_members_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    members = {
        "a.xlsx": theory(),
        "b.xlsx": b"Rar!\x1a\x07\x00",
        "inner.zip": b"PK",
        "说明.txt": b"hi",
        "papers/c.docx": b"x",
    }
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", members))
    assert len(report.questions) == 4
    assert report.readable
    assert report.blocking
    blocked = [f.message for f in report.findings if f.severity == "block"]
    assert len(blocked) == 2
    assert any("RAR" in message and "b.xlsx" in message for message in blocked)
    assert any("inner.zip" in message for message in blocked)
    assert {f.sheet for f in report.findings if f.check == "C22"} == {"说明.txt", "papers/c.docx"}


def skill(
    *, points: tuple[int, ...] = (40, 60), parts: str = "准备通知单 考核试卷 评分记录表", minutes: str = "60分钟"
) -> bytes:
    document = docx.Document()
    document.add_paragraph(parts)
    document.add_paragraph(f"考核时间:{minutes}")
    document.add_paragraph("材料、工具:万用表一块")
    table = document.add_table(rows=len(points) + 2, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "考核内容", "配分"
    for row, number in enumerate(points, 1):
        table.cell(row, 0).text, table.cell(row, 1).text = f"第{row}项", str(number)
    table.cell(len(points) + 1, 0).text, table.cell(len(points) + 1, 1).text = "合计", str(sum(points))
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (skill(), ""),
        (skill(points=(40, 50)), "90分"),
        (skill(parts="准备通知单 考核试卷"), "评分记录表"),
        (skill(minutes="不限"), "考核时间"),
    ],
)
def test_skill_tasks(tmp_path: Path, document: bytes, word: str) -> None:
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", {"a.xlsx": theory(), "技能/任务一.docx": document}))
    assert len(report.questions) == 4
    messages = [f.message for f in report.findings if f.check == "C23"]
    assert [word in message for message in messages] == [True] * bool(word)


def test_an_archive_that_escapes_is_not_read(tmp_path: Path) -> None:
    report = inspect_path(banks.write_zip(tmp_path / "b.zip", {"../a.xlsx": theory()}))
    assert not report.readable
    assert not (tmp_path.parent / "a.xlsx").exists()
