"""What is kept of a bank's inspection: counts, rows and checks. Never a word of a question, an answer or an option.

Whoever can read the database, or a log or a mail made from it, must not find the questions there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uploads.banks.checks.table import TITLES
from uploads.banks.filetype import FileKind
from uploads.banks.inspection import inspect_path
from uploads.banks.models import Finding, ItemRef, Severity
from uploads.banks.report import Report
from uploads.figures import figures_of
from uploads.reasons import reason

INSPECTED = frozenset({FileKind.XLSX, FileKind.XLS, FileKind.CSV, FileKind.DOCX, FileKind.ZIP})
# Such a file may hold the skill part only (准备通知单, 试卷, 评分记录表): no question in it is no fault.
_MAY_HOLD_NONE = (".docx", ".zip")
FINDINGS_KEPT = 1000
ROWS_KEPT = 500
RELATED_KEPT = 10
_GRAVE = (Severity.BLOCK, Severity.ERROR)
# A finding quotes the file in 「」 and nowhere else; sheets are the only thing quoted that is no content.
_QUOTED = re.compile("「([^」]*)」?")


def inspect_bank(path: Path, name: str, item: ItemRef | None = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Reasons to reject the file (it cannot be read, or a check of severity `block` says no) and what to keep.

    `item` is what the bank is for: another occupation or level on its cover is a reason to reject it (C02).
    """
    report = inspect_path(path, name=name, item=item)
    if report.readable and not report.questions and name.lower().endswith(_MAY_HOLD_NONE):
        report.findings = [finding for finding in report.findings if finding.check != "C01"]
    blocks = [finding for finding in report.findings if finding.severity is Severity.BLOCK]
    return [_reason(finding) for finding in blocks[:20]], summary_of(report)


def _reason(finding: Finding) -> dict[str, Any]:
    return reason(f"bank_{finding.check.lower()}", "%(message)s。", location=_place(finding), message=finding.message)


def _place(finding: Finding) -> str | None:
    parts = [f"工作表「{finding.sheet}」"] if finding.sheet else []
    parts += [f"第{finding.row}行"] if finding.row is not None else []
    return "".join(parts) or None


def summary_of(report: Report) -> dict[str, Any]:
    """The part of a report that may be kept. Lists are cut; the counts beside them are whole."""
    questions = report.questions
    blank_stems = [q.place.to_json() for q in questions if not q.stem and "stem" not in q.pictured]
    blank_answers = [q.place.to_json() for q in questions if not q.answer and "answer" not in q.pictured]
    return {
        "readable": report.readable,
        "blocking": report.blocking,
        "questions": len(questions),
        "by_type": report.by_type,
        "by_level": report.by_level,
        "empty_stems": {"count": len(blank_stems), "rows": blank_stems[:ROWS_KEPT]},
        "empty_answers": {"count": len(blank_answers), "rows": blank_answers[:ROWS_KEPT]},
        "errors_by_check": _count(finding for finding in report.findings if finding.severity in _GRAVE),
        "findings_by_check": _count(report.findings),
        "findings_total": len(report.findings),
        "findings": [_kept(finding) for finding in _gravest(report.findings)],
        **figures_of(report),
    }


def _count(findings: Iterable[Finding]) -> dict[str, int]:
    return dict(sorted(Counter(finding.check for finding in findings).items()))


def _gravest(findings: list[Finding]) -> list[Finding]:
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    return sorted(findings, key=lambda finding: ranks[finding.severity])[:FINDINGS_KEPT]


def _kept(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": str(finding.severity),
        "sheet": finding.sheet or None,
        "row": finding.row,
        "column": finding.column,
        "title": TITLES.get(finding.check, finding.check),
        "message": without_content(finding),
        "related": [place.to_json() for place in finding.related[:RELATED_KEPT]],
    }


def without_content(finding: Finding) -> str:
    """The finding's sentence with everything it quotes from the file taken out, the sheet's name excepted."""
    return _QUOTED.sub(lambda found: found.group(0) if found.group(1) == finding.sheet else "「…」", finding.message)
