"""Which question banks have been kept long enough: N days after their item, or the filing it led to, has ended.

The bank of a filed item is kept as long as the filing lives. What ended is judged by the last event of its subject, so
that whatever still moved it starts the time anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import contains_eager

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.applications.queries import label_of
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.filings.models import Filing
from app.rules.exit import LEFT
from app.rules.states import ItemState
from tenants.events import Event
from uploads.custody import purging
from uploads.custody.models import PurgeRecord
from uploads.custody.purging import Purge
from uploads.models import Dossier, DossierFile, Purpose, Upload

RULE = "R65"
ENDED_ITEMS = (ItemState.NATURALLY_ELIMINATED, ItemState.WITHDRAWN, ItemState.CANCELLED, ItemState.NOT_RECOMMENDED)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Due:
    """One item whose bank may be destroyed since `due_on`."""

    item: ApplicationItem
    organisation: str
    title: str
    due_on: date
    uploads: list[Upload]
    files: list[DossierFile]


def list_due(*, now: datetime) -> Iterator[Due]:
    """Every bank kept longer than the province's setting asks. As the system."""
    days = load_settings().bank_retention_days
    for item in _ended_items():
        ended_at = _ended_at(item)
        if ended_at is None or ended_at + timedelta(days=days) > now:
            continue
        uploads = list(
            db.session.scalars(
                select(Upload).where(
                    Upload.purpose == Purpose.question_bank,
                    Upload.subject_id == item.id,
                    Upload.purged_at.is_(None),
                    Upload.sha256.is_not(None),
                )
            )
        )
        files = list(
            db.session.scalars(
                select(DossierFile)
                .join(Dossier, Dossier.id == DossierFile.dossier_id)
                .where(
                    Dossier.kind == Purpose.question_bank,
                    Dossier.subject_id == item.id,
                    DossierFile.purged_at.is_(None),
                )
            )
        )
        if not uploads and not files:
            continue
        yield Due(
            item=item,
            organisation=item.application.organisation.name,
            title=label_of(item.occupation_name, item.work_type, item.skill_level) + " 题库",
            due_on=(ended_at + timedelta(days=days)).astimezone(SHANGHAI).date(),
            uploads=uploads,
            files=files,
        )


def _ended_items() -> list[ApplicationItem]:
    uploaded = select(Upload.id).where(
        Upload.purpose == Purpose.question_bank, Upload.subject_id == ApplicationItem.id, Upload.purged_at.is_(None)
    )
    # A copy that its authority still has of a file the organisation had destroyed.
    delivered = (
        select(DossierFile.id)
        .join(Dossier, Dossier.id == DossierFile.dossier_id)
        .where(
            Dossier.kind == Purpose.question_bank,
            Dossier.subject_id == ApplicationItem.id,
            DossierFile.purged_at.is_(None),
            DossierFile.bureau_key.is_not(None),
        )
    )
    filing_ended = select(Filing.id).where(
        Filing.application_id == ApplicationItem.application_id, Filing.state.in_(LEFT)
    )
    is_ended = or_(
        ApplicationItem.state.in_(ENDED_ITEMS), (ApplicationItem.state == ItemState.FILED) & filing_ended.exists()
    )
    purged = select(PurgeRecord.id).where(PurgeRecord.subject_id == ApplicationItem.id)
    query = (
        select(ApplicationItem)
        .join(ApplicationItem.application)
        .options(contains_eager(ApplicationItem.application).joinedload(Application.organisation))
        .where(is_ended, or_(uploaded.exists(), delivered.exists()), ~purged.exists())
    )
    return list(db.session.scalars(query))


def _ended_at(item: ApplicationItem) -> datetime | None:
    """The last thing that happened to the item's application, or to its filing."""
    filings = select(cast(Filing.id, String)).where(Filing.application_id == item.application_id)
    subjects: list[uuid.UUID] = [item.application_id, item.id]
    query = select(func.max(Event.at)).where(
        or_(
            Event.subject_type.in_(("application", "application_item"))
            & Event.subject_id.in_([str(one) for one in subjects]),
            (Event.subject_type == "filing") & Event.subject_id.in_(filings),
        )
    )
    return db.session.scalar(query)


def purge_due(*, by: str, now: datetime) -> list[str]:
    """Destroy what is due, each in its own transaction; answers the numbers of the records."""
    numbers = []
    for due in list(list_due(now=now)):
        order = Purge(
            organisation_id=due.item.organisation_id,
            authority_code=due.item.authority_code,
            rule=RULE,
            subject_type="application_item",
            subject_id=due.item.id,
            title=due.title,
            due_on=due.due_on,
            purged_by=by,
        )
        record = purging.purge(order, uploads=due.uploads, files=due.files, now=now)
        if record is not None:
            numbers.append(record.number)
            log.info("bank_purged", record=record.number)
        db.session.commit()
    return numbers
