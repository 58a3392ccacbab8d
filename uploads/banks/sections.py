"""Titles of sections: 「一、单项选择题(每题1分,共160题)」; and the legend of a template's type letters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from uploads.banks.kinds import is_generic_choice, name_kind
from uploads.banks.text import fold, squeeze

_ORDINAL = (
    r"(?:第?[一二三四五六七八九十百]+(?:部分|大题|章|节|、|\.|,|:|\s)*|\([一二三四五六七八九十\d]+\)|\d{1,2}(?:[、.]\s*|\s+)|[IVX]+[.、]\s*"
    r"|part\s*[a-z\d]+[.:]?\s*|题型[一二三四五六七八九十\d]*:?)?"
)
_NOUN = (
    r"(?:理论)?(单项?选择题?|单选题?|多项?选择题?|多选题?|不定项(?:选择|多选)?题?|选择题?|判断(?:正误|对错|是非)?题?"
    r"|是非题|正误题|填空题?|简答题?|问答题?|名词解释题?|论述题?|计算题?|案例(?:分析)?题?|综合(?:分析|应用)?题|分析题"
    r"|操作(?:技能)?题|组合题|single[- ]choice|multiple[- ](?:choice|answer|select|response)|true\s*(?:/|or)\s*false"
    r"|fill[- ]in[- ](?:the[- ])?blanks?|short[- ]answers?|essay|calculations?"
    r"|case (?:study|analysis))(?:\s*questions?)?"
)
_REST = r"(?:部分|类)?\s*(?:[(【\[:,。;].*|共.{0,40}|每[小]?题.{0,60}|\d+[道题]?.{0,10}|[-_]?\d*|)"
_SECTION = re.compile(rf"^{_ORDINAL}\s*(?:[【\[<《]\s*)?{_ORDINAL}{_NOUN}\s*(?:[】\]>》]\s*)?{_REST}$", re.I | re.S)
_TYPE = (
    r"(单项?选择?题?|多项?选择?题?|不定项选择题?|判断题?|是非题?|填空题?|简答题?|问答题?|论述题?|计算题?"
    r"|案例(?:分析)?题?|综合题)"
)
_LEGEND = re.compile(rf"(?<![A-Za-z])([A-Za-z])(?:\s*(?:[-=:—–、.]|代表|表示|为|是|\()\s*|\s+){_TYPE}")
_DIGIT_LEGEND = re.compile(rf"(?<!\d)(\d{{1,2}})\s*(?:[-=:—–、.]|代表|表示|为|是)?\s*{_TYPE}")
_LEGEND_BACK = re.compile(rf"{_TYPE}\s*[-=:—–(]\s*([A-Za-z])(?![A-Za-z])")


def section_kind(text: str) -> str:
    """The type that a section's title names, as written there; empty when the text is no such title."""
    flat = fold(text)
    if not flat or len(flat) > 120:
        return ""
    match = _SECTION.match(flat)
    return squeeze(match[1]) if match else ""


def section_rest(text: str) -> str:
    """What stands behind the type in a section's title: a note, or the answers of a key."""
    flat = fold(text)
    match = _SECTION.match(flat)
    return flat[match.end(1) :].strip(" :") if match else ""


def find_legend(texts: Iterable[str]) -> dict[str, str]:
    """Type letters that the file itself explains: 「题型代码:B 单选 C 判断 D=多选」 → {"D": "multiple_choice", …}."""
    legend: dict[str, str] = {}
    for text in texts:
        flat = fold(text)
        pairs = [(match[1], match[2]) for match in _LEGEND.finditer(flat)]
        pairs += [(match[2], match[1]) for match in _LEGEND_BACK.finditer(flat)]
        # One pair alone may be an option, 「A.单选题」: a legend explains several letters.
        if len(pairs) < 2 or is_generic_choice(flat):
            continue
        for letter, name in pairs:
            kind = name_kind(name)
            if kind:
                legend.setdefault(letter.upper(), str(kind))
    return legend


def header_legend(header: str) -> dict[str, str]:
    """Codes that the header of the type column explains: 「题型(0单选,1判断,2多选)」."""
    flat = fold(header)
    pairs = [(match[1], match[2]) for pattern in (_DIGIT_LEGEND, _LEGEND) for match in pattern.finditer(flat)]
    named = {code.upper(): name_kind(name) for code, name in pairs}
    return {code: str(kind) for code, kind in named.items() if kind} if len(named) > 1 else {}
