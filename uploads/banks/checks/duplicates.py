"""C09–C11: the same question twice, nearly the same question, the same question with another answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import overload

import numpy as np
import numpy.typing as npt

from uploads.banks.bank import Bank
from uploads.banks.models import Duplicate, Finding, Kind, Question, Severity
from uploads.banks.neardup import near_pairs
from uploads.banks.text import normalise, quote, squeeze
from uploads.banks.thresholds import Thresholds

_ALL_PAIRS_UP_TO = 200


class DuplicateList(Sequence[Duplicate]):
    """Pairs of questions as arrays, made into objects only when looked at: a bad bank has hundreds of thousands."""

    def __init__(self, questions: Sequence[Question], pairs: npt.NDArray[np.int64], alike: npt.NDArray[np.float64]):
        self._questions = questions
        self._pairs = pairs
        self._alike = alike

    def __len__(self) -> int:
        return len(self._alike)

    @overload
    def __getitem__(self, index: int) -> Duplicate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Duplicate]: ...
    def __getitem__(self, index: int | slice) -> Duplicate | list[Duplicate]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        first, second = self._pairs[index]
        a, b = self._questions[int(first)].place, self._questions[int(second)].place
        return Duplicate(a, b, float(self._alike[index]))

    def to_json(self) -> list[dict[str, object]]:
        places = {int(index): self._questions[index].place.to_json() for index in np.unique(self._pairs)}
        rows = zip(self._pairs.tolist(), np.round(self._alike, 4).tolist(), strict=True)
        return [{"a": places[a], "b": places[b], "similarity": alike} for (a, b), alike in rows]


def pairs_to_json(pairs: Sequence[Duplicate]) -> list[dict[str, object]]:
    """The pairs as JSON objects; quickly for a list of arrays."""
    return pairs.to_json() if isinstance(pairs, DuplicateList) else [pair.to_json() for pair in pairs]


def find_duplicates(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """C09, C10 and C11 in one walk, because all three need the stems normalised and grouped.

    Sets `bank.duplicates`. Findings stand at the later question and relate to the earlier ones.
    """
    groups: dict[str, list[int]] = {}
    for index, question in enumerate(bank.questions):
        flat = normalise(question.stem)
        if flat:
            groups.setdefault(flat, []).append(index)
    yield from _find_same(bank, groups)
    yield from _find_conflicts(bank, groups)
    yield from _find_near(bank, groups, limits)


def _find_same(bank: Bank, groups: dict[str, list[int]]) -> Iterator[Finding]:
    for members in groups.values():
        first = bank.questions[members[0]]
        for index in members[1:]:
            question = bank.questions[index]
            yield _at(question, "C09", Severity.ERROR, f"题干与{_where(first, question)}完全相同", [first])


def _answer_key(question: Question) -> object:
    if question.letters:
        return frozenset(squeeze(question.option(letter)) or letter for letter in question.letters)
    if question.kind is Kind.TRUE_FALSE:
        return question.truth
    return normalise(question.answer)


def _is_other_question(one: Question, two: Question) -> bool:
    """「下列说法正确的是」 with quite other options is another question, not another answer."""
    return bool(one.options and two.options) and not (
        {squeeze(text) for text in one.filled_options} & {squeeze(text) for text in two.filled_options}
    )


def _find_conflicts(bank: Bank, groups: dict[str, list[int]]) -> Iterator[Finding]:
    for members in groups.values():
        if len(members) == 1:
            continue
        known: dict[object, Question] = {}
        for index in members:
            question = bank.questions[index]
            if not question.answer:
                continue
            key = _answer_key(question)
            other = next((q for k, q in known.items() if k != key and not _is_other_question(q, question)), None)
            if other is not None:
                answers = f"{quote(other.answer, 20)}与{quote(question.answer, 20)}"
                told = f"题干与{_where(other, question)}相同,答案却不同({answers})"
                yield _at(question, "C11", Severity.ERROR, told, [other], "answer")
            known.setdefault(key, question)


def _find_near(bank: Bank, groups: dict[str, list[int]], limits: Thresholds) -> Iterator[Finding]:
    stems = list(groups)
    near = near_pairs(stems, limits.near_similarity)
    pairs, alike = _all_pairs(list(groups.values()), near.first, near.second, near.similarity)
    total = sum(len(m) * (len(m) - 1) // 2 for m in groups.values())
    sizes = np.fromiter(map(len, groups.values()), np.int64, len(groups))
    total += int((sizes[near.first] * sizes[near.second]).sum()) if len(near.first) else 0
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))[: limits.duplicate_pairs_listed]
    bank.duplicates = DuplicateList(bank.questions, pairs[order], alike[order])
    if total > len(order):
        told = f"重复和相近的题目共{total}对,逐对只列出{len(order)}对,其余请按每题的提示查看"
        yield Finding("C10", Severity.WARN, told)
    only_near = alike < 1
    yield from _tell_near(bank, pairs[only_near], alike[only_near], limits)


def _all_pairs(
    members: Sequence[list[int]],
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    similarity: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pairs of questions out of groups of equal stems and pairs of like groups.

    A group of more than 200 equal stems is given as pairs with its first member only.
    """
    same: list[tuple[int, int]] = []
    for group in members:
        if len(group) > 1:
            whole = len(group) <= _ALL_PAIRS_UP_TO
            same.extend(combinations(group, 2) if whole else ((group[0], other) for other in group[1:]))
    heads = np.fromiter((group[0] for group in members), np.int64, len(members))
    near = np.stack([heads[first], heads[second]], axis=1)
    extra: list[tuple[int, int]] = []
    values: list[float] = []
    several = np.fromiter((len(group) > 1 for group in members), np.bool_, len(members))
    for at in np.flatnonzero(several[first] | several[second]):
        ones, twos = members[first[at]][:_ALL_PAIRS_UP_TO], members[second[at]][:_ALL_PAIRS_UP_TO]
        more = [(one, two) for one in ones for two in twos][1:]
        extra.extend(more)
        values.extend([float(similarity[at])] * len(more))
    pairs = np.concatenate([np.array(same, np.int64).reshape(-1, 2), near, np.array(extra, np.int64).reshape(-1, 2)])
    alike = np.concatenate([np.ones(len(same)), similarity, np.array(values)])
    return np.sort(pairs, axis=1), alike


def _tell_near(
    bank: Bank, pairs: npt.NDArray[np.int64], alike: npt.NDArray[np.float64], limits: Thresholds
) -> Iterator[Finding]:
    """One finding a question, at the later of each pair."""
    order = np.lexsort((pairs[:, 0], pairs[:, 1]))
    pairs, alike = pairs[order], alike[order]
    edges = np.flatnonzero(np.diff(pairs[:, 1], prepend=-1, append=-1)).tolist() if len(pairs) else []
    for low, high in pairwise(edges):
        question = bank.questions[int(pairs[low, 1])]
        others = [bank.questions[int(index)] for index in pairs[low : min(high, low + limits.related_listed), 0]]
        told = f"题干与{_where(others[0], question)}相近(相似度{alike[low]:.0%})"
        if high - low > 1:
            told += f",另有{high - low - 1}道相近的题"
        if any(other.level and question.level and other.level != question.level for other in others):
            told += ",跨等级"
        yield _at(question, "C10", Severity.WARN, told, others)


def _where(other: Question, question: Question) -> str:
    sheet = f"工作表「{other.sheet}」" if other.sheet != question.sheet else ""
    return f"{sheet}第{other.row}{other.layout.unit}"


def _at(
    question: Question, check: str, severity: Severity, told: str, others: Sequence[Question], name: str = "stem"
) -> Finding:
    related = tuple(other.place for other in others)
    message = f"{question.here(name)}:{told}"
    return Finding(check, severity, message, question.sheet, question.row, question.column(name), related)
