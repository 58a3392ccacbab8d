"""Word files: the coded form and the many free ones. Rows are numbers of paragraphs."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from tests.factories import banks
from uploads.banks.inspection import inspect_path
from uploads.banks.models import Question
from uploads.banks.report import Report


def read(tmp_path: Path, text: str) -> Report:
    return inspect_path(banks.write_docx(tmp_path / "bank.docx", text.strip("\n").split("\n")))


def graver(report: Report) -> set[tuple[str, int | None]]:
    return {(f.check, f.row) for f in report.findings if f.severity in ("block", "error", "warn")}


def brief(question: Question) -> tuple[str, str, str]:
    return str(question.kind), question.letters or str(question.truth), question.stem


CODED = """
维修电工(三级)理论题库
A-B-A-001  B  3  5
{A}电流互感器二次侧不允许( )。
（A）短路
（B）开路
（C）接地
（D）接负载
{B}B
Ａ－Ｂ－Ａ－００２　Ｃ　２　４
｛A｝熔断器可以用铜丝代替。
｛B｝×
A-B-B-001 B 1 5
{A}变压器的铁芯采用( )。（A）铜 （B）硅钢片 （C）铝 （D）铸铁
{B}
B
"""


def test_the_coded_form(tmp_path: Path) -> None:
    report = read(tmp_path, CODED)
    assert [(q.row, str(q.kind), q.letters, q.truth, len(q.options)) for q in report.questions] == [
        (2, "single_choice", "B", None, 4),
        (9, "true_false", "", False, 0),
        (12, "single_choice", "B", None, 4),
    ]
    first, second, third = report.questions
    assert (first.point, first.difficulty, first.consistency, first.level) == ("A-B-A-001", "3", "5", "level_3")
    assert second.point == "A-B-A-002"
    assert third.options == ("铜", "硅钢片", "铝", "铸铁")
    assert graver(report) == set()


def test_the_coded_form_with_faults(tmp_path: Path) -> None:
    report = read(tmp_path, CODED.replace("{B}B\n", "{B}\n", 1).replace("A-B-B-001 B", "A-B-B-001 G"))
    assert {("C03", 2), ("C04", 12)} <= graver(report)


def test_a_legend_maps_the_letters_of_a_template(tmp_path: Path) -> None:
    text = "题型代码:B—单选题,C—判断题,G—多选题\nA-B-A-001 G 3 5\n"
    text += "{A}属于低压电器的有\n(A)接触器 (B)熔断器 (C)发电机\n{B}AB"
    assert [str(q.kind) for q in read(tmp_path, text).questions] == ["multiple_choice"]


FREE = """
电工(四级)理论知识复习题
一、单项选择题(每题1分,共2分)
1.电压的单位是( )。
A.安培
B.伏特
C.欧姆
D.瓦特
答案:B
2、电流的单位是（ ）
A、安培  B、伏特  C、欧姆  D、瓦特
【答案】A
二、多项选择题
1. 属于导体的有( )
A. 铜    B. 铝
C. 橡胶  D. 银
答案：ABD
解析：橡胶是绝缘体
三、判断题（正确的打√，错误的打×）
1.安全电压为220V。（×）
2.铜的导电性好于铁。( √ )
3．停电后可不验电。
答案：错误
四、填空题
1.我国电网的频率是____Hz。
答案:50
五、简答题
1.简述触电急救的步骤。
答案:
1.脱离电源
2.判断意识
3.心肺复苏
2.简述验电的方法。
答:使用合格的验电器,逐相验电。
"""


def test_the_free_form(tmp_path: Path) -> None:
    report = read(tmp_path, FREE)
    assert {k: n for k, n in report.by_type.items() if n} == {
        "single_choice": 2,
        "multiple_choice": 1,
        "true_false": 3,
        "fill_in": 1,
        "short_answer": 2,
    }
    assert graver(report) == set()
    assert [q.row for q in report.questions] == [3, 9, 13, 19, 20, 21, 24, 27, 32]
    assert [q.letters for q in report.questions[:3]] == ["B", "A", "ABD"]
    assert [q.truth for q in report.questions[3:6]] == [False, True, False]
    assert report.questions[2].options == ("铜", "铝", "橡胶", "银")
    assert report.questions[7].answer == "1.脱离电源\n2.判断意识\n3.心肺复苏"
    assert report.by_level == {"level_4": 9}


def test_answers_inside_the_stem(tmp_path: Path) -> None:
    text = """
一、选择题
1.（ B ）是电压的单位。 A.安培 B.伏特 C.欧姆 D.瓦特
2.下列属于绝缘体的是（ＢＣ）。
Ａ．铜 Ｂ．橡胶 Ｃ．玻璃 Ｄ．银
3.补充维生素A、B可以预防(D)A.甲B.乙C.丙D.丁
"""
    report = read(tmp_path, text)
    assert [brief(q) for q in report.questions] == [
        ("single_choice", "B", "( )是电压的单位。"),
        ("multiple_choice", "BC", "下列属于绝缘体的是( )。"),
        ("single_choice", "D", "补充维生素A、B可以预防( )"),
    ]
    assert report.questions[2].options == ("甲", "乙", "丙", "丁")
    assert graver(report) == set()


@pytest.mark.parametrize(
    "key",
    [
        "参考答案\n1.A 2.B 3-5 CDA\n二、判断题\n1.√ 2.×",
        "参考答案\n一、单项选择题\n1-5 ABCDA\n二、判断题\n1-2 √×",
        "答案:\n一、单选题\n1.A\n2.B\n3.C\n4.D\n5.A\n二、判断题\n1.对\n2.错",
        "参考答案\n一、单选题\n1～5：ＡＢＣＤＡ\n二、判断题\n1、√  2、×",
        "单选题答案:1.A 2.B 3.C 4.D 5.A\n判断题答案:1.√ 2.×",
    ],
)
def test_a_key_at_the_end(tmp_path: Path, key: str) -> None:
    questions = "\n".join(f"{n}.{banks.stem(n)}( )\nA.甲{n}\nB.乙{n}\nC.丙{n}\nD.丁{n}" for n in range(1, 6))
    judged = "\n".join(f"{n}.{banks.stem(n + 50)}。( )" for n in (1, 2))
    report = read(tmp_path, f"一、单项选择题\n{questions}\n二、判断题\n{judged}\n{key}")
    assert "".join(q.letters for q in report.questions) == "ABCDA"
    assert [q.truth for q in report.questions[5:]] == [True, False]
    assert graver(report) == set()


def test_faults_in_the_free_form(tmp_path: Path) -> None:
    text = """
一、单项选择题
1.电压的单位是( )。
A.安培
B.伏特
C.欧姆
D.瓦特
答案:E
2.电流的单位是( )。
A.安培
B.伏特
C.欧姆
D.瓦特
3.电阻的单位是( )。
A.安培
B.伏特
C.欧姆
D.瓦特
答案:AC
"""
    assert {("C05", 2), ("C03", 8), ("C05", 13)} <= graver(read(tmp_path, text))


def test_numbers_that_word_draws_itself(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("一、单项选择题")
    for number in range(3):
        document.add_paragraph(banks.stem(number) + "( )", style="List Number")
        document.add_paragraph(f"A.甲{number}  B.乙{number}  C.丙{number}  D.丁{number}")
        document.add_paragraph("答案:C")
    document.save(str(tmp_path / "bank.docx"))
    report = inspect_path(tmp_path / "bank.docx")
    assert [(q.row, q.number, q.letters) for q in report.questions] == [(2, "1", "C"), (5, "2", "C"), (8, "3", "C")]


def test_a_table_inside_word(tmp_path: Path) -> None:
    rows = [["序号", "题干", "A", "B", "C", "D", "答案"]]
    rows += [[str(n), banks.stem(n), "甲", "乙", "丙", "丁", "ABCD"[n % 4]] for n in range(3)]
    report = inspect_path(banks.write_docx(tmp_path / "bank.docx", ["三级题库", rows]))
    assert report.by_type["single_choice"] == 3
    assert [q.row for q in report.questions] == [9, 16, 23]
    assert graver(report) == set()


def test_a_picture_for_a_stem_is_told(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    picture.write_bytes(banks.PIXEL)
    document = docx.Document()
    document.add_paragraph("一、单项选择题")
    document.add_paragraph("1.").add_run().add_picture(str(picture))
    document.add_paragraph("A.甲 B.乙 C.丙 D.丁")
    document.add_paragraph("答案:C")
    document.save(str(tmp_path / "bank.docx"))
    report = inspect_path(tmp_path / "bank.docx")
    assert len(report.questions) == 1
    assert "stem" in report.questions[0].pictured


def test_answers_under_a_second_title_of_the_section(tmp_path: Path) -> None:
    text = """
一、单选题(共2题)
1.鉴定的方式不包括哪项?()
A.理论考试
B.技能考核
C.实习
D.在岗考核
2.证书有效期为多少年?()
A.3年
B.5年
C.10年
D.永久
二、判断题(共1题)
3.证书全国通用。( )
A.正确  B.错误
一、单选题(共2题)
1.【答案】C
【解析】实习不是方式。
2.【答案】D
二、判断题(共1题)
3.【答案】A
"""
    report = read(tmp_path, text)
    assert [(q.row, q.letters or q.truth) for q in report.questions] == [(2, "C"), (7, "D"), (13, True)]
    assert graver(report) == set()


def test_a_key_in_the_titles_of_its_sections(tmp_path: Path) -> None:
    text = """
一、单项选择题
1. 电压的单位( ) A.安培 B.伏特 C.欧姆 D.瓦特
2. 电流的单位( ) A.安培 B.伏特 C.欧姆 D.瓦特
二、简答题
1. 简述验电的步骤
试题答案
一、单项选择题:1. B  2. A
二、简答题
1. 答:先验声光
再验设备
"""
    report = read(tmp_path, text)
    assert [q.letters or q.answer for q in report.questions] == ["B", "A", "先验声光\n再验设备"]
    assert graver(report) == set()


def test_other_common_shapes(tmp_path: Path) -> None:
    text = """
一 选择题(单选)
1 下述有关电机的描述正确的是:E
A 体积小
B转速低
C 、效率高
D 噪声大
E 以上均是错误的
第2题:风力达到( )时,应停止作业。 答案:C
A.6级
B.5级
C.4级
D.10级
二、判断题
(√)3、发电机把机械能转换为电能。
( )4、二次侧可以开路。
答案:(×)
"""
    report = read(tmp_path, text)
    found = {q.number: (q.letters or q.truth, len(q.options)) for q in report.questions}
    assert found["1"] == ("E", 5)
    assert found["3"] == (True, 0)
    assert found["4"] == (False, 0)


_LISTS = """<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:abstractNum w:abstractNumId="90">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="upperLetter"/><w:lvlText w:val="%2."/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="91">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>
</w:abstractNum>
<w:num w:numId="90"><w:abstractNumId w:val="90"/></w:num>
<w:num w:numId="91"><w:abstractNumId w:val="91"/></w:num>
</w:numbering>"""


def test_numbers_letters_ticks_and_deletions_that_are_no_text(tmp_path: Path) -> None:
    document = docx.Document()
    lists = parse_xml(_LISTS)
    numbering = document.part.numbering_part.element
    for element in lists.findall(qn("w:abstractNum")):
        numbering.insert(0, element)
    for element in lists.findall(qn("w:num")):
        numbering.append(element)

    def add(text: str, number: int | None = None, depth: int = 0, extra: str = "") -> None:
        space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        label = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>' if number else ""
        run = f"<w:r><w:t>{text}</w:t></w:r>"
        document.element.body.insert_element_before(
            parse_xml(f"<w:p {space}><w:pPr>{label}</w:pPr>{run}{extra}</w:p>"), "w:sectPr"
        )

    add("单项选择题", 91)
    for n in range(2):
        deleted = '<w:del w:id="1" w:author="x"><w:r><w:delText>删去的字</w:delText></w:r></w:del>'
        add(banks.stem(n) + "( )", 90, extra=deleted)
        for word in "甲乙丙丁":
            add(word + str(n), 90, 1)
        add("答案:B")
    add("判断题", 91)
    add("3.铜能导电。(", extra='<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r><w:r><w:t>)</w:t></w:r>')
    document.save(str(tmp_path / "bank.docx"))
    report = inspect_path(tmp_path / "bank.docx")
    assert [(q.row, q.number, q.letters or q.truth) for q in report.questions] == [
        (2, "1", "B"),
        (8, "2", "B"),
        (15, "3", True),
    ]
    assert report.questions[1].options == ("甲1", "乙1", "丙1", "丁1")
    assert "删去" not in report.questions[0].stem
    assert graver(report) == set()
