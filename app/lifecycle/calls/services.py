"""Calls (征集通告, B2): drafted, published, cancelled, concluded by the department; opened and closed by the clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.calls import queries
from app.lifecycle.calls.models import Call
from app.lifecycle.trail import check_unchanged, need_reason
from app.rules import calls as rules
from app.rules import occupations as occupation_rules
from app.rules.core import N_, Refusal
from app.rules.states import CALL, CallState
from tenants import events, notices
from tenants.queries import list_authorities
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR, Actor

TELL_CANCELLED = "app.lifecycle.calls.jobs.tell_cancelled"


@dataclass(frozen=True)
class CallContent:
    """What a call says; instants are aware. `priority` lists {code, name, tags} (R9)."""

    year: int
    batch_no: int
    title: str
    doc_no: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    priority: Sequence[dict[str, Any]] = ()
    complete_by: date | None = None
    apply_open_at: datetime | None = None
    apply_close_at: datetime | None = None


def draft_call(
    *,
    actor: Actor,
    year: int,
    batch_no: int,
    title: str,
    doc_no: str,
    sections: Mapping[str, str],
    apply_open_at: datetime,
    apply_close_at: datetime,
    complete_by: date | None = None,
    now: datetime,
) -> Call:
    """Begin a call (R10); its six contents may still be missing. Refusal actor_not_allowed for a bureau."""
    call = Call(
        id=uuid.uuid4(),
        year=year,
        batch_no=batch_no,
        title=title,
        doc_no=doc_no,
        state=CALL.advance(None, "create", actor.kind),
        sections=dict(sections),
        apply_open_at=apply_open_at,
        apply_close_at=apply_close_at,
        complete_by=complete_by,
        created_at=now,
    )
    db.session.add(call)
    db.session.flush()
    _record("call_drafted", actor, call, now, before=None)
    return call


def edit_call(
    *, actor: Actor, call_id: uuid.UUID, content: CallContent, expected_version: int | None, now: datetime
) -> Call:
    """Change a draft. Refusals: call_unknown, changed_meanwhile, call_not_draft, batch_taken."""
    call = _locked(call_id, expected_version)
    if call.state != CallState.DRAFT:
        raise Refusal("call_not_draft", "R10", N_("通告已发布,不能再修改。如有差错,请撤销后重新发布。"))
    other = queries.find_call(content.year, content.batch_no)
    if other is not None and other.id != call.id:
        raise Refusal(
            "batch_taken",
            "R5",
            N_("%(year)d年第%(batch)d批已有通告。请改用其他批次号。"),
            year=content.year,
            batch=content.batch_no,
        )
    call.year, call.batch_no, call.title = content.year, content.batch_no, content.title.strip()
    call.doc_no, call.complete_by = content.doc_no.strip(), content.complete_by
    call.sections = {key: str(content.sections.get(key, "")).strip() for key in rules.CALL_SECTIONS}
    call.priority = [
        {
            "code": occupation_rules.normalise_code(row["code"]),
            "name": str(row["name"]).strip(),
            "tags": [tag for tag in row.get("tags", []) if tag in rules.PRIORITY_TAGS],
        }
        for row in content.priority
    ]
    call.apply_open_at, call.apply_close_at = content.apply_open_at, content.apply_close_at
    call.version += 1
    _record("call_changed", actor, call, now, before=call.state)
    return call


def cancel_call(*, actor: Actor, call_id: uuid.UUID, reason: str, expected_version: int | None, now: datetime) -> Call:
    """Cancel a published call with a reason; who has applied is told (B2)."""
    call = _locked(call_id, expected_version)
    call.reason = need_reason(reason, "R10")
    before, call.state = call.state, CALL.advance(call.state, "cancel", actor.kind)
    call.version += 1
    _record("call_cancelled", actor, call, now, before=before, reason=call.reason)
    outbox.add(TELL_CANCELLED, queue="default", key=f"call_cancelled:{call.id}", call_id=str(call.id))
    return call


def conclude_call(*, actor: Actor, call_id: uuid.UUID, expected_version: int | None, now: datetime) -> Call:
    """The batch is complete. Refusal call_unfinished while an application is neither filed nor ended (B2)."""
    call = _locked(call_id, expected_version)
    after = CALL.advance(call.state, "conclude", actor.kind)
    if open_ones := queries.count_unfinished(call.id):
        raise Refusal(
            "call_unfinished",
            "R11",
            N_("本批次还有%(count)d件申报未办结,不能完成。请先办结各件。"),
            count=open_ones,
        )
    before, call.state = call.state, after
    call.version += 1
    _record("call_concluded", actor, call, now, before=before)
    return call


def _locked(call_id: uuid.UUID, expected_version: int | None) -> Call:
    call = queries.get_call(call_id, lock=True)
    if call is None:
        raise Refusal("call_unknown", "R10", N_("没有找到这份征集通告。请从通告列表重新进入。"))
    check_unchanged(subject_type="call", subject_id=call.id, version=call.version, expected=expected_version)
    return call


def publish_call(*, actor: Actor, call: Call, now: datetime) -> None:
    """Publish a call. Refusals: call_only_by_department (R10); call_incomplete, call_period_wrong,
    completion_date_missing and completion_before_close (R11)."""
    rules.check_can_publish(actor.kind, call.sections, call.apply_open_at, call.apply_close_at, call.complete_by)
    before, call.state = call.state, CALL.advance(call.state, "publish", actor.kind)
    call.published_on = now.astimezone(SHANGHAI).date()
    call.version = (call.version or 1) + 1
    _record("call_published", actor, call, now, before=before)
    for authority in list_authorities():
        if authority.code != DEPARTMENT_CODE:
            notices.tell(
                kind="call_published",
                now=now,
                link=f"/calls/{call.id}",
                authority_code=authority.code,
                rule="R10",
                key=f"call_published:{call.id}:{authority.code}",
                title=call.title,
            )


def open_call(*, call: Call, now: datetime) -> None:
    """Begin to take applications, once the hour has come (R11). Refusal call_not_yet_open before."""
    if call.apply_open_at is None or call.apply_close_at is None:
        raise Refusal("call_period_wrong", "R11", N_("申报开始和截止时间未填,不能开始受理。请补填后再办理。"))
    rules.check_can_submit_to(call.state, call.apply_open_at, call.apply_close_at, now)
    before, call.state = call.state, CALL.advance(call.state, "open", SYSTEM_ACTOR.kind)
    _record("call_opened", SYSTEM_ACTOR, call, now, before=before)


def close_call(*, call: Call, now: datetime) -> None:
    """Stop taking applications, once the closing hour has come (R11). Refusal call_still_open before."""
    if call.apply_close_at is not None and now < call.apply_close_at:
        raise Refusal("call_still_open", "R11", N_("本批次申报尚未截止。"))
    before, call.state = call.state, CALL.advance(call.state, "close", SYSTEM_ACTOR.kind)
    _record("call_closed", SYSTEM_ACTOR, call, now, before=before)


def _record(name: str, actor: Actor, call: Call, now: datetime, *, before: str | None, **data: Any) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="call",
        subject_id=call.id,
        before=before,
        after=call.state,
        rule="R10",
        batch=f"{call.year}-{call.batch_no}",
        title=call.title,
        **data,
    )
