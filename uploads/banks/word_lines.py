"""Lines of a Word file, and what the coded and the free form have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uploads.banks.kinds import complete_question
from uploads.banks.models import Kind, Layout, Question
from uploads.banks.options import trim


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, or a part of one that a line break divides; `row` is the number of the paragraph. `is_key`: a row of
    a table of answers, 「1.A 2.B」; `underlined` is what the author underlined in it."""

    row: int
    text: str
    pictured: bool = False
    is_key: bool = False
    underlined: tuple[str, ...] = ()


def layout_of(fields: Sequence[str]) -> Layout:
    """Word has paragraphs and no columns, but some fields are stated and some are not."""
    return Layout({name: None for name in fields}, "段", point_is_code=True)


@dataclass(slots=True)
class Draft:
    """A question while its lines come in."""

    row: int
    stem: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    answer: list[str] | None = None
    analysis: list[str] = field(default_factory=list)
    type_text: str = ""
    level: str = ""
    number: str = ""
    point: str = ""
    difficulty: str = ""
    consistency: str = ""
    section: int = 0
    style: str = ""
    pictured: set[str] = field(default_factory=set)
    underlined: list[str] = field(default_factory=list)
    mode: str = "stem"

    def add(self, text: str) -> None:
        """Another line of whatever came last."""
        if self.mode == "options" and self.options:
            self.options[-1] = f"{self.options[-1]}\n{text}".strip()
        elif self.mode == "answer":
            self.answer = [*(self.answer or []), text]
        elif self.mode == "analysis":
            self.analysis.append(text)
        else:
            self.stem.append(text)

    def note_picture(self) -> None:
        """A picture stands in the line that was just read: in the stem, in the last option, in the answer."""
        is_option = self.mode == "options" and self.options
        self.pictured.add(
            f"option:{len(self.options) - 1}" if is_option else "stem" if self.mode == "code" else self.mode
        )

    def finish(self, layout: Layout, letters: Mapping[str, str]) -> Question:
        question = Question(
            sheet="",
            row=self.row,
            kind=Kind.OTHER,
            stem="\n".join(self.stem).strip(),
            answer="\n".join(self.answer or []).strip(),
            options=trim([option.strip() for option in self.options]),
            type_text=self.type_text,
            point=self.point,
            level=self.level,
            difficulty=self.difficulty,
            consistency=self.consistency,
            analysis="\n".join(self.analysis).strip(),
            number=self.number,
            pictured=frozenset(self.pictured),
            layout=layout,
        )
        complete_question(question, letters)
        return question
