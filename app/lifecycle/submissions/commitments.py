"""The scans of a signed commitment (印章、纸质承诺书扫描件): handed in with the signature, decided with it (B6)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from app.db import db
from app.lifecycle import paths
from app.lifecycle.incubation.models import Commitment, CommitmentEvidence
from app.lifecycle.submissions.subject import Enclosure
from app.rules.core import N_, Refusal
from tenants.scope import Actor
from uploads.models import Upload

MAX_SCANS = 5
SCAN_TYPES = frozenset({"pdf", "png", "jpeg"})


class CommitmentSubject(Enclosure):
    """One signature for the application of this number. Its scans were uploaded for the application."""

    rule = "R28"

    def __init__(self, commitment: Commitment, number: str) -> None:
        self.commitment = commitment
        self.id = commitment.id
        self.organisation_id = commitment.organisation_id
        self.authority_code = commitment.authority_code
        self.title = f"工作承诺书 {number}"
        self.link = paths.COMMITMENT

    @property
    def files_of(self) -> frozenset[uuid.UUID]:
        return frozenset({self.commitment.application_id})

    def check_upload(self, *, now: datetime) -> None:
        """Scans may come as long as there is an application."""

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        if db.session.get(CommitmentEvidence, self.commitment.id) is not None:
            raise Refusal("commitment_already_signed", "R28", N_("承诺书已经签署,无需再签。"))
        check_scans(uploads)

    def decided_elsewhere(self) -> Refusal:
        return Refusal("decided_on_commitment", "R28", N_("承诺书请在其页面上确认或退回重签。本页只查看和下载扫描件。"))


def check_scans(uploads: Sequence[Upload]) -> None:
    """Refusals too_many_scans, scan_type naming what is neither PDF nor picture."""
    if len(uploads) > MAX_SCANS:
        raise Refusal("too_many_scans", "R28", N_("扫描件不超过%(limit)d个。请合并后重新选择。"), limit=MAX_SCANS)
    wrong = [upload.name for upload in uploads if upload.type not in SCAN_TYPES]
    if wrong:
        raise Refusal(
            "scan_type",
            "R28",
            N_("扫描件应为 PDF、PNG 或 JPG,这些文件不是:%(names)s。"),
            names="、".join(f"“{name}”" for name in wrong),
        )
