"""Question banks (题库) of application items: B7 and B5 follow the files and the dossier (R27–R29, R32)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.lifecycle import paths
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.applications.queries import label_of
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import meet_deadline, reopen_deadline
from app.lifecycle.incubation.exceptions import find_exception
from app.lifecycle.incubation.queries import find_commitment, find_returned, gate_settings
from app.lifecycle.submissions.subject import Subject
from app.rules import banks, clocks, dossiers, incubation
from app.rules.core import N_, ActorKind, Refusal
from app.rules.settings import Settings
from app.rules.states import APPLICATION_ITEM, QUESTION_BANK, BankState, ItemState
from tenants.scope import Actor
from uploads.models import Upload, UploadState

DEADLINE = "bank_submit_by"
ROWS_NAMED = 20
_BEFORE_SUBMISSION = (
    BankState.NOT_STARTED,
    BankState.DRAFTING,
    BankState.CHECKING,
    BankState.CHECK_PASSED,
    BankState.CHECK_FAILED,
    BankState.REVISION_REQUESTED,
)
# What the table dispatches from; a dead letter that a person has had retried goes the same way in one step.
DISPATCHABLE = (
    *(step.source for step in QUESTION_BANK.table if step.event == "dispatch" and step.source),
    BankState.DEAD_LETTER,
)


class BankSubject(Subject):
    """One item's bank; `item.application` is loaded."""

    rule = "R29"

    def __init__(self, item: ApplicationItem) -> None:
        self.item = item
        self.id = item.id
        self.organisation_id = item.organisation_id
        self.authority_code = item.authority_code
        self.title = label_of(item.occupation_name, item.work_type, item.skill_level) + " 题库"
        self.link = paths.of_item(item.id)

    def check_upload(self, *, now: datetime) -> None:
        application = self.item.application
        start_on, due_on = application.incubation_start_on, application.incubation_due_on
        if start_on is None or due_on is None:
            raise Refusal("incubation_not_started", "R25", N_("孵化培育期尚未开始。公示期满无异议后方可上传题库。"))
        start_at, due_at = clocks.midnight(start_on), clocks.end_of_day(due_on)
        allowed = find_exception(self.item.id, now) is not None
        incubation.check_in_incubation(application.state, now, start_at, due_at, officer_exception=allowed)
        # Further files may come while the first ones are being checked.
        if self.item.bank_state != BankState.CHECKING:
            banks.check_can_replace(self.item.bank_state)

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        application = self.item.application
        commitment = find_commitment(application.id) or find_returned(application.id)
        settings = gate_settings(commitment, load_settings(self.authority_code))
        if application.incubation_due_on is None:
            raise Refusal("incubation_not_started", "R25", N_("孵化培育期尚未开始。公示期满无异议后方可提交题库。"))
        due_at = clocks.end_of_day(application.incubation_due_on)
        state = commitment.state if commitment else None
        allowed = find_exception(self.item.id, now) is not None

        def ask(bank_state: str) -> None:
            dossiers.check_can_submit_bank(
                state,
                self.item.state,
                now,
                due_at,
                None,
                settings,
                bank_state=bank_state,
                officer_exception=allowed,
            )

        # First whether anything may be handed in at all, then what is still wrong with these files, row by row.
        ask(BankState.CHECK_PASSED)
        if self.item.bank_state in _BEFORE_SUBMISSION:
            check_blocking(uploads, settings)
            self.follow_files(uploads=uploads)
        ask(self.item.bank_state)

    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        if self.item.bank_state not in _BEFORE_SUBMISSION:
            return
        if uploads:
            target = _target(uploads, load_settings(self.authority_code))
        elif self.item.bank_state in {BankState.NOT_STARTED, BankState.REVISION_REQUESTED}:
            return
        else:
            target = BankState.DRAFTING
        for event, kind in _steps(self.item.bank_state, target):
            self.item.bank_state = QUESTION_BANK.advance(self.item.bank_state, event, kind)

    def submit(self, *, actor: Actor, now: datetime) -> None:
        self._advance("submit", actor.kind)
        event = "resubmit_bank" if self.item.state == ItemState.BANK_UNDER_ASSESSMENT else "submit_bank"
        self.item.state = APPLICATION_ITEM.advance(self.item.state, event, actor.kind)
        meet_deadline(kind=DEADLINE, subject_id=self.id, now=now)

    def fail_delivery(self, *, actor: Actor) -> None:
        if self.item.bank_state == BankState.SUBMITTED:
            self._advance("fail_dispatch", actor.kind)

    def give_up_delivery(self, *, actor: Actor) -> None:
        self.fail_delivery(actor=actor)
        self._advance("give_up", actor.kind)

    def accept(self, *, actor: Actor, now: datetime) -> None:
        self._advance("accept_delivery", actor.kind)

    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        banks.check_can_return(self.item.bank_state, reason)
        self._advance("return_for_correction", actor.kind)
        self.item.state = APPLICATION_ITEM.advance(self.item.state, "return_bank", actor.kind)
        reopen_deadline(kind=DEADLINE, subject_id=self.id, now=now)

    def _advance(self, event: str, kind: str) -> None:
        self.item.bank_state = QUESTION_BANK.advance(self.item.bank_state, event, kind)


def find_blocking(upload: Upload, settings: Settings) -> dict[str, int]:
    """The checks that stop this file from being handed in, with how many errors each has."""
    counted = (upload.report or {}).get("errors_by_check", {})
    blocking = {"C01", "C02", *settings.submission_blocking_checks}
    return {check: number for check, number in sorted(counted.items()) if check in blocking}


def check_blocking(uploads: Sequence[Upload], settings: Settings) -> None:
    """Refusal bank_checks_block naming each file, each check and the first rows."""
    told = []
    for upload in uploads:
        blocking = find_blocking(upload, settings)
        for check, number in blocking.items():
            findings = (upload.report or {}).get("findings", ())
            rows = [str(f["row"]) for f in findings if f["check"] == check and f.get("row") is not None]
            named = "、".join(rows[:ROWS_NAMED]) + ("…" if number > ROWS_NAMED else "")
            told.append(f"“{upload.name}”{check} 共 {number} 处" + (f"(第 {named} 行)" if rows else ""))
    if told:
        raise Refusal(
            "bank_checks_block",
            "R29",
            N_("题库自动检查发现必须改正的问题:%(list)s。请按检查报告逐行改正后重新上传,并移除有问题的文件。"),
            list=";".join(told),
        )


def _target(uploads: Sequence[Upload], settings: Settings) -> BankState:
    states = {upload.state for upload in uploads}
    if states <= {UploadState.receiving}:
        return BankState.DRAFTING
    if states & {UploadState.received, UploadState.checking}:
        return BankState.CHECKING
    if UploadState.rejected in states or any(find_blocking(upload, settings) for upload in uploads):
        return BankState.CHECK_FAILED
    return BankState.CHECK_PASSED


def _steps(state: str, target: BankState) -> list[tuple[str, ActorKind]]:
    """The steps of B7 from one state before submission to another: files come, are checked, are replaced."""
    if state == target:
        return []
    upload = ("upload", ActorKind.ORGANISATION)
    begin = [upload] if state != BankState.CHECKING else [("fail_check", ActorKind.SYSTEM), upload]
    check = ("check", ActorKind.SYSTEM)
    ends = {BankState.CHECK_PASSED: "pass_check", BankState.CHECK_FAILED: "fail_check"}
    if target == BankState.DRAFTING:
        return begin
    if target == BankState.CHECKING:
        return [*begin, check]
    end = (ends[target], ActorKind.SYSTEM)
    return [end] if state == BankState.CHECKING else [*begin, check, end]
