"""The report as a workbook for download: the same three sheets as the command's, made from what is stored."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from flask import Response
from flask_babel import gettext

from app.rules.settings import Settings
from app.web.exports import workbook
from uploads.banks.models import Duplicate, Finding, Kind, Place, Question, Severity
from uploads.banks.report import UNSTATED, Report
from uploads.banks.report_xlsx import write_report_xlsx


def download(stored: Mapping[str, Any], *, name: str, settings: Settings) -> Response:
    """The workbook of one file's report, called after the file."""
    out = io.BytesIO()
    write_report_xlsx(restore(stored, name=name, settings=settings), out)
    return workbook(out.getvalue(), gettext("%(name)s 检查报告.xlsx", name=PurePath(name).stem))


def restore(stored: Mapping[str, Any], *, name: str, settings: Settings) -> Report:
    """A report whose questions are only counted: no stem, option or answer was ever stored."""
    findings = [_finding(one) for one in stored.get("findings") or ()]
    total = int(stored.get("findings_total") or 0)
    if total > len(findings):
        told = f"共发现{total}条,这里列出最严重的{len(findings)}条"
        findings.append(Finding("", Severity.INFO, told))
    return Report(
        name,
        readable=bool(stored.get("readable", True)),
        questions=_questions(stored),
        findings=findings,
        duplicates=[_pair(one) for one in (stored.get("duplicates") or {}).get("pairs") or ()],
        blocking_checks=frozenset(settings.submission_blocking_checks),
        sections={
            "coverage": _coverage(stored.get("coverage")),
            "answer_balance": stored.get("answer_balance") or {},
            "difficulty": stored.get("difficulty") or {},
        },
    )


def _questions(stored: Mapping[str, Any]) -> list[Question]:
    """As many empty questions as were counted, one object a level and type."""
    table = stored.get("by_level_and_type") or {UNSTATED: stored.get("by_type") or {}}
    questions: list[Question] = []
    for level, kinds in table.items():
        for kind, number in kinds.items():
            empty = Question("", 0, Kind(kind), stem="", answer="", level="" if level == UNSTATED else level)
            questions.extend([empty] * number)
    return questions


def _coverage(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    # The workbook names a range by its code and its name; the names were not kept.
    if not found:
        return None
    return {**found, "by_range": [{**part, "code": part["code"] or "", "name": ""} for part in found["by_range"]]}


def _finding(one: Mapping[str, Any]) -> Finding:
    related = tuple(_place(place) for place in one.get("related") or ())
    return Finding(
        one["check"], Severity(one["severity"]), one["message"], one.get("sheet") or "", one.get("row"),
        one.get("column"), related,
    )  # fmt: skip


def _place(one: Mapping[str, Any]) -> Place:
    return Place(one.get("sheet") or "", int(one["row"]))


def _pair(one: Mapping[str, Any]) -> Duplicate:
    return Duplicate(_place(one["a"]), _place(one["b"]), float(one["similarity"]))
