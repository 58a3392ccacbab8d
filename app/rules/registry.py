"""Which module carries each rule and which tests name it: `sheping rules list`, and the lint that none is forgotten."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from app.rules import (
    authority,
    banks,
    calls,
    clauses,
    clocks,
    commitment,
    dossiers,
    eligibility,
    exit,
    expansion,
    filing,
    incubation,
    occupations,
    panels,
    rectification,
    reminders,
    renewal,
    routing,
    sealing,
    selection,
    supervision,
    templates,
    uscc,
)

MODULES: tuple[ModuleType, ...] = (
    authority,
    calls,
    eligibility,
    routing,
    uscc,
    panels,
    selection,
    templates,
    incubation,
    commitment,
    banks,
    sealing,
    filing,
    expansion,
    renewal,
    rectification,
    exit,
    supervision,
    clocks,
    dossiers,
    occupations,
    reminders,
)
"""The first module that declares a rule is the one that is named for it."""

TESTS = Path(__file__).resolve().parents[2] / "tests"
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_RULE = re.compile(r"_r(\d{1,2})(?=_|$)")


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """`clause` is the place in the notice ('二(二)2'), `title` our short name, `tests` 'file::name' each."""

    id: str
    clause: str
    title: str
    module: str
    tests: tuple[str, ...]


def rules(tests_root: Path = TESTS) -> list[RuleInfo]:
    """R1–R68 in order."""
    tests = find_tests(tests_root)
    return [
        RuleInfo(rule, clause.title, clause.name, _module_of(rule), tuple(tests.get(rule, ())))
        for rule in clauses.RULE_IDS
        for clause in [clauses.of(rule)]
    ]


def missing(wanted: Iterable[str] = clauses.RULE_IDS, tests_root: Path = TESTS) -> list[str]:
    """What `make lint` fails on: rules of `wanted` that no module declares or no test names, one line each."""
    asked = set(wanted)
    lines = []
    for info in rules(tests_root):
        if info.id in asked and not info.module:
            lines.append(f"{info.id} ({info.title}): no module declares it")
        if info.id in asked and not info.tests:
            lines.append(f"{info.id} ({info.title}): no test names it")
    return lines


def _module_of(rule: str) -> str:
    return next((module.__name__ for module in MODULES if rule in module.RULES), "")


@cache
def find_tests(root: Path) -> dict[str, list[str]]:
    """Test functions by the rules their names carry: `test_r23_publicity…` tests R23, `test_r10_r16_…` both.
    Empty where the tests are not installed."""
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("test_*.py")):
        for name in _TEST.findall(path.read_text(encoding="utf-8")):
            for number in _RULE.findall(name):
                place = f"{path.relative_to(root.parent).as_posix()}::{name}"
                found.setdefault(f"R{int(number)}", []).append(place)
    return found
