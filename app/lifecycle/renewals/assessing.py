"""A renewal under assessment (综合评估): it goes with its panel from application to suggestion (R51–R54)."""

from __future__ import annotations

from datetime import datetime

from app.lifecycle.renewals.ending import locked_cycle, move, note, tell
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.core import N_
from app.rules.states import PanelKind, RenewalState
from tenants.scope import Actor

__all__ = ["conclude_assessment", "follow_formed", "locked_cycle"]


def follow_formed(*, actor: Actor, cycle: RenewalCycle, kind: str, now: datetime) -> None:
    """The panel has its 3–5 members: the application is taken up (R51). A second panel changes nothing, and a
    reassessment is told of by its rectification."""
    if kind == PanelKind.PERIODIC and cycle.state != RenewalState.UNDER_ASSESSMENT:
        move(actor, cycle, "form_panel", "renewal_assessment_started", now, rule="R51")
        tell(cycle, N_("续期申请已受理,评估组已组建,开始综合评估"), "R51", now)
    elif kind == PanelKind.REASSESSMENT:
        note("renewal_reassessment_started", actor, cycle, now, rule="R59")


def conclude_assessment(
    *, actor: Actor, cycle: RenewalCycle, kind: str, suggested: str, suggestion: str, now: datetime
) -> None:
    """The panel's suggestion (评估建议), beside which the authority sets the grade (R54). That of a reassessment stays
    with its panel, so that the first one stands."""
    if kind == PanelKind.REASSESSMENT:
        note("renewal_reassessment_suggested", actor, cycle, now, rule="R59")
        return
    cycle.suggested_grade, cycle.suggestion = suggested, suggestion
    move(actor, cycle, "conclude", "renewal_suggested", now, rule="R54")
