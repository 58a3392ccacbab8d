"""What a supplement's answer changed, row by row and sentence by sentence, for the officer who asked for it (补正)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from app.lifecycle.applications.completeness import Part, changed_parts
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.applications.rosters import KINDS

KEPT = "kept"
"""Under this key a request keeps what stood in the parts it asks for; the parts' own keys hold fingerprints."""
_SENTENCE = re.compile(r"[^。;;!?\n]*[。;;!?\n]?")


@dataclass(frozen=True)
class Changes:
    """`parts` that differ; `fresh` ids of lines that are new; `gone` values of lines taken out, by list; `plan` the
    bank plan as ('same' | 'added' | 'removed', text)."""

    parts: Sequence[str] = ()
    fresh: frozenset[object] = frozenset()
    gone: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    plan: Sequence[tuple[str, str]] = ()


def keep(application: Application, asked: Sequence[str]) -> dict[str, Any]:
    """What stands in the parts that are asked for, to be compared with the answer. `lines` are loaded."""
    kept: dict[str, Any] = {
        kind: [dict(line.values) for line in application.lines if line.kind == kind] for kind in KINDS if kind in asked
    }
    if Part.BANK_PLAN in asked:
        kept[Part.BANK_PLAN.value] = application.bank_plan
    return kept


def compare(application: Application, request: SupplementRequest | None) -> Changes:
    """The newest answer against what stood there when it was asked for; nothing without an answer."""
    if request is None:
        return Changes()
    kept, parts = request.before.get(KEPT, {}), changed_parts(request)
    fresh: set[object] = set()
    gone: dict[str, list[Mapping[str, str]]] = {}
    for kind in KINDS:
        if kind not in kept or kind not in parts:
            continue
        before = list(kept[kind])
        for line in application.lines:
            if line.kind != kind:
                continue
            if dict(line.values) in before:
                before.remove(dict(line.values))
            else:
                fresh.add(line.id)
        gone[kind] = before
    plan: list[tuple[str, str]] = []
    if Part.BANK_PLAN in parts and Part.BANK_PLAN.value in kept:
        plan = _sentences(str(kept[Part.BANK_PLAN.value]), application.bank_plan)
    return Changes(parts, frozenset(fresh), gone, plan)


def _sentences(before: str, after: str) -> list[tuple[str, str]]:
    old, new = ([one for one in _SENTENCE.findall(text) if one] for text in (before, after))
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(new[c:d])))
            continue
        if b > a:
            found.append(("removed", "".join(old[a:b])))
        if d > c:
            found.append(("added", "".join(new[c:d])))
    return found
