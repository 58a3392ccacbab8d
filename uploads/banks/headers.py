"""Which column is what, by the header's words and never by its position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from uploads.banks.models import LETTERS
from uploads.banks.sections import section_kind
from uploads.banks.text import squeeze

HEADER_SEARCH_ROWS = 40

_NAMES: Mapping[str, str] = {
    "stem": (
        "题干 试题 题目 问题 题面 试题内容 题目内容 问题内容 试题题干 题目题干 题干内容 试题正文 "
        "题目正文 题目描述 试题描述 题文 考题 "
        "考题内容 考题题目 考试题目 试题题目 题目试题 题目名称 试题名称 问题描述 question questions questiontext "
        "questionstem questioncontent stem prompt body query problem questiontitle content title 内容 标题"
    ),
    "answer": (
        "答案 正确答案 标准答案 参考答案 试题答案 题目答案 答案选项 正确选项 答案内容 答 正答 key answer "
        "标答 标准答 answers answerkey correctanswer correct correctoption rightanswer correctanswers solution label "
        "gold ans"
    ),
    "type": (
        "题型 题目类型 试题类型 类型 题类 题型名称 试题题型 题目题型 题型代码 题目类型代码 试题类型代码 "
        "题目类别 试题类别 试题分类 题目分类 题型分类 题型编码 类型代码 题类代码 type questiontype qtype kind typecode"
    ),
    "options": (
        "选项 备选项 候选项 备选答案 候选答案 选项内容 全部选项 选择项 所有选项 options choices option "
        "choice alternatives"
    ),
    "number": (
        "题号 序号 编号 试题编号 题目编号 行号 试题序号 题目序号 试题号 试题编码 题目编码 试题代码 题目代码 序 "
        "no num number index idx id #"
    ),
    "guid": "试题guid guid uuid 试题id 题目id 试题标识 questionid qid",
    "point": (
        "鉴定点代码 鉴定点编码 鉴定点编号 鉴定点 考核点代码 考评点代码 考点代码 知识点代码 知识点编码 "
        "知识点编号 鉴定要素代码 鉴定要素编码 认定点代码 评价点代码 代码 pointcode"
    ),
    "point_name": (
        "知识点 鉴定点名称 考核点 考核点名称 考评点 考点 考点名称 知识点名称 鉴定要素 认定点 认定点名称 "
        "评价点 knowledgepoint topic"
    ),
    "difficulty": ("难度 难度代码 难度等级 难易度 难易程度 难度系数 难度级别 试题难度 难易 difficulty difficultylevel"),
    "consistency": "一致性 一致性代码 一致性系数 consistency",
    "level": (
        "等级 级别 技能等级 职业等级 鉴定等级 适用等级 认定等级 工种等级 适用级别 适用等级 技能级别 职业级别 鉴定级别 "
        "level grade skilllevel"
    ),
    "occupation": "职业 工种 职业工种 职业名称 工种名称 职业(工种) 职业代码 专业 occupation",
    "analysis": ("解析 答案解析 试题解析 题目解析 分析 说明 解答 答案说明 解释 analysis explanation rationale comment"),
    "source": "出处 来源 依据 参考资料 教材 教材出处 参考文献 试题来源 题目来源 章节 source reference",
    "score": "分数 分值 得分 配分 score points mark marks",
    "note": (
        "备注 注 备注说明 题库 科目 出题人 命题人 审题人 审核人 时间 日期 状态 关键词 标签 remark "
        "remarks note notes category subject tag tags"
    ),
}
_BY_NAME: dict[str, str] = {name: fld for fld, names in _NAMES.items() for name in names.split()}
_NOISE = re.compile(r"[*＊※#:：?？!！、。.]|必填项?|选填项?|可选|\(必选\)")
_BRACKETS = re.compile(r"[(（\[【<《](.*?)[)）\]】>》]")
_OPTION = re.compile(
    r"^(?:[备可]?选择?项?|(?:备选|候选|可选)(?:答案|项)|选择项|选项内容|(?:答案|试题|题目)选项|选择|答案|options?|choices?|opt|answer)?"
    r"[-_ ]?([a-j]|[1-9]|[一二三四五六七八九])"
    r"[-_ ]?(?:选项(?:内容)?|项|内容|option|choice)?$"
)
_RANGE = re.compile(
    r"^(?:知识点|考点|鉴定范围|知识范围)([一二三四五六1-6])级(?:代码|名称|编码)?$"
    r"|^([一二三四五六1-6])级(?:知识点|考点|鉴定范围)$"
)
_DIGITS = {name: number for number, name in enumerate("一二三四五六七八九", 1)} | {str(n): n for n in range(1, 10)}
# What a header that is none of the above must contain to be taken for a field; the first that fits.
_CONTAINS: tuple[tuple[str, str], ...] = (
    ("解析", "analysis"),
    ("答案", "answer"),
    ("题干", "stem"),
    ("题型", "type"),
    ("类型", "type"),
    ("难度", "difficulty"),
    ("难易", "difficulty"),
    ("一致性", "consistency"),
    ("鉴定点", "point"),
    ("知识点", "point_name"),
    ("考核点", "point_name"),
    ("等级", "level"),
    ("分值", "score"),
    ("试题内容", "stem"),
    ("题目内容", "stem"),
    ("question", "stem"),
    ("answer", "answer"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """Column index → field, as found between `first` and `last` row (0-based indexes of the table's rows)."""

    fields: Mapping[int, str]
    texts: Mapping[int, str]
    first: int
    last: int

    @property
    def unknown(self) -> list[int]:
        return [column for column, text in self.texts.items() if text and column not in self.fields]


def _option_field(name: str) -> str | None:
    match = _OPTION.match(name)
    if not match:
        return None
    sign = match[1]
    if name == sign and not sign.isalpha():
        return None
    index = _DIGITS[sign] - 1 if sign in _DIGITS else LETTERS.lower().index(sign)
    return f"option:{index}"


def field_of(text: str) -> str | None:
    """The field a header names: 「题型（必填）」 → type, 「选项A」, 「A」 and 「Option 1」 → option:0, else None."""
    if not text or len(text) > 60:
        return None
    flat = squeeze(text).lower()
    bare = _NOISE.sub("", _BRACKETS.sub("", flat))
    inner = [_NOISE.sub("", part) for part in _BRACKETS.findall(flat)]
    for name in (bare, _NOISE.sub("", flat), *inner):
        fld = _BY_NAME.get(name.replace("_", "").replace("-", "").replace(" ", "")) or _option_field(name)
        if fld:
            return fld
        ranged = _RANGE.match(name)
        if ranged:
            return f"range:{_DIGITS[ranged[1] or ranged[2]]}"
    if len(bare) > 12 and not bare.isascii():
        return None
    return next((fld for word, fld in _CONTAINS if word in bare), None)


def _fields(row: Sequence[str]) -> dict[int, str]:
    """First column wins where two headers name the same field; 「题目」 beside 「题干」 gives way to the latter."""
    found: dict[int, str] = {}
    taken: dict[str, int] = {}
    for column, text in enumerate(row):
        fld = field_of(text) if text else None
        if fld is None:
            continue
        if fld in taken:
            if fld == "stem" and "题干" in squeeze(text) and "题干" not in squeeze(row[taken[fld]]):
                del found[taken[fld]]
            else:
                continue
        found[column] = fld
        taken[fld] = column
    if "stem" not in taken and "answer" in taken:
        # A sheet of one type may head its stems with the type: 题号, 单选题, A, B, C, D, 答案.
        named = [column for column, text in enumerate(row) if column not in found and section_kind(text)]
        if len(named) == 1 and len(found) + 1 == sum(map(bool, row)):
            found[named[0]] = "stem"
    return found


def is_header(fields: Mapping[int, str], *, typed: bool = False) -> bool:
    """A stem, and an answer or a type or two options, make a header of a question table; on a sheet named after a type
    (`typed`) a number and a stem do, for its answers may stand on a sheet of their own."""
    names = set(fields.values())
    if typed and {"number", "stem"} <= names:
        return True
    options = sum(name.startswith("option") for name in names)
    return "stem" in names and ("answer" in names or options >= 2 or "options" in names or "type" in names)


def _second_row(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The words of a second header row: 「一级」 under the group 「知识点」 is 知识点一级; a word that names nothing
    stays as it is."""
    group = ""
    names = []
    for column, text in enumerate(lower):
        group = (upper[column] if column < len(upper) else "") or group
        grouped = f"{squeeze(group)}{squeeze(text)}"
        names.append(grouped if text and not field_of(text) and _RANGE.match(grouped) else text)
    return names


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two header rows as one: the lower word where it names a field of its own, else the upper one."""
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    return [low if low and field_of(low) else up for up, low in zip(above, below, strict=True)]


def _is_second_row(row: Sequence[str], above: Mapping[int, str]) -> bool:
    """A second header row holds nothing but header words, and some options under a common 「选项」, or some levels
    under a common 「知识点」."""
    filled = [text for text in row if text]
    named = [field_of(text) for text in filled]
    if len(filled) < 2 or not all(named):
        return False
    for group in ("option:", "range:"):
        below = sum(1 for name in named if name and name.startswith(group))
        if below >= 2 and not any(fld.startswith(group) for fld in above.values()):
            return True
    return False


def find_header(rows: Sequence[Sequence[str]], start: int = 0, *, typed: bool = False) -> Header | None:
    """The header among the first rows of a table, below whatever titles and notes stand above it."""
    for index in range(start, min(len(rows), start + HEADER_SEARCH_ROWS)):
        row = rows[index]
        fields = _fields(row)
        below = _second_row(row, rows[index + 1]) if index + 1 < len(rows) and "stem" in fields.values() else []
        if _is_second_row(below, fields):
            joined = _joined(row, below)
            fields = _fields(joined)
            if is_header(fields, typed=typed):
                return Header(fields, dict(enumerate(joined)), index, index + 1)
        if is_header(fields, typed=typed):
            return Header(fields, dict(enumerate(row)), index, index)
    return None


def same_header(row: Sequence[str], header: Header) -> bool:
    """Whether a row in the middle of a table repeats its header, as printed tables do on every page."""
    equal = 0
    for column, text in enumerate(row):
        if text:
            if header.texts.get(column) != text:
                return False
            equal += 1
    return equal >= 2
