"""What only a whole table shows: 1 and 0 for true and false, answers that stand in all the stems and in no column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uploads.banks.models import Finding, Kind, Question, Severity
from uploads.banks.stems import answer_from_stem

_TRUTHS = {"1": True, "0": False}


def settle_habits(questions: Sequence[Question], letters: Mapping[str, str]) -> list[Finding]:
    """Complete the questions of one table by the habits of its author, and tell which were seen (C22)."""
    told = [text for text in (_read_ones(questions), _read_stems(questions, letters)) if text]
    return [Finding("C22", Severity.INFO, text, questions[0].sheet, questions[0].row) for text in told]


def _read_ones(questions: Sequence[Question]) -> str:
    """1 and 0 count only where both occur and every true/false answer that says nothing else is one of them."""
    silent = [q for q in questions if q.kind is Kind.TRUE_FALSE and q.answer and q.truth is None]
    if {question.answer for question in silent} != set(_TRUTHS):
        return ""
    for question in silent:
        question.truth = _TRUTHS[question.answer]
    return f"{len(silent)}道判断题的答案写作1和0,按1为正确、0为错误读取"


def _read_stems(questions: Sequence[Question], letters: Mapping[str, str]) -> str:
    """「…应采用(C)。」 in every stem where no question has an answer of its own."""
    if any(question.answer or "answer" in question.pictured for question in questions):
        return ""
    for question in questions:
        answer_from_stem(question, letters)
    found = sum(1 for question in questions if question.answer)
    return f"没有一道题填写了答案,{found}道题的答案取自题干的括号" if found else ""
