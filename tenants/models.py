"""Organisations, authorities, people, memberships and everything a sign-in needs.

Row-level security is on for every table here (migrations/0001): see `tenants.scope` for who sees what.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk


class Authority(Model):
    """A human-resources authority (人力资源社会保障部门): one of 16 city bureaus, or the provincial department."""

    __tablename__ = "authorities"
    __table_args__ = (CheckConstraint("kind in ('city', 'province')", name="kind"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    city_name: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    security_email: Mapped[str] = mapped_column(server_default="")
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None]


class Organisation(Model):
    """A tenant: applicant organisation (申请单位), then incubatee (培育对象), then evaluation organisation (社评组织).

    `registration_city_code` is the city of the registration authority, which decides where it files (R15);
    `authority_code` is the one authority competent for it (R1): that city, or the department for provincial ones.
    """

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("org_type in ('enterprise', 'school', 'social_group', 'private_non_enterprise')", name="type"),
        CheckConstraint(
            "affiliation in ('provincial', 'municipal', 'private_non_enterprise', 'national_branch')",
            name="affiliation",
        ),
        CheckConstraint("filing_level in ('municipal', 'provincial')", name="filing_level"),
    )

    id: Mapped[UuidPk]
    name: Mapped[str]
    uscc: Mapped[str] = mapped_column(unique=True)
    org_type: Mapped[str]
    affiliation: Mapped[str] = mapped_column(server_default="municipal")
    filing_level: Mapped[str] = mapped_column(server_default="municipal")
    registration_authority: Mapped[str]
    registration_city_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"), index=True)
    phone: Mapped[str] = mapped_column(server_default="")
    bucket: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]

    authority: Mapped[Authority] = relationship(foreign_keys=[authority_code], lazy="raise")


class User(Model):
    """A person. `email` is stored lower-case; `password_hash` is argon2id, empty until a password was chosen."""

    __tablename__ = "users"

    id: Mapped[UuidPk]
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(server_default="")
    email_confirmed_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(server_default="zh")
    disabled_at: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime]


class Membership(Model):
    """What a person may do, and for whom: an organisation, an authority, or (neither) as an expert (专家)."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(
            "case when organisation_id is not null then authority_code is null"
            " and role in ('owner', 'signatory', 'editor', 'viewer')"
            " when authority_code is not null then role in ('officer', 'lead') else role = 'expert' end",
            name="role_fits",
        ),
        Index(
            "uq_memberships_live",
            "user_id",
            text("coalesce(organisation_id::text, authority_code, 'expert')"),
            unique=True,
            postgresql_where=text("removed_at is null"),
        ),
        Index("ix_memberships_organisation_id", "organisation_id"),
        Index("ix_memberships_authority_code", "authority_code"),
    )

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    role: Mapped[str]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise")
    organisation: Mapped[Organisation | None] = relationship(lazy="raise")
    authority: Mapped[Authority | None] = relationship(lazy="raise")


class Invitation(Model):
    """An invitation of a colleague by e-mail; its token is made when the mail is sent and only its hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_open",
            text("coalesce(organisation_id::text, authority_code)"),
            "email",
            unique=True,
            postgresql_where=text("accepted_at is null and revoked_at is null"),
        ),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    email: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    invited_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInSession(Model):
    """One signed-in browser. The cookie holds the token; here is its hash."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = (Index("ix_sign_in_sessions_user_id", "user_id", "last_seen_at"),)

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    membership_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("memberships.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    ip: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OneTimeToken(Model):
    """A link sent by mail (confirm an address, choose a new password): used once, by a POST, never by a GET."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (CheckConstraint("purpose in ('confirm_email', 'reset_password')", name="purpose"),)

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    purpose: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Model):
    """A bearer token for other programs, bound to one membership."""

    __tablename__ = "api_tokens"

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    membership_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("memberships.id"))
    name: Mapped[str] = mapped_column(server_default="")
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInAttempt(Model):
    """A try at a password, by hash of the e-mail or address it came from: what the throttle counts.

    Times are the database server's, not the demo clock's: a visitor's time travel must not open the gate.
    """

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_key_at", "key", "at"),)

    id: Mapped[UuidPk]
    key: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    succeeded: Mapped[bool]
