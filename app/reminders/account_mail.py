"""The mails of an account. The token in a link is made here, when the mail is sent, and only its hash is kept.

A try that fails rolls its token back; the next makes another. A mail that can never arrive is logged, not retried.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy import select

from app import clock
from app.db import db
from app.jobs import job
from app.reminders import mailer
from app.reminders.smtp import Bounced
from tenants.accounts import links
from tenants.accounts.links import Purpose
from tenants.models import Authority, Invitation, Organisation, User
from tenants.tokens import hash_token, new_token

log = structlog.get_logger(__name__)


@contextmanager
def _undeliverable_is_logged(template: str) -> Iterator[None]:
    try:
        yield
    except Bounced as bounced:
        log.warning("account_mail_bounced", template=template, reason=str(bounced))


def _send(user: User, template: str, *, link: str, now: datetime, **words: object) -> None:
    with _undeliverable_is_logged(template):
        mailer.send(
            to=user.email,
            to_name=user.name,
            template=template,
            context={"link": link, "direct": True, **words},
            locale=user.locale,
            at=now,
        )


@job()
def send_confirmation(*, user_id: str) -> None:
    """The link that confirms an address, unless it was confirmed meanwhile."""
    user = db.session.get(User, uuid.UUID(user_id))
    if user is None or user.email_confirmed_at is not None or user.disabled_at is not None:
        return
    now = clock.now()
    token = links.issue(user.id, Purpose.confirm_email, now=now)
    until = now + links.LIFETIME[Purpose.confirm_email]
    _send(user, "confirm_email", link=f"/email/confirm/{token}", now=now, until=until)


@job()
def send_address_taken(*, email: str, organisation_name: str) -> None:
    """Somebody registered with an address that has an account already: only the address is told."""
    user = db.session.scalar(select(User).where(User.email == email))
    if user is not None and user.disabled_at is None:
        _send(user, "address_taken", link="/register", now=clock.now(), organisation_name=organisation_name)


@job()
def send_reset(*, email: str) -> None:
    """The link for a new password; nothing for an address without an account."""
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None or user.disabled_at is not None:
        return
    now = clock.now()
    token = links.issue(user.id, Purpose.reset_password, now=now)
    until = now + links.LIFETIME[Purpose.reset_password]
    _send(user, "reset_password", link=f"/password/reset/{token}", now=now, until=until)


@job()
def send_password_changed(*, user_id: str, at: str) -> None:
    """That the password was changed, to whoever may not have done it."""
    user = db.session.get(User, uuid.UUID(user_id))
    if user is not None:
        changed_at = datetime.fromisoformat(at)
        _send(user, "password_changed", link="/password/forgot", now=clock.now(), changed_at=changed_at)


@job()
def send_invitation(*, invitation_id: str) -> None:
    """The link that lets a colleague join; a link sent earlier stops working."""
    invitation = db.session.get(Invitation, uuid.UUID(invitation_id), with_for_update=True)
    now = clock.now()
    if invitation is None or invitation.accepted_at or invitation.revoked_at or invitation.expires_at <= now:
        return
    token = new_token()
    invitation.token_hash = hash_token(token)
    db.session.flush()
    inviter = db.session.get_one(User, invitation.invited_by)
    invited = db.session.scalar(select(User).where(User.email == invitation.email))
    with _undeliverable_is_logged("invitation"):
        mailer.send(
            to=invitation.email,
            to_name=invited.name if invited else "",
            template="invitation",
            context={
                "link": f"/invitations/{token}",
                "direct": True,
                "side": _side_name(invitation),
                "inviter": inviter.name,
                "role": invitation.role,
                "until": invitation.expires_at,
            },
            locale=invited.locale if invited else inviter.locale,
            at=now,
        )


def _side_name(invitation: Invitation) -> str:
    if invitation.organisation_id is not None:
        return db.session.get_one(Organisation, invitation.organisation_id).name
    return db.session.get_one(Authority, invitation.authority_code).name
