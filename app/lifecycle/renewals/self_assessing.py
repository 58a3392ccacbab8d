"""The organisation's own scores (自评分) against Annex 4, before it applies for its renewal (R48)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from app.db import db
from app.lifecycle import annexes
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle
from app.rules import clocks, panels, renewal
from app.rules.core import N_, Refusal
from app.rules.states import RENEWAL_CYCLE, RenewalState
from app.rules.templates import SheetTemplate
from tenants.scope import Actor

KIND = "periodic_assessment"
MAX_NOTE = 2000


def sheet_of(cycle: RenewalCycle) -> SheetTemplate:
    """The Annex 4 version of a renewal: the one it was begun on, else the one in force."""
    if cycle.template_version:
        return annexes.sheet_of_version(KIND, cycle.template_version)
    return annexes.current_sheet(KIND)


def can_self_assess(cycle: RenewalCycle, now: datetime) -> bool:
    """Whether it is the organisation's turn: before it applied, or while a supplement is awaited."""
    if cycle.state == RenewalState.SUPPLEMENT_REQUESTED:
        return True
    return cycle.state in (RenewalState.OPEN, RenewalState.SELF_ASSESSING) and not clocks.is_over(
        clocks.end_of_day(cycle.apply_close_on), now
    )


def save_self_assessment(
    *,
    actor: Actor,
    cycle_id: uuid.UUID,
    scores: Mapping[str, float | None],
    notes: Mapping[str, str],
    now: datetime,
) -> RenewalCycle:
    """Keep what the organisation has so far; blanks are fine, nonsense is not. The version is frozen with the first
    saving (R48). Refusals: renewal_unknown, renewal_closed, renewal_not_open, score_out_of_range."""
    cycle = find_cycle(cycle_id, lock=True)
    if cycle is None or cycle.organisation_id != actor.organisation_id:
        raise Refusal("renewal_unknown", "R49", N_("没有找到这项续期,它可能不属于贵单位。请从任务清单重新进入。"))
    if not can_self_assess(cycle, now):
        renewal.check_can_apply(cycle.state, now, clocks.end_of_day(cycle.apply_close_on))
    template = sheet_of(cycle)
    filled = {code: score for code, score in scores.items() if code in template.mandatory and score is not None}
    for gap in panels.find_sheet_gaps({code: template.mandatory[code] for code in filled}, filled):
        raise Refusal(gap.code, "R48", gap.message, **gap.params)
    cycle.template_version = template.version
    cycle.self_scores = filled
    cycle.self_notes = {
        code: text.strip()[:MAX_NOTE] for code, text in notes.items() if code in template.mandatory and text.strip()
    }
    if cycle.state == RenewalState.OPEN:
        cycle.state = RENEWAL_CYCLE.advance(cycle.state, "save", actor.kind)
    db.session.flush()
    return cycle


def find_blank_scores(cycle: RenewalCycle) -> list[str]:
    """The labels (msgids) of the indicators that have no score yet."""
    return [label for code, label in sheet_of(cycle).mandatory.items() if cycle.self_scores.get(code) is None]


def check_complete(cycle: RenewalCycle, files: int) -> None:
    """R48: every indicator has its score and there is evidence, on the version it was begun with. `files` counts what
    is handed in: which file belongs to which indicator is in the notes. Refusal self_assessment_incomplete."""
    template = sheet_of(cycle)
    renewal.check_self_assessment(
        template.mandatory,
        {code: cycle.self_scores.get(code) for code in template.mandatory},
        dict.fromkeys(template.mandatory, files),
        template_version=template.version,
        plan_version=template.version,
    )
