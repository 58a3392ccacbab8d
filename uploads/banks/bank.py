"""What the checks look at: the questions of one file with everything that was read beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from uploads.banks.blueprint import Blueprint
from uploads.banks.models import Duplicate, Finding, ItemRef, Question, Statement
from uploads.banks.overview import answer_balance
from uploads.banks.skills import SkillFile


@dataclass(slots=True)
class Bank:
    """One file's questions and statements, the item it is for, and what was found while reading."""

    name: str
    questions: list[Question] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    item: ItemRef | None = None
    previous: Sequence[Question] | None = None
    duplicates: Sequence[Duplicate] = ()
    blueprint: Blueprint | None = None
    skills: list[SkillFile] = field(default_factory=list)
    has_pictures: bool = False
    _balance: dict[str, Any] | None = None

    @property
    def balance(self) -> dict[str, Any]:
        """`overview.answer_balance` of the questions, counted once."""
        if self._balance is None:
            self._balance = answer_balance(self.questions)
        return self._balance
