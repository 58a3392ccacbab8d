"""C03–C08: can each question be marked at all?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from uploads.banks.bank import Bank
from uploads.banks.models import CHOICE_KINDS, KIND_LABELS, LETTERS, Finding, Kind, Question, Severity
from uploads.banks.text import half, quote, squeeze
from uploads.banks.thresholds import Thresholds

_GAPS = re.compile(r"[\s\u200b-\u200f\ufeff]+")


def _about(check: str, severity: Severity, question: Question, name: str, message: str) -> Finding:
    column = question.column(name)
    return Finding(check, severity, f"{question.here(name)}:{message}", question.sheet, question.row, column)


def _option_name(letter: str) -> str:
    return f"option:{LETTERS.index(letter)}"


def check_blanks(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C03: empty stem, empty answer. A stem that is a picture is C22's."""
    for question in bank.questions:
        if not question.stem and "stem" not in question.pictured:
            yield _about("C03", Severity.ERROR, question, "stem", "题干是空的,请补上题干")
        if not question.answer and "answer" not in question.pictured:
            yield _about("C03", Severity.ERROR, question, "answer", "答案是空的,请补上答案")


def check_types(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C04: a type or type code that no template maps; a type left blank is told, since it had to be inferred."""
    for question in bank.questions:
        if not question.type_text and question.layout.has("type") and (question.stem or question.answer):
            label = KIND_LABELS[question.kind]
            yield _about("C04", Severity.WARN, question, "type", f"没有填写题型,按选项和答案当作{label}")
        if not question.type_known:
            text = f"题型{quote(question.type_text)}不认识"
            if len(squeeze(question.type_text)) == 1:
                text += ",各模板的题型代码不同,请写明题型名称,或在表头上方注明代码对照(如:B=单选题,D=多选题)"
            yield _about("C04", Severity.ERROR, question, "type", text)


def check_single_choice(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C05: exactly one answer letter, and that letter has a non-empty option."""
    for question in bank.questions:
        if question.kind is not Kind.SINGLE_CHOICE or not question.answer:
            continue
        if len(question.letters) != 1:
            told = f"单选题的答案应当只有一个字母,现在是{quote(question.answer)}"
            yield _about("C05", Severity.ERROR, question, "answer", told)
        elif not question.option(question.letters) and _option_name(question.letters) not in question.pictured:
            told = f"答案是{quote(question.letters)},但这个选项是空的"
            yield _about("C05", Severity.ERROR, question, "answer", told)


def check_multiple_choice(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C06: two or more distinct letters, all among the options; not "all of them" in most of the bank."""
    total = everything = 0
    for question in bank.questions:
        if question.kind is not Kind.MULTIPLE_CHOICE or not question.answer:
            continue
        total += 1
        missing = [
            letter
            for letter in question.letters
            if not question.option(letter) and _option_name(letter) not in question.pictured
        ]
        if not question.letters:
            told = f"多选题的答案{quote(question.answer)}读不出选项字母"
            yield _about("C06", Severity.ERROR, question, "answer", told)
        elif len(question.letters) < 2:
            told = f"多选题至少要有两个答案,现在只有{quote(question.letters)}"
            yield _about("C06", Severity.ERROR, question, "answer", told)
        elif missing:
            told = f"答案是{quote(question.letters)},但其中的选项{quote('、'.join(missing))}是空的"
            yield _about("C06", Severity.ERROR, question, "answer", told)
        elif len(question.letters) == len(question.filled_options) >= 4:
            everything += 1
    if total >= limits.balance_sample and everything > limits.all_options_share * total:
        yield Finding("C06", Severity.WARN, f"{total}道多选题中有{everything}道的答案是全部选项,容易被猜中")


def check_true_false(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C07: the answer of a true/false question says true or false."""
    for question in bank.questions:
        if question.kind is Kind.TRUE_FALSE and question.answer and question.truth is None:
            told = f"判断题的答案应当是 √/×、对/错、正确/错误、A/B 或 T/F,现在是{quote(question.answer)}"
            yield _about("C07", Severity.ERROR, question, "answer", told)


def _same_options(options: tuple[str, ...]) -> list[int]:
    """Indexes of options whose text another option has too, but for width and spaces (not case: 「mW」, 「MW」)."""
    texts = _GAPS.sub("", half("\x00".join(options))).split("\x00")
    if len(set(texts)) == len(texts):
        return []
    counts = Counter(text for text in texts if text)
    return [index for index, text in enumerate(texts) if counts[text] > 1]


def check_options(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C08: enough options for a choice question, none of them twice, none left out in the middle."""
    for question in bank.questions:
        if question.kind not in CHOICE_KINDS or not question.options:
            continue
        drawn = sum(
            _option_name(LETTERS[at]) in question.pictured for at, text in enumerate(question.options) if not text
        )
        filled = len(question.filled_options) + drawn
        if filled < limits.options_wanted:
            told = f"只有{filled}个选项,一般应有{limits.options_wanted}个"
            yield _about("C08", Severity.WARN, question, "option:0", told)
        same = _same_options(question.options)
        if same:
            twice = [LETTERS[index] for index in same]
            first_again = _option_name(twice[1])
            yield _about("C08", Severity.WARN, question, first_again, f"选项{'、'.join(twice)}的内容相同")
