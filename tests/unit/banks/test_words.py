"""Levels, types and answers as people write them."""

from __future__ import annotations

import pytest

from uploads.banks.answers import parse_letters, parse_truth
from uploads.banks.headers import field_of
from uploads.banks.kinds import resolve_kind
from uploads.banks.levels import find_levels, level_title, parse_level
from uploads.banks.sections import section_kind


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("电工(三级/高级工)理论题库", ["level_3"]),
        ("高级技师", ["level_1"]),
        ("技师、高级技师", ["level_2", "level_1"]),
        ("山东技师学院电工题库", []),
        ("济南市高级技工学校", []),
        ("一级建造师考试", []),
        ("三级安全教育题库", []),
        ("鉴定范围一级", []),
        ("初级", ["level_5"]),
        ("中 级 工", ["level_4"]),
    ],
)
def test_levels_in_a_text(text: str, levels: list[str]) -> None:
    assert find_levels(text) == levels


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("三级", "level_3"),
        ("3", "level_3"),
        ("level_4", "level_4"),
        ("高级技师", "level_1"),
        ("L5", "level_5"),
        ("六级", ""),
    ],
)
def test_a_level_alone(text: str, level: str) -> None:
    assert parse_level(text) == level


def test_lines_that_are_level_titles() -> None:
    assert level_title("第二部分、中级工") == "level_4"
    assert level_title("三级/高级工题库") == "level_3"
    assert level_title("B.高级工") == ""
    assert level_title("高级工应当掌握的知识是") == ""


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("A", "A"),
        ("ｃ", "C"),
        ("A、C", "AC"),
        ("D,A；B", "ABD"),
        ("答案:B", "B"),
        ("【答案】C", "C"),
        ("(A)", "A"),
        ("A C", "AC"),
        ("AAB", "AB"),
        ("选B", "B"),
        ("乙", "B"),
        ("B.乙", "B"),
        ("B.丙", ""),
        ("是", ""),
        ("甲乙", ""),
    ],
)
def test_answer_letters(answer: str, letters: str) -> None:
    assert parse_letters(answer, ("甲", "乙", "丙", "丁")) == letters


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        *((text, True) for text in ("√", "对", "正确", "T", "TRUE", "A", "（√）", "答案:对", "✓")),
        *((text, False) for text in ("×", "错", "错误", "F", "false", "B", "x", "(×)", "错误。")),
        *((text, None) for text in ("", "C", "1", "也许", "AB")),
    ],
)
def test_truth(answer: str, truth: bool | None) -> None:
    assert parse_truth(answer) is truth


def test_truth_goes_by_the_options() -> None:
    assert parse_truth("A", ("错误", "正确")) is False
    assert parse_truth("B", ("错误", "正确")) is True


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("单选题", "single_choice"),
        ("单项选择", "single_choice"),
        ("不定项选择题", "multiple_choice"),
        ("20", "single_choice"),
        ("80", "essay"),
        ("60", "other"),
        ("C", "true_false"),
        ("问答题", "short_answer"),
        ("案例分析", "case"),
        ("选择题", "multiple_choice"),
    ],
)
def test_types(text: str, kind: str) -> None:
    found, known = resolve_kind(text, "题干", ("甲", "乙"), "AB", {"C": "true_false"})
    assert (str(found), known) == (kind, True)


@pytest.mark.parametrize("text", ["D", "99", "看图说话", "？"])
def test_types_nobody_mapped(text: str) -> None:
    assert resolve_kind(text, "题干", (), "x", {"B": "single_choice"})[1] is False


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("题干（必填）", "stem"),
        ("试题(题干)", "stem"),
        ("题目类型代码", "type"),
        ("答案解析", "analysis"),
        ("正确答案", "answer"),
        ("选项Ａ", "option:0"),
        ("Option_4", "option:3"),
        ("备选答案C", "option:2"),
        ("知识点三级", "range:3"),
        ("鉴定点代码", "point"),
        ("难度代码", "difficulty"),
        ("B", "option:1"),
        ("1", None),
        ("随便写的", None),
    ],
)
def test_headers(text: str, field: str | None) -> None:
    assert field_of(text) == field


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("一、单项选择题(每题1分,共160分)", "单项选择题"),
        ("第一部分单选题(200题)", "单选题"),
        ("2、判断题(共280题)", "判断题"),
        ("Part A True/False", "TrueFalse"),
        ("1.判断题中常用的符号是什么?", ""),
        ("单选题的编写要求有哪些", ""),
    ],
)
def test_titles_of_sections(text: str, kind: str) -> None:
    assert section_kind(text).replace("/", "") == kind
