"""After the city's preliminary assessment (初评, R24): its decision, and the department's right to call a case up."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.panels import queries
from app.lifecycle.trail import need_reason
from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal
from app.rules.selection import check_final_review_may_start
from app.rules.states import PanelKind, PanelState
from tenants.scope import DEPARTMENT_CODE, Actor


def decide_preliminary(
    *, actor: Actor, application_id: uuid.UUID, passed: bool, reason: str = "", now: datetime
) -> None:
    """The city's decision after its preliminary assessment (初评, R24): on to the department, or failed with a reason.

    Passing hands the application over: from here the department holds it, the city keeps reading.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.PRELIMINARY_ASSESSMENT, application.level, application.city_code, actor.authority_code)
    panel = queries.find_live(application.id, PanelKind.SELECTION_PRELIMINARY)
    if panel is None or panel.state != PanelState.CONCLUDED:
        raise Refusal("preliminary_missing", "R24", N_("初评评估组尚未出具意见,不能作出初评决定。"))
    if passed:
        casework.move(
            actor=actor,
            application=application,
            event="pass_preliminary",
            name="preliminary_passed",
            now=now,
            reason=reason.strip(),
        )
        _hand_over(application)
        casework.tell_authority(
            authority_code=application.authority_code,
            application=application,
            title=N_("市级初评通过,请组织复评"),
            rule="R24",
            now=now,
            key=f"final_review:{application.id}",
            link=f"/bureau/cases/{application.id}",
        )
    else:
        reason = need_reason(reason, "R24")
        casework.move(
            actor=actor,
            application=application,
            event="fail_preliminary",
            name="preliminary_failed",
            now=now,
            reason=reason,
        )
    casework.tell_organisation(
        application=application,
        title=N_("市级初评通过,进入省级复评") if passed else N_("市级初评未通过"),
        rule="R24",
        now=now,
        key=f"preliminary:{application.id}",
        reason=reason,
    )


def call_up(*, actor: Actor, application_id: uuid.UUID, reason: str, now: datetime) -> None:
    """The department takes up an application that failed its preliminary assessment (调阅复评), with a reason (R24)."""
    application = casework.locked_case(application_id)
    check_competent(Act.FINAL_REVIEW, application.level, application.city_code, actor.authority_code)
    check_final_review_may_start(
        application.state,
        preliminary_concluded=True,
        override_reason=reason,
        settings=load_settings(actor.authority_code or ""),
    )
    casework.move(
        actor=actor, application=application, event="call_up", name="preliminary_called_up", now=now, reason=reason
    )
    _hand_over(application)
    casework.tell_organisation(
        application=application,
        title=N_("省厅调阅,进入省级复评"),
        rule="R24",
        now=now,
        key=f"called_up:{application.id}",
        reason=reason,
    )


def _hand_over(application: Application) -> None:
    for item in application.items:
        item.authority_code = DEPARTMENT_CODE
    application.authority_code = DEPARTMENT_CODE
    db.session.flush()
