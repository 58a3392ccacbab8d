"""Who belongs to an organisation or an authority, and with which rights."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app import outbox
from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.accounts.addresses import check_address, mask
from tenants.models import Invitation, Membership, User
from tenants.scope import AUTHORITY_ROLES, ORGANISATION_ROLES, Actor, Role

SEND_INVITATION = "app.reminders.account_mail.send_invitation"
TELL_MEMBER = "tenants.accounts.member_notices.tell_member"
INVITATION_LIFETIME = timedelta(days=7)


def roles_of_side(actor: Actor) -> tuple[Role, ...]:
    """The roles there are on the actor's side."""
    return ORGANISATION_ROLES if actor.organisation_id else AUTHORITY_ROLES


def head_role(actor: Actor) -> Role:
    """The role that manages the side's members, and of which one must stay."""
    return Role.owner if actor.organisation_id else Role.lead


def _own_side(actor: Actor, table: type[Membership] | type[Invitation]) -> ColumnElement[bool]:
    # Row-level security says the same; here it says which of the actor's rows are meant.
    if actor.organisation_id:
        return table.organisation_id == actor.organisation_id
    return table.authority_code == actor.authority_code


def list_members(actor: Actor) -> list[Membership]:
    """The members of the actor's side with their people, by role and then in the order of joining."""
    query = (
        select(Membership)
        .where(_own_side(actor, Membership), Membership.removed_at.is_(None))
        .options(joinedload(Membership.user))
        .order_by(Membership.created_at, Membership.id)
    )
    order = {role.value: place for place, role in enumerate((Role.lead, *ORGANISATION_ROLES, Role.officer))}
    return sorted(db.session.scalars(query), key=lambda member: order[member.role])


def list_invitations(actor: Actor) -> list[Invitation]:
    """Invitations neither accepted nor revoked, the newest first; some may have expired."""
    query = select(Invitation).where(
        _own_side(actor, Invitation), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id)))


def get_member(actor: Actor, membership_id: uuid.UUID) -> Membership | None:
    """One live member of the actor's side, with the person."""
    query = select(Membership).where(
        Membership.id == membership_id, _own_side(actor, Membership), Membership.removed_at.is_(None)
    )
    return db.session.scalar(query.options(joinedload(Membership.user)))


def get_open_invitation(actor: Actor, invitation_id: uuid.UUID) -> Invitation | None:
    """One invitation of the actor's side that is neither accepted nor revoked; locked until the end."""
    query = select(Invitation).where(
        Invitation.id == invitation_id,
        _own_side(actor, Invitation),
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    return db.session.scalar(query.with_for_update())


def invite_member(*, actor: Actor, email: str, role: str, now: datetime) -> Invitation:
    """Invite a colleague; the mail and its token are made by a job.

    Refusals: email_malformed, role_unknown, already_member, already_invited.
    """
    address = check_address(email)
    _check_role(actor, role)
    member = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(_own_side(actor, Membership), Membership.removed_at.is_(None), User.email == address)
    )
    if db.session.scalar(member) is not None:
        raise Refusal(
            "already_member", "", N_("%(email)s 已是本单位成员。要改变角色,请在成员列表中修改。"), email=address
        )
    for old in list_invitations(actor):
        if old.email == address and old.expires_at <= now:
            old.revoked_at = now
    db.session.flush()
    invitation = Invitation(
        id=uuid.uuid4(),
        organisation_id=actor.organisation_id,
        authority_code=actor.authority_code,
        email=address,
        role=role,
        invited_by=actor.user_id,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    try:
        with db.session.begin_nested():
            db.session.add(invitation)
            db.session.flush()
    except IntegrityError:
        raise Refusal(
            "already_invited", "", N_("已邀请过 %(email)s,对方尚未接受。可在下方重新发送或撤销邀请。"), email=address
        ) from None
    _record(actor, "member_invited", "invitation", invitation.id, now=now, after=role, email=mask(address))
    _send(invitation, now=now)
    return invitation


def resend_invitation(*, actor: Actor, invitation_id: uuid.UUID, now: datetime) -> Invitation:
    """Mail the invitation again with a new link and a new term; at most once a minute. Refusal invitation_closed."""
    invitation = _open_invitation(actor, invitation_id)
    invitation.expires_at = now + INVITATION_LIFETIME
    _record(actor, "invitation_resent", "invitation", invitation.id, now=now, email=mask(invitation.email))
    _send(invitation, now=now)
    return invitation


def revoke_invitation(*, actor: Actor, invitation_id: uuid.UUID, now: datetime) -> Invitation:
    """Take the invitation back; its link stops working at once. Refusal invitation_closed."""
    invitation = _open_invitation(actor, invitation_id)
    invitation.revoked_at = now
    _record(actor, "invitation_revoked", "invitation", invitation.id, now=now, email=mask(invitation.email))
    return invitation


def change_role(*, actor: Actor, membership_id: uuid.UUID, role: str, now: datetime) -> Membership:
    """Give a member another role. Refusals: role_unknown, member_gone, last_head."""
    _check_role(actor, role)
    membership = _lock_member(actor, membership_id)
    before = membership.role
    if before == role:
        return membership
    if before == head_role(actor):
        _check_not_last(actor, membership)
    membership.role = role
    _record(actor, "member_role_changed", "membership", membership.id, now=now, before=before, after=role)
    _tell(actor, membership, "member_role_changed", now=now, role=role)
    return membership


def remove_member(*, actor: Actor, membership_id: uuid.UUID, now: datetime) -> Membership:
    """End a membership; what the person did stays in the trail. Refusals: member_gone, last_head."""
    membership = _lock_member(actor, membership_id)
    if membership.role == head_role(actor):
        _check_not_last(actor, membership)
    membership.removed_at = now
    _record(actor, "member_removed", "membership", membership.id, now=now, before=membership.role)
    _tell(actor, membership, "member_removed", now=now, role=membership.role)
    return membership


def is_last_head(actor: Actor, membership: Membership, members: list[Membership]) -> bool:
    """Whether this member is the only one who manages the side: neither demoted nor removed."""
    heads = [other for other in members if other.role == head_role(actor)]
    return [other.id for other in heads] == [membership.id]


def _check_role(actor: Actor, role: str) -> None:
    if role not in roles_of_side(actor):
        raise Refusal("role_unknown", "", N_("请选择一个角色。"))


def _lock_member(actor: Actor, membership_id: uuid.UUID) -> Membership:
    """The member, with all heads of the side locked in one order: two owners cannot demote each other at once."""
    locking = (
        select(Membership)
        .where(_own_side(actor, Membership), Membership.removed_at.is_(None))
        .where((Membership.role == head_role(actor)) | (Membership.id == membership_id))
        .order_by(Membership.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = next((row for row in db.session.scalars(locking) if row.id == membership_id), None)
    if found is None:
        raise Refusal("member_gone", "", N_("这位成员已不在本单位,请刷新页面。"))
    return found


def _check_not_last(actor: Actor, membership: Membership) -> None:
    others = select(Membership.id).where(
        _own_side(actor, Membership),
        Membership.removed_at.is_(None),
        Membership.role == head_role(actor),
        Membership.id != membership.id,
    )
    if db.session.scalar(others.limit(1)) is None:
        raise Refusal("last_head", "", N_("本单位至少要有一位负责人。请先把另一位成员设为负责人,再修改或移除这位。"))


def _open_invitation(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    invitation = get_open_invitation(actor, invitation_id)
    if invitation is None:
        raise Refusal("invitation_closed", "", N_("这份邀请已被接受或撤销,请刷新页面。"))
    return invitation


def _record(
    actor: Actor,
    name: str,
    subject_type: str,
    subject_id: uuid.UUID,
    *,
    now: datetime,
    before: str | None = None,
    after: str | None = None,
    **data: Any,
) -> None:
    db.session.flush()
    events.record(
        name, actor=actor, now=now, subject_type=subject_type, subject_id=subject_id, before=before, after=after, **data
    )


def _send(invitation: Invitation, *, now: datetime) -> None:
    # The minute in the key: a second press within it sends nothing more.
    key = f"invitation:{invitation.id}:{now:%Y%m%d%H%M}"
    outbox.add(SEND_INVITATION, queue="mail", key=key, invitation_id=str(invitation.id))


def _tell(actor: Actor, membership: Membership, kind: str, *, now: datetime, role: str) -> None:
    if membership.user_id == actor.user_id:
        return
    outbox.add(
        TELL_MEMBER,
        queue="mail",
        kind=kind,
        user_id=str(membership.user_id),
        organisation_id=str(membership.organisation_id) if membership.organisation_id else None,
        authority_code=membership.authority_code,
        role=role,
        at=now.isoformat(),
    )
