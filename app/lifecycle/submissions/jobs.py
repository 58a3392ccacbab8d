"""What happens to a dossier after its commit: its delivery into the authority's bucket and inbox."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, outbox
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from app.lifecycle import paths
from app.lifecycle.submissions import queries
from app.lifecycle.submissions.subjects import find_subject, get_subject
from tenants import events, notices
from tenants.queries import bucket_of
from tenants.scope import SYSTEM_ACTOR
from uploads.errors import PartDown
from uploads.models import Dossier, DossierFile, DossierState, ReviewState, ReviewTask
from uploads.queries import list_uploads
from uploads.store import ObjectStore

log = structlog.get_logger(__name__)
PARALLEL_COPIES = 4
# Arrivals of one authority are told together: a flood before a closing date is one mail, not five hundred.
ARRIVALS_SECONDS = 20
ARRIVALS_NAMED = 10
TELL_ARRIVALS = "app.lifecycle.submissions.jobs.tell_arrivals"
_UNDELIVERED = (DossierState.submitted, DossierState.dead_letter)


@job(on_dead="app.lifecycle.submissions.jobs.give_up_delivery")
def deliver(*, dossier_id: str) -> None:
    """Copy a dossier's files into its authority's bucket and put exactly one task into its inbox.

    Killed anywhere and run again it ends the same: keys are those of the rows, the task is unique on the dossier.
    Raises NotReady while the object store is down.
    """
    dossier = queries.get_dossier(uuid.UUID(dossier_id))
    if dossier is None or dossier.state not in _UNDELIVERED:
        return
    settings: Config = current_app.config["SHEPING"]
    bucket = bucket_of(dossier.authority_code, settings.bucket_prefix)
    try:
        _copy_files(dossier, bucket)
    except PartDown as down:
        _show_retrying(dossier)
        raise NotReady(f"waiting for the {down.part}: {down}") from down
    now = clock.now()
    if _mark_delivered(dossier, bucket, now):
        _tell_delivered(dossier, now)


def _copy_files(dossier: Dossier, bucket: str) -> None:
    """Nothing is locked meanwhile. Copying again what an earlier try has copied writes the same bytes."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    jobs = [(file.source_bucket, file.source_key, bucket, _key_of(file)) for file in dossier.files]
    store.ensure_bucket(bucket)
    if len(jobs) == 1:
        store.copy(*jobs[0])
        return
    with ThreadPoolExecutor(min(PARALLEL_COPIES, len(jobs))) as pool:
        for done in [pool.submit(store.copy, *each) for each in jobs]:
            done.result()


def _key_of(file: DossierFile) -> str:
    return f"{file.dossier_id.hex}/{file.id.hex}"


def _mark_delivered(dossier: Dossier, bucket: str, now: datetime) -> bool:
    """The one step that counts; False when another worker has taken it."""
    was_dead = dossier.state == DossierState.dead_letter
    taken = db.session.execute(
        update(Dossier)
        .where(Dossier.id == dossier.id, Dossier.state.in_(_UNDELIVERED))
        .values(state=DossierState.delivered, delivered_at=now)
        .returning(Dossier.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is None:
        return False
    db.session.execute(
        update(DossierFile)
        .where(DossierFile.dossier_id == dossier.id)
        .values(
            bureau_bucket=bucket,
            bureau_key=case({file.id: _key_of(file) for file in dossier.files}, value=DossierFile.id),
            copied_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        insert(ReviewTask)
        .values(
            id=uuid.uuid4(),
            dossier_id=dossier.id,
            organisation_id=dossier.organisation_id,
            authority_code=dossier.authority_code,
            state=ReviewState.waiting,
            arrived_at=now,
        )
        .on_conflict_do_nothing(index_elements=["dossier_id"])
    )
    subject = get_subject(dossier.kind, dossier.subject_id, lock=True)
    if was_dead:
        subject.retry_delivery(actor=SYSTEM_ACTOR)
    subject.deliver(actor=SYSTEM_ACTOR, now=now)
    return True


def _tell_delivered(dossier: Dossier, now: datetime) -> None:
    notices.tell(
        kind="dossier_delivered",
        now=now,
        link=paths.of_dossier(dossier.id),
        organisation_id=dossier.organisation_id,
        key=f"dossier_delivered:{dossier.id}",
        number=dossier.number,
        title=dossier.title,
        delivered_at=now.isoformat(),
    )
    window = int(now.timestamp()) // ARRIVALS_SECONDS * ARRIVALS_SECONDS
    outbox.add(
        TELL_ARRIVALS,
        queue="default",
        key=f"arrivals:{dossier.authority_code}:{window}",
        authority_code=dossier.authority_code,
        window=window,
    )
    # Last: the system's chain of events is locked from here to the commit.
    _record("dossier_delivered", dossier, now, before=DossierState.submitted, after=DossierState.delivered)


def _show_retrying(dossier: Dossier) -> None:
    """Let the organisation see that it is being retried; committed, because the job is about to be put off."""
    subject = find_subject(dossier.kind, dossier.subject_id, lock=True)
    if subject is not None and dossier.state == DossierState.submitted:
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


def _record(name: str, dossier: Dossier, now: datetime, *, before: str, after: str) -> None:
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
    """Tell an authority's officers what arrived in one window of time, once it is over."""
    now = clock.now()
    starts = datetime.fromtimestamp(window, tz=clock.SHANGHAI)
    ends = starts + timedelta(seconds=ARRIVALS_SECONDS)
    if now < ends:
        raise NotReady("collecting arrivals")
    arrived = (
        ReviewTask.authority_code == authority_code,
        ReviewTask.arrived_at >= starts,
        ReviewTask.arrived_at < ends,
    )
    count = db.session.scalar(select(func.count()).select_from(ReviewTask).where(*arrived)) or 0
    if not count:
        return
    named = (
        select(Dossier.number, Dossier.title)
        .join(ReviewTask, ReviewTask.dossier_id == Dossier.id)
        .where(*arrived)
        .order_by(ReviewTask.arrived_at, ReviewTask.id)
        .limit(ARRIVALS_NAMED)
    )
    notices.tell(
        kind="dossiers_arrived",
        now=now,
        link="/bureau",
        authority_code=authority_code,
        key=f"dossiers_arrived:{authority_code}:{window}",
        count=count,
        dossiers=[{"number": number, "title": title} for number, title in db.session.execute(named).all()],
        more=max(0, count - ARRIVALS_NAMED),
    )


@job()
def follow_upload(*, purpose: str, subject_id: str) -> None:
    """Bring the record that files belong to in line with them: being drafted, being checked, ready, or not."""
    subject = find_subject(purpose, uuid.UUID(subject_id), lock=True)
    if subject is None:
        return
    subject.follow_files(uploads=list_uploads(subject.organisation_id, purpose=purpose, subject_id=subject.id))
