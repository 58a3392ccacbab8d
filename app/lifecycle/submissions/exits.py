"""Compliance data (合规数据) of an organisation that left the directory: the tail of B14 follows the dossier (R65)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.lifecycle import paths
from app.lifecycle.deadlines.services import meet_deadline, reopen_deadline
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.exits.opening import EXIT_DATA
from app.lifecycle.exits.services import settle_exit_data
from app.lifecycle.submissions.subject import Subject
from app.rules import dossiers
from tenants.scope import Actor
from uploads.models import Upload


class ExitSubject(Subject):
    """One exit; `case.filing` and `case.entries` are loaded. Late data is still wanted: no deadline stops it."""

    rule = "R65"

    def __init__(self, case: ExitCase) -> None:
        self.case = case
        self.id = case.id
        self.organisation_id = case.organisation_id
        self.authority_code = case.authority_code
        self.title = f"{case.filing.institution_code or case.number} 退出备案合规数据"
        self.link = paths.EXIT

    def check_upload(self, *, now: datetime) -> None:
        dossiers.check_can_submit_exit_data(self.case.state)

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        dossiers.check_can_submit_exit_data(self.case.state)

    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        """The case is closing, whatever files are there."""

    def submit(self, *, actor: Actor, now: datetime) -> None:
        meet_deadline(kind=EXIT_DATA, subject_id=self.id, now=now)

    def fail_delivery(self, *, actor: Actor) -> None:
        """The data counts from its submission; its delivery changes nothing."""

    def give_up_delivery(self, *, actor: Actor) -> None:
        """As `fail_delivery`."""

    def accept(self, *, actor: Actor, now: datetime) -> None:
        settle_exit_data(actor=actor, case=self.case, now=now)

    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        dossiers.check_can_submit_exit_data(self.case.state)
        reopen_deadline(kind=EXIT_DATA, subject_id=self.id, now=now)
