"""The commitment of an application: the text to sign, and what was signed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import label_of
from app.lifecycle.incubation.models import AnnexTemplate, Commitment
from app.rules import commitment as rules
from app.rules.authority import LEVEL_LABELS
from app.rules.settings import Settings
from app.rules.states import CommitmentState, ItemState
from uploads.models import Purpose, Upload, UploadState
from uploads.queries import handed_in_among, list_uploads

LIVE = (CommitmentState.SIGNED, CommitmentState.CONFIRMED)
NEVER_INCUBATED = (ItemState.NOT_RECOMMENDED, ItemState.CANCELLED)
PAPER = "paper"


@dataclass(frozen=True)
class CommitmentText:
    """The commitment as it stands now for one application: what is shown is what is hashed and signed."""

    template: AnnexTemplate
    body: str
    sha256: str


def get_latest_template(kind: str) -> AnnexTemplate:
    """The version of an annex in force. LookupError where there is none at all (`sheping db upgrade` adds it)."""
    query = select(AnnexTemplate).where(AnnexTemplate.kind == kind).order_by(AnnexTemplate.version.desc())
    template = db.session.scalars(query).first()
    if template is None:
        raise LookupError(f"no template of {kind}: run `sheping db upgrade`")
    return template


def render_commitment(application: Application) -> CommitmentText:
    """The text for this application as of now; `items` and `organisation` must be loaded.

    Its wording, the name, code, dates and the items that entered the incubation all go into it, so that a change of
    any of them changes its hash.
    Raises Refusal commitment_field_missing.
    """
    template = get_latest_template("commitment")
    organisation = application.organisation
    body = rules.render(
        rules.CommitmentTemplate(version=str(template.version), title="", body=template.body, rules=()),
        {
            "organisation": organisation.name,
            "uscc": organisation.uscc,
            "level": LEVEL_LABELS[application.level],
            "start_on": _long(application.incubation_start_on),
            "due_on": _long(application.incubation_due_on),
        },
        items=tuple(
            f"{item.occupation_code} {label_of(item.occupation_name, item.work_type, item.skill_level)}"
            for item in application.items
            if item.state not in NEVER_INCUBATED
        ),
    )
    return CommitmentText(template=template, body=body, sha256=rules.text_sha256(body))


def _long(day: date | None) -> str:
    # Part of a legal text: always the Chinese form, whatever the reader's language.
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def find_commitment(application_id: uuid.UUID) -> Commitment | None:
    """The signed commitment in force, with its template."""
    return db.session.scalar(
        select(Commitment)
        .where(Commitment.application_id == application_id, Commitment.state.in_(LIVE))
        .options(joinedload(Commitment.template), joinedload(Commitment.evidence))
    )


def is_stale(commitment: Commitment, application: Application) -> bool:
    """Whether the text to sign has changed since (a new version of the annex, another name)."""
    return commitment.body_sha256 != render_commitment(application).sha256


def get_commitment(commitment_id: uuid.UUID, *, lock: bool = False) -> Commitment | None:
    """One commitment with template and evidence; with `lock` held and read afresh."""
    query = select(Commitment).where(Commitment.id == commitment_id)
    query = query.options(joinedload(Commitment.template), joinedload(Commitment.evidence))
    if lock:
        query = query.with_for_update(of=Commitment).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_commitments(application_id: uuid.UUID) -> list[Commitment]:
    """Everything that was signed for an application, the newest first, with template and evidence."""
    query = select(Commitment).where(Commitment.application_id == application_id)
    query = query.options(joinedload(Commitment.template), joinedload(Commitment.evidence))
    return list(db.session.scalars(query.order_by(Commitment.signed_at.desc(), Commitment.id)))


def gate_settings(commitment: Commitment | None, settings: Settings) -> Settings:
    """The settings by which a commitment opens the way to banks: one on paper only once the authority confirmed it."""
    if commitment is not None and commitment.evidence is not None and commitment.evidence.method == PAPER:
        return replace(settings, commitment_needs_confirmation=True)
    return settings


def find_returned(application_id: uuid.UUID) -> Commitment | None:
    """The newest commitment that the bureau returned to be signed again."""
    query = select(Commitment).where(
        Commitment.application_id == application_id, Commitment.state == CommitmentState.RETURNED
    )
    query = query.options(joinedload(Commitment.evidence))
    return db.session.scalars(query.order_by(Commitment.signed_at.desc())).first()


@dataclass(frozen=True)
class Scans:
    """The scans uploaded for the next signature: all files not handed in yet, and those that may go along."""

    files: list[Upload]
    ready: list[uuid.UUID]

    @property
    def is_moving(self) -> bool:
        """Whether one is still on its way or being checked."""
        return any(file.state in (UploadState.received, UploadState.checking) for file in self.files)


def list_scans(application: Application) -> Scans:
    """What was uploaded of seals and signed paper and belongs to no signature yet, the oldest first."""
    uploads = list_uploads(application.organisation_id, purpose=Purpose.commitment, subject_id=application.id)
    gone = handed_in_among([upload.id for upload in uploads])
    files = [upload for upload in uploads if upload.id not in gone and upload.state != UploadState.receiving]
    return Scans(files, [upload.id for upload in files if upload.state == UploadState.checked])
