"""What became of each mail: what an authority must know of those not delivered, and how it has them sent again."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, tuple_

from app import outbox
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.models import Organisation
from tenants.notices import Notice
from tenants.scope import Actor

RESEND = "app.reminders.jobs.resend_notice"


STATES: dict[str, tuple[str, ...]] = {
    "": ("bounced",),
    "deferred": ("deferred",),
    "waiting": ("queued", "held"),
    "sent": ("sent",),
    "all": ("queued", "held", "sent", "deferred", "bounced", "in_app_only"),
}
"""What the list of deliveries shows."""


def list_deliveries(
    authority_code: str,
    *,
    states: tuple[str, ...] = STATES[""],
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 50,
) -> list[tuple[Notice, Organisation | None]]:
    """Notices of an authority's business by what became of their mail, newest first, with whom they were for."""
    query = (
        select(Notice, Organisation)
        .outerjoin(Organisation, Organisation.id == Notice.organisation_id)
        .where(Notice.authority_code == authority_code, Notice.state.in_(states))
    )
    if after is not None:
        query = query.where(tuple_(Notice.created_at, Notice.id) < after)
    rows = db.session.execute(query.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(limit)).all()
    return [(notice, organisation) for notice, organisation in rows]


def count_undelivered(authority_code: str) -> int:
    """How many of them there are."""
    query = select(func.count()).where(Notice.authority_code == authority_code, Notice.state == "bounced")
    return db.session.scalar(query) or 0


def resend(*, actor: Actor, notice_id: uuid.UUID, now: datetime) -> Notice:
    """Have the mail of a bounced notice sent again; one that is on its way or delivered meanwhile stays as it is.

    Refusal notice_not_found.
    """
    notice = db.session.get(Notice, notice_id)
    if notice is None or notice.authority_code != actor.authority_code:
        raise Refusal("notice_not_found", "", N_("没有找到这条消息。"))
    if notice.state == "bounced":
        outbox.add(RESEND, queue="mail", key=f"resend:{notice.id}:{now:%Y%m%d%H%M}", notice_id=str(notice.id))
        events.record(
            "notice_resent",
            actor=actor,
            now=now,
            subject_type="notice",
            subject_id=notice.id,
            organisation_id=notice.organisation_id,
            rule=notice.rule,
            kind=notice.kind,
        )
    return notice
