"""The keys of holders and of objects: made once, kept wrapped, opened only while something is read or written."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import tink
from flask import current_app
from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from tink import aead

from app.config import Config
from app.db import db
from uploads.custody import cipher, masters
from uploads.custody.models import CustodyKey, KeyState, StoredObject
from uploads.models import DossierFile, Upload

_CACHED = 256


@dataclass(frozen=True)
class Holder:
    """Whose key it is: one of the two."""

    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {"organisation_id": self.organisation_id, "authority_code": self.authority_code}

    def is_holder_of(self) -> ColumnElement[bool]:
        """The condition on `custody_keys`."""
        if self.organisation_id is not None:
            return CustodyKey.organisation_id == self.organisation_id
        return CustodyKey.authority_code == self.authority_code


@dataclass(frozen=True)
class HolderKey:
    """A row of `custody_keys` as it is needed to open what it wraps."""

    id: uuid.UUID
    wrapped: bytes
    master_version: int


def configured_masters() -> masters.Masters:
    """The master keys of this process. Raises ConfigError."""
    settings: Config = current_app.config["SHEPING"]
    return masters.parse(settings.custody_keys)


def is_on() -> bool:
    """Whether new objects are sealed."""
    settings: Config = current_app.config["SHEPING"]
    return settings.custody_encryption


def of_data_key(upload_id: uuid.UUID) -> bytes:
    """What a wrapped data key is bound to."""
    return b"sheping/data-key/" + upload_id.bytes


def of_holder_key(key_id: uuid.UUID) -> bytes:
    """What a wrapped holder key is bound to."""
    return b"sheping/holder-key/" + key_id.bytes


def of_object(upload_id: uuid.UUID) -> bytes:
    """What a ciphertext is bound to."""
    return b"sheping/object/" + upload_id.bytes


# A flood of deliveries opens the same ones over and over. The wrapped bytes are part of the name: nobody opens a key
# here whose row the database would not let them read.
_opened: OrderedDict[tuple[uuid.UUID, bytes], aead.Aead] = OrderedDict()
_guard = threading.Lock()


def open_holder_key(key: HolderKey) -> aead.Aead:
    """The AEAD of a holder's key. Raises ConfigError without its master key, Tampered when it does not open."""
    name = (key.id, key.wrapped)
    with _guard:
        if name in _opened:
            _opened.move_to_end(name)
            return _opened[name]
    master = configured_masters().of(key.master_version)
    opened = cipher.unwrap(key.wrapped, master, of_holder_key(key.id)).primitive(aead.Aead)
    with _guard:
        _opened[name] = opened
        while len(_opened) > _CACHED:
            _opened.popitem(last=False)
    return opened


def wrap_holder_key(handle: tink.KeysetHandle, key_id: uuid.UUID) -> tuple[bytes, int]:
    """A holder's key wrapped by the newest master key, and that one's number."""
    known = configured_masters()
    return cipher.wrap(handle, known.of(known.newest), of_holder_key(key_id)), known.newest


def find_active(holder: Holder, *, share: bool = False) -> HolderKey | None:
    """The key that seals anew for this holder; with `share` it stays active until the transaction ends."""
    query = select(CustodyKey.id, CustodyKey.wrapped, CustodyKey.master_version).where(
        holder.is_holder_of(), CustodyKey.state == KeyState.active
    )
    row = db.session.execute(query.with_for_update(read=True) if share else query).one_or_none()
    return HolderKey(row.id, row.wrapped, row.master_version) if row else None


def ensure_active(holder: Holder, now: datetime) -> HolderKey:
    """The holder's active key, made on first need and held active until the transaction ends. As the system."""
    found = find_active(holder, share=True)
    if found is None:
        add_key(holder, version=1, now=now)
        found = find_active(holder, share=True)
    if found is None:
        raise RuntimeError("a holder's key could not be made")
    return found


def add_key(holder: Holder, *, version: int, now: datetime) -> None:
    """A new active key; nothing happens when another transaction has just made it."""
    key_id = uuid.uuid4()
    wrapped, number = wrap_holder_key(cipher.new_holder_key(), key_id)
    row = insert(CustodyKey).values(
        id=key_id,
        version=version,
        state=KeyState.active.value,
        wrapped=wrapped,
        master_version=number,
        created_at=now,
        **holder.columns,
    )
    db.session.execute(row.on_conflict_do_nothing())


def ensure_data_key(upload: Upload, now: datetime, *, key: str | None = None) -> None:
    """The data key under which this upload's object is sealed; asked again, it stays the one it is. As the system.

    `key`: where in the organisation's bucket, if not where the upload lies.
    """
    holder = Holder(upload.organisation_id, upload.authority_code)
    _ensure_new_key(upload.id, (upload.bucket, key or upload.key), holder, holder.columns, now)


def ensure_own_copy_key(file: DossierFile, place: tuple[str, str], now: datetime) -> None:
    """A data key of its own for an authority's copy whose original is destroyed. As the system."""
    columns = {"organisation_id": file.organisation_id, "authority_code": file.authority_code}
    _ensure_new_key(file.upload_id, place, Holder(authority_code=file.authority_code), columns, now)


def _ensure_new_key(
    upload_id: uuid.UUID, place: tuple[str, str], holder: Holder, columns: dict[str, Any], now: datetime
) -> None:
    here = select(StoredObject.id).where(StoredObject.bucket == place[0], StoredObject.key == place[1])
    if db.session.scalar(here) is not None:
        return
    holder_key = ensure_active(holder, now)
    row = insert(StoredObject).values(
        id=uuid.uuid4(),
        bucket=place[0],
        key=place[1],
        upload_id=upload_id,
        key_id=holder_key.id,
        wrapped=cipher.wrap(cipher.new_data_key(), open_holder_key(holder_key), of_data_key(upload_id)),
        created_at=now,
        **columns,
    )
    db.session.execute(row.on_conflict_do_nothing())


def ensure_copy_key(file: DossierFile, source: tuple[str, str], place: tuple[str, str], now: datetime) -> None:
    """The data key of the object at `source` wrapped for an authority, whose copy lies at `place`. As the system."""
    here = select(StoredObject.id).where(StoredObject.bucket == place[0], StoredObject.key == place[1])
    if db.session.scalar(here) is not None:
        return
    found = db.session.execute(
        select(
            StoredObject.wrapped,
            StoredObject.key_id,
            CustodyKey.wrapped.label("key_wrapped"),
            CustodyKey.master_version,
        )
        .join(CustodyKey, CustodyKey.id == StoredObject.key_id)
        .where(StoredObject.bucket == source[0], StoredObject.key == source[1])
    ).one()
    holder_key = ensure_active(Holder(authority_code=file.authority_code), now)
    row = insert(StoredObject).values(
        id=uuid.uuid4(),
        bucket=place[0],
        key=place[1],
        upload_id=file.upload_id,
        organisation_id=file.organisation_id,
        authority_code=file.authority_code,
        key_id=holder_key.id,
        wrapped=rewrap(found.wrapped, holder_key_of(found), holder_key, file.upload_id),
        created_at=now,
    )
    db.session.execute(row.on_conflict_do_nothing())


def open_data_key(wrapped: bytes, holder_key: HolderKey, upload_id: uuid.UUID) -> tink.KeysetHandle:
    """The data key of one object. Raises as `open_holder_key`."""
    return cipher.unwrap(wrapped, open_holder_key(holder_key), of_data_key(upload_id))


def rewrap(wrapped: bytes, old: HolderKey, new: HolderKey, upload_id: uuid.UUID) -> bytes:
    """The same data key, wrapped for another holder or by a holder's next key."""
    return cipher.wrap(open_data_key(wrapped, old, upload_id), open_holder_key(new), of_data_key(upload_id))


def holder_key_of(row: Any) -> HolderKey:
    """From a row with columns `key_id`, `key_wrapped`, `master_version`."""
    return HolderKey(row.key_id, row.key_wrapped, row.master_version)
