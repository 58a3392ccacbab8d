"""The bureau's acceptance desk (申报受理): supplement, accept, refuse, lapse, hold, assign, re-route (B4, R3, R15)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications import queries, settling
from app.lifecycle.applications.changes import KEPT, keep
from app.lifecycle.applications.completeness import PART_LABELS, open_request, picture
from app.lifecycle.applications.drafting import unknown
from app.lifecycle.applications.models import Application, ApplicationRoute, SupplementRequest
from app.lifecycle.applications.recording import advance, write
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, set_deadline
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.submissions.applications import SUPPLEMENT_DEADLINE
from app.lifecycle.trail import check_unchanged, need_reason
from app.rules import authority, clocks, routing
from app.rules.authority import Act
from app.rules.core import N_, Refusal
from app.rules.states import APPLICATION
from tenants import notices
from tenants.models import Membership
from tenants.scope import Actor
from uploads.models import ReviewState

REROUTE = "app.lifecycle.applications.jobs.reroute"


@dataclass(frozen=True)
class Asked:
    """One thing to be added: the part of the form and what about it."""

    part: str
    note: str = ""


def _locked(actor: Actor, application_id: uuid.UUID, expected_version: int | None) -> Application:
    """The application, held; Refusals application_unknown, changed_meanwhile, not_competent, rerouting."""
    application = queries.get_application(application_id, lock=True)
    if application is None:
        raise unknown()
    check_unchanged(
        subject_type="application",
        subject_id=application.id,
        version=application.version,
        expected=expected_version,
    )
    authority.check_competent(Act.ACCEPT, application.level, application.city_code, actor.authority_code)
    if application.rerouting_to:
        raise Refusal(
            "rerouting",
            "R15",
            N_("这件申报正在转往%(city)s,不能再办理。"),
            city=routing.CITIES[application.rerouting_to].name,
        )
    return application


def request_supplement(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    asked: Sequence[Asked],
    note: str,
    expected_version: int | None,
    now: datetime,
) -> SupplementRequest:
    """Tell the applicant once and for all what is missing (补正); ten working days by default (D7).

    Refusals: nothing_asked, part_unknown and those of the machine.
    """
    application = _locked(actor, application_id, expected_version)
    if not asked:
        raise Refusal("nothing_asked", "R15", N_("请至少勾选一项需要补正的内容。"))
    for one in asked:
        if one.part not in PART_LABELS:
            raise Refusal("part_unknown", "R15", N_("没有这一项补正内容。请刷新页面。"))
    clock = clocks.supplement_due(
        now.astimezone(SHANGHAI).date(), load_calendar(), load_settings(application.city_code)
    )
    advance(actor, application, "request_supplement", now, name="supplement_requested", reason=note.strip())
    application.held_at, application.held_reason = None, ""
    request = SupplementRequest(
        id=uuid.uuid4(),
        application_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        asked=[{"part": one.part, "label": PART_LABELS[one.part], "note": one.note.strip()[:1000]} for one in asked],
        note=note.strip()[:2000],
        before={**picture(application), KEPT: keep(application, [one.part for one in asked])},
        answer={},
        state="open",
        due_on=clock.due_on,
        due_at=clock.due_at,
        requested_by=actor.user_id,
        requested_at=now,
    )
    db.session.add(request)
    db.session.flush()
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="supplement_request",
        subject_id=request.id,
        subject_label=application.number,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        link=paths.of_application(application.id),
        now=now,
    )
    _tell(
        "supplement_requested",
        application,
        now,
        key=str(request.id),
        reason=request.note,
        due_on=request.due_on.isoformat(),
        asked=[f"{entry['label']}:{entry['note']}" if entry["note"] else entry["label"] for entry in request.asked],
    )
    reach(Milestone.supplement_requested, actor=actor, now=now, application=application, request=request)
    return request


def accept_application(
    *, actor: Actor, application_id: uuid.UUID, expected_version: int | None, now: datetime
) -> Application:
    """Accept it: the selection may begin (R3, R15)."""
    application = _locked(actor, application_id, expected_version)
    advance(actor, application, "accept", now, name="application_accepted")
    application.accepted_at = now
    application.held_at, application.held_reason = None, ""
    settling.close_tasks(actor, application, ReviewState.accepted, "", now)
    _tell("application_accepted", application, now)
    reach(Milestone.application_accepted, actor=actor, now=now, application=application)
    return application


def refuse_application(
    *, actor: Actor, application_id: uuid.UUID, reason: str, expected_version: int | None, now: datetime
) -> Application:
    """Do not accept it, with the reason the applicant reads."""
    application = _locked(actor, application_id, expected_version)
    reason = need_reason(reason, "R15")
    advance(actor, application, "refuse", now, name="application_refused", reason=reason)
    _end(actor, application, reason, now)
    _tell("application_refused", application, now, reason=reason)
    reach(Milestone.application_refused, actor=actor, now=now, application=application, reason=reason)
    return application


def lapse_application(
    *, actor: Actor, application_id: uuid.UUID, reason: str = "", expected_version: int | None, now: datetime
) -> Application:
    """Confirm that a supplement was not handed in in time. Refusal supplement_not_over before its last day is over."""
    application = _locked(actor, application_id, expected_version)
    request = open_request(application)
    after = APPLICATION.advance(application.state, "lapse", actor.kind)
    if request is None or not clocks.is_over(request.due_at, now):
        raise Refusal("supplement_not_over", "R15", N_("补正期限未满,不能按逾期办理。请待期满后确认。"))
    advance(actor, application, "lapse", now, name="application_lapsed", reason=reason.strip())
    assert application.state == after  # noqa: S101 - the table was asked before
    request.state = "lapsed"
    cancel_deadline(kind=SUPPLEMENT_DEADLINE, subject_id=request.id, now=now)
    _end(actor, application, reason.strip() or "逾期未补正", now)
    _tell("application_lapsed", application, now, reason=reason.strip())
    reason = "\n".join(line for line in ("逾期未补正。", reason.strip()) if line)
    reach(Milestone.application_refused, actor=actor, now=now, application=application, reason=reason)
    return application


def _end(actor: Actor, application: Application, reason: str, now: datetime) -> None:
    application.decided_at, application.decision_reason = now, reason
    application.held_at, application.held_reason = None, ""
    settling.close_tasks(actor, application, ReviewState.returned, reason, now)


def hold_application(
    *, actor: Actor, application_id: uuid.UUID, reason: str, expected_version: int | None, now: datetime
) -> Application:
    """Set it aside with a reason that the applicant sees; no time limit of the applicant runs meanwhile."""
    application = _locked(actor, application_id, expected_version)
    application.held_at, application.held_reason = now, need_reason(reason, "R15")
    application.version += 1
    write(
        actor,
        application,
        now,
        name="application_held",
        rule="R15",
        before=application.state,
        reason=application.held_reason,
    )
    return application


def release_application(
    *, actor: Actor, application_id: uuid.UUID, expected_version: int | None, now: datetime
) -> Application:
    """Take it up again. Releasing what is not held changes nothing."""
    application = _locked(actor, application_id, expected_version)
    if application.held_at is not None:
        application.held_at, application.held_reason = None, ""
        application.version += 1
        write(actor, application, now, name="application_released", rule="R15", before=application.state)
    return application


def assign_application(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    assignee_id: uuid.UUID | None,
    expected_version: int | None,
    now: datetime,
) -> Application:
    """Give it to an officer of the same authority, or (None) to nobody. Refusal assignee_unknown."""
    application = _locked(actor, application_id, expected_version)
    if assignee_id is not None:
        member = select(Membership.id).where(
            Membership.user_id == assignee_id,
            Membership.authority_code == actor.authority_code,
            Membership.removed_at.is_(None),
        )
        if db.session.scalar(member) is None:
            raise Refusal("assignee_unknown", "", N_("没有找到这位经办人。请从本单位人员中选择。"))
    if application.assigned_to != assignee_id:
        application.assigned_to = assignee_id
        application.version += 1
        write(actor, application, now, name="application_assigned", rule="R15", before=application.state)
    return application


def reroute_application(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    to_code: str,
    reason: str,
    expected_version: int | None,
    now: datetime,
) -> ApplicationRoute:
    """Send it with its files to the city of the registration authority (R15).

    Row-level security lets no bureau write into another's records: the system moves everything in one transaction
    after this one. Refusals: wrong_city_unknown, already_there.
    """
    application = _locked(actor, application_id, expected_version)
    if to_code not in routing.CITIES:
        raise Refusal("wrong_city_unknown", "R15", N_("请选择登记机关所在的设区的市。"))
    if to_code == application.city_code:
        raise Refusal("already_there", "R15", N_("这件申报本就由该市受理,不需要转办。"))
    reason = need_reason(reason, "R15")
    advance(actor, application, "reroute", now, name="application_rerouted", reason=reason, city=to_code)
    application.rerouting_to = to_code
    route = ApplicationRoute(
        id=uuid.uuid4(),
        application_id=application.id,
        organisation_id=application.organisation_id,
        from_code=application.city_code,
        to_code=to_code,
        reason=reason,
        routed_by=actor.user_id,
        routed_at=now,
    )
    db.session.add(route)
    db.session.flush()
    outbox.add(REROUTE, queue="default", key=f"reroute:{route.id}", route_id=str(route.id))
    return route


def _tell(kind: str, application: Application, now: datetime, *, key: str = "", **words: Any) -> None:
    notices.tell(
        kind=kind,
        now=now,
        link=paths.of_application(application.id),
        organisation_id=application.organisation_id,
        rule="R15",
        statutory=True,
        key=f"{kind}:{key or application.id}",
        number=application.number,
        organisation=application.organisation.name,
        **words,
    )
