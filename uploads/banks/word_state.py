"""How far the reading of a free Word bank has come: the section, the question and the key it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uploads.banks.kinds import name_kind
from uploads.banks.models import Kind
from uploads.banks.tables import Yield
from uploads.banks.word_key import AnswerKey
from uploads.banks.word_lines import Draft, Line


@dataclass(slots=True)
class Reader:
    lines: Sequence[Line]
    out: Yield
    letters: Mapping[str, str]
    drafts: list[Draft] = field(default_factory=list)
    draft: Draft | None = None
    section: str = ""
    part: int = 0
    level: str = ""
    style: str = ""
    last: int = 0
    in_key: bool = False
    ahead: str = ""
    key: AnswerKey = field(default_factory=AnswerKey)
    fields: set[str] = field(default_factory=set)

    @property
    def kind(self) -> Kind | None:
        return name_kind(self.section) if self.section else None
