"""How far the files of one subject have come: an application item's question bank, a renewal's self-assessment."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, tuple_
from sqlalchemy.orm import selectinload

from app.db import db
from app.lifecycle.submissions.banks import find_blocking
from app.rules.settings import Settings
from uploads.models import Dossier, DossierState, Purpose, Upload, UploadState
from uploads.queries import OPEN_DOSSIERS

_ON_THE_WAY = (UploadState.received, UploadState.checking)
_GONE = (UploadState.aborted, UploadState.expired)


class Stage(StrEnum):
    """Where the hand-in of one subject stands; `returned` lasts until a newer file is ready."""

    EMPTY = "empty"
    RECEIVING = "receiving"
    CHECKING = "checking"
    REJECTED = "rejected"
    READY = "ready"
    SENDING = "sending"
    STUCK = "stuck"
    WITH_AUTHORITY = "with_authority"
    ACCEPTED = "accepted"
    RETURNED = "returned"


_OF_DOSSIER = {
    DossierState.submitted: Stage.SENDING,
    DossierState.dead_letter: Stage.STUCK,
    DossierState.delivered: Stage.WITH_AUTHORITY,
    DossierState.accepted: Stage.ACCEPTED,
}


@dataclass(frozen=True)
class Progress:
    """The files and dossiers of one subject, files oldest first, dossiers newest first with their files.

    `faulty` are the checked files whose findings stop a submission.
    """

    subject_id: uuid.UUID
    uploads: tuple[Upload, ...]
    dossiers: tuple[Dossier, ...]
    faulty: frozenset[uuid.UUID] = frozenset()

    @property
    def open_dossier(self) -> Dossier | None:
        """The dossier that is on its way, with the authority, or accepted; there is at most one."""
        return next((dossier for dossier in self.dossiers if dossier.state in OPEN_DOSSIERS), None)

    @property
    def returned(self) -> Dossier | None:
        """The newest dossier, when the authority returned it."""
        newest = self.dossiers[0] if self.dossiers else None
        return newest if newest is not None and newest.state == DossierState.returned else None

    @property
    def handed_in(self) -> frozenset[uuid.UUID]:
        """The files frozen in the open dossier."""
        dossier = self.open_dossier
        return frozenset(file.upload_id for file in dossier.files) if dossier else frozenset()

    @property
    def ready(self) -> tuple[Upload, ...]:
        """Checked files that may be submitted."""
        held = self.handed_in | self.faulty
        return tuple(one for one in self.uploads if one.state == UploadState.checked and one.id not in held)

    @property
    def is_moving(self) -> bool:
        """Whether something will change by itself within moments: a page that shows it should look again."""
        dossier = self.open_dossier
        files_move = any(one.state in (UploadState.receiving, *_ON_THE_WAY) for one in self.uploads)
        return files_move or (dossier is not None and dossier.state == DossierState.submitted)

    @property
    def stage(self) -> Stage:
        """What to tell first."""
        if dossier := self.open_dossier:
            return _OF_DOSSIER[DossierState(dossier.state)]
        returned = self.returned
        if returned is not None and not self._has_news_since(returned.decided_at):
            return Stage.RETURNED
        return self._stage_of_files()

    def _stage_of_files(self) -> Stage:
        states = {UploadState.rejected if one.id in self.faulty else one.state for one in self.uploads}
        for stage, of in (
            (Stage.CHECKING, {*_ON_THE_WAY}),
            (Stage.READY, {UploadState.checked}),
            (Stage.RECEIVING, {UploadState.receiving}),
            (Stage.REJECTED, {UploadState.rejected}),
        ):
            if states & of:
                return stage
        return Stage.EMPTY

    def _has_news_since(self, instant: datetime | None) -> bool:
        return instant is not None and any(one.created_at > instant for one in self.uploads)


def load_progress(subject_ids: Iterable[uuid.UUID], settings: Settings) -> dict[uuid.UUID, Progress]:
    """The progress of each subject, in two queries however many there are; `settings` say which findings stop."""
    wanted = list(subject_ids)
    uploads: dict[uuid.UUID, list[Upload]] = defaultdict(list)
    dossiers: dict[uuid.UUID, list[Dossier]] = defaultdict(list)
    sent_files = (
        select(Upload)
        .where(Upload.subject_id.in_(wanted), Upload.removed_at.is_(None), Upload.state.not_in(_GONE))
        .order_by(Upload.created_at, Upload.id)
    )
    for upload in db.session.scalars(sent_files):
        if upload.subject_id is not None:
            uploads[upload.subject_id].append(upload)
    sent = (
        select(Dossier)
        .where(Dossier.subject_id.in_(wanted))
        .options(selectinload(Dossier.files))
        .order_by(Dossier.submitted_at.desc(), Dossier.id.desc())
    )
    for dossier in db.session.scalars(sent):
        dossiers[dossier.subject_id].append(dossier)
    faulty = frozenset(one.id for files in uploads.values() for one in files if _is_faulty(one, settings))
    return {one: Progress(one, tuple(uploads[one]), tuple(dossiers[one]), faulty) for one in wanted}


def _is_faulty(upload: Upload, settings: Settings) -> bool:
    return upload.purpose == Purpose.question_bank and bool(find_blocking(upload, settings))


def find_dossier(dossier_id: uuid.UUID) -> Dossier | None:
    """One dossier with its files, if this scope may see it."""
    return db.session.scalar(select(Dossier).where(Dossier.id == dossier_id).options(selectinload(Dossier.files)))


def list_dossiers(
    organisation_id: uuid.UUID,
    *,
    kind: str = "",
    state: str = "",
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 20,
) -> list[Dossier]:
    """One page of an organisation's dossiers with their files, newest first; `after` is the last row seen."""
    query = select(Dossier).where(Dossier.organisation_id == organisation_id)
    if kind:
        query = query.where(Dossier.kind == kind)
    if state:
        query = query.where(Dossier.state == state)
    if after is not None:
        query = query.where(tuple_(Dossier.submitted_at, Dossier.id) < after)
    query = query.options(selectinload(Dossier.files)).order_by(Dossier.submitted_at.desc(), Dossier.id.desc())
    return list(db.session.scalars(query.limit(limit)))
