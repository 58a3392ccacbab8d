"""Every event that a service records has words for the timeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from app.config import ROOT
from app.web import wording


def _recorded() -> Iterator[str]:
    """First arguments of `events.record` and of the modules' own `_record`, where they are written out."""
    for folder in ("app/lifecycle", "app/documents", "app/reminders", "tenants", "uploads"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and _name_of(node.func) in {"record", "_record"}:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def _name_of(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def test_every_recorded_event_has_words() -> None:
    recorded = set(_recorded())
    assert {"commitment_signed", "dossier_submitted", "deadline_missed"} <= recorded
    assert recorded - wording.EVENTS.keys() == set()
