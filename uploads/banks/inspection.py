"""The way in: inspect a file and say what is in it and what is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    with _paused_gc():
        return _inspect(report, path, item, previous, limits_of_checks, limits or ArchiveLimits(), progress)


@contextmanager
def _paused_gc() -> Iterator[None]:
    """Millions of new objects and no cycles: the collector would only walk them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _inspect(
    report: Report,
    path: str | Path,
    item: ItemRef | None,
    previous: Sequence[Question] | None,
    thresholds: Thresholds,
    limits: ArchiveLimits,
    progress: Progress,
) -> Report:
    progress("read")
    try:
        found = load(Path(path), report.file, thresholds.type_letters, limits)
    except Unreadable as error:
        report.readable = False
        report.findings.append(refuse(error.problem))
        return report
    report.questions = found.questions
    bank = Bank(report.file, found.questions, statements=found.statements, item=item, previous=previous)
    report.findings = _in_order([*found.findings, *_empty(found), *run_checks(bank, thresholds, progress)])
    report.duplicates = bank.duplicates
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
