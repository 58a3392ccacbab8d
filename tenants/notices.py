"""Telling people: an in-app notice (站内信) each, and its e-mail through the outbox after the commit.

A statutory notice cannot be switched off; the rest may be, by kind, in a person's preferences.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, and_, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app import outbox
from app.db import Model, UuidPk, db
from app.jobs import job
from tenants.models import Membership, Organisation, User

SEND_NOTICE = "app.reminders.jobs.send_notice"
_reach: ContextVar[str] = ContextVar("sheping_notices_reach", default="mailed")


class Notice(Model):
    """A message to one person, read in the product; `state` follows its e-mail twin (held: for the daily digest).

    `recipient`: role and masked address at the time, for the authority that must know whether it arrived.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("state in ('queued', 'held', 'sent', 'deferred', 'bounced', 'in_app_only')", name="state"),
        Index("ix_notices_user_id", "user_id", "created_at", "id"),
        Index("ix_notices_unread", "user_id", postgresql_where=text("read_at is null")),
        Index("ix_notices_authority_code", "authority_code", "state"),
        Index("ix_notices_held", "authority_code", postgresql_where=text("state = 'held'")),
    )

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    recipient: Mapped[str] = mapped_column(server_default="")
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    link: Mapped[str] = mapped_column(server_default="/")
    rule: Mapped[str | None]
    statutory: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default="queued")
    last_error: Mapped[str | None]
    message_id: Mapped[str | None]
    # The digest that carries it; the digest's own table is the reminders' (0044).
    digest_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("digests.id"), index=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


@contextmanager
def limited_to(reach: str) -> Iterator[None]:
    """What is told inside goes no further than `reach`: "app", read in the product without a mail, or "nobody".

    For a demo that lays out a past: nobody wants the mails of last year today.
    """
    token = _reach.set(reach)
    try:
        yield
    finally:
        _reach.reset(token)


def tell(
    *,
    kind: str,
    now: datetime,
    link: str,
    organisation_id: uuid.UUID | None = None,
    authority_code: str | None = None,
    roles: Iterable[str] = (),
    rule: str | None = None,
    statutory: bool = False,
    key: str | None = None,
    **params: Any,
) -> None:
    """After the commit, write a notice to each person of one side (in `roles`, all when none) and mail it.

    The other side's people are not visible to the actor, so a job of the system does it. `kind` names the template in
    `templates/email/`, `params` (JSON values) its words; `key` makes it once only.
    """
    if _reach.get() == "nobody":
        return
    outbox.add(
        "tenants.notices.write",
        queue="mail",
        key=key,
        kind=kind,
        at=now.isoformat(),
        link=link,
        organisation_id=str(organisation_id) if organisation_id else None,
        authority_code=authority_code,
        roles=list(roles),
        rule=rule,
        statutory=statutory,
        params=params,
    )


@dataclass(frozen=True)
class Message:
    """One of many messages told at once; as the arguments of `tell`. `key` makes it once only."""

    key: str
    link: str
    params: dict[str, Any]
    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None
    rule: str | None = None
    statutory: bool = False


def tell_many(*, kind: str, now: datetime, messages: Iterable[Message]) -> int:
    """As `tell`, for thousands of sides with two statements; answers how many were given."""
    return outbox.add_many(
        "tenants.notices.write",
        queue="mail",
        rows=(
            (
                one.key,
                {
                    "kind": kind,
                    "at": now.isoformat(),
                    "link": one.link,
                    "organisation_id": str(one.organisation_id) if one.organisation_id else None,
                    "authority_code": one.authority_code,
                    "roles": [],
                    "rule": one.rule,
                    "statutory": one.statutory,
                    "params": one.params,
                },
            )
            for one in messages
        ),
    )


@job()
def write(
    *,
    kind: str,
    at: str,
    link: str,
    organisation_id: str | None,
    authority_code: str | None,
    roles: list[str],
    rule: str | None,
    statutory: bool,
    params: dict[str, Any],
) -> None:
    """The system's half of `tell`: one notice a recipient, one outbox row a mail, in one transaction."""
    side = uuid.UUID(organisation_id) if organisation_id else None
    if side and statutory:
        # The competent authority must hear when a statutory notice cannot be delivered.
        authority_code = db.session.scalar(select(Organisation.authority_code).where(Organisation.id == side))
    for user in list_recipients(organisation_id=side, authority_code=authority_code, roles=roles):
        write_one(
            user.id,
            kind=kind,
            now=datetime.fromisoformat(at),
            link=link,
            organisation_id=side,
            authority_code=authority_code,
            rule=rule,
            statutory=statutory,
            params=params,
        )


def write_one(
    user_id: uuid.UUID,
    *,
    kind: str,
    now: datetime,
    link: str,
    params: dict[str, Any],
    organisation_id: uuid.UUID | None = None,
    authority_code: str | None = None,
    rule: str | None = None,
    statutory: bool = False,
) -> Notice:
    """One notice to one person, and its mail through the outbox; runs as the system."""
    notice = Notice(
        id=uuid.uuid4(),
        user_id=user_id,
        recipient=describe_recipient(user_id, organisation_id=organisation_id, authority_code=authority_code),
        organisation_id=organisation_id,
        authority_code=authority_code,
        kind=kind,
        params=params,
        link=link,
        rule=rule,
        statutory=statutory,
        state="queued" if _reach.get() == "mailed" else "in_app_only",
        created_at=now,
    )
    db.session.add(notice)
    db.session.flush()
    if notice.state == "in_app_only":
        return notice
    outbox.add(SEND_NOTICE, queue="mail", key=f"notice:{notice.id}", notice_id=str(notice.id))
    return notice


def describe_recipient(user_id: uuid.UUID, *, organisation_id: uuid.UUID | None, authority_code: str | None) -> str:
    """`owner w***@example.com`: the person's role on the side that is told, and their address, masked."""
    side = (
        Membership.organisation_id == organisation_id
        if organisation_id
        else Membership.authority_code == authority_code
    )
    query = (
        select(User.email, Membership.role)
        .outerjoin(Membership, and_(Membership.user_id == User.id, Membership.removed_at.is_(None), side))
        .where(User.id == user_id)
    )
    row = db.session.execute(query.limit(1)).one()
    local, _, domain = row.email.partition("@")
    return f"{row.role or '-'} {local[:1]}***@{domain}"


def list_recipients(
    *, organisation_id: uuid.UUID | None = None, authority_code: str | None = None, roles: Iterable[str] = ()
) -> list[User]:
    """The people of one organisation or authority, in the given roles (all when none), who have not left."""
    query = select(User).join(Membership, Membership.user_id == User.id).where(Membership.removed_at.is_(None))
    if organisation_id is not None:
        query = query.where(Membership.organisation_id == organisation_id)
    else:
        query = query.where(Membership.authority_code == authority_code)
    if roles := list(roles):
        query = query.where(Membership.role.in_(roles))
    return list(db.session.scalars(query.where(User.disabled_at.is_(None)).order_by(User.email)))


def count_unread(user_id: uuid.UUID) -> int:
    """How many notices the person has not opened."""
    query = select(func.count()).select_from(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None))
    return db.session.scalar(query) or 0
