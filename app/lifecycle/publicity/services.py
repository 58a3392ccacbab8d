"""Publicity (公示): at least five working days, frozen content, void and begin again, ended by the clock (R23, R25)."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline, set_deadline
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.publicity import entering, handling, queries
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.trail import check_unchanged, need_reason, new_number
from app.rules import clocks, selection
from app.rules.authority import LEVEL_LABELS, Act, check_competent
from app.rules.clocks import Clock
from app.rules.core import N_, Refusal, find_transition
from app.rules.states import PUBLICITY, ItemState, PublicityState
from tenants import events
from tenants.scope import Actor


def schedule_publicity(*, actor: Actor, application_id: uuid.UUID, title: str = "", now: datetime) -> Publicity:
    """Draw up the publicity of a recommended application; it begins anew what was void before.

    Refusals: not_competent, publicity_exists, not_recommended_yet.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.PUBLICISE, application.level, application.city_code, actor.authority_code)
    earlier = queries.list_of_application(application.id)
    if any(one.state in queries.LIVE for one in earlier):
        raise Refusal("publicity_exists", "R23", N_("该申报已有公示。如内容有误,请先作废再重新公示。"))
    if application.state != "recommended":
        raise Refusal("not_recommended_yet", "R22", N_("该申报尚未作出择优推荐决定,不能公示。"))
    organisation = application.organisation
    publicity = Publicity(
        id=uuid.uuid4(),
        number=new_number("GS", actor.authority_code or "", now),
        application_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=actor.authority_code,
        title=title.strip() or f"关于{organisation.name}拟列为社会培训评价组织孵化培育对象的公示",
        state=PUBLICITY.advance(None, "schedule", actor.kind),
        content=_content(application),
        content_sha256="",
        explanation=[],
        proofs=[],
        provisional=False,
        void_reason="",
        replaces_id=earlier[0].id if earlier else None,
        version=1,
        created_at=now,
        objections=[],
    )
    db.session.add(publicity)
    _record("publicity_scheduled", actor, publicity, now, before=None)
    return publicity


def _content(application: Application) -> dict[str, Any]:
    items = [item for item in application.items if item.state == ItemState.RECOMMENDED]
    return {
        "organisation": application.organisation.name,
        "uscc": application.organisation.uscc,
        "level": application.level,
        "level_label": LEVEL_LABELS[application.level],
        "batch": application.call.title,
        "items": [
            {
                "item_id": str(item.id),
                "occupation_code": item.occupation_code,
                "occupation_name": item.occupation_name,
                "work_type": item.work_type,
                "skill_level": item.skill_level,
            }
            for item in items
        ],
    }


def plan_end(*, published_on: date, planned_end_on: date | None, authority_code: str) -> Clock:
    """When a publicity published that day ends: the fifth working day, or the later day the officer typed (R23)."""
    calendar, settings = load_calendar(), load_settings(authority_code)
    if planned_end_on is None:
        return clocks.publicity_end(published_on, calendar, settings)
    return selection.check_publicity_end(published_on, planned_end_on, calendar, settings)


def publish_publicity(
    *,
    actor: Actor,
    publicity_id: uuid.UUID,
    planned_end_on: date | None = None,
    expected_version: int | None = None,
    now: datetime,
) -> Publicity:
    """Publish it today, frozen: the public reads exactly what is hashed. Objections open before a void come along.

    Refusals: publicity_too_short with the earliest lawful day (R23), transition_not_allowed, changed_meanwhile.
    """
    publicity = locked(actor, publicity_id, expected_version)
    application = casework.locked_case(publicity.application_id)
    published_on = now.astimezone(SHANGHAI).date()
    clock = plan_end(published_on=published_on, planned_end_on=planned_end_on, authority_code=publicity.authority_code)
    publicity.content = _content(application)
    publicity.published_on, publicity.published_at = published_on, now
    publicity.planned_end_on, publicity.due_at = clock.due_on, clock.due_at
    publicity.provisional, publicity.explanation = clock.provisional, days_of(clock)
    publicity.content_sha256 = digest(publicity)
    advance(actor, publicity, "publish", "publicity_published", now, sha256=publicity.content_sha256)
    for item in application.items:
        if item.state == ItemState.RECOMMENDED:
            casework.move_item(actor=actor, item=item, event="publicise")
    casework.move(
        actor=actor,
        application=application,
        event="open_publicity",
        name="publicity_opened",
        now=now,
        sha256=publicity.content_sha256,
    )
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="publicity",
        subject_id=publicity.id,
        subject_label=application.organisation.name,
        organisation_id=application.organisation_id,
        authority_code=publicity.authority_code,
        link=f"/bureau/publicity/{publicity.id}",
        now=now,
    )
    _carry_over(actor, publicity, application, now)
    casework.tell_organisation(
        application=application,
        title=N_("已向社会公示"),
        rule="R23",
        now=now,
        key=f"publicity_open:{publicity.id}",
        link=f"/publicity/{publicity.id}",
    )
    reach(Milestone.publicity_published, actor=actor, now=now, publicity=publicity)
    return publicity


def publish_many(
    *, actor: Actor, publicity_ids: Sequence[uuid.UUID], planned_end_on: date | None = None, now: datetime
) -> list[Publicity]:
    """Publish several drawn-up publicities of one batch today, with one end; all of them or none.

    Refusals: none_chosen, and those of `publish_publicity` naming the publicity that stands in the way.
    """
    if not publicity_ids:
        raise Refusal("none_chosen", "R23", N_("请至少勾选一项拟定的公示。"))
    published = []
    for publicity_id in dict.fromkeys(publicity_ids):
        try:
            published.append(
                publish_publicity(actor=actor, publicity_id=publicity_id, planned_end_on=planned_end_on, now=now)
            )
        except Refusal as refusal:
            row = queries.get_publicity(publicity_id)
            raise Refusal(
                refusal.code,
                refusal.rule,
                N_("“%(title)s”不能发布:%(why)s 所选各项均未发布。"),
                title=row.title if row else "",
                why=str(refusal),
            ) from refusal
    return published


def days_of(clock: Clock) -> list[dict[str, Any]]:
    """Day by day how a clock was counted, as JSON values."""
    return [_day(line) for line in clock.explanation]


def _day(line: clocks.Day) -> dict[str, Any]:
    return {
        "on": line.on.isoformat(),
        "number": line.number,
        "kind": str(line.kind),
        "message": line.message,
        "params": dict(line.params),
        "provisional": line.provisional,
    }


def digest(publicity: Publicity) -> str:
    """SHA-256 over what the public reads: number, title, content, first and last day, as canonical JSON."""
    told = {
        "number": publicity.number,
        "title": publicity.title,
        "content": publicity.content,
        "published_on": publicity.published_on.isoformat() if publicity.published_on else None,
        "planned_end_on": publicity.planned_end_on.isoformat() if publicity.planned_end_on else None,
    }
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _carry_over(actor: Actor, publicity: Publicity, application: Application, now: datetime) -> None:
    # Of every void one: a draft that was void before it was published has none, and must not break the chain.
    void = [one for one in queries.list_of_application(application.id) if one.state == PublicityState.VOID]
    waiting = [objection for old in void for objection in handling.open_ones(old.objections)]
    for objection in waiting:
        objection.publicity_id = publicity.id
        handling.start_time(
            actor=actor, objection=objection, application=application, begins_on=clocks.local_date(now), now=now
        )
    if waiting:
        advance(actor, publicity, "objection", "publicity_held", now)
        casework.move(actor=actor, application=application, event="objection", name="objection_received", now=now)


def add_proof(*, actor: Actor, publicity_id: uuid.UUID, kind: str, link: str, note: str, now: datetime) -> Publicity:
    """Note where it was displayed: a web page, a picture of the board. Refusal proof_empty."""
    publicity = locked(actor, publicity_id, None)
    if not link.strip() and not note.strip():
        raise Refusal("proof_empty", "R23", N_("请填写展示网址或说明。"))
    if link.strip() and not link.strip().startswith(("http://", "https://")):
        raise Refusal("proof_link", "R23", N_("展示网址应以 http:// 或 https:// 开头。"))
    proof = {"at": now.isoformat(), "kind": kind, "link": link.strip(), "note": note.strip()}
    publicity.proofs = [*publicity.proofs, proof]
    _record("publicity_proof_added", actor, publicity, now, before=publicity.state)
    return publicity


def void_publicity(
    *, actor: Actor, publicity_id: uuid.UUID, reason: str, expected_version: int | None = None, now: datetime
) -> Publicity:
    """Void a publicity whose content is wrong; the next begins a full period again, this one stays readable (R23).

    Open objections stay open without a handling time and go over to the next (R25).
    """
    publicity = locked(actor, publicity_id, expected_version)
    publicity.void_reason = need_reason(reason, "R23")
    was_scheduled = publicity.state == PublicityState.SCHEDULED
    advance(actor, publicity, "void", "publicity_voided", now, reason=publicity.void_reason)
    publicity.ended_at = now
    if was_scheduled:
        return publicity
    cancel_deadline(kind="publicity_end", subject_id=publicity.id, now=now)
    handling.stop_time(objections=publicity.objections, now=now)
    application = casework.locked_case(publicity.application_id)
    for item in application.items:
        if item.state == ItemState.PUBLICISED:
            casework.move_item(actor=actor, item=item, event="void_publicity")
    casework.move(
        actor=actor,
        application=application,
        event="void_publicity",
        name="publicity_restarted",
        now=now,
        reason=publicity.void_reason,
    )
    casework.tell_organisation(
        application=application,
        title=N_("公示内容有误,已作废,将重新公示满期"),
        rule="R23",
        now=now,
        key=f"publicity_void:{publicity.id}",
        reason=publicity.void_reason,
    )
    reach(Milestone.publicity_void, actor=actor, now=now, publicity=publicity, reason=publicity.void_reason)
    return publicity


def clear_publicity(*, actor: Actor, publicity_id: uuid.UUID, now: datetime) -> Publicity:
    """The last day is over and no objection open: into incubation, from the day after (R25). Done again: nothing.

    Refusals: publicity_running, objection_open, transition_not_allowed.
    """
    publicity = queries.get_publicity(publicity_id, lock=True)
    if publicity is None:
        raise _unknown()
    if publicity.state in (PublicityState.ENDED_CLEAR, PublicityState.ENDED_OBJECTION_DISMISSED):
        return publicity
    if publicity.due_at is None or publicity.planned_end_on is None:
        raise Refusal("publicity_running", "R23", N_("公示尚未发布。"))
    selection.check_can_clear(publicity.due_at, now, [one.state for one in publicity.objections])
    event = "dismiss" if publicity.state == PublicityState.OBJECTION_PENDING else "end"
    dismissed_on = now.astimezone(SHANGHAI).date() if event == "dismiss" else None
    advance(actor, publicity, event, "publicity_ended", now)
    publicity.ended_at = now
    meet_deadline(kind="publicity_end", subject_id=publicity.id, now=now)
    application = casework.locked_case(publicity.application_id)
    entering.start_incubation(
        actor=actor,
        application=application,
        publicity_last_on=publicity.planned_end_on,
        objection_dismissed_on=dismissed_on,
        now=now,
    )
    return publicity


def locked(actor: Actor, publicity_id: uuid.UUID, expected_version: int | None) -> Publicity:
    """A publicity of the actor's own authority, held. Refusals: publicity_unknown, changed_meanwhile."""
    publicity = queries.get_publicity(publicity_id, lock=True)
    if publicity is None or publicity.authority_code != actor.authority_code:
        raise _unknown()
    check_unchanged(
        subject_type="publicity", subject_id=publicity.id, version=publicity.version, expected=expected_version
    )
    return publicity


def _unknown() -> Refusal:
    return Refusal("publicity_unknown", "R23", N_("没有找到这项公示,或不由本单位办理。请从列表重新进入。"))


def advance(
    actor: Actor, publicity: Publicity, event: str, name: str, now: datetime, *, kind: str = "", **data: Any
) -> None:
    """One step of B9 with its event. `kind` is the side on whose behalf the system acts, if another."""
    before = publicity.state
    publicity.state = PUBLICITY.advance(before, event, kind or actor.kind)
    publicity.version += 1
    found = find_transition(PUBLICITY.table, before, event)
    _record(name, actor, publicity, now, before=before, rule=found.rule if found else "R23", **data)


def _record(
    name: str, actor: Actor, publicity: Publicity, now: datetime, *, before: str | None, rule: str = "R23", **data: Any
) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="publicity",
        subject_id=publicity.id,
        organisation_id=publicity.organisation_id,
        authority_code=publicity.authority_code,
        before=before,
        after=publicity.state,
        rule=rule,
        number=publicity.number,
        **data,
    )
