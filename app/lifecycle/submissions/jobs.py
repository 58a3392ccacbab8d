"""What happens to a dossier after its commit: its delivery into the authority's bucket and inbox."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import func, select, text

from app import clock
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from app.lifecycle import paths
from app.lifecycle.submissions import queries
from app.lifecycle.submissions.banks import DISPATCHABLE
from app.lifecycle.submissions.subjects import find_subject, get_subject
from tenants import events, notices
from tenants.queries import bucket_of
from tenants.scope import SYSTEM_ACTOR
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


@dataclass(frozen=True)
class _Delivery:
    """What a delivery needs to know: `copies` are (source bucket, source key, the key of the authority's copy)."""

    id: uuid.UUID
    number: str
    kind: str
    subject_id: uuid.UUID
    organisation_id: uuid.UUID
    authority_code: str
    state: str
    copies: tuple[tuple[str, str, str], ...]


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
    if _mark_delivered(delivery, bucket, now):
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
            _WITHOUT_WAITING,
        )
        .join(DossierFile, DossierFile.dossier_id == Dossier.id)
        .where(Dossier.id == dossier_id)
    )
    rows = db.session.execute(query).all()
    if not rows:
        return None
    first = rows[0]
    # The same key as in _DELIVERED: whoever copies again writes the same bytes to the same place.
    copies = tuple((row.source_bucket, row.source_key, f"{dossier_id}/{row.file_id}") for row in rows)
    return _Delivery(
        dossier_id,
        first.number,
        first.kind,
        first.subject_id,
        first.organisation_id,
        first.authority_code,
        first.state,
        copies,
    )


def _copy_files(delivery: _Delivery, bucket: str) -> None:
    """Nothing is locked meanwhile."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    store.ensure_bucket(bucket)
    if len(delivery.copies) == 1:
        source_bucket, source_key, key = delivery.copies[0]
        store.copy(source_bucket, source_key, bucket, key)
        return
    with ThreadPoolExecutor(min(PARALLEL_COPIES, len(delivery.copies))) as pool:
        for done in [pool.submit(store.copy, source, old, bucket, key) for source, old, key in delivery.copies]:
            done.result()


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
    )
    select count(*) from taken
    """
)


def _mark_delivered(delivery: _Delivery, bucket: str, now: datetime) -> bool:
    """The one step that counts; False when another worker has taken it."""
    values = {
        "id": delivery.id,
        "task_id": uuid.uuid4(),
        "bucket": bucket,
        "now": now,
        "dispatchable": list(DISPATCHABLE),
        "tell": TELL_ARRIVALS,
        "window": int(now.timestamp()) // ARRIVALS_SECONDS * ARRIVALS_SECONDS,
    }
    return bool(db.session.scalar(_DELIVERED, values))


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
