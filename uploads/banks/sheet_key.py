"""Answers on a sheet of their own: 题型 | 题号 | 答案 behind the sheets of questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from uploads.banks.headers import HEADER_SEARCH_ROWS, field_of
from uploads.banks.kinds import complete_question, name_kind
from uploads.banks.models import Kind, Question
from uploads.banks.sections import section_kind
from uploads.banks.sheets import Table
from uploads.banks.tables import Yield
from uploads.banks.text import half

KeyTable = list[tuple[Kind | None, str, str]]
_FIELDS = {"number", "answer", "type"}


def read_key(table: Table) -> KeyTable:
    """The (type, number, answer) of a sheet whose columns are 题号 and 答案, perhaps 题型, perhaps several times beside
    one another, perhaps in parts under titles; empty for any other sheet."""
    for index, row in enumerate(table.rows[:HEADER_SEARCH_ROWS]):
        fields = [field_of(text) for text in row]
        named = {name for text, name in zip(row, fields, strict=True) if text}
        if {"number", "answer"} <= named <= _FIELDS:
            return _items(table, index + 1, fields)
    return []


def _items(table: Table, first: int, fields: Sequence[str | None]) -> KeyTable:
    numbers = [column for column, name in enumerate(fields) if name == "number"]
    answers = [column for column, name in enumerate(fields) if name == "answer"]
    type_column = next((column for column, name in enumerate(fields) if name == "type"), -1)
    if len(numbers) != len(answers):
        return []
    kind = name_kind(section_kind(table.name))
    found: KeyTable = []
    for row in table.rows[: first - 1] + table.rows[first:]:
        filled = [text for text in row if text]
        if len(filled) == 1 and section_kind(filled[0]):
            kind = name_kind(section_kind(filled[0]))
            continue
        if 0 <= type_column < len(row) and row[type_column]:
            kind = name_kind(row[type_column])
        for number, answer in zip(numbers, answers, strict=True):
            told = half(row[number]) if max(number, answer) < len(row) else ""
            if told.isdecimal() and row[answer]:
                found.append((kind, str(int(told)), row[answer]))
    return found


def apply_key(key: KeyTable, name: str, out: Yield, letters: Mapping[str, str]) -> None:
    """Give each question without an answer the one of its number and type, where the key names just one; what the key
    answers twice or for nobody is told."""
    wanted: dict[str, list[Question]] = defaultdict(list)
    for question in out.questions:
        if not question.answer and half(question.number).isdecimal():
            wanted[str(int(half(question.number)))].append(question)
    unused = 0
    for kind, number, answer in key:
        asked = [each for each in wanted[number] if kind is None or _kind(each) in (kind, None)]
        if len(asked) != 1:
            unused += 1
            continue
        wanted[number].remove(asked[0])
        asked[0].answer = answer
        complete_question(asked[0], letters)
    if unused:
        message = f"答案表「{name}」里有{unused}个答案对不上唯一的一道题(题型和题号),未采用,请核对"
        out.note(name, 1, message)


def _kind(question: Question) -> Kind | None:
    return name_kind(question.type_text) if question.type_text else None
