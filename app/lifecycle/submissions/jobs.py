"""What happens to a dossier after its commit: its delivery into the authority's bucket and inbox."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import aliased

from app import clock
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from app.lifecycle import paths
from app.lifecycle.custody.comparing import COMPARE
from app.lifecycle.submissions import queries
from app.lifecycle.submissions.banks import DISPATCHABLE
from app.lifecycle.submissions.subjects import find_subject, get_subject
from tenants import events, notices
from tenants.queries import bucket_of
from tenants.scope import SYSTEM_ACTOR
from uploads.custody.keys import Holder, HolderKey, ensure_active, holder_key_of, rewrap
from uploads.custody.models import CustodyKey, KeyState, StoredObject
from uploads.custody.reading import Locked
from uploads.errors import PartDown
from uploads.models import Dossier, DossierFile, DossierState, ReviewTask
from uploads.queries import list_uploads
from uploads.store import ObjectStore

log = structlog.get_logger(__name__)
PARALLEL_COPIES = 4
# Arrivals of one authority are told together: a flood before a closing date is one mail, not five hundred.
ARRIVALS_SECONDS = 20
ARRIVALS_NAMED = 10
TELL_ARRIVALS = "app.lifecycle.submissions.jobs.tell_arrivals"
_UNDELIVERED = (DossierState.submitted, DossierState.dead_letter)


_OWN_KEY = aliased(CustodyKey)


@dataclass(frozen=True)
class _Copy:
    """One file: from where to which key of the authority's bucket; `wrapped` and `holder` when it is sealed."""

    file_id: uuid.UUID
    upload_id: uuid.UUID
    source_bucket: str
    source_key: str
    key: str
    sealed: bool
    wrapped: bytes | None
    holder: HolderKey | None


@dataclass(frozen=True)
class _Delivery:
    """What a delivery needs to know; `holder` is the key under which the authority's copies are sealed anew."""

    id: uuid.UUID
    number: str
    kind: str
    subject_id: uuid.UUID
    organisation_id: uuid.UUID
    authority_code: str
    state: str
    copies: tuple[_Copy, ...]
    holder: HolderKey | None


@job(on_dead="app.lifecycle.submissions.jobs.give_up_delivery")
def deliver(*, dossier_id: str) -> None:
    """Copy a dossier's files into its authority's bucket and put exactly one task into its inbox.

    Killed anywhere and run again it ends the same: keys are those of the rows, the task is unique on the dossier.
    Floods of these come before a closing date, hence few statements. Raises NotReady while the object store is down.
    """
    delivery = _load(uuid.UUID(dossier_id))
    if delivery is None or delivery.state not in _UNDELIVERED:
        return
    settings: Config = current_app.config["SHEPING"]
    bucket = bucket_of(delivery.authority_code, settings.bucket_prefix)
    try:
        _copy_files(delivery, bucket)
    except PartDown as down:
        _show_retrying(delivery)
        raise NotReady(f"waiting for the {down.part}: {down}") from down
    now = clock.now()
    if _mark_delivered(delivery, bucket, _rewrap(delivery), now):
        # Last: the system's chain of events is locked from here to the commit.
        _record("dossier_delivered", delivery, now, before=delivery.state, after=DossierState.delivered)


# The commit of a delivery need not wait for the disk: if the database's machine dies in that instant, the row of the
# outbox is unacknowledged again together with all that it acknowledged, and the dossier is delivered anew.
_WITHOUT_WAITING = func.set_config("synchronous_commit", "off", True)


def _load(dossier_id: uuid.UUID) -> _Delivery | None:
    query = (
        select(
            Dossier.number,
            Dossier.kind,
            Dossier.subject_id,
            Dossier.organisation_id,
            Dossier.authority_code,
            Dossier.state,
            DossierFile.id.label("file_id"),
            DossierFile.source_bucket,
            DossierFile.source_key,
            DossierFile.upload_id,
            DossierFile.sealed,
            StoredObject.wrapped,
            CustodyKey.id.label("key_id"),
            CustodyKey.wrapped.label("key_wrapped"),
            CustodyKey.master_version,
            _OWN_KEY.id.label("own_id"),
            _OWN_KEY.wrapped.label("own_wrapped"),
            _OWN_KEY.master_version.label("own_master"),
            _WITHOUT_WAITING,
        )
        .join(DossierFile, DossierFile.dossier_id == Dossier.id)
        .outerjoin(
            StoredObject,
            and_(StoredObject.bucket == DossierFile.source_bucket, StoredObject.key == DossierFile.source_key),
        )
        .outerjoin(CustodyKey, CustodyKey.id == StoredObject.key_id)
        .outerjoin(
            _OWN_KEY,
            and_(_OWN_KEY.authority_code == Dossier.authority_code, _OWN_KEY.state == KeyState.active),
        )
        .where(Dossier.id == dossier_id)
    )
    rows = db.session.execute(query).all()
    if not rows:
        return None
    first = rows[0]
    # The same key as in _DELIVERED: whoever copies again writes the same bytes to the same place.
    copies = tuple(
        _Copy(
            row.file_id,
            row.upload_id,
            row.source_bucket,
            row.source_key,
            f"{dossier_id}/{row.file_id}",
            row.sealed,
            row.wrapped,
            holder_key_of(row) if row.key_wrapped else None,
        )
        for row in rows
    )
    return _Delivery(
        dossier_id,
        first.number,
        first.kind,
        first.subject_id,
        first.organisation_id,
        first.authority_code,
        first.state,
        copies,
        HolderKey(first.own_id, first.own_wrapped, first.own_master) if first.own_wrapped else None,
    )


def _copy_files(delivery: _Delivery, bucket: str) -> None:
    """Nothing is locked meanwhile."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    store.ensure_bucket(bucket)
    if len(delivery.copies) == 1:
        one = delivery.copies[0]
        store.copy(one.source_bucket, one.source_key, bucket, one.key)
        return
    with ThreadPoolExecutor(min(PARALLEL_COPIES, len(delivery.copies))) as pool:
        for done in [
            pool.submit(store.copy, one.source_bucket, one.source_key, bucket, one.key) for one in delivery.copies
        ]:
            done.result()


@dataclass(frozen=True)
class _Rewrapped:
    """The data keys of the sealed files, wrapped for the authority by `holder`; the lists go together."""

    holder: HolderKey | None
    file_ids: list[uuid.UUID]
    upload_ids: list[uuid.UUID]
    wrapped: list[bytes]


def _rewrap(delivery: _Delivery) -> _Rewrapped:
    """The ciphertext was copied as it is: only who can open its data key changes. Raises Locked."""
    sealed = [one for one in delivery.copies if one.sealed]
    if not sealed:
        return _Rewrapped(None, [], [], [])
    holder = delivery.holder or ensure_active(Holder(authority_code=delivery.authority_code), clock.now())
    wrapped = []
    for one in sealed:
        if one.wrapped is None or one.holder is None:
            raise Locked(f"the key of upload {one.upload_id} is gone")
        wrapped.append(rewrap(one.wrapped, one.holder, holder, one.upload_id))
    return _Rewrapped(holder, [one.file_id for one in sealed], [one.upload_id for one in sealed], wrapped)


# One statement for all that a delivery changes, because each round trip counts in a flood. A dossier is taken by who
# changes its state; its files, its task and its item follow. The outbox's row needs no NOTIFY: its window must pass.
_DELIVERED = text(
    """
    with taken as (
        update dossiers set state = 'delivered', delivered_at = :now
        where id = :id and state in ('submitted', 'dead_letter')
        returning id, kind, subject_id, organisation_id, authority_code
    ), copied as (
        update dossier_files f
        set bureau_bucket = :bucket, bureau_key = f.dossier_id::text || '/' || f.id::text, copied_at = :now
        from taken where f.dossier_id = taken.id
    ), holder as (
        select id from custody_keys where id = cast(:holder as uuid) and state = 'active' for share
    ), sealed as (
        insert into custody_objects
            (id, bucket, key, upload_id, organisation_id, authority_code, key_id, wrapped, created_at)
        select gen_random_uuid(), :bucket, taken.id::text || '/' || file.id::text, file.upload_id,
            taken.organisation_id, taken.authority_code, holder.id, file.wrapped, :now
        from taken, holder, unnest(cast(:files as uuid[]), cast(:uploads as uuid[]), cast(:wrapped as bytea[]))
            as file (id, upload_id, wrapped)
        on conflict (bucket, key) do update set key_id = excluded.key_id, wrapped = excluded.wrapped
    ), arrived as (
        insert into review_tasks (id, dossier_id, organisation_id, authority_code, state, arrived_at)
        select :task_id, id, organisation_id, authority_code, 'waiting', :now from taken
        on conflict (dossier_id) do nothing
    ), dispatched as (
        update application_items i set bank_state = 'dispatched' from taken
        where taken.kind = 'question_bank' and i.id = taken.subject_id and i.bank_state = any(:dispatchable)
    ), told as (
        insert into outbox (queue, function, args, key)
        select 'default', :tell,
            jsonb_build_object('authority_code', authority_code, 'window', cast(:window as bigint)),
            'arrivals:' || authority_code || ':' || cast(:window as text)
        from taken on conflict do nothing
    ), compared as (
        insert into outbox (queue, function, args, key)
        select 'intake', :compare, jsonb_build_object('file_id', f.id::text), 'compare:' || f.id::text
        from taken join dossier_files f on f.dossier_id = taken.id
        where taken.kind = 'question_bank' on conflict do nothing
    )
    select (select count(*) from taken), (select count(*) from holder)
    """
)


def _mark_delivered(delivery: _Delivery, bucket: str, sealed: _Rewrapped, now: datetime) -> bool:
    """The one step that counts; False when another worker has taken it. Raises NotReady."""
    values = {
        "id": delivery.id,
        "task_id": uuid.uuid4(),
        "bucket": bucket,
        "holder": sealed.holder.id if sealed.holder else None,
        "files": sealed.file_ids,
        "uploads": sealed.upload_ids,
        "wrapped": sealed.wrapped,
        "now": now,
        "dispatchable": list(DISPATCHABLE),
        "tell": TELL_ARRIVALS,
        "compare": COMPARE,
        "window": int(now.timestamp()) // ARRIVALS_SECONDS * ARRIVALS_SECONDS,
    }
    taken, holders = db.session.execute(_DELIVERED, values).one()
    if taken and sealed.holder is not None and not holders:
        # Wrapped by a key that a rotation has just retired: undone with this transaction, done anew with the next key.
        raise NotReady("the authority's key was rotated meanwhile")
    return bool(taken)


def _show_retrying(delivery: _Delivery) -> None:
    """Let the organisation see that it is being retried; committed, because the job is about to be put off."""
    subject = find_subject(delivery.kind, delivery.subject_id, lock=True)
    if subject is not None and delivery.state == DossierState.submitted:
        subject.fail_delivery(actor=SYSTEM_ACTOR)
    db.session.commit()


@job()
def give_up_delivery(*, dossier_id: str) -> None:
    """The delivery failed for good: a dead letter that both sides see and may retry."""
    dossier = queries.get_dossier(uuid.UUID(dossier_id))
    if dossier is None or dossier.state != DossierState.submitted:
        return
    now = clock.now()
    dossier.state = DossierState.dead_letter
    get_subject(dossier.kind, dossier.subject_id, lock=True).give_up_delivery(actor=SYSTEM_ACTOR)
    words: dict[str, Any] = {
        "number": dossier.number,
        "title": dossier.title,
        "organisation": dossier.organisation.name,
    }
    notices.tell(
        kind="delivery_failed",
        now=now,
        link=paths.of_dossier(dossier.id),
        organisation_id=dossier.organisation_id,
        **words,
    )
    notices.tell(
        kind="delivery_failed_officer",
        now=now,
        link="/bureau/failures",
        authority_code=dossier.authority_code,
        **words,
    )
    _record("dossier_delivery_failed", dossier, now, before=DossierState.submitted, after=DossierState.dead_letter)


def _record(name: str, dossier: Dossier | _Delivery, now: datetime, *, before: str, after: str) -> None:
    events.record(
        name,
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type="dossier",
        subject_id=dossier.id,
        organisation_id=dossier.organisation_id,
        authority_code=dossier.authority_code,
        before=before,
        after=after,
        number=dossier.number,
    )


@job()
def tell_arrivals(*, authority_code: str, window: int) -> None:
    """Tell an authority's officers, and each organisation, what arrived in one window of time, once it is over."""
    now = clock.now()
    starts = datetime.fromtimestamp(window, tz=clock.SHANGHAI)
    ends = starts + timedelta(seconds=ARRIVALS_SECONDS)
    if now < ends:
        raise NotReady("collecting arrivals")
    query = (
        select(Dossier.id, Dossier.number, Dossier.title, Dossier.organisation_id, Dossier.delivered_at)
        .join(ReviewTask, ReviewTask.dossier_id == Dossier.id)
        .where(ReviewTask.authority_code == authority_code)
        .where(ReviewTask.arrived_at >= starts, ReviewTask.arrived_at < ends)
        .order_by(ReviewTask.arrived_at, ReviewTask.id)
    )
    arrived = db.session.execute(query).all()
    if not arrived:
        return
    notices.tell(
        kind="dossiers_arrived",
        now=now,
        link="/bureau",
        authority_code=authority_code,
        key=f"dossiers_arrived:{authority_code}:{window}",
        count=len(arrived),
        dossiers=[{"number": row.number, "title": row.title} for row in arrived[:ARRIVALS_NAMED]],
        more=max(0, len(arrived) - ARRIVALS_NAMED),
    )
    for row in arrived:
        notices.tell(
            kind="dossier_delivered",
            now=now,
            link=paths.of_dossier(row.id),
            organisation_id=row.organisation_id,
            key=f"dossier_delivered:{row.id}",
            number=row.number,
            title=row.title,
            delivered_at=row.delivered_at.isoformat(),
        )


@job()
def follow_upload(*, purpose: str, subject_id: str) -> None:
    """Bring the record that files belong to in line with them: being drafted, being checked, ready, or not."""
    subject = find_subject(purpose, uuid.UUID(subject_id), lock=True)
    if subject is None:
        return
    subject.follow_files(uploads=list_uploads(subject.organisation_id, purpose=purpose, subject_id=subject.id))
