"""A stored report as its pages show it: figures, bars, checks in words, findings that stop the submission or do not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

from app.rules.settings import Settings
from app.web.bank_report import charts
from app.web.bank_report.checks import CHECKS, words_of
from uploads.banks.models import Severity

STOP = "stop"
# level -> (tone, word): what a finding means for the submission comes before its severity.
LEVELS: Mapping[str, tuple[str, Any]] = {
    STOP: ("bad", lazy_gettext("必须改正")),
    "error": ("action", lazy_gettext("错误")),
    "warn": ("action", lazy_gettext("提醒")),
    "info": ("neutral", lazy_gettext("说明")),
}
# What a finding begins with (`Question.here`); a row of a Word file is a paragraph (段).
_ADDRESS = re.compile(r"^(?:工作表「[^」]*」)?第\d+(行|段)(?:[A-Z]{1,3}列)?[::]")
_ALWAYS_STOP = frozenset({"C01", "C02"})


@dataclass(frozen=True)
class Row:
    """One finding. `message` is without the address, which stands in cells of its own; `row` may be a paragraph."""

    check: str
    title: str
    level: str
    tone: str
    word: str
    sheet: str
    row: int | None
    is_paragraph: bool
    column: str
    message: str
    related: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class CheckLine:
    """One check with what it found; `stops`: how many of these stop the submission."""

    id: str
    title: str
    explanation: str
    count: int
    stops: int


@dataclass(frozen=True)
class BankReport:
    """The report of one file. Counts are whole; `rows` may be cut to the gravest (`total` says how many there are)."""

    name: str
    is_readable: bool
    questions: int
    stops: int
    errors: int
    warnings: int
    infos: int
    duplicates: int
    total: int
    rows: list[Row]
    found: list[CheckLine]
    clean: list[CheckLine]
    stored: Mapping[str, Any]
    stopping_checks: frozenset[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found but what merely informs."""
        return self.is_readable and not (self.stops or self.errors or self.warnings)

    @property
    def has_paragraphs(self) -> bool:
        """Whether rows are paragraphs of a Word file."""
        return any(row.is_paragraph for row in self.rows)

    @property
    def charts(self) -> charts.Charts:
        """The figures as bars and tables."""
        return charts.of(self.stored)


def build(stored: Mapping[str, Any], *, name: str, settings: Settings) -> BankReport:
    """The report of a file called `name` from what was stored with it, by the settings of its authority."""
    stopping = _ALWAYS_STOP | set(settings.submission_blocking_checks)
    grave: Mapping[str, int] = stored.get("errors_by_check") or {}
    by_check: Mapping[str, int] = stored.get("findings_by_check") or {}
    total = int(stored.get("findings_total") or 0)
    rows = [_row(finding, stopping) for finding in stored.get("findings") or ()]
    stops = sum(number for check, number in grave.items() if check in stopping)
    severities: Mapping[str, int] = stored.get("findings_by_severity") or {}
    infos = severities.get("info", sum(row.level == "info" for row in rows))
    errors = sum(grave.values()) - stops
    return BankReport(
        name=name,
        is_readable=bool(stored.get("readable", True)),
        questions=int(stored.get("questions") or 0),
        stops=stops,
        errors=errors,
        warnings=max(0, total - stops - errors - infos),
        infos=infos,
        duplicates=int((stored.get("duplicates") or {}).get("count") or 0),
        total=total,
        rows=rows,
        found=[_line(check, number, grave, stopping) for check, number in sorted(by_check.items())],
        clean=list(_clean(stored, by_check)),
        stored=stored,
        stopping_checks=frozenset(stopping),
    )


def _line(check: str, count: int, grave: Mapping[str, int], stopping: Collection[str]) -> CheckLine:
    words = words_of(check)
    stops = grave.get(check, 0) if check in stopping else 0
    return CheckLine(check, str(words.title), str(words.explanation), count, stops)


def _clean(stored: Mapping[str, Any], by_check: Collection[str]) -> Iterable[CheckLine]:
    """The checks that ran and found nothing; those that had nothing to look at are not praised."""
    if not stored.get("readable", True) or not stored.get("questions"):
        return
    for check, words in CHECKS.items():
        ran = words.always_runs and (not words.needs_blueprint or stored.get("coverage"))
        if ran and check not in by_check:
            yield CheckLine(check, str(words.title), str(words.explanation), 0, 0)


def _row(finding: Mapping[str, Any], stopping: Collection[str]) -> Row:
    check, severity = str(finding.get("check") or ""), str(finding.get("severity") or "")
    grave = severity in (Severity.BLOCK, Severity.ERROR)
    level = STOP if severity == Severity.BLOCK or (grave and check in stopping) else severity
    message = str(finding.get("message") or "")
    address = _ADDRESS.match(message)
    tone, word = LEVELS.get(level, ("neutral", level))
    return Row(
        check=check,
        title=str(words_of(check, str(finding.get("title") or "")).title),
        level=level,
        tone=tone,
        word=str(word),
        sheet=str(finding.get("sheet") or ""),
        row=finding.get("row"),
        is_paragraph=address is not None and address[1] == "段",
        column=str(finding.get("column") or ""),
        message=message[address.end() :] if address else message,
        related=tuple((str(one.get("sheet") or ""), int(one["row"])) for one in finding.get("related") or ()),
    )
