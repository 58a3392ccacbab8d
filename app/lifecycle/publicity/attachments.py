"""Files that an objector sends with the objection (R25): under a ticket that only their session holds, until it is
lodged; then the handling authority reads them, and the objector their names and states with the query code."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select

from app import clock
from app.config import Config
from app.db import db
from app.lifecycle.publicity import queries
from app.lifecycle.publicity.models import Objection, Publicity
from app.rules import selection
from app.rules.core import N_, Refusal
from tenants.scope import Actor
from uploads import case_files, services
from uploads.models import Purpose, Upload, UploadState
from uploads.store import ObjectStore
from uploads.transfer import Ticket

# Longer than anybody writes at a form; what is older was never lodged.
UNLODGED = timedelta(days=1)
BATCH = 200
log = structlog.get_logger(__name__)


def start_upload(
    *,
    actor: Actor,
    store: ObjectStore,
    settings: Config,
    publicity_id: uuid.UUID,
    ticket_hash: str,
    name: str,
    size: int,
    now: datetime,
) -> Ticket:
    """Begin a file of an objection that is being written; the scope is the gate with the ticket's hash.

    Refusals: publicity_unknown, publicity_over, objection_lodged and those of `uploads.case_files`. Raises PartDown.
    """
    publicity = get_running(publicity_id, now)
    check_unlodged(ticket_hash)
    return case_files.start_upload(
        actor=actor,
        store=store,
        settings=settings,
        authority_code=publicity.authority_code,
        name=name,
        size=size,
        purpose=Purpose.objection,
        subject_id=publicity.id,
        ticket_hash=ticket_hash,
        now=now,
    )


def get_running(publicity_id: uuid.UUID, now: datetime) -> Publicity:
    """A publicity to which one may object now. Refusals: publicity_unknown, publicity_over, and after the last day."""
    publicity = queries.get_publicity(publicity_id)
    if publicity is None or publicity.due_at is None:
        raise Refusal("publicity_unknown", "R23", N_("没有找到这项公示。请从公示列表重新进入。"))
    if publicity.state not in queries.RUNNING:
        raise Refusal("publicity_over", "R25", N_("这项公示已经结束或作废,不再受理异议。"))
    selection.check_can_object(publicity.due_at, now)
    return publicity


def check_unlodged(ticket_hash: str) -> None:
    """Refusal objection_lodged: what was lodged is not added to any more."""
    if db.session.scalar(select(exists().where(Objection.ticket_hash == ticket_hash))):
        raise lodged_before()


def lodged_before() -> Refusal:
    """That the objection with these files was lodged already."""
    return Refusal(
        "objection_lodged",
        "R25",
        N_("这件异议(连同附件)已经提交,不能再增减附件。需要补充的,请与受理部门联系或另行提出异议。"),
    )


def list_files(objection: Objection) -> list[Upload]:
    """The files lodged with an objection, oldest first, those never sent to the end left out."""
    return [one for one in case_files.list_of_ticket(objection.ticket_hash) if one.state != UploadState.receiving]


def sweep_unlodged(*, actor: Actor, now: datetime | None = None) -> int:
    """Take away what was sent with an objection that was never lodged; returns how many. As the system; commits.

    What is taken away is destroyed as any removed file is.
    """
    now = now or clock.now()
    lodged = exists().where(Objection.ticket_hash == Upload.ticket_hash)
    query = (
        select(Upload.id)
        .where(
            Upload.ticket_hash.is_not(None), Upload.removed_at.is_(None), Upload.created_at < now - UNLODGED, ~lodged
        )
        .order_by(Upload.created_at)
        .limit(BATCH)
    )
    found = list(db.session.scalars(query))
    for upload_id in found:
        services.remove_upload(actor=actor, upload_id=upload_id, now=now)
    db.session.commit()
    if found:
        log.info("unlodged_files_removed", files=len(found))
    return len(found)
