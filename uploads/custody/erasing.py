"""Destroying data keys: what they sealed is unreadable from then on, wherever a copy of it lies."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import delete, tuple_

from app.db import db
from uploads.custody.models import StoredObject


def forget_data_keys(upload_id: uuid.UUID) -> int:
    """Destroy the keys of every copy of an upload's object; returns how many. As the system."""
    return _forget(delete(StoredObject).where(StoredObject.upload_id == upload_id))


def forget_places(places: Iterable[tuple[str, str]]) -> int:
    """Destroy the keys of the objects at these buckets and keys; returns how many. As the system."""
    here = tuple_(StoredObject.bucket, StoredObject.key).in_(list(places))
    return _forget(delete(StoredObject).where(here))


def _forget(statement: object) -> int:
    return int(db.session.execute(statement).rowcount)  # type: ignore[call-overload]
