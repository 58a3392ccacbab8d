"""Rotating keys: data keys are wrapped anew, objects are never rewritten. Cut off anywhere and run again, it goes on.

A holder's next key becomes the active one first; what the old one still wraps follows in batches, each its own
transaction; the old key is destroyed when nothing is left that it opens.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from app.db import db
from tenants import events
from tenants.models import Authority, Organisation
from tenants.scope import SYSTEM_ACTOR
from uploads.custody import cipher, keys
from uploads.custody.keys import Holder, HolderKey
from uploads.custody.models import CustodyKey, KeyState, StoredObject
from uploads.models import DossierFile, Upload

BATCH = 200


@dataclass(frozen=True)
class Rotated:
    """What a rotation has done for one holder."""

    holder: Holder
    version: int
    objects: int


def find_holder(code: str) -> Holder | None:
    """The holder that a credit code, an organisation's id or an authority's code names; None when nobody."""
    if db.session.get(Authority, code) is not None:
        return Holder(authority_code=code)
    named = [Organisation.uscc == code.upper()]
    with suppress(ValueError):
        named.append(Organisation.id == uuid.UUID(code))
    found = db.session.scalar(select(Organisation.id).where(or_(*named)))
    return Holder(organisation_id=found) if found is not None else None


def list_holders() -> list[Holder]:
    """Everybody who has a key."""
    query = select(CustodyKey.organisation_id, CustodyKey.authority_code).distinct()
    return [Holder(row.organisation_id, row.authority_code) for row in db.session.execute(query)]


def rotate_holder(holder: Holder, *, now: datetime) -> Rotated | None:
    """Give a holder its next key and wrap everything by it; commits as it goes. None for a holder without a key.

    A rotation that was cut off is finished instead of another one being begun. Raises ConfigError.
    """
    if _find_retiring(holder) is None and not _begin(holder, now):
        db.session.rollback()
        return None
    db.session.commit()
    objects = 0
    while moved := _move_batch(holder):
        objects += moved
        db.session.commit()
    version = _finish(holder, objects, now)
    db.session.commit()
    return Rotated(holder, version, objects)


def _find_retiring(holder: Holder) -> uuid.UUID | None:
    query = select(CustodyKey.id).where(holder.is_holder_of(), CustodyKey.state == KeyState.retiring)
    return db.session.scalar(query.order_by(CustodyKey.version).limit(1))


def _begin(holder: Holder, now: datetime) -> bool:
    active = db.session.scalar(
        select(CustodyKey).where(holder.is_holder_of(), CustodyKey.state == KeyState.active).with_for_update()
    )
    if active is None:
        return False
    # Without its master key nothing could follow: better not to begin.
    keys.open_holder_key(HolderKey(active.id, active.wrapped or b"", active.master_version))
    # Who is just wrapping by the active key holds it (`for share`): we have waited for them; later ones find the next.
    active.state = KeyState.retiring
    db.session.flush()
    keys.add_key(holder, version=active.version + 1, now=now)
    _record("custody_rotation_started", holder, now, version=active.version + 1)
    return True


def _move_batch(holder: Holder) -> int:
    active = keys.find_active(holder, share=True)
    if active is None:
        raise RuntimeError("a holder without an active key")
    retiring = (
        select(StoredObject, CustodyKey)
        .join(CustodyKey, CustodyKey.id == StoredObject.key_id)
        .where(holder.is_holder_of(), CustodyKey.state == KeyState.retiring)
        .order_by(StoredObject.id)
        .limit(BATCH)
        .with_for_update(of=StoredObject)
    )
    rows = db.session.execute(retiring).all()
    for stored, key in rows:
        old = HolderKey(key.id, key.wrapped or b"", key.master_version)
        stored.wrapped = keys.rewrap(stored.wrapped, old, active, stored.upload_id)
        stored.key_id = active.id
    db.session.flush()
    return len(rows)


def _finish(holder: Holder, objects: int, now: datetime) -> int:
    retiring = db.session.scalars(
        select(CustodyKey).where(holder.is_holder_of(), CustodyKey.state == KeyState.retiring).with_for_update()
    ).all()
    for key in retiring:
        left = db.session.scalar(select(func.count()).where(StoredObject.key_id == key.id))
        if left:
            raise RuntimeError("something was wrapped by a retiring key meanwhile: rotate again")
        key.state, key.wrapped, key.destroyed_at = KeyState.destroyed, None, now
    version = db.session.scalar(
        select(CustodyKey.version).where(holder.is_holder_of(), CustodyKey.state == KeyState.active)
    )
    if retiring:
        _record("custody_key_rotated", holder, now, version=version, objects=objects)
    db.session.flush()
    return int(version or 0)


def rotate_master(*, now: datetime) -> int:
    """Wrap every holder's key by the newest master key; returns how many changed. Commits each batch."""
    newest = keys.configured_masters().newest
    changed = 0
    while rows := _stale(newest):
        for key in rows:
            old = keys.configured_masters().of(key.master_version)
            handle = cipher.unwrap(key.wrapped or b"", old, keys.of_holder_key(key.id))
            key.wrapped, key.master_version = keys.wrap_holder_key(handle, key.id)
        changed += len(rows)
        db.session.commit()
    if changed:
        events.record(
            "custody_master_rotated",
            actor=SYSTEM_ACTOR,
            now=now,
            subject_type="custody",
            subject_id=newest,
            keys=changed,
        )
        db.session.commit()
    return changed


def _stale(newest: int) -> list[CustodyKey]:
    query = select(CustodyKey).where(CustodyKey.master_version != newest, CustodyKey.wrapped.is_not(None))
    return list(db.session.scalars(query.order_by(CustodyKey.id).limit(BATCH).with_for_update()))


def _record(name: str, holder: Holder, now: datetime, **data: Any) -> None:
    events.record(
        name,
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type="custody",
        subject_id=holder.organisation_id or holder.authority_code,
        organisation_id=holder.organisation_id,
        authority_code=holder.authority_code,
        **data,
    )


def describe() -> Iterator[tuple[str, str]]:
    """What `sheping custody status` shows: name and words."""
    known = keys.configured_masters()
    yield "encryption", "on" if keys.is_on() else "off: new files are stored plain"
    yield "master keys", ", ".join(str(number) for number in sorted(known.keys)) or "none (CUSTODY_KEYS is not set)"
    by_master = select(CustodyKey.master_version, func.count()).where(CustodyKey.wrapped.is_not(None))
    for number, count in db.session.execute(by_master.group_by(CustodyKey.master_version)).all():
        yield f"wrapped by master {number}", f"{count} keys" + ("" if number in known.keys else " — NOT CONFIGURED")
    by_state = select(CustodyKey.state, func.count()).group_by(CustodyKey.state).order_by(CustodyKey.state)
    for state, count in db.session.execute(by_state).all():
        yield f"holders' keys {state}", str(count)
    for name, model in (("uploads", Upload), ("bureau copies", DossierFile)):
        stored = Upload.state == "checked" if model is Upload else DossierFile.bureau_key.is_not(None)
        here = (stored, model.purged_at.is_(None))
        sealed = db.session.scalar(select(func.count()).select_from(model).where(*here, model.sealed))
        plain = db.session.scalar(select(func.count()).select_from(model).where(*here, model.sealed.is_(False)))
        yield name, f"{sealed} sealed, {plain} plain"
    waiting = select(func.count()).select_from(Upload).where(Upload.quarantine.is_not(None))
    yield "in quarantine", str(db.session.scalar(waiting))
