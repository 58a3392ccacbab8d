"""The way in: inspect a file and say what is in it and what is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uploads.banks.archive import ArchiveLimits
from uploads.banks.bank import Bank
from uploads.banks.blueprint import Blueprint, merge
from uploads.banks.checks.table import run_checks
from uploads.banks.compare import compare, find_changes
from uploads.banks.loading import load, load_blueprint, refuse
from uploads.banks.models import Finding, ItemRef, Question, Severity
from uploads.banks.overview import coverage, scale
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
    blueprint: Blueprint | str | Path | None = None,
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
        request = _Request(Path(path), item, blueprint, previous, limits_of_checks, limits or ArchiveLimits(), progress)
        return _inspect(report, request)


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


@dataclass(frozen=True, slots=True)
class _Request:
    path: Path
    item: ItemRef | None
    blueprint: Blueprint | str | Path | None
    previous: Sequence[Question] | None
    thresholds: Thresholds
    limits: ArchiveLimits
    progress: Progress


def _inspect(report: Report, request: _Request) -> Report:
    request.progress("read")
    try:
        found = load(request.path, report.file, request.thresholds.type_letters, request.limits)
        blueprint = _blueprint(request, found)
    except Unreadable as error:
        report.readable = False
        report.findings.append(refuse(error.problem))
        return report
    report.questions = found.questions
    bank = Bank(
        report.file,
        found.questions,
        statements=found.statements,
        item=request.item,
        previous=request.previous,
        blueprint=blueprint,
        skills=found.skills,
        has_pictures=found.has_pictures,
    )
    findings = [*found.findings, *_empty(found), *run_checks(bank, request.thresholds, request.progress)]
    report.duplicates = bank.duplicates
    report.sections = _sections(bank, request.thresholds)
    if request.previous is not None:
        comparison = compare(request.previous, bank.questions, request.thresholds.near_similarity)
        findings.extend(find_changes(comparison))
        report.sections["comparison"] = comparison.to_json()
    report.findings = _in_order(findings)
    return report


def _blueprint(request: _Request, found: Yield) -> Blueprint | None:
    """The one given, else the one that came with the bank."""
    if request.blueprint is None:
        return merge(found.blueprints)
    return request.blueprint if isinstance(request.blueprint, Blueprint) else load_blueprint(Path(request.blueprint))


def _sections(bank: Bank, limits: Thresholds) -> dict[str, Any]:
    covered = coverage(bank.questions, bank.blueprint, limits.point_questions_wanted) if bank.blueprint else None
    return {
        "coverage": covered.to_json() if covered else None,
        "answer_balance": bank.balance,
        "difficulty": scale(bank.questions, "difficulty"),
        "consistency": scale(bank.questions, "consistency"),
    }


def _empty(found: Yield) -> Iterator[Finding]:
    if not found.questions and not found.blueprints:
        message = "没有读到任何试题" if found.headers else "没有找到题目表头:表格需要有「题干」和「答案」等列名"
        yield Finding("C01", Severity.BLOCK, message)


def _in_order(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.check, finding.sheet, finding.row or 0))


def iter_questions(path: str | Path, *, thresholds: Thresholds | None = None) -> Iterator[Question]:
    """The questions of a file in its order. Raises Unreadable."""
    limits = thresholds or Thresholds()
    yield from load(Path(path), str(path), limits.type_letters, ArchiveLimits()).questions
