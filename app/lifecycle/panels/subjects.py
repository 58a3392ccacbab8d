"""What a panel is about: an application, its banks, or a renewal; how that moves on with the panel (B4, B5, B7, B12).

The panel's own services know only that there is a subject: what forming and concluding do to it stands here.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from app.lifecycle import casework
from app.lifecycle.panels.models import Panel
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.renewals import assessing
from app.lifecycle.renewals.models import RenewalCycle
from app.rules import renewal
from app.rules.core import N_, Refusal
from app.rules.states import ApplicationState, BankState, PanelKind, RectificationState, RenewalState
from tenants.scope import Actor

RENEWAL_KINDS = (PanelKind.PERIODIC, PanelKind.REASSESSMENT)
_FORMED_EVENT = {PanelKind.SELECTION: "form_panel", PanelKind.SELECTION_PRELIMINARY: "form_preliminary_panel"}


def is_of_renewal(panel: Panel) -> bool:
    """Whether the panel assesses a renewal: no items then, and a suggested grade (R54)."""
    return panel.kind in RENEWAL_KINDS


def check_renewal_waits(cycle: RenewalCycle, kind: str) -> None:
    """Whether a renewal waits for this kind of panel. A dissolved panel of one under assessment is replaced.

    Refusals: no_renewal_application (R50), panel_too_early.
    """
    if kind == PanelKind.REASSESSMENT:
        row = find_of_cycle(cycle.id)
        if cycle.state != RenewalState.RECTIFYING or row is None or row.state != RectificationState.REASSESSING:
            raise Refusal("panel_too_early", "R59", N_("这项续期不在整改中,不能组建整改复评组。请刷新页面。"))
    elif cycle.state != RenewalState.UNDER_ASSESSMENT:
        renewal.check_can_open_assessment(cycle.state)


def follow_formed(*, actor: Actor, panel: Panel, now: datetime) -> None:
    """The panel stands: its subject goes under assessment with the first one."""
    if is_of_renewal(panel):
        assessing.follow_formed(actor=actor, cycle=_locked_cycle(actor, panel), kind=panel.kind, now=now)
        return
    application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
    if panel.kind == PanelKind.QUESTION_BANK:
        for row in panel.items:
            item = next(one for one in application.items if one.id == row.item_id)
            if item.bank_state == BankState.ACCEPTED_FOR_PANEL:
                casework.move_bank(actor=actor, item=item, event="assign_panel")
        casework.note("bank_panel_formed", actor=actor, application=application, now=now, rule="R31")
        return
    event = _FORMED_EVENT.get(PanelKind(panel.kind))
    if event and application.state == ApplicationState.ACCEPTED:
        casework.move(actor=actor, application=application, event=event, name="selection_panel_formed", now=now)
        casework.tell_organisation(
            application=application,
            title=N_("已组建评估组,开始遴选评估"),
            rule="R17",
            now=now,
            key=f"panel_formed:{panel.id}",
        )


def follow_concluded(*, actor: Actor, panel: Panel, now: datetime) -> None:
    """The opinion is given: an application goes on to the decision, a preliminary one to `decide_preliminary`, a
    renewal has its suggestion. A bank panel concludes item by item, elsewhere."""
    if is_of_renewal(panel):
        assessing.conclude_assessment(
            actor=actor,
            cycle=_locked_cycle(actor, panel),
            kind=panel.kind,
            suggested=panel.suggested_grade or "",
            suggestion=panel.opinion,
            now=now,
        )
        return
    application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
    if panel.kind == PanelKind.SELECTION_PRELIMINARY:
        casework.note("preliminary_opinion_given", actor=actor, application=application, now=now, rule="R24")
    else:
        casework.move(actor=actor, application=application, event="conclude_panel", name="selection_concluded", now=now)


def _locked_cycle(actor: Actor, panel: Panel) -> RenewalCycle:
    return assessing.locked_cycle(panel.renewal_cycle_id or uuid.UUID(int=0), actor=actor)
