"""What people write into a stem that belongs elsewhere: the type, the options, the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from uploads.banks.answers import parse_letters, parse_truth
from uploads.banks.kinds import complete_question, name_kind
from uploads.banks.models import CHOICE_KINDS, Kind, Question
from uploads.banks.options import find_options
from uploads.banks.text import half, squeeze
from uploads.banks.word_patterns import (
    INLINE,
    INLINE_END,
    LETTERS_AT_END,
    TRUTH_AT_END,
    TRUTH_FIRST,
    WANTS_WORDS,
)

_TYPE = (
    r"(单项?选择?题?|多项?选择?题?|不定项选择题?|选择题|判断题?|是非题|填空题?|简答题?|问答题|名词解释|论述题?|计算题?"
    r"|案例(?:分析)?题?|综合题)"
)
_TAG_FIRST = re.compile(rf"^[(\[【<]\s*{_TYPE}\s*[)\]】>]\s*[:、.]?\s*")
_TAG_LAST = re.compile(rf"\s*[(\[【]\s*{_TYPE}\s*[)\]】]\s*[。.]?$")
_BEHIND_OPTIONS = re.compile(
    r"(?<=\S)(?:\s+[(\[【]\s*([A-J](?:\s*[,、]?\s*[A-J])*)\s*[)\]】]|\s*\n\s*([A-J](?:\s*[,、]?\s*[A-J])*))\s*[.。]?$"
)
_FILLED = re.compile(r"_+\s*([^_\s](?:[^_]*[^_\s])?)\s*_+|[(【]\s*([^()【】\s][^()【】]*?)\s*[)】]")


def take_type(stem: str) -> tuple[str, str]:
    """「(单选题)电压的单位是」 → (「单选题」, 「电压的单位是」); an empty type where the stem has none."""
    flat = half(stem)
    first = _TAG_FIRST.match(flat)
    if first and first.end() < len(stem):
        return squeeze(first[1]), stem[first.end() :]
    last = _TAG_LAST.search(flat)
    return (squeeze(last[1]), stem[: last.start()]) if last and last.start() else ("", stem)


def take_options(stem: str, type_text: str, answer: str) -> tuple[str, list[str]]:
    """The stem without the options that stand in it, and these; only where the type or the answer asks for some."""
    kind = name_kind(type_text) if type_text else None
    if kind is not None and kind not in CHOICE_KINDS:
        return stem, []
    if kind is None and answer and not parse_letters(answer):
        return stem, []
    found = find_options(stem, least=3 if "\n" not in stem else 2)
    if found is None or not found[0].strip() or not all(found[1]):
        return stem, []
    return found


def answer_from_stem(question: Question, letters: Mapping[str, str], underlined: Sequence[str] = ()) -> None:
    """「…应采用（C）。」: the answer stands in the stem's brackets, or a tick at its end; a blank may be filled in."""
    if question.kind is Kind.FILL_IN:
        _answer_from_blanks(question, underlined)
        return
    if question.kind not in CHOICE_KINDS and question.kind is not Kind.TRUE_FALSE and question.type_text:
        return
    flat = half(question.stem)
    fitting = [match for match in INLINE.finditer(flat) if _fits(question, match[1])]
    last = fitting[-1] if fitting else None
    if question.answer:
        # 「(×)电压表应串联。正确答案:电压表应并联。」: the verdict stands in the stem, behind the label its correction.
        if last is None:
            return
        question.analysis = "\n".join(filter(None, (question.answer, question.analysis)))
    if last is None and _take_from_options(question):
        complete_question(question, letters)
        return
    if last is None:
        last = (LETTERS_AT_END if question.options else INLINE_END).search(flat)
    if last is None and question.kind is Kind.TRUE_FALSE:
        last = TRUTH_AT_END.search(flat) or TRUTH_FIRST.match(flat)
    if last is None:
        return
    at = last.lastindex or 1
    question.answer = last[at].strip()
    bracketed = flat[last.start()] in "([【"
    start, end = (last.start(), last.end()) if bracketed else last.span(at)
    question.stem = (question.stem[:start] + ("( )" if bracketed else "") + question.stem[end:]).strip()
    complete_question(question, letters)


def answer_below(question: Question) -> bool:
    """「简述急救原则。」 with lines below that bear no label: they are the answer. False where it is not so plain."""
    if question.kind not in (Kind.SHORT_ANSWER, Kind.ESSAY) or not question.type_text:
        return False
    asked, _, below = question.stem.partition("\n")
    if not below or not WANTS_WORDS.search(half(asked).rstrip()) or half(below).rstrip().endswith("?"):
        return False
    question.stem, question.answer = asked, below
    return True


def _take_from_options(question: Question) -> bool:
    """「A.整洁 B.华丽 C.随意 D.暴露  (A)」: the answer behind the last option."""
    match = _BEHIND_OPTIONS.search(half(question.options[-1])) if len(question.options) > 1 else None
    letters = parse_letters(match[1] or match[2]) if match else ""
    if match is None or not letters or any(not question.option(letter) for letter in letters):
        return False
    question.answer = (match[1] or match[2]).strip()
    question.options = (*question.options[:-1], question.options[-1][: match.start()].rstrip())
    return True


def _answer_from_blanks(question: Question, underlined: Sequence[str]) -> None:
    """「电压的单位是__伏特__。」: what stands in the blanks is the answer, unless a blank was left open."""
    if underlined and all(text in question.stem for text in underlined):
        for text in underlined:
            question.stem = question.stem.replace(text, "____", 1)
        question.answer = ";".join(text.strip("_\u3000") for text in underlined)
        return
    flat = half(question.stem)
    found = list(_FILLED.finditer(flat))
    if found and found[-1][2] and not flat[found[-1].end() :].strip("。. ") and re.search("_{2,}", flat):
        # 「触电方式有单相触电和____。(跨步电压触电)」
        question.answer = question.stem[slice(*found[-1].span(2))]
        question.stem = question.stem[: found[-1].start()].rstrip()
        return
    if not found or re.search(r"[(【]\s*[)】]", flat) or (re.search("_{2,}", flat) and all(m[2] for m in found)):
        return
    fillings = [match for match in found if match[1]] or found
    texts = [question.stem[slice(*match.span(1 if match[1] else 2))] for match in fillings]
    for match in reversed(fillings):
        question.stem = f"{question.stem[: match.start()]}____{question.stem[match.end() :]}"
    question.answer = ";".join(texts)


def _fits(question: Question, answer: str) -> bool:
    if question.kind is Kind.TRUE_FALSE or not question.options:
        return parse_truth(answer) is not None and not (answer in "AB" and not question.type_text)
    return bool(parse_letters(answer))
