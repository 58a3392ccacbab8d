"""Keys of tenants, what each object is sealed with, links that work once, and the record of what was purged."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UuidPk

_HOLDER = text("coalesce(organisation_id::text, authority_code)")


class KeyState(StrEnum):
    """`active` seals anew; `retiring` still opens what rotation has not reached; `destroyed` opens nothing."""

    active = "active"
    retiring = "retiring"
    destroyed = "destroyed"


class CustodyKey(Model):
    """A holder's key, wrapped by a master key: of one organisation or of one authority."""

    __tablename__ = "custody_keys"
    __table_args__ = (
        CheckConstraint("(organisation_id is null) <> (authority_code is null)", name="holder"),
        CheckConstraint("state in ('active', 'retiring', 'destroyed')", name="state"),
        CheckConstraint("(wrapped is null) = (state = 'destroyed')", name="wrapped"),
        Index("uq_custody_keys_version", _HOLDER, "version", unique=True),
        Index("uq_custody_keys_active", _HOLDER, unique=True, postgresql_where=text("state = 'active'")),
    )

    id: Mapped[UuidPk]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    version: Mapped[int]
    state: Mapped[str]
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    master_version: Mapped[int]
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


class StoredObject(Model):
    """One sealed object in a bucket and its data key, wrapped by the holder's key.

    `authority_code` is set for a bureau's copy of an organisation's file, and alone for a file of the bureau's own.
    The associated data of its ciphertext is `upload_id`, the same in every copy. Deleting the row makes the object
    unreadable for ever.
    """

    __tablename__ = "custody_objects"
    __table_args__ = (
        UniqueConstraint("bucket", "key"),
        Index("ix_custody_objects_key_id", "key_id", "id"),
        Index("ix_custody_objects_upload_id", "upload_id"),
    )

    id: Mapped[UuidPk]
    bucket: Mapped[str]
    key: Mapped[str]
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("uploads.id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("custody_keys.id"))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class DownloadLink(Model):
    """A link that works once, soon, and for one person; `kind` says which route takes it, `object_id` what it opens."""

    __tablename__ = "custody_links"
    __table_args__ = (Index("ix_custody_links_expires_at", "expires_at"),)

    id: Mapped[UuidPk]
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    object_id: Mapped[uuid.UUID]
    name: Mapped[str]
    mime: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PurgeRecord(Model):
    """What was destroyed (销毁记录): names, sizes and hashes, by which rule, when, by whom. Never changed."""

    __tablename__ = "purge_records"
    __table_args__ = (
        Index("ix_purge_records_organisation_id", "organisation_id", "purged_at"),
        Index("ix_purge_records_authority_code", "authority_code", "purged_at"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("authorities.code"))
    rule: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    title: Mapped[str]
    files: Mapped[list[Any]]
    due_on: Mapped[date]
    purged_by: Mapped[str]
    purged_at: Mapped[datetime]
