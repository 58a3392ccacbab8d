"""Every kind of deadline that has rules, a ladder and words is set by some step, or by the clock."""

from __future__ import annotations

from app.config import ROOT
from app.lifecycle.deadlines.following import SOURCES
from app.reminders.wording import kind_label
from app.rules.clocks import KINDS
from app.rules.ladders import KNOWN_KINDS

# A rule of its own chooses the day from which this one is counted.
ASKED_BY = {"rectification_due": "rules.start_clock(", "publicity_end": "check_publicity_end("}


def test_every_kind_is_set_by_a_step_or_by_the_clock() -> None:
    steps = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "lifecycle").rglob("*.py"))
    followed = {source.kind for source in SOURCES}
    unset = {
        kind for kind in KNOWN_KINDS if kind not in followed and ASKED_BY.get(kind, f"clocks.{kind}(") not in steps
    }
    assert unset == set()


def test_every_kind_is_computed_and_has_a_name() -> None:
    assert KNOWN_KINDS - KINDS.keys() == set()
    assert {kind for kind in KNOWN_KINDS if kind_label(kind) == kind} == set()
