"""What nobody waits for any more: finished quarantine, orphans of uploads that died half-way, unfinished multiparts."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import and_, or_, select

from app import clock
from app.config import Config
from app.db import db
from tenants.models import Authority, Organisation
from tenants.queries import bucket_of
from uploads import queries
from uploads.models import Upload, UploadState
from uploads.store import ObjectStore
from uploads.transfer import quarantine_of

log = structlog.get_logger(__name__)
# The outbox clears at once; what it could not is taken up here.
SETTLED = timedelta(hours=1)
# Longer than any upload may take (UPLOAD_URL_SECONDS is hours): what is older belongs to nobody.
ORPHANED = timedelta(days=2)
BATCH = 200


def sweep_quarantine(*, now: datetime | None = None) -> int:
    """Remove from quarantine what its rows are done with; commits each, returns how many. Raises PartDown."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    before = (now or clock.now()) - SETTLED
    ended = Upload.state.in_((UploadState.checked, UploadState.rejected, UploadState.aborted, UploadState.expired))
    query = (
        select(Upload.id)
        .where(Upload.quarantine.is_not(None), Upload.created_at < before, or_(ended, Upload.removed_at.is_not(None)))
        .order_by(Upload.created_at)
        .limit(BATCH)
    )
    cleared = 0
    for upload_id in db.session.scalars(query).all():
        upload = queries.get_upload(upload_id, removed=True)
        # A check that could not be carried out may be tried again: its file stays.
        if upload is None or upload.quarantine is None or not queries.is_done_with(upload):
            continue
        place = (upload.quarantine, upload.key)
        db.session.rollback()
        store.remove(*place)
        upload = queries.get_upload(upload_id, lock=True, removed=True)
        if upload is not None:
            upload.quarantine = None
            cleared += 1
        db.session.commit()
    if cleared:
        log.info("quarantine_cleared", files=cleared)
    return cleared


def sweep_orphans(*, now: datetime | None = None) -> int:
    """Remove from the quarantine buckets what no row knows, and parts nobody will complete; returns how many.

    The store's own clock dates the objects, so that the demo's clock does not make them older than they are.
    """
    store: ObjectStore = current_app.extensions["sheping_store"]
    before = (now or clock.real_now()) - ORPHANED
    settings: Config = current_app.config["SHEPING"]
    buckets = list(db.session.scalars(select(Organisation.bucket)))
    buckets += [bucket_of(code, settings.bucket_prefix) for code in db.session.scalars(select(Authority.code))]
    db.session.rollback()
    removed = 0
    for bucket in map(quarantine_of, buckets):
        removed += store.drop_unfinished(bucket, before=before)
        for key in list(store.list_keys(bucket, before=before)):
            known = and_(Upload.key == key, Upload.quarantine == bucket)
            is_known = db.session.scalar(select(Upload.id).where(known)) is not None
            db.session.rollback()
            if not is_known:
                store.remove(bucket, key)
                removed += 1
    if removed:
        log.warning("quarantine_orphans_removed", objects=removed)
    return removed
