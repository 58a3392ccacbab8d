"""Answer keys at the end: 「1.A 2.B」, 「3-5 CDA」, 「6. √」, 「1.答:…」."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from uploads.banks.models import Kind
from uploads.banks.text import half, squeeze

_MARKS = r"(?:[A-Ja-j]{1,10}(?![A-Za-z])|√|×|✓|✗|✔|✘|对|错|正确|错误|[TF](?![A-Za-z]))"
_RANGE = re.compile(
    rf"(?<!\d)(\d{{1,4}})\s*(?:[-~—–～]|至|到)+\s*(\d{{1,4}})\s*题?\s*[:.、)]?\s*({_MARKS}(?:[\s,、;/]*{_MARKS})*)(?!\s*[.、:)]\s*\S)"
)
_ITEM = re.compile(
    rf"(?<!\d)(\d{{1,4}})\s*[.、:)）\s]\s*\(?\s*({_MARKS}(?:\s*[,、]\s*[A-J](?![A-Za-z]))*)\s*\)?(?=[\s,;。、|\d(]|$)"
)
_NUMBER_WORD = re.compile("题号|序号|题目|编号|小题")
_ANSWER_WORD = re.compile("(?:参考|标准|正确)?答案")
_NUMBERED = re.compile(r"^\s*(?:第\s*)?\(?(\d{1,4})\)?\s*(?:题\s*)?[.、:)\s]\s*(.+)$", re.S)


def _split(marks: str, wanted: int) -> list[str]:
    """「CDA」 or 「C D A」 or 「AB ACD」 as `wanted` answers; empty when the number does not fit."""
    spaced = [part for part in re.split(r"[\s,、;/]+", marks) if part]
    if len(spaced) == wanted:
        return spaced
    words = re.findall(r"正确|错误|\S", re.sub(r"[\s,、;/]+", "", marks))
    return words if len(words) == wanted else []


def key_items(text: str) -> tuple[list[tuple[int, str]], str]:
    """The (number, answer) items of a line of a key, and what of the line was not one."""
    flat = half(text)
    found: list[tuple[int, int, int, str]] = []
    rest = flat
    for match in _RANGE.finditer(flat):
        low, high = int(match[1]), int(match[2])
        answers = _split(match[3], high - low + 1) if 0 < high - low < 200 else []
        found.extend((match.start(), index, low + index, answer) for index, answer in enumerate(answers))
        if answers:
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    found.extend((match.start(), 0, int(match[1]), match[2]) for match in _ITEM.finditer(rest))
    left = _ITEM.sub(" ", rest)
    return [(number, answer) for _, _, number, answer in sorted(found)], left.strip(" \t,;。、|")


def is_key_line(text: str) -> bool:
    """A line that is nothing but key items."""
    items, left = key_items(text)
    return bool(items) and not left


def numbered(text: str) -> tuple[int, str] | None:
    """「3.答:……」 → (3, 「……」)."""
    match = _NUMBERED.match(half(text))
    if not match:
        return None
    rest = text[match.start(2) :]
    return int(match[1]), re.sub(r"^\s*(?:答案?|解)\s*[:：]\s*", "", rest).strip()


def table_items(rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """Row index → 「1.A 2.B」 of a table of answers: numbers above their answers, or beside them under 题号 and 答案.

    A row that belongs to no number is left out.
    """
    columns = _number_columns(rows[0]) if rows else []
    if columns:
        cells = [(row[n], row[a]) for row in rows[1:] for n, a in columns if a < len(row)]
        found = sorted((int(half(number)), answer) for number, answer in cells if number.isdigit() and answer)
        # All in one line: beside one another the columns run 1, 11, 2, 12.
        whole = " ".join(f"{number}.{answer}" for number, answer in found)
        return dict.fromkeys(range(1, len(rows)), "") | {1: whole} if found else {}
    below: dict[int, str] = {}
    for index, row in enumerate(rows[:-1]):
        numbers = [column for column, text in enumerate(row) if text.isdigit()]
        words = [text for text in row if text and not text.isdigit()]
        if not numbers or any(not _NUMBER_WORD.fullmatch(squeeze(word)) for word in words):
            continue
        answers = rows[index + 1]
        items = [f"{half(row[n])}.{answers[n]}" for n in numbers if n < len(answers) and answers[n]]
        if items and not all(answers[n].isdigit() for n in numbers if n < len(answers)):
            below[index] = " ".join(items)
    return below


def _number_columns(row: Sequence[str]) -> list[tuple[int, int]]:
    """Columns of (number, answer) under 题号, 答案, perhaps several times beside one another."""
    flat = [squeeze(text) for text in row]
    return [
        (column, column + 1)
        for column in range(len(flat) - 1)
        if _NUMBER_WORD.fullmatch(flat[column]) and _ANSWER_WORD.fullmatch(flat[column + 1])
    ]


class AnswerKey:
    """Answers by section and number. Sections are the keys's own titles; without any, a number that starts again
    starts the next section."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Kind | int | None, int], str] = {}
        self._section: Kind | None = None
        self._part = 0
        self._last = 0
        self._open: tuple[Kind | int | None, int] | None = None
        self.unused: set[tuple[Kind | int | None, int]] = set()

    def begin(self, section: Kind | None, part: int | None = None) -> None:
        self._section, self._last, self._open = section, 0, None
        if part is not None:
            self._part = part

    def _name(self, number: int) -> tuple[Kind | int | None, int]:
        if self._section is None and number <= self._last:
            self._part += 1
        self._last = number
        return (self._section if self._section is not None else self._part, number)

    def add_line(self, text: str) -> bool:
        """Take a line in; False when it says nothing that could be an answer."""
        items, left = key_items(text)
        if items and (not left or len(items) > 1):
            for number, answer in items:
                self._put(self._name(number), answer)
            self._open = None
            return not left
        plain = numbered(text)
        if plain:
            self._open = self._name(plain[0])
            self._put(self._open, plain[1])
            return True
        if self._open:
            self._answers[self._open] += "\n" + text.strip()
            return True
        return False

    def _put(self, name: tuple[Kind | int | None, int], answer: str) -> None:
        self._answers.setdefault(name, answer)
        self.unused.add(name)

    def find(self, section: Kind | None, part: int, number: int) -> str | None:
        """The answer of question `number` of a section, by the section's kind or by its place in the order."""
        for name in ((section, number), (part, number)):
            if name in self._answers and (name[0] is not None):
                self.unused.discard(name)
                return self._answers[name]
        return None

    def __bool__(self) -> bool:
        return bool(self._answers)

    def sections(self) -> Iterator[Kind | int | None]:
        yield from {name[0] for name in self._answers}
