"""What is said about one file: counts, findings, duplicates; as an object and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from uploads.banks.checks.duplicates import pairs_to_json
from uploads.banks.models import Duplicate, Finding, Kind, Question, Severity

UNSTATED = "unstated"


@dataclass(slots=True)
class Report:
    """The inspection of one file.

    `readable` is False when the file could not be read at all; `blocking` is True when the upload is refused or the
    submission must wait: a finding of severity `block`, or an error of a check that is listed as blocking.
    """

    file: str
    readable: bool = True
    questions: list[Question] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    duplicates: Sequence[Duplicate] = ()
    blocking_checks: frozenset[str] = frozenset()
    sections: dict[str, Any] = field(default_factory=dict)

    def blocks(self, finding: Finding) -> bool:
        return finding.severity is Severity.BLOCK or (
            finding.severity is Severity.ERROR and finding.check in self.blocking_checks
        )

    @property
    def blocking(self) -> bool:
        return any(self.blocks(finding) for finding in self.findings)

    @property
    def by_type(self) -> dict[str, int]:
        counts = Counter(question.kind for question in self.questions)
        return {str(kind): counts.get(kind, 0) for kind in Kind}

    @property
    def by_level(self) -> dict[str, int]:
        return dict(sorted(Counter(question.level or UNSTATED for question in self.questions).items()))

    @property
    def by_level_and_type(self) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = {}
        for question in self.questions:
            row = table.setdefault(question.level or UNSTATED, {})
            row[str(question.kind)] = row.get(str(question.kind), 0) + 1
        return dict(sorted(table.items()))

    def to_json_dict(self) -> dict[str, Any]:
        """The object `sheping banks inspect --json` prints; rows are 1-based, sheet is null for CSV and Word."""
        return {
            "file": self.file,
            "readable": self.readable,
            "blocking": self.blocking,
            "questions": len(self.questions),
            "by_type": self.by_type,
            "by_level": self.by_level,
            "by_level_and_type": self.by_level_and_type,
            "findings": [finding.to_json() for finding in self.findings],
            "duplicates": pairs_to_json(self.duplicates),
            "coverage": None,
            "answer_balance": {},
            "difficulty": {},
            **self.sections,
        }
