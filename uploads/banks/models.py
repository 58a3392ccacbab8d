"""What a bank is made of, and what may be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LETTERS = "ABCDEFGHIJ"


class Kind(StrEnum):
    """题型."""

    SINGLE_CHOICE = "single_choice"
    MULTIPLE_CHOICE = "multiple_choice"
    TRUE_FALSE = "true_false"
    FILL_IN = "fill_in"
    SHORT_ANSWER = "short_answer"
    CALCULATION = "calculation"
    ESSAY = "essay"
    CASE = "case"
    OTHER = "other"


KIND_LABELS: Mapping[Kind, str] = {
    Kind.SINGLE_CHOICE: "单选题",
    Kind.MULTIPLE_CHOICE: "多选题",
    Kind.TRUE_FALSE: "判断题",
    Kind.FILL_IN: "填空题",
    Kind.SHORT_ANSWER: "简答题",
    Kind.CALCULATION: "计算题",
    Kind.ESSAY: "论述题",
    Kind.CASE: "案例分析题",
    Kind.OTHER: "其他",
}
CHOICE_KINDS = frozenset({Kind.SINGLE_CHOICE, Kind.MULTIPLE_CHOICE})


class Severity(StrEnum):
    """`block` refuses the file; `error` stops submission where the check is listed as blocking; the rest inform."""

    BLOCK = "block"
    ERROR = "error"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a sheet (empty for CSV and Word) and a row, 1-based as the spreadsheet shows it.

    In Word files the row is the number of the paragraph, see `word.lines`.
    """

    sheet: str
    row: int

    def to_json(self) -> dict[str, object]:
        return {"sheet": self.sheet or None, "row": self.row}


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of one check (C01–C26), addressed as far as it can be."""

    check: str
    severity: Severity
    message: str
    sheet: str = ""
    row: int | None = None
    column: str | None = None
    related: tuple[Place, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "check": self.check,
            "severity": str(self.severity),
            "sheet": self.sheet or None,
            "row": self.row,
            "column": self.column,
            "message": self.message,
            "related": [place.to_json() for place in self.related],
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """How one table or document was read: which field stands in which column (letters), and what a row is called."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    unit: str = "行"
    point_is_code: bool = False

    def has(self, name: str) -> bool:
        return name in self.columns


@dataclass(slots=True)
class Question:
    """One question (试题) as the file gives it, with what could be understood of it.

    `options` holds the texts of A, B, C … in order, empty where an option is blank. `letters` are the distinct
    answer letters in order, `truth` the answer of a true/false question; both stay empty when the answer says
    neither. `type_known` is False when a type was stated that nobody has mapped.
    """

    sheet: str
    row: int
    kind: Kind
    stem: str
    answer: str
    options: tuple[str, ...] = ()
    letters: str = ""
    truth: bool | None = None
    type_text: str = ""
    type_known: bool = True
    point: str = ""
    point_name: str = ""
    level: str = ""
    difficulty: str = ""
    consistency: str = ""
    analysis: str = ""
    number: str = ""
    pictured: frozenset[str] = frozenset()
    layout: Layout = Layout()

    @property
    def place(self) -> Place:
        return Place(self.sheet, self.row)

    def column(self, name: str) -> str | None:
        return self.layout.columns.get(name)

    @property
    def filled_options(self) -> list[str]:
        return [text for text in self.options if text]

    def option(self, letter: str) -> str:
        index = LETTERS.find(letter)
        return self.options[index] if 0 <= index < len(self.options) else ""

    def here(self, name: str = "") -> str:
        """The address in a clerk's words: 第12行 or 第12行D列."""
        column = self.column(name) if name else None
        head = f"工作表「{self.sheet}」" if self.sheet else ""
        return f"{head}第{self.row}{self.layout.unit}" + (f"{column}列" if column else "")


@dataclass(frozen=True, slots=True)
class ItemRef:
    """The item (申报项) a bank belongs to: occupation, work type and level."""

    occupation_code: str | None = None
    occupation_name: str | None = None
    work_type: str | None = None
    level: str | None = None
    applicant_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two questions whose normalised stems are alike; similarity is 1 − distance / longer length."""

    a: Place
    b: Place
    similarity: float

    def to_json(self) -> dict[str, object]:
        return {"a": self.a.to_json(), "b": self.b.to_json(), "similarity": round(self.similarity, 4)}


@dataclass(frozen=True, slots=True)
class Statement:
    """A level or an occupation that a cover, a title row or a sheet's name states."""

    sheet: str
    row: int | None
    level: str = ""
    occupation: str = ""
    text: str = ""
