"""C17–C20: answer keys that can be guessed, scales, numbers, and whether papers can be drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from uploads.banks.bank import Bank
from uploads.banks.models import CHOICE_KINDS, KIND_LABELS, Finding, Kind, Question, Severity
from uploads.banks.overview import scale, scale_value
from uploads.banks.text import quote
from uploads.banks.thresholds import Thresholds

_NAMES = {"difficulty": "难度", "consistency": "一致性"}


def check_answer_balance(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C17: one letter too often, true or false too often, the longest option too often right."""
    balance = bank.balance
    single = balance["single_choice"]
    total = sum(single.values())
    if total >= limits.balance_sample:
        for letter, number in single.items():
            if number / total > limits.answer_share_max:
                told = f"{total}道单选题中答案是{letter}的占{number / total:.0%},分布不均"
                yield Finding("C17", Severity.WARN, told)
    true, false = balance["true_false"]["true"], balance["true_false"]["false"]
    low, high = limits.truth_share_range
    if true + false >= limits.balance_sample and not low <= true / (true + false) <= high:
        told = f"{true + false}道判断题中答案为「正确」的占{true / (true + false):.0%},分布不均"
        yield Finding("C17", Severity.WARN, told)
    longest = balance["longest_is_answer"]
    if balance["longest_compared"] >= limits.balance_sample and longest > limits.longest_share_max:
        yield Finding("C17", Severity.WARN, f"单选题中最长的选项就是答案的占{longest:.0%},容易被猜中")


def _out_of_scale(stated: list[Question], name: str, limits: Thresholds) -> Iterator[Finding]:
    """Row by row; once for all where the whole bank uses another scale (a coefficient such as 0.65)."""
    wrong = []
    for question in stated:
        text = getattr(question, name)
        value = scale_value(text) if text else limits.scale_min
        if value is None or not limits.scale_min <= value <= limits.scale_max:
            wrong.append(question)
    span = f"不在{limits.scale_min}—{limits.scale_max}之内"
    if len(wrong) > limits.balance_sample and len(wrong) > limits.style_share * len(stated):
        first = wrong[0]
        told = f"{len(wrong)}道题的{_NAMES[name]}{span},如{first.here(name)}的{quote(getattr(first, name))}"
        places = tuple(question.place for question in wrong[1 : limits.related_listed])
        yield Finding("C18", Severity.WARN, told, first.sheet, first.row, first.column(name), places)
        return
    for question in wrong:
        told = f"{question.here(name)}:{_NAMES[name]}{quote(getattr(question, name))}{span}"
        yield Finding("C18", Severity.WARN, told, question.sheet, question.row, question.column(name))


def check_scales(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C18: difficulty and consistency are 1–5, none blank, not all the same."""
    for name, label in _NAMES.items():
        stated = [question for question in bank.questions if question.layout.has(name)]
        if not stated:
            continue
        yield from _out_of_scale(stated, name, limits)
        numbers = scale(stated, name)
        if numbers["blank"]:
            first = next(question for question in stated if not getattr(question, name))
            told = f"{numbers['blank']}道题没有填{label},第一处在{first.here(name)}"
            yield Finding("C18", Severity.WARN, told, first.sheet, first.row, first.column(name))
        known = sum(numbers["counts"].values())
        most = max(numbers["counts"].values(), default=0)
        if name == "difficulty" and known >= limits.balance_sample and most > limits.spread_share_max * known:
            yield Finding("C18", Severity.WARN, f"{most / known:.0%}的题目难度相同,拉不开层次")


def check_numbers(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C19: questions of each type and level against the template's minimum, where one is configured."""
    levels = sorted({question.level for question in bank.questions})
    for level in levels:
        counts = Counter(str(question.kind) for question in bank.questions if question.level == level)
        for kind, least in (limits.minimum_counts or {}).items():
            if counts[kind] < least:
                told = f"{KIND_LABELS[Kind(kind)]}有{counts[kind]}道,少于要求的{least}道"
                yield Finding("C19", Severity.INFO, f"{level or '未注明等级'}:{told}")


def check_composability(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C20: how many papers of the configured pattern can be drawn without using a question twice."""
    counts: Counter[str] = Counter()
    for question in bank.questions:
        counts[str(question.kind)] += 1
        if question.kind in CHOICE_KINDS:
            counts["choice"] += 1
    papers = min((counts[kind] // number for kind, number in limits.paper_pattern.items() if number), default=0)
    names = {"choice": "选择题", **{str(kind): label for kind, label in KIND_LABELS.items()}}
    pattern = "+".join(f"{names.get(kind, kind)}{number}题" for kind, number in limits.paper_pattern.items())
    if bank.questions:
        yield Finding("C20", Severity.INFO, f"按方案({pattern})组卷,可抽出{papers}套不重复的试卷")
