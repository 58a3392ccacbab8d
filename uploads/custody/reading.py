"""The one door to stored content: whoever reads a file reads it here, sealed or not."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType

import tink
from flask import current_app
from sqlalchemy import func, select

from app.config import Config
from app.db import db
from uploads.custody import cipher, keys
from uploads.custody.models import CustodyKey, StoredObject
from uploads.fetching import Copy, fetched
from uploads.models import DossierFile, Upload, UploadState
from uploads.store import ObjectGone, ObjectStore


class Locked(Exception):
    """The object's key is not there for this asker: not theirs to read, or destroyed."""


@dataclass(frozen=True)
class Place:
    """Where a file's bytes lie, what they are bound to, and how many they are when plain."""

    bucket: str
    key: str
    upload_id: uuid.UUID
    sealed: bool
    size: int


class PlainStream(AbstractContextManager["PlainStream"], Iterable[bytes]):
    """The plain bytes of one file, once, in pieces of at most 1 MiB; `size` is how many there are.

    Close it when you stop early: it holds a connection to the store.
    """

    def __init__(self, size: int, pieces: Iterator[bytes]) -> None:
        self.size = size
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Let the connection go."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_sealed(file: Upload | DossierFile) -> bool:
    """Whether the file is encrypted in the store."""
    return file.sealed


def place_of(file: Upload | DossierFile, *, own: bool = False) -> Place:
    """Where a file lies: an upload in its organisation's bucket, a dossier's file in its authority's.

    With `own`, a dossier's file in the organisation's bucket. Raises ObjectGone when it is not stored (any more).
    """
    if file.purged_at is not None and not own:
        raise ObjectGone("purged")
    if isinstance(file, Upload):
        if file.state != UploadState.checked:
            raise ObjectGone("not checked yet, or rejected")
        return Place(file.bucket, file.key, file.id, file.sealed, file.size or file.declared_size)
    if own:
        return Place(file.source_bucket, file.source_key, file.upload_id, file.sealed, file.size)
    if file.bureau_bucket is None or file.bureau_key is None:
        raise ObjectGone("not delivered yet")
    return Place(file.bureau_bucket, file.bureau_key, file.upload_id, file.sealed, file.size)


def open_stream(file: Upload | DossierFile, *, own: bool = False) -> PlainStream:
    """The plain bytes of a stored file. The database is asked now, in the caller's scope, and not afterwards.

    Raises ObjectGone, Locked, ConfigError; PartDown when the store is asked, with the first piece; Tampered with any.
    """
    return open_place(place_of(file, own=own))


def open_place(place: Place) -> PlainStream:
    """As `open_stream`, for a place found before."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    key = data_key(place) if place.sealed else None
    return PlainStream(place.size, _pieces(store, place, key))


def _pieces(store: ObjectStore, place: Place, key: tink.KeysetHandle | None) -> Iterator[bytes]:
    stored = store.stream(place.bucket, place.key)
    try:
        if key is None:
            yield from stored
        else:
            yield from cipher.unseal(stored, key, keys.of_object(place.upload_id))
    finally:
        stored.close()  # type: ignore[attr-defined]


def data_key(place: Place) -> tink.KeysetHandle:
    """The data key of a sealed object, if the caller's scope may read it. Raises Locked, ConfigError."""
    here = (
        StoredObject.bucket == place.bucket,
        StoredObject.key == place.key,
        StoredObject.upload_id == place.upload_id,
    )
    object_id = db.session.scalar(select(StoredObject.id).where(*here))
    if object_id is None:
        raise Locked("no key of this object may be read")
    # The policy of holders' keys: only while the transaction names an object that it may read.
    db.session.execute(select(func.set_config("sheping.object", str(object_id), True)))
    found = db.session.execute(
        select(
            StoredObject.wrapped,
            StoredObject.key_id,
            CustodyKey.wrapped.label("key_wrapped"),
            CustodyKey.master_version,
        )
        .join(CustodyKey, CustodyKey.id == StoredObject.key_id)
        .where(StoredObject.id == object_id)
    ).one_or_none()
    if found is None or found.key_wrapped is None:
        raise Locked("the key of this object may not be read")
    return keys.open_data_key(found.wrapped, keys.holder_key_of(found), place.upload_id)


def plain_copy(file: Upload | DossierFile, *, own: bool = False) -> AbstractContextManager[Copy]:
    """The plain bytes in a private temporary file, gone afterwards; raises as `open_stream`."""
    settings: Config = current_app.config["SHEPING"]
    return fetched(open_stream(file, own=own), settings.home / "tmp")
