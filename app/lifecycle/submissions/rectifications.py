"""Files of a rectification report (整改报告): they follow the report, its reassessment settles them (R58, R59)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from app.lifecycle import paths
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.submissions.subject import Enclosure
from app.rules import clocks, dossiers
from app.rules.core import N_, Refusal
from app.rules.states import RectificationState
from tenants.scope import Actor
from uploads.models import Upload


class RectificationSubject(Enclosure):
    """One rectification; its filing and defects are loaded. A file is uploaded for one of its defects."""

    rule = "R58"

    def __init__(self, row: Rectification) -> None:
        self.row = row
        self.id = row.id
        self.organisation_id = row.organisation_id
        self.authority_code = row.authority_code
        self.title = f"{row.filing.institution_code or row.number} 整改报告"
        self.link = paths.RECTIFICATION

    @property
    def files_of(self) -> frozenset[uuid.UUID]:
        return frozenset(defect.id for defect in self.row.defects)

    def check_upload(self, *, now: datetime) -> None:
        if self.row.due_on is None:
            raise dossiers.rectification_not_open()
        dossiers.check_can_submit_rectification(self.row.state, now, clocks.end_of_day(self.row.due_on))

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        # With the report, in the same transaction, and never beside it.
        if self.row.state != RectificationState.REPORT_SUBMITTED or self.row.report_submitted_at != now:
            raise Refusal("report_with_files", "R58", N_("佐证材料随整改报告一并提交。请在整改页面提交。"))

    def decided_elsewhere(self) -> Refusal:
        return Refusal("decided_on_rectification", "R59", N_("整改报告请在整改页面办理。本页只查看和下载佐证材料。"))
