"""Registrations nobody confirmed: after a week the credit code is free again, so that a squatter cannot block it.

What is taken back never did anything: its founder could neither submit nor sign without a confirmed address. The trail
keeps that it was there. Whatever has left a trace elsewhere (a file, a draft) stays, and is an officer's matter.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import IntegrityError

from app.db import db
from tenants import events
from tenants.models import Invitation, Membership, OneTimeToken, Organisation, SignInSession, User
from tenants.notices import Notice
from tenants.scope import SYSTEM_ACTOR

log = structlog.get_logger(__name__)
LIFETIME = timedelta(days=7)
BATCH = 200


def expire_registrations(*, now: datetime, limit: int = BATCH) -> int:
    """Remove organisations older than a week whose people have all left their address unconfirmed, as the system.

    Their people go with them unless they belong somewhere else. Answers how many went.
    """
    member = (Membership.organisation_id == Organisation.id, Membership.user_id == User.id)
    founded = exists().where(*member)
    confirmed = exists().where(*member, User.email_confirmed_at.is_not(None))
    query = (
        select(Organisation.id)
        .where(Organisation.created_at < now - LIFETIME, founded, ~confirmed)
        .order_by(Organisation.created_at)
        .limit(limit)
    )
    gone = 0
    for organisation_id in db.session.scalars(query).all():
        try:
            with db.session.begin_nested():
                gone += _remove(organisation_id, now)
        except IntegrityError as held:
            # Something of it lies elsewhere: it was used after all.
            log.info("registration_kept", organisation=str(organisation_id), reason=str(held.orig)[:200])
    return gone


def _remove(organisation_id: uuid.UUID, now: datetime) -> bool:
    organisation = db.session.get_one(Organisation, organisation_id, with_for_update=True)
    people = list(db.session.scalars(select(Membership.user_id).where(Membership.organisation_id == organisation_id)))
    late = select(User.id).where(User.id.in_(people), User.email_confirmed_at.is_not(None)).with_for_update()
    if db.session.scalar(late) is not None:
        # Confirmed between the look and this moment.
        return False
    events.record(
        "registration_expired",
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type="organisation",
        subject_id=organisation_id,
        authority_code=organisation.authority_code,
        title=organisation.name,
        uscc=organisation.uscc,
    )
    own_memberships = select(Membership.id).where(Membership.organisation_id == organisation_id)
    _run(
        update(SignInSession).where(SignInSession.membership_id.in_(own_memberships)).values(membership_id=None),
        delete(Invitation).where(Invitation.organisation_id == organisation_id),
        delete(Notice).where(Notice.organisation_id == organisation_id),
        delete(Membership).where(Membership.organisation_id == organisation_id),
        delete(Organisation).where(Organisation.id == organisation_id),
    )
    for user_id in people:
        elsewhere = select(Membership.id).where(Membership.user_id == user_id)
        if db.session.scalar(elsewhere.limit(1)) is None:
            _run(
                delete(SignInSession).where(SignInSession.user_id == user_id),
                delete(OneTimeToken).where(OneTimeToken.user_id == user_id),
                delete(Notice).where(Notice.user_id == user_id),
                delete(User).where(User.id == user_id),
            )
    return True


def _run(*statements: object) -> None:
    for statement in statements:
        db.session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
    db.session.expire_all()
