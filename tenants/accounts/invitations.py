"""Taking up an invitation: by a person who has an account, or by a new one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.rules.core import N_, Refusal
from tenants import events, notices
from tenants.accounts import gate, passwords
from tenants.accounts.confirmation import mark_confirmed
from tenants.models import Authority, Invitation, Membership, Organisation, User
from tenants.scope import Actor, Role
from tenants.tokens import hash_token


class InvitationState(StrEnum):
    """Whether an invitation may still be taken up, and if not, why."""

    open = "open"
    accepted = "accepted"
    revoked = "revoked"
    expired = "expired"
    unknown = "unknown"


@dataclass(frozen=True)
class InvitationView:
    """What an invited person is shown before deciding."""

    state: InvitationState
    email: str = ""
    role: Role | None = None
    side_name: str = ""
    inviter_name: str = ""
    expires_at: datetime | None = None
    account_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Joined:
    """A membership just taken up."""

    user_id: uuid.UUID
    membership_id: uuid.UUID


def find_invitation(token: str, *, now: datetime) -> InvitationView:
    """What the link offers, without using it. Opens the gate itself."""
    key = hash_token(token)
    with gate.opened(key):
        found = db.session.scalar(select(Invitation).where(Invitation.token_hash == key))
        if found is None:
            return InvitationView(InvitationState.unknown)
        db.session.expunge(found)
    named = (found.email, str(found.invited_by), str(found.organisation_id or ""))
    with gate.opened(key, *named):
        account_id = db.session.scalar(select(User.id).where(User.email == found.email))
        inviter = db.session.scalar(select(User.name).where(User.id == found.invited_by))
        return InvitationView(
            state=_state(found, now=now),
            email=found.email,
            role=Role(found.role),
            side_name=_side_name(found),
            inviter_name=inviter or "",
            expires_at=found.expires_at,
            account_id=account_id,
        )


def _state(invitation: Invitation, *, now: datetime) -> InvitationState:
    if invitation.accepted_at is not None:
        return InvitationState.accepted
    if invitation.revoked_at is not None:
        return InvitationState.revoked
    return InvitationState.open if invitation.expires_at > now else InvitationState.expired


def _side_name(invitation: Invitation) -> str:
    if invitation.organisation_id is not None:
        name = db.session.scalar(select(Organisation.name).where(Organisation.id == invitation.organisation_id))
        return name or ""
    return db.session.get_one(Authority, invitation.authority_code).name


_CLOSED = {
    InvitationState.accepted: N_("这份邀请已被接受,请直接登录。"),
    InvitationState.revoked: N_("这份邀请已被撤销。如仍需加入,请联系邀请您的人重新发送。"),
    InvitationState.expired: N_("这份邀请已过期。请联系邀请您的人重新发送。"),
    InvitationState.unknown: N_("邀请链接无效,可能没有复制完整,或已被较新的邀请邮件代替。"),
}


def closed(state: InvitationState) -> Refusal:
    """Why an invitation cannot be taken up."""
    return Refusal(f"invitation_{state.value}", "", _CLOSED[state])


def accept_as_new(*, token: str, name: str, password: str, locale: str, ip: str | None, now: datetime) -> Joined:
    """Make an account for the invited address and join. Opens the gate itself.

    The link was sent to the address, so it counts as confirmed. Refusals: invitation_*, password_*, account_exists.
    """
    view = _open_view(token, now=now)
    passwords.check_password(password, personal=(view.email, name, view.side_name))
    password_hash = passwords.hash_password(password)
    user_id = uuid.uuid4()
    with gate.opened(hash_token(token), view.email, user_id=user_id):
        user = User(
            id=user_id, email=view.email, name=name.strip(), password_hash=password_hash, locale=locale, created_at=now
        )
        try:
            with db.session.begin_nested():
                db.session.add(user)
                db.session.flush()
        except IntegrityError:
            raise Refusal("account_exists", "", N_("这个邮箱已有账号,请登录后接受邀请。")) from None
        return _join(token, user, actor=gate.visitor(user_id, ip=ip, name=user.name), now=now)


def accept_as_self(*, token: str, user_id: uuid.UUID, ip: str | None, now: datetime) -> Joined:
    """The signed-in person joins. Opens the gate itself. Refusals: invitation_*, invitation_for_another."""
    view = _open_view(token, now=now)
    if view.account_id != user_id:
        raise Refusal(
            "invitation_for_another",
            "",
            N_("这份邀请是发给 %(email)s 的。请退出后用该邮箱的账号登录,再打开邀请链接。"),
            email=view.email,
        )
    with gate.opened(hash_token(token), view.email, user_id=user_id):
        user = db.session.get_one(User, user_id)
        return _join(token, user, actor=gate.visitor(user_id, ip=ip, name=user.name), now=now)


def _open_view(token: str, *, now: datetime) -> InvitationView:
    view = find_invitation(token, now=now)
    if view.state is not InvitationState.open:
        raise closed(view.state)
    return view


def _join(token: str, user: User, *, actor: Actor, now: datetime) -> Joined:
    claimed = db.session.scalar(
        update(Invitation)
        .where(
            Invitation.token_hash == hash_token(token),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(accepted_at=now)
        .returning(Invitation)
    )
    if claimed is None:
        raise closed(InvitationState.accepted)
    mark_confirmed(user, actor=actor, now=now)
    membership_id = _live_membership(user.id, claimed) or _new_membership(user.id, claimed, now=now)
    events.record(
        "member_joined",
        actor=actor,
        now=now,
        subject_type="membership",
        subject_id=membership_id,
        organisation_id=claimed.organisation_id,
        authority_code=claimed.authority_code,
        after=claimed.role,
    )
    notices.tell(
        kind="member_joined",
        now=now,
        link="/members",
        organisation_id=claimed.organisation_id,
        authority_code=claimed.authority_code,
        roles=[Role.owner.value if claimed.organisation_id else Role.lead.value],
        name=user.name,
        role=claimed.role,
    )
    return Joined(user.id, membership_id)


def _live_membership(user_id: uuid.UUID, invitation: Invitation) -> uuid.UUID | None:
    """The membership that the person has on that side already: it stays as it is."""
    return db.session.scalar(
        select(Membership.id).where(
            Membership.user_id == user_id,
            Membership.removed_at.is_(None),
            Membership.organisation_id.is_not_distinct_from(invitation.organisation_id),
            Membership.authority_code.is_not_distinct_from(invitation.authority_code),
        )
    )


def _new_membership(user_id: uuid.UUID, invitation: Invitation, *, now: datetime) -> uuid.UUID:
    membership = Membership(
        id=uuid.uuid4(),
        user_id=user_id,
        organisation_id=invitation.organisation_id,
        authority_code=invitation.authority_code,
        role=invitation.role,
        created_at=now,
    )
    db.session.add(membership)
    db.session.flush()
    return membership.id
