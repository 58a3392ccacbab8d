"""Question types (题型): names, platform codes, letters of a template; and what a row without a type must be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from uploads.banks.answers import parse_letters, parse_truth
from uploads.banks.models import CHOICE_KINDS, Kind, Question
from uploads.banks.text import squeeze

# Codes of the national platform: 60 组合 has no type of ours.
PLATFORM_CODES: Mapping[str, Kind] = {
    "10": Kind.TRUE_FALSE,
    "20": Kind.SINGLE_CHOICE,
    "30": Kind.MULTIPLE_CHOICE,
    "40": Kind.FILL_IN,
    "50": Kind.SHORT_ANSWER,
    "60": Kind.OTHER,
    "70": Kind.CALCULATION,
    "80": Kind.ESSAY,
    "90": Kind.CASE,
}
_PATTERNS: tuple[tuple[re.Pattern[str], Kind], ...] = tuple(
    (re.compile(pattern, re.I), kind)
    for pattern, kind in (
        (
            r"不定项|多项?选|多选|multi(ple)?[-_ ]?(choice|select|answer|response)s?|mrq|checkbox|^(mc|ms|multiple)$",
            Kind.MULTIPLE_CHOICE,
        ),
        (r"单项?选|单选|single|^mcq$|^sc$|radio|best[-_ ]?answer", Kind.SINGLE_CHOICE),
        (r"判断|是非|正误|对错|true[-_/ ]*(or)?[-_/ ]*false|^tf$|^t/f$|^judge(ment)?$|bool", Kind.TRUE_FALSE),
        (r"填空|fill|blank|cloze", Kind.FILL_IN),
        (r"案例|综合(分析|应用|题)|^(综合|分析题)$|case", Kind.CASE),
        (r"论述|essay|discuss", Kind.ESSAY),
        (r"计算|calculat|comput", Kind.CALCULATION),
        (r"简答|问答|名词解释|简述|short[-_ ]?answer|^sa$|definition|open[-_ ]?ended", Kind.SHORT_ANSWER),
        (r"^组合题?$|^(技能)?操作(技能)?题?$|^实操题?$|^其他(题型?)?$", Kind.OTHER),
    )
)
_BY_ID: Mapping[str, Kind] = {str(kind): kind for kind in Kind}
_GENERIC_CHOICE = re.compile(r"^(客观)?选择题?$|^choice$|^multiple[-_ ]?choice$|^mcq$|^mc$", re.I)
# 选择填空 may be either: no guess, C04 asks for the one that is meant.
_AMBIGUOUS = re.compile(r"选择.*(?:填空|判断|简答|问答)|(?:填空|判断|简答|问答).*选择")
_BLANK = re.compile(r"_{2,}|＿+|[(（【\[]\s*[)）】\]]|﹍{2,}")


@lru_cache(maxsize=1024)
def name_kind(text: str) -> Kind | None:
    """The kind a type's name says, 单项选择题 as well as single_choice; None when the name says nothing, or two."""
    flat = squeeze(text)
    if not flat or _AMBIGUOUS.search(flat):
        return None
    exact = _BY_ID.get(flat.lower())
    return exact or next((kind for pattern, kind in _PATTERNS if pattern.search(flat)), None)


@lru_cache(maxsize=1024)
def is_generic_choice(text: str) -> bool:
    """选择题, Multiple choice: in Chinese and English alike these names do not say how many answers there are."""
    return bool(_GENERIC_CHOICE.match(squeeze(text)))


def infer_kind(stem: str, options: Sequence[str], answer: str) -> Kind:
    """The type of a row that states none, from its options and its answer."""
    filled = [option for option in options if option]
    if len(filled) == 2 and all(parse_truth(option) is not None for option in filled):
        return Kind.TRUE_FALSE
    if filled:
        return Kind.MULTIPLE_CHOICE if len(parse_letters(answer, options)) > 1 else Kind.SINGLE_CHOICE
    flat = squeeze(answer).upper()
    if parse_truth(answer) is not None and flat not in ("A", "B"):
        return Kind.TRUE_FALSE
    if flat and len(flat) <= 6 and all(letter in "ABCDEF" for letter in flat):
        return Kind.SINGLE_CHOICE if len(flat) == 1 else Kind.MULTIPLE_CHOICE
    return Kind.FILL_IN if _BLANK.search(stem) else Kind.SHORT_ANSWER


def resolve_kind(
    type_text: str, stem: str, options: Sequence[str], answer: str, letters: Mapping[str, str]
) -> tuple[Kind, bool]:
    """The kind of a question, and whether its stated type is known. `letters` maps a template's type letters."""
    flat = squeeze(type_text) if type_text else ""
    if not flat:
        return infer_kind(stem, options, answer), True
    if is_generic_choice(flat):
        several = len(parse_letters(answer, options)) > 1
        return (Kind.MULTIPLE_CHOICE if several else Kind.SINGLE_CHOICE), True
    mapped = letters.get(flat.upper())
    if mapped:
        return Kind(mapped), True
    if flat in PLATFORM_CODES:
        return PLATFORM_CODES[flat], True
    named = name_kind(flat)
    return (named, True) if named else (Kind.OTHER, False)


def complete_question(question: Question, letters: Mapping[str, str]) -> None:
    """Fill in what follows from type, options and answer as they were read."""
    question.kind, question.type_known = resolve_kind(
        question.type_text, question.stem, question.options, question.answer, letters
    )
    question.letters = parse_letters(question.answer, question.options) if question.kind in CHOICE_KINDS else ""
    question.truth = parse_truth(question.answer, question.options) if question.kind is Kind.TRUE_FALSE else None
