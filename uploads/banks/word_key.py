"""Answer keys at the end: 「1.A 2.B」, 「3-5 CDA」, 「6. √」, 「1.答:…」."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uploads.banks.models import Kind
from uploads.banks.text import half, squeeze

_MARKS = r"(?:[A-Ja-j]{1,10}(?![A-Za-z])|√|×|✓|✗|✔|✘|对|错|正确|错误|[TF](?![A-Za-z]))"
_RANGE = re.compile(
    rf"(?<!\d)(\d{{1,4}})\s*(?:[-~—–～]|至|到)+\s*(\d{{1,4}})\s*题?\s*[:.、)]?\s*({_MARKS}(?:[\s,、;/]*{_MARKS})*)(?!\s*[.、:)]\s*\S)"
)
_ITEM = re.compile(
    rf"(?<!\d)(\d{{1,4}})\s*[.、:)）\s]\s*\(?\s*({_MARKS}(?:\s*[,、]\s*[A-J](?![A-Za-z]))*)\s*\)?(?=[\s,;。、|\d(]|$)"
)
# The section's kind, its round, the number.
KeyName = tuple[Kind | None, int, int]
_NUMBER_WORD = re.compile("题号|序号|题目|编号|小题")
_ANSWER_WORD = re.compile("(?:参考|标准|正确)?答案")
_GLUED = re.compile(rf"(?<!\S)(\d{{1,4}})({_MARKS})(?=[\s,;。、]|$)")
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
    item = _ITEM if found or not _is_glued(rest) else _GLUED
    found.extend((match.start(), 0, int(match[1]), match[2]) for match in item.finditer(rest))
    left = item.sub(" ", rest)
    return [(number, answer) for _, _, number, answer in sorted(found)], left.strip(" \t,;。、|")


def _is_glued(flat: str) -> bool:
    """「1A 2B 3C」, and not 「10A 20A」: the numbers count on."""
    numbers = [int(match[1]) for match in _GLUED.finditer(flat)]
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def key_run(text: str, section: Kind | None) -> list[str]:
    """「ABCDA BCD」 as the answers 1 to 8 of a single-choice section, 「AB ACD」 as two of a multiple-choice one; an
    empty list for anything else."""
    groups = [group for group in re.split(r"[\s,、;。]+", half(text)) if group]
    if not groups or not all(re.fullmatch(r"[A-J]+|(?:[√×✓✗✔✘TF对错]|正确|错误)+", group) for group in groups):
        return []
    if section is Kind.MULTIPLE_CHOICE:
        return groups if len(groups) > 1 else []
    return re.findall("正确|错误|.", "".join(groups))


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
    """Answers by section, round and number.

    Sections are the key's own titles; a number that comes again begins the next round of its section (the next
    chapter), or, in a key without titles, the next section.
    """

    def __init__(self) -> None:
        self._answers: dict[KeyName, str] = {}
        self._section: Kind | None = None
        self._rounds: dict[Kind | None, int] = {}
        self._open: KeyName | None = None
        self._open_bracket = False
        self.unused: set[KeyName] = set()

    def begin(self, section: Kind | None, part: int | None = None) -> None:
        self._section, self._open = section, None
        if part is not None:
            self._rounds[None] = part

    @property
    def _round(self) -> int:
        return self._rounds.get(self._section, 0)

    def _name(self, number: int) -> KeyName:
        if (self._section, self._round, number) in self._answers:
            self._rounds[self._section] = self._round + 1
        return self._section, self._round, number

    def add_line(self, text: str) -> bool:
        """Take a line in; False when it says nothing that could be an answer."""
        items, left = key_items(text)
        if items and (not left or len(items) > 1):
            for number, answer in items:
                self._put(self._name(number), answer)
            self._open = None
            return not left
        run = [] if self._open else key_run(text, self._section)
        if run:
            section = self._section
            first = 1 + max((name[2] for name in self._answers if name[:2] == (section, self._round)), default=0)
            for number, answer in enumerate(run, first):
                self._put((section, self._round, number), answer)
            return True
        plain = numbered(text)
        is_bracket = half(text).lstrip()[:1] == "("
        if plain and not (self._open and is_bracket and not self._open_bracket):
            self._open, self._open_bracket = self._name(plain[0]), is_bracket
            self._put(self._open, plain[1])
            return True
        if self._open:
            self._answers[self._open] += "\n" + text.strip()
            return True
        return False

    def _put(self, name: KeyName, answer: str) -> None:
        self._answers.setdefault(name, answer)
        self.unused.add(name)

    def find(self, section: Kind | None, turn: int, part: int, number: int) -> str | None:
        """The answer of question `number` in the section of place `part`, which is number `turn` of its kind.

        By the key's title, else by the place in the order, else any that nobody has claimed: questions that count on
        through the sections have one key for all.
        """
        names = [(section, turn, number), (None, part, number)]
        names += sorted(
            (name for name in self.unused if name[0] in (section, None) and name[2] == number),
            key=lambda name: (name[0] is None, name[1]),
        )
        for name in names:
            if name in self._answers:
                self.unused.discard(name)
                return self._answers[name]
        return None

    def items(self) -> list[tuple[Kind | None, str, str]]:
        """All (type, number, answer), in the order of the key."""
        return [(section, str(number), answer) for (section, _, number), answer in self._answers.items()]

    def __bool__(self) -> bool:
        return bool(self._answers)
