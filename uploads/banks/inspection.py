"""The way in: inspect a file and say what is in it and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from uploads.banks.archive import ArchiveLimits
from uploads.banks.bank import Bank
from uploads.banks.checks.table import run_checks
from uploads.banks.loading import load, refuse
from uploads.banks.models import Finding, ItemRef, Question, Severity
from uploads.banks.report import Report
from uploads.banks.sheets import Unreadable
from uploads.banks.tables import Yield
from uploads.banks.thresholds import Thresholds

Progress = Callable[[str], None]


def _quiet(_: str) -> None:
    """Nobody watches."""


def inspect_path(
    path: str | Path,
    *,
    name: str | None = None,
    item: ItemRef | None = None,
    blueprint: None = None,
    previous: Sequence[Question] | None = None,
    thresholds: Thresholds | None = None,
    limits: ArchiveLimits | None = None,
    progress: Progress = _quiet,
) -> Report:
    """Inspect one file. Never raises for what is in the file: an unreadable one gives a report with its C01 finding.

    `name` is what people call the file (the path of an upload says nothing); `progress` hears "read" and each check.
    """
    limits_of_checks = thresholds or Thresholds()
    report = Report(name or str(path), blocking_checks=frozenset(limits_of_checks.submission_blocking_checks))
    progress("read")
    try:
        found = load(Path(path), name or str(path), limits_of_checks.type_letters, limits or ArchiveLimits())
    except Unreadable as error:
        report.readable = False
        report.findings.append(refuse(error.problem))
        return report
    report.questions = found.questions
    bank = Bank(report.file, found.questions, statements=found.statements, item=item, previous=previous)
    report.findings = _in_order([*found.findings, *_empty(found), *run_checks(bank, limits_of_checks, progress)])
    return report


def _empty(found: Yield) -> Iterator[Finding]:
    if not found.questions:
        message = "没有读到任何试题" if found.headers else "没有找到题目表头:表格需要有「题干」和「答案」等列名"
        yield Finding("C01", Severity.BLOCK, message)


def _in_order(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.check, finding.sheet, finding.row or 0))


def iter_questions(path: str | Path, *, thresholds: Thresholds | None = None) -> Iterator[Question]:
    """The questions of a file in its order. Raises Unreadable."""
    limits = thresholds or Thresholds()
    yield from load(Path(path), str(path), limits.type_letters, ArchiveLimits()).questions
