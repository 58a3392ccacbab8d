"""What the lines of a free Word bank look like. All patterns are for half-width text."""

from __future__ import annotations

import re

from uploads.banks.models import Kind

LABEL = re.compile(
    r"(?:^|(?<=[\s。.;)）\]】A-Ja-j√×])|(?=[【\[]))[【\[({<]?\s*"
    r"((?:正确|参考|标准|试题)?答案|(?:参考)?答题要点|评分标准|答案要点|(?:试题|答案|参考|题目)?解析|分析"
    r"|难易程度|难易度|难度|一致性|知识点|鉴定点|考核点|考点|出处|来源|分值|answer|ans|explanation|difficulty)"
    r"\s*(?:[】\])}>]\s*[:是为]?|[是为]?\s*[:]|[是为]\s*(?=[A-J√×对错]))\s*",
    re.I,
)
LETTERS_AT_END = re.compile(r"[:?。.)\s]\s*([A-J]{1,6})\s*[.。]?$")
NUMBERED_ANSWER = re.compile(r"^(?:第\s*)?(\d{1,4})\s*(?:题)?\s*[.、:)]?\s*(?=[【\[(]?\s*(?:正确|参考|标准)?答案)")
BARE_ANSWER = re.compile(
    r"^(?:(?:正确|参考|标准)?答案|答|解答|解)\s*(?:[:]|(?=[A-J]{1,6}\s*$)|\s+(?=[A-J√×对错正]))\s*", re.I
)
KEY_TITLE = re.compile(
    r"^[【\[(]?(?:[一二三四五六七八九十]+[、.]\s*)?(?:附[件录]?\d*\s*[:.]?\s*)?(?:.{0,20}?)(?:参考|标准|试题|练习题?)?答案"
    r"(?:及|与|和)?(?:评分标准|解析|评分细则)?(?:部分|页|汇总)?\s*[】\])]?\s*[:]?\s*$"
)
SECTION_KEY = re.compile(r"^(.{0,8}?(?:题|选择|单选|多选|判断))\s*(?:的)?(?:参考|标准)?答案\s*[:]?\s*(.*)$", re.S)
STYLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("lead", re.compile(r"^[(\[【]\s*([√×✓✗对错TFA-J]{0,6}|正确|错误)\s*[)\]】]\s*(\d{1,4})\s*[.、,:)]\s*")),
    ("dot", re.compile(r"^()(\d{1,4})\s*[.、,:)]\s*")),
    ("title", re.compile(r"^()第\s*(\d{1,4})\s*题\s*[.、,:)]?\s*")),
    ("title", re.compile(r"^()(?:题目?|试题|考题)\s*(\d{1,4})\s*[.、,:)]\s*")),
    ("bracket", re.compile(r"^()[(\[【]\s*(\d{1,4})\s*[)\]】]\s*[.、:]?\s*")),
    ("plain", re.compile(r"^()(\d{1,4})\s+(?=\D)")),
)
HIERARCHICAL = re.compile(r"^\d{1,2}\.(\d{1,3})(?:\s*[、.)]\s*|\s+)(?=\D)")
LEVEL_TAG = re.compile(r"^[【\[(]\s*([^【】\[\]()]{2,10})\s*[】\])]\s*(?=\S)")
CHAPTER = re.compile(
    r"^第\s*(?:[一二三四五六七八九十百]+|\d{1,3})\s*(?:章|节|部分|单元|模块|项目|篇|课)(?:[\s:、.].{0,40}|[^,。?!()]{0,30})?$"
)
# How a question that wants words begins or ends; a point of an answer's list does neither.
WANTS_WORDS = re.compile(
    r"^(?:请?(?:简要?|分别)?(?:简述|试述|论述|说明|列举|阐述|简答|回答|解释|叙述|描述|写出)|什么(?:是|叫)|为什么|如何|怎样|试分析|何谓)|[?]$"
)
MARKING = re.compile(r"^(?:评分(?:标准|说明|细则)|每小?题|本(?:大)?题|共\s*\d+\s*[分题])")
INLINE = re.compile(r"[(\[【]\s*((?:[A-J](?:\s*[,、;]?\s*[A-J])*)|√|×|✓|✗|✔|✘|对|错|正确|错误|T|F)\s*[)\]】]")
INLINE_END = re.compile(r"\s*([√×✓✗✔✘])\s*$")
TRUTH_AT_END = re.compile(r"(?:[。.!;)]\s*|\s{2,})(对|错|正确|错误|[TF])\s*[。.]?$")
TRUTH_FIRST = re.compile(r"^([√×✓✗✔✘])\s*(?=\S)|^(对|错|正确|错误)\s+(?=\S)")
BLANK = re.compile(r"_{2,}|[(【].*[)】]")
PAGE = re.compile(
    r"^(?:第\s*\d+\s*页.*|-?\s*\d+\s*-?|\d+\s*/\s*\d+|—\s*\d+\s*—"
    r"|[(【]?(?:以下无正文|以下空白|(?:全卷|试卷|试题)(?:完|结束))[)】]?)$"
)
OBJECTIVE = frozenset({Kind.SINGLE_CHOICE, Kind.MULTIPLE_CHOICE, Kind.TRUE_FALSE})
LABEL_MODES = {"难": "difficulty", "一": "consistency", "知": "point", "鉴": "point", "考": "point", "d": "difficulty"}
ASKED = re.compile(r"^问\s*\d{0,3}\s*:\s*(?=\S)")
OPTIONS_LABEL = re.compile(r"^(?:(?:备选|候选)?选项|备选答案|候选答案)\s*:\s*(?=[(\[【]?\s*[A-Ja-j]\s*[)\]】.、:])")
CASE_HEAD = re.compile(
    r"^[【\[(<]?\s*案例(?:分析)?题?\s*([一二三四五六七八九十]{1,3}|\d{1,2})\s*[】\])>]?\s*(?:$|[:、.,]\s*|(?<=[】\])>\s])\s*(?=\S))"
)
CASE_UNNUMBERED = re.compile(r"^(?:[【\[]\s*案例(?:描述|材料|背景)?\s*[】\]]\s*:?|案例(?:描述|材料|背景)?\s*:)\s*")


def numbered_line(flat: str) -> tuple[str, int, str, int] | None:
    """(style, number, answer before the number, where the text begins) of a line that begins with a number."""
    for style, pattern in STYLES:
        match = pattern.match(flat)
        if match:
            return style, int(match[2]), match[1], match.end()
    return None
