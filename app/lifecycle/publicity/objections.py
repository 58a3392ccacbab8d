"""Objections (公示异议, R25): lodged by anybody with a name, followed with a query code, decided item by item."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app import outbox
from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.publicity import attachments, handling, queries, services
from app.lifecycle.publicity.models import Objection, Publicity
from app.lifecycle.trail import check_unchanged, need_reason, new_number
from app.rules import clocks, selection
from app.rules.core import N_, Refusal, find_transition
from app.rules.states import (
    OBJECTION,
    OPEN_OBJECTIONS,
    ApplicationState,
    ItemState,
    ObjectionState,
    PublicityState,
)
from tenants import events
from tenants.scope import Actor
from tenants.tokens import hash_token

FOLLOW = "app.lifecycle.publicity.jobs.follow_objection"
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MAX_TEXT = 4000


@dataclass(frozen=True)
class ObjectionText:
    """What an objector writes; `item_ids` are the items it concerns, none for the whole."""

    name: str
    contact: str
    statement: str
    evidence: str = ""
    item_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Lodged:
    """What the objector keeps; the code is shown once and only its hash is stored."""

    number: str
    code: str


def code_from(digest: str) -> str:
    """A query code of twelve characters out of a hash in hex; 59 bits of it, in threes of four."""
    number, code = int(digest, 16), ""
    for _ in range(12):
        number, place = divmod(number, len(_CODE_ALPHABET))
        code += _CODE_ALPHABET[place]
    return "-".join((code[:4], code[4:8], code[8:]))


def hash_code(code: str) -> str:
    """The hash under which a query code is kept; dashes, blanks and case do not matter."""
    return hash_token("".join(char for char in code.upper() if char.isalnum()))


def lodge_objection(
    *,
    actor: Actor,
    publicity_id: uuid.UUID,
    text: ObjectionText,
    ticket_hash: str | None = None,
    code: str = "",
    now: datetime,
) -> Lodged:
    """Object with one's name while the publicity runs, up to its last instant; the system then holds the case.

    `ticket_hash` names the files that were sent with it (`attachments`), `code` the query code; without one it is made.
    Refusals: publicity_unknown, publicity_over, objection_incomplete, objection_too_long, item_unknown,
    objection_lodged (the same ticket again).
    """
    publicity = attachments.get_running(publicity_id, now)
    _check_text(publicity, text)
    code = code or code_from(secrets.token_hex(32))
    objection_id, number = uuid.uuid4(), new_number("YY", publicity.authority_code, now)
    state = OBJECTION.advance(None, "lodge", actor.kind)
    values = {
        "id": objection_id,
        "number": number,
        "publicity_id": publicity.id,
        "authority_code": publicity.authority_code,
        "lodged_by": actor.kind.value,
        "name": text.name.strip(),
        "contact": text.contact.strip(),
        "statement": text.statement.strip(),
        "evidence": text.evidence.strip(),
        "item_ids": list(text.item_ids),
        "code_hash": hash_code(code),
        "ticket_hash": ticket_hash,
        "state": state,
        "received_at": now,
    }
    _insert(values)
    events.record(
        "objection_lodged",
        actor=actor,
        now=now,
        subject_type="objection",
        subject_id=objection_id,
        authority_code=publicity.authority_code,
        after=state,
        rule="R25",
        number=number,
    )
    outbox.add(FOLLOW, queue="default", key=f"objection:{objection_id}", objection_id=str(objection_id))
    return Lodged(number, code)


def _insert(values: dict[str, Any]) -> None:
    # Without reading it back: whoever objects may write the row and not see it, nor the one they sent a moment ago.
    try:
        with db.session.begin_nested():
            db.session.execute(insert(Objection).values(values))
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", "") != "uq_objections_ticket_hash":
            raise
        raise attachments.lodged_before() from None


def _check_text(publicity: Publicity, text: ObjectionText) -> None:
    if not text.name.strip() or not text.contact.strip() or not text.statement.strip():
        raise Refusal("objection_incomplete", "R25", N_("请填写真实姓名(单位名称)、联系方式和异议内容。"))
    if len(text.statement) > MAX_TEXT or len(text.evidence) > MAX_TEXT or len(text.name + text.contact) > 300:
        raise Refusal("objection_too_long", "R25", N_("内容过长,每栏不超过%(limit)d字。请精简。"), limit=MAX_TEXT)
    if not set(text.item_ids) <= {item["item_id"] for item in publicity.content["items"]}:
        raise Refusal("item_unknown", "R25", N_("所选职业、工种、等级不在本公示内。请刷新页面。"))


# The authority's handling -------------------------------------------------------------------------------------------


def accept_objection(
    *, actor: Actor, objection_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> Objection:
    """Take it up (受理)."""
    objection = _locked(actor, objection_id, expected_version)
    _advance(actor, objection, "accept", "objection_accepted", now)
    return objection


def refuse_objection(
    *, actor: Actor, objection_id: uuid.UUID, reason: str, expected_version: int | None = None, now: datetime
) -> Objection:
    """Not take it up (不予受理), with a reason."""
    objection = _locked(actor, objection_id, expected_version)
    objection.reason = need_reason(reason, "R25")
    _advance(actor, objection, "refuse", "objection_refused", now)
    objection.decided_at = now
    _settle(actor, objection, now)
    return objection


def investigate_objection(
    *, actor: Actor, objection_id: uuid.UUID, inquiry: str, expected_version: int | None = None, now: datetime
) -> Objection:
    """Record the inquiry (核查); called again it adds to the record. Refusal inquiry_missing."""
    objection = _locked(actor, objection_id, expected_version)
    if not inquiry.strip():
        raise Refusal("inquiry_missing", "R25", N_("请填写核查情况。"))
    if objection.state == ObjectionState.RECEIVED:
        _advance(actor, objection, "accept", "objection_accepted", now)
    if objection.state != ObjectionState.INVESTIGATING:
        _advance(actor, objection, "investigate", "objection_investigated", now)
    objection.inquiry = f"{objection.inquiry}\n{inquiry.strip()}".strip()
    objection.version += 1
    db.session.flush()
    return objection


def decide_objection(
    *,
    actor: Actor,
    objection_id: uuid.UUID,
    upheld: bool,
    reason: str,
    item_ids: Collection[str] = (),
    expected_version: int | None = None,
    now: datetime,
) -> Objection:
    """Uphold it for some items (none given: for all it concerns) or dismiss it; the rest proceeds (R25).

    Refusals: objection_not_investigated, reason_missing, item_unknown, publicity_is_void.
    """
    objection = _locked(actor, objection_id, expected_version)
    selection.check_objection_decision(objection.state, reason)
    publicity = queries.get_publicity(objection.publicity_id, lock=True)
    every = [item["item_id"] for item in publicity.content["items"]] if publicity else []
    if upheld:
        if publicity is not None:
            selection.check_can_uphold(publicity.state)
        chosen = list(item_ids) or list(objection.item_ids) or every
        if not set(chosen) <= set(every):
            raise Refusal("item_unknown", "R25", N_("所选职业、工种、等级不在本公示内。请刷新页面。"))
        objection.upheld_items = chosen
    objection.reason, objection.decided_at = reason.strip(), now
    objection.outcome = "upheld" if upheld else "dismissed"
    _advance(
        actor,
        objection,
        "uphold" if upheld else "dismiss",
        "objection_upheld" if upheld else "objection_dismissed",
        now,
    )
    _settle(actor, objection, now)
    return objection


def reply_objection(
    *, actor: Actor, objection_id: uuid.UUID, reply: str, expected_version: int | None = None, now: datetime
) -> Objection:
    """Answer the objector (答复); they read it with their code. Refusal reply_missing."""
    objection = _locked(actor, objection_id, expected_version)
    if not reply.strip():
        raise Refusal("reply_missing", "R25", N_("请填写答复内容。"))
    objection.reply, objection.replied_at = reply.strip(), now
    _advance(actor, objection, "reply", "objection_replied", now)
    return objection


def _settle(actor: Actor, objection: Objection, now: datetime) -> None:
    """What a decision means for the publicity and its application."""
    meet_deadline(kind="objection_handling_due", subject_id=objection.id, now=now)
    publicity = queries.get_publicity(objection.publicity_id, lock=True)
    if publicity is None or publicity.state != PublicityState.OBJECTION_PENDING:
        return
    application = casework.locked_case(publicity.application_id)
    publicised = {str(item.id): item for item in application.items if item.state == ItemState.PUBLICISED}
    gone = [item_id for item_id in objection.upheld_items if item_id in publicised]
    for item_id in gone:
        casework.move_item(actor=actor, item=publicised[item_id], event="cancel")
    left = selection.surviving_items(publicised, objection.upheld_items)
    _tell_of_cancelled(actor, application, objection, [publicised[one] for one in gone], whole=not left, now=now)
    if not left:
        services.advance(actor, publicity, "uphold", "publicity_ended", now)
        publicity.ended_at = now
        meet_deadline(kind="publicity_end", subject_id=publicity.id, now=now)
        casework.move(
            actor=actor,
            application=application,
            event="uphold",
            name="recommendation_cancelled",
            now=now,
            reason=objection.reason,
        )
    elif not any(one.state in OPEN_OBJECTIONS for one in publicity.objections):
        if publicity.due_at is not None and clocks.is_over(publicity.due_at, now):
            services.clear_publicity(actor=actor, publicity_id=publicity.id, now=now)
            return
        services.advance(actor, publicity, "resume", "publicity_resumed", now)
        casework.move(actor=actor, application=application, event="resume", name="publicity_resumed", now=now)


def _tell_of_cancelled(
    actor: Actor,
    application: Application,
    objection: Objection,
    gone: Sequence[ApplicationItem],
    *,
    whole: bool,
    now: datetime,
) -> None:
    if not gone:
        return
    casework.note(
        "items_cancelled",
        actor=actor,
        application=application,
        now=now,
        rule="R25",
        title="、".join(casework.label(item) for item in gone),
        reason=objection.reason,
        items=[str(item.id) for item in gone],
    )
    casework.tell_organisation(
        application=application,
        title=N_("公示异议成立,取消推荐") if whole else N_("公示异议部分成立,取消相应职业、工种、等级的推荐"),
        rule="R25",
        now=now,
        key=f"upheld:{objection.id}",
        reason=objection.reason,
    )


def hold_case(*, actor: Actor, objection: Objection) -> None:
    """Hold publicity and application for an objection, set its handling time, tell both sides; once only."""
    publicity = queries.get_publicity(objection.publicity_id, lock=True)
    # Void meanwhile: the one that takes its place holds the case and sets the time.
    if publicity is None or publicity.state == PublicityState.VOID or objection.due_on is not None:
        return
    application = casework.locked_case(publicity.application_id)
    now, kind = objection.received_at, objection.lodged_by
    if publicity.state == PublicityState.OPEN:
        services.advance(actor, publicity, "objection", "publicity_held", now, kind=kind)
    if application.state == ApplicationState.IN_PUBLICITY:
        casework.move(
            actor=actor, application=application, event="objection", name="objection_received", now=now, kind=kind
        )
    link = f"/bureau/objections/{objection.id}"
    handling.start_time(
        actor=actor, objection=objection, application=application, begins_on=clocks.local_date(now), now=now
    )
    casework.tell_authority(
        authority_code=objection.authority_code,
        application=application,
        title=N_("公示期间收到异议,请处理"),
        rule="R25",
        now=now,
        key=f"objection_task:{objection.id}",
        link=link,
    )
    casework.tell_organisation(
        application=application,
        title=N_("公示期间收到异议,正在处理"),
        rule="R25",
        now=now,
        key=f"objection_org:{objection.id}",
    )


def _locked(actor: Actor, objection_id: uuid.UUID, expected_version: int | None) -> Objection:
    objection = queries.get_objection(objection_id, lock=True)
    if objection is None or objection.authority_code != actor.authority_code:
        raise Refusal("objection_unknown", "R25", N_("没有找到这件异议,或不由本单位办理。请从列表重新进入。"))
    check_unchanged(
        subject_type="objection", subject_id=objection.id, version=objection.version, expected=expected_version
    )
    # The system does it within moments; an officer may be faster.
    hold_case(actor=actor, objection=objection)
    return objection


def _advance(actor: Actor, objection: Objection, event: str, name: str, now: datetime) -> None:
    before = objection.state
    objection.state = OBJECTION.advance(before, event, actor.kind)
    objection.version += 1
    found = find_transition(OBJECTION.table, before, event)
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="objection",
        subject_id=objection.id,
        authority_code=objection.authority_code,
        before=before,
        after=objection.state,
        rule=found.rule if found else "R25",
        number=objection.number,
    )
