"""What changed since the version handed in before: counts against counts, because no question is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.rules.settings import Settings
from app.web.bank_report.view import BankReport, build
from uploads.banks.models import KIND_LABELS, Kind
from uploads.models import Dossier, DossierFile


@dataclass(frozen=True)
class Change:
    """One figure before and now."""

    label: str
    before: int
    now: int

    @property
    def difference(self) -> str:
        """With its sign; a true minus, as in print."""
        delta = self.now - self.before
        return f"+{delta}" if delta > 0 else f"−{-delta}" if delta else "0"


@dataclass(frozen=True)
class Comparison:
    """The earlier file, the dossier it was part of, and the figures that differ (the questions always)."""

    file: DossierFile
    dossier: Dossier
    changes: list[Change]


def compare(
    report: BankReport, dossiers: Sequence[Dossier], *, upload_id: uuid.UUID, settings: Settings
) -> Comparison | None:
    """Against the dossier before the one this file is in, or the newest if it is in none.

    `dossiers` are the subject's, newest first, with their files. The earlier file is the one of the same name, else
    the only inspected one; None where neither tells which file it was.
    """
    at = next((n for n, one in enumerate(dossiers) if any(f.upload_id == upload_id for f in one.files)), -1)
    for dossier in dossiers[at + 1 :]:
        inspected = [file for file in dossier.files if file.report and file.upload_id != upload_id]
        same = [file for file in inspected if file.name == report.name] or (inspected if len(inspected) == 1 else [])
        if same:
            earlier = build(same[0].report or {}, name=same[0].name, settings=settings)
            return Comparison(same[0], dossier, _changes(earlier, report))
    return None


def _changes(before: BankReport, now: BankReport) -> list[Change]:
    kinds_before: Mapping[str, Any] = before.stored.get("by_type") or {}
    kinds_now: Mapping[str, Any] = now.stored.get("by_type") or {}
    checks_before = {line.id: line for line in before.found}
    checks_now = {line.id: line for line in now.found}
    titles = {line.id: line.title for line in (*before.found, *now.found)}
    others = [
        *(Change(gettext(KIND_LABELS[kind]), kinds_before.get(kind, 0), kinds_now.get(kind, 0)) for kind in Kind),
        Change(gettext("必须改正"), before.stops, now.stops),
        *(
            Change(f"{check} {titles[check]}", _count(checks_before.get(check)), _count(checks_now.get(check)))
            for check in sorted(titles)
        ),
    ]
    questions = Change(gettext("试题"), before.questions, now.questions)
    return [questions, *(change for change in others if change.before != change.now)]


def _count(line: Any) -> int:
    return line.count if line else 0
