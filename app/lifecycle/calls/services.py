"""Drafting and publishing calls (征集通告)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.calls.models import Call
from app.rules import calls as rules
from app.rules.core import N_, Refusal
from app.rules.states import CALL
from tenants import events
from tenants.scope import SYSTEM_ACTOR, Actor


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
        created_at=now,
    )
    db.session.add(call)
    db.session.flush()
    _record("call_drafted", actor, call, now, before=None)
    return call


def publish_call(*, actor: Actor, call: Call, now: datetime) -> None:
    """Publish a call. Raises Refusal call_only_by_department (R10), call_incomplete or call_period_wrong (R11)."""
    rules.check_can_publish(actor.kind, call.sections, call.apply_open_at, call.apply_close_at)
    before, call.state = call.state, CALL.advance(call.state, "publish", actor.kind)
    call.published_on = now.astimezone(SHANGHAI).date()
    _record("call_published", actor, call, now, before=before)


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


def _record(name: str, actor: Actor, call: Call, now: datetime, *, before: str | None) -> None:
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
    )
