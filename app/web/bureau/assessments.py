"""The periodic assessment at a renewal's page: opening it, and the grade (R49–R59)."""

from __future__ import annotations

import uuid

from flask import g, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.rectifications.services import Defect
from app.lifecycle.renewals import grading
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.self_assessing import sheet_of
from app.rules.core import N_
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, blueprint
from app.web.bureau.desk import perform, typed
from app.web.bureau.renewals import find_renewal, page_of, seen_change, steps
from app.web.guards import actor

ACCESS["bureau.renewal_panel"] = authority(Right.decide)


@blueprint.post("/renewals/<uuid:cycle_id>/panel")
def renewal_panel(cycle_id: uuid.UUID) -> ResponseReturnValue:
    """Begin the panel of the assessment, and go to it to draw or pick its members."""
    find_renewal(cycle_id)
    made: list[uuid.UUID] = []

    def create() -> None:
        panel = grading.open_assessment(actor=actor(), cycle_id=cycle_id, expected=seen_change(), now=g.now)
        made.append(panel.id)

    answer = perform(
        create,
        page=lambda problems: page_of(cycle_id, problems),
        target="",
        done=gettext("已开始组建评估组,请邀请3—5名熟悉政策、规范的人员。"),
    )
    if made and not isinstance(answer, tuple):
        answer.headers["Location"] = url_for("bureau.panel", panel_id=made[0])  # type: ignore[union-attr]
    return answer


def _defects(cycle: RenewalCycle) -> list[Defect]:
    """What the form lists under each indicator, one a line; those of no indicator last."""
    labels = sheet_of(cycle).mandatory | {"": ""}
    return [
        Defect(line.strip(), label)
        for code, label in labels.items()
        for line in typed(f"defects-{code}").splitlines()
        if line.strip()
    ]


@steps.step("/grade", done=N_("已评定等次,单位会收到通知。"), anchor="#assessment")
def renewal_grade(*, cycle_id: uuid.UUID) -> None:
    """Set the grade."""
    grading.grade_renewal(
        actor=actor(),
        cycle_id=cycle_id,
        grade=typed("grade", 20),
        reason=typed("grade_reason", 1000),
        defects=_defects(find_renewal(cycle_id)),
        expected=seen_change(),
        now=g.now,
    )
