"""Banks as strangers write them: counts, answers and rows, whatever the layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.models import Question, Severity
from uploads.banks.report import Report

WORD: dict[str, tuple[str, dict[str, int], list[str]]] = {
    "ans_after_section": (
        """一、单选题
1.甲甲甲甲的额定值是（）。
A.一 B.二 C.三 D.四
2.乙乙乙乙的额定值是（）。
A.一 B.二 C.三 D.四
参考答案:
1.C
2.A
二、判断题
1.辛辛辛辛。
2.壬壬壬壬。
参考答案:
1.√ 2.×
""",
        {"single_choice": 2, "true_false": 2},
        ["C", "A", "True", "False"],
    ),
    "keyend2": (
        """单选题
1.下列哪项是直流电( )
A.电池
B.市电
C.发电机
D.变压器
2.下列哪项是交流电( )
A.电池
B.市电
C.干电池
D.蓄电池
判断题
1.水是导体。
2.金是绝缘体。
答案
单选题:1-2 AB
判断题:1-2 √×
""",
        {"single_choice": 2, "true_false": 2},
        ["A", "B", "True", "False"],
    ),
    "headings_noordinal": (
        """【单选题】
1. 甲是(  )
A. 一
B. 二
C. 三
D. 四
正确答案:B
难度:3
知识点:A-B-A-001
【多选题】
1. 乙是(  )
A. 一
B. 二
C. 三
D. 四
正确答案:B,C
【判断题】
1. 丙是对的
正确答案:对
""",
        {"single_choice": 1, "multiple_choice": 1, "true_false": 1},
        ["B", "BC", "True"],
    ),
    "typeinstem": (
        """1.(单选题)甲的额定电压是( )
A.1 B.2 C.3 D.4
答案:A
2.(多选题)乙的额定电流有( )
A.1 B.2 C.3 D.4
答案:AB
3.(判断题)丙的额定功率是3。
答案:正确
4.[单选]丁的额定频率是( )
A.1 B.2 C.3 D.4
答案:D
""",
        {"single_choice": 2, "multiple_choice": 1, "true_false": 1},
        ["A", "AB", "True", "D"],
    ),
    "essay": (
        """一、论述题
1. 论述职业道德的重要性。
参考答案:
职业道德是……
一、……
二、……
三、……
2. 论述安全生产的意义。
参考答案:
第一,……
第二,……
二、计算题
1. 已知电阻R=10Ω,电压U=20V,求电流I。
解:I=U/R=20/10=2A
答:电流为2A。
2. 一台变压器容量为100kVA,求额定电流。
解:I=100/(1.732×0.4)=144.3A
三、案例分析题
【案例一】某企业发生火灾,造成损失。
问题:
1. 火灾原因?
2. 如何防范?
参考答案:
1. 电气短路。
2. 加强检查。
【案例二】某企业发生触电。
问题:
1. 触电原因?
2. 如何防范?
参考答案:
1. 违章。
2. 加强管理。
""",
        {"essay": 2, "calculation": 2, "case": 2},
        [
            "职业道德是……\n一、……\n二、……\n三、……",
            "第一,……\n第二,……",
            "I=U/R=20/10=2A\n电流为2A。",
            "I=100/(1.732×0.4)=144.3A",
            "1. 电气短路。\n2. 加强检查。",
            "1. 违章。\n2. 加强管理。",
        ],
    ),
    "caseCN": (
        """四、案例分析题
案例一:某企业发生火灾,造成损失。请回答以下问题。
1.火灾的原因是什么?
2.如何防范?
答案:
1.电气短路。
2.加强检查。
案例二:某企业发生触电事故。
1.触电的原因是什么?
2.如何急救?
答案:
1.违章。
2.断电。
""",
        {"case": 2},
        ["1.电气短路。\n2.加强检查。", "1.违章。\n2.断电。"],
    ),
    "lowercase": (
        """一、单选题
1. 甲甲甲甲的额定值是( )
a. 一
b. 二
c. 三
d. 四
答案:c
2. 乙乙乙乙的额定值是( )
a) 一
b) 二
c) 三
d) 四
答案:d
""",
        {"single_choice": 2},
        ["C", "D"],
    ),
    "fill": (
        """一、填空题
1.电流的单位是(安培)。
2.电压的单位是____伏特____。
3.电阻的单位是________。
答案:欧姆
4.功率的单位是________,电能的单位是________。
答案:瓦特;千瓦时
""",
        {"fill_in": 4},
        ["安培", "伏特", "欧姆", "瓦特;千瓦时"],
    ),
    "missing_number": (
        """一、判断题
辛辛辛辛是设备。（√）
壬壬壬壬是设备。（×）
癸癸癸癸是设备。（√）
""",
        {"true_false": 3},
        ["True", "False", "True"],
    ),
    "unnumbered_choice": (
        """一、单选题
甲甲甲甲的额定值是（）。
A.一 B.二 C.三 D.四
答案:A
乙乙乙乙的额定值是（）。
A.一
B.二
C.三
D.四
答案:B
""",
        {"single_choice": 2},
        ["A", "B"],
    ),
    "sub_case_choices": (
        """六、综合题
1.某电工在作业时发生事故,根据材料回答问题。
(1)事故的直接原因是什么?
(2)应如何预防?
(3)依据哪条规程?
答:(1)违章作业。
(2)加强培训。
(3)安全规程第5条。
2.某焊工在作业时发生火灾,根据材料回答问题。
(1)火灾原因是什么?
(2)如何灭火?
答:(1)火花引燃。(2)使用灭火器。
""",
        {"case": 2},
        ["(1)违章作业。\n(2)加强培训。\n(3)安全规程第5条。", "(1)火花引燃。(2)使用灭火器。"],
    ),
    "answers_after_each_number": (
        """一、单项选择题
1.甲甲甲甲( )
A.1 B.2 C.3 D.4
2.乙乙乙乙( )
A.1 B.2 C.3 D.4
答案:1.A 2.C
二、多项选择题
1.丙丙丙( )
A.1 B.2 C.3 D.4
2.丁丁丁( )
A.1 B.2 C.3 D.4
答案:1.AB 2.CD
""",
        {"single_choice": 2, "multiple_choice": 2},
        ["A", "C", "AB", "CD"],
    ),
    "keytail_colon": (
        """一、单选题
1.甲甲甲甲的额定值是（）。
A.一 B.二 C.三 D.四
2.乙乙乙乙的额定值是（）。
A.一 B.二 C.三 D.四
二、判断题
1.辛辛辛辛。（）
2.壬壬壬壬。（）
三、简答题
1.什么是甲?
2.什么是乙?
答案:
一、单选题:1.A;2.B
二、判断题:1.对;2.错
三、简答题:
1.甲是一种设备,包括以下部分:
(1)前部
(2)后部
2.乙是一种工具。
""",
        {"single_choice": 2, "true_false": 2, "short_answer": 2},
        ["A", "B", "True", "False", "甲是一种设备,包括以下部分:\n(1)前部\n(2)后部", "乙是一种工具。"],
    ),
    "missing_answer": (
        """一、单选题
1.甲甲甲甲的额定值是（）。
A.一
B.二
C.三
D.四
2.乙乙乙乙的功能是（）。
A.一
B.二
C.三
D.四
答案:B
二、判断题
1.丙丙丙丙大。
2.丁丁丁丁大。（√）
""",
        {"single_choice": 2, "true_false": 2},
        ["", "B", "", "True"],
    ),
}


def graver(report: Report) -> list[tuple[str, int | None]]:
    return [(f.check, f.row) for f in report.findings if f.severity in (Severity.BLOCK, Severity.ERROR)]


def answered(question: Question) -> str:
    return question.letters or (question.answer if question.truth is None else str(question.truth))


def counts(report: Report) -> dict[str, int]:
    return {name: number for name, number in report.by_type.items() if number}


@pytest.mark.parametrize("name", WORD)
def test_word_banks_in_every_habit(name: str, tmp_path: Path) -> None:
    text, by_type, answers = WORD[name]
    report = inspect_path(banks.write_docx(tmp_path / "bank.docx", text.strip("\n").split("\n")))
    assert counts(report) == by_type
    assert [answered(question) for question in report.questions] == answers
    missing = [question.row for question in report.questions if not question.answer]
    assert graver(report) == [("C03", row) for row in missing]


KEY_BELOW = [["题号", "1", "2", "3"], ["答案", "A", "BD", "C"]]
KEY_BESIDE = [["题号", "答案", "题号", "答案"], ["1", "A", "3", "C"], ["2", "BD", "", ""]]
PAIRED = [["A", "铜"], ["B", "铝"], ["C", "橡胶"], ["D", "铁"]]
CARD = [["题型", "单选题"], ["题干", "下列属于绝缘体的是"], *PAIRED, ["答案", "C"]]


@pytest.mark.parametrize("key", [KEY_BELOW, KEY_BESIDE])
def test_a_table_of_answers_at_the_end(key: list[list[str]], tmp_path: Path) -> None:
    lines: list[Any] = ["一、选择题"]
    for number, word in enumerate(("高度", "长度", "重量"), 1):
        lines += [f"{number}.设备的{word}由什么决定( )", "A.一 B.二 C.三 D.四"]
    report = inspect_path(banks.write_docx(tmp_path / "bank.docx", [*lines, "参考答案", key]))
    assert [question.letters for question in report.questions] == ["A", "BD", "C"]
    assert graver(report) == []


def test_options_beside_their_letters_and_questions_as_cards(tmp_path: Path) -> None:
    lines = ["一、单选题", "1.下列哪种材料绝缘( )", PAIRED, "答案:C"]
    report = inspect_path(banks.write_docx(tmp_path / "bank.docx", lines))
    assert [(q.options, q.letters) for q in report.questions] == [(("铜", "铝", "橡胶", "铁"), "C")]
    report = inspect_path(banks.write_docx(tmp_path / "cards.docx", ["题库", CARD, "", CARD]))
    assert [(q.options, q.letters) for q in report.questions] == [(("铜", "铝", "橡胶", "铁"), "C")] * 2
    assert graver(report) == [("C09", 20)]


def test_underlined_words_fill_the_blanks(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("一、填空题")
    paragraph = document.add_paragraph("1.电压的单位是")
    paragraph.add_run(" 伏").underline = True
    paragraph.add_run("特 ").underline = True
    paragraph.add_run(",符号是")
    paragraph.add_run("V").underline = True
    document.save(str(tmp_path / "bank.docx"))
    (question,) = inspect_path(tmp_path / "bank.docx").questions
    assert (question.stem, question.answer) == ("电压的单位是 ____ ,符号是____", "伏特;V")


def numbered(document: Any, ident: int, style: str, text: str) -> None:
    """A list definition: `w:num` and `w:abstractNum` of one level."""
    numbering = document.part.numbering_part.element
    level = f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{style}"/><w:lvlText w:val="{text}"/></w:lvl>'
    xml = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{ident}">{level}</w:abstractNum>'
    numbering.insert(0, parse_xml(xml))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="{ident}"><w:abstractNumId w:val="{ident}"/></w:num>'))


def listed(document: Any, ident: int, text: str) -> None:
    properties = document.add_paragraph(text)._p.get_or_add_pPr()
    properties.append(parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="{ident}"/></w:numPr>'))


def test_numbers_that_word_draws_and_a_key_at_the_end(tmp_path: Path) -> None:
    document = docx.Document()
    numbered(document, 900, "chineseCounting", "%1、")
    for ident in (901, 902, 903):
        numbered(document, ident, "decimal", "%1.")
    for ident in (911, 912):
        numbered(document, ident, "upperLetter", "%1.")
    listed(document, 900, "单项选择题")
    for number, word in enumerate(("高度", "长度")):
        listed(document, 901, f"设备的{word}由什么决定( )")
        for option in ("一", "二", "三", "四"):
            listed(document, 911 + number, option)
    listed(document, 900, "判断题")
    listed(document, 902, "铜是导体")
    listed(document, 900, "简答题")
    listed(document, 903, "什么是电?")
    for line in ("参考答案", "单项选择题", "1-2 CA", "判断题", "1.√", "简答题", "1.一种能量"):
        document.add_paragraph(line)
    document.save(str(tmp_path / "bank.docx"))
    report = inspect_path(tmp_path / "bank.docx")
    assert [(q.row, answered(q)) for q in report.questions] == [(2, "C"), (7, "A"), (13, "True"), (15, "一种能量")]
    assert graver(report) == []


IN_STEM = [
    ["序号", "题目", "答案"],
    ["1", "下列属于导体的是( )\nA.铜\nB.橡胶\nC.塑料\nD.木", "A"],
    ["2", "(多选题)下列属于绝缘体的是( ) A.铜 B.橡胶 C.塑料 D.木", "BCD"],
    ["3", "维生素A、维生素B都是药品", "√"],
]
BY_NUMBER = [
    ["编号", "考题题目(必填)", "备选项1", "备选项2", "备选项3", "备选项4", "标准答案(填序号)", "题目类别"],
    ["1", "下列属于导体的是", "铜", "橡胶", "塑料", "木", "1", "单项选择"],
    ["2", "下列属于绝缘体的是", "铜", "橡胶", "塑料", "木", "2,3、4", "多项选择"],
    ["3", "下列读数是两位的是", "1", "10", "100", "1000", "10", "单项选择"],
]
PASTED = [["一、单选题"], ["1.下列属于导体的是( )"], ["A.铜 B.橡胶 C.塑料 D.木"], ["答案:A"], ["二、判断题"]]
PASTED += [["1.铜是导体。(√)"]]
HEADED_BY_TYPE = [["题号", "判断题", "答案"], ["1", "铜是导体", "√"], ["2", "布尔代数是数学", "×"]]

OPTIONS_BELOW = [["题号", "题目", "答案"], ["1", "导体的作用是( )", "B"], ["", "A.甲", ""], ["", "B.乙", ""]]
OPTIONS_BELOW += [["2", "绝缘体的用途有( )", "AB"], ["", "A.甲", ""], ["", "B.乙", ""], ["", "C.丙", ""]]
ONES = [["题型", "题干", "答案"], ["判断", "铜是导体", "1"], ["判断", "木是导体", "0"], ["判断", "铁是导体", "1"]]
NO_ANSWERS = [["题型", "题目", "答案"], ["判断", "铜是导体(√)", ""], ["判断", "木是导体(×)", ""]]


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        (OPTIONS_BELOW, [(2, "B"), (5, "AB")]),
        (ONES, [(2, "True"), (3, "False"), (4, "True")]),
        (NO_ANSWERS, [(2, "True"), (3, "False")]),
        (IN_STEM, [(2, "A"), (3, "BCD"), (4, "True")]),
        (BY_NUMBER, [(2, "A"), (3, "BCD"), (4, "B")]),
        (PASTED, [(2, "A"), (6, "True")]),
        (HEADED_BY_TYPE, [(2, "True"), (3, "False")]),
    ],
)
def test_sheets_in_every_habit(rows: list[list[str]], answers: list[tuple[int, str]], tmp_path: Path) -> None:
    report = inspect_path(banks.write_xlsx(tmp_path / "bank.xlsx", {"Sheet1": rows}))
    assert [(question.row, answered(question)) for question in report.questions] == answers
    assert graver(report) == []


def test_instructions_alone_are_no_bank(tmp_path: Path) -> None:
    rows = [["填写说明"], ["1.题型必须填写"], ["2.单选题的答案填A、B、C、D中的一个"], ["3.判断题填√或×"]]
    report = inspect_path(banks.write_xlsx(tmp_path / "bank.xlsx", {"说明": rows}))
    assert report.questions == []
    assert ("C01", None) in graver(report)


def test_one_answer_of_one_among_ticks_is_no_verdict(tmp_path: Path) -> None:
    rows = [["题型", "题干", "答案"], ["判断", "铜是导体", "√"], ["判断", "木是导体", "1"], ["判断", "铁是导体", ""]]
    report = inspect_path(banks.write_xlsx(tmp_path / "bank.xlsx", {"Sheet1": rows}))
    assert sorted(graver(report)) == [("C03", 4), ("C07", 3)]


def test_options_that_differ_in_case_are_two(tmp_path: Path) -> None:
    rows = [banks.SIMPLE, ["单选题", banks.stem(1), "mW", "MW", "kW", "W", "A"]]
    report = inspect_path(banks.write_xlsx(tmp_path / "bank.xlsx", {"Sheet1": rows}))
    assert [f.check for f in report.findings if f.severity != "info"] == []
