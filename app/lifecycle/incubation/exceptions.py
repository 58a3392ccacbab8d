"""Handing in after the 180 days by an exception that an officer recorded (R27): a fact in the trail, with its reason.

It is kept as an event of the item and nowhere else: nobody can change it afterwards, and no applicant can write one.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from app.lifecycle import casework, paths
from app.lifecycle.applications.models import Application
from app.lifecycle.incubation.board import today_of
from app.lifecycle.trail import need_reason
from app.rules import clocks
from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal
from app.rules.states import ItemState
from tenants import events
from tenants.scope import Actor

EVENT = "late_hand_in_allowed"
MOST_DAYS = 30
"""Ours: the notice knows no longer period than the 180 days, so an exception is short."""
_OPEN = (ItemState.INCUBATING, ItemState.BANK_UNDER_ASSESSMENT)


def allow_late_hand_in(
    *, actor: Actor, application_id: uuid.UUID, item_id: uuid.UUID, until: date, reason: str, now: datetime
) -> date:
    """Let one item's bank be handed in until a day after the incubation's last one; the organisation is told.

    Refusals: not_competent, incubation_running, item_unknown, exception_day_wrong, reason_missing.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.ASSESS_BANK, application.level, application.city_code, actor.authority_code)
    today, due_on = today_of(now), application.incubation_due_on
    if due_on is None or today <= due_on:
        raise Refusal("incubation_running", "R27", N_("孵化培育期尚未届满,单位可以照常提交,不需要登记例外。"))
    item = next((one for one in application.items if one.id == item_id and one.state in _OPEN), None)
    if item is None:
        raise Refusal("item_unknown", "R27", N_("这一项当前不需要提交题库,不能登记例外。请刷新页面。"))
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        raise Refusal(
            "exception_day_wrong",
            "R27",
            N_("例外的最后一天应在今天之后%(days)d天以内。请重新填写。"),
            days=MOST_DAYS,
        )
    reason = need_reason(reason, "R27")
    events.record(
        EVENT,
        actor=actor,
        now=now,
        subject_type="application_item",
        subject_id=item.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        before=item.state,
        after=item.state,
        rule="R27",
        until=until.isoformat(),
        reason=reason,
    )
    words = f"{casework.label(item)} {until.isoformat()}"
    casework.note(EVENT, actor=actor, application=application, now=now, rule="R27", title=words, reason=reason)
    casework.tell_organisation(
        application=application,
        title=N_("孵化培育期满后,准予在例外期限内提交题库"),
        rule="R27",
        now=now,
        key=f"late_hand_in:{item.id}:{until.isoformat()}",
        reason=f"{words}:{reason}",
        link=paths.of_item(item.id),
    )
    return until


def find_exception(item_id: uuid.UUID, now: datetime) -> date | None:
    """Until when one item may still be handed in by an officer's exception; None without one, or when it is over."""
    for event in events.list_for_subject("application_item", item_id):
        if event.name == EVENT:
            until = date.fromisoformat(str(event.data["until"]))
            return None if clocks.is_over(clocks.end_of_day(until), now) else until
    return None


def exceptions_of(application: Application, now: datetime) -> dict[uuid.UUID, date]:
    """The exceptions in force, by item; asked only once the incubation is over."""
    if application.incubation_due_on is None or today_of(now) <= application.incubation_due_on:
        return {}
    found = {item.id: find_exception(item.id, now) for item in application.items if item.state in _OPEN}
    return {item_id: until for item_id, until in found.items() if until is not None}
