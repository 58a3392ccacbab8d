"""Self-assessments for renewal (自查自评和续期申请): B12 follows the dossier (R48–R50)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.clock import SHANGHAI
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import find_deadline, meet_deadline, reopen_deadline, set_deadline
from app.lifecycle.renewals import self_assessing
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.submissions.subject import Subject
from app.rules import clocks, dossiers, renewal
from app.rules import exit as exit_rules
from app.rules.core import N_, Refusal
from app.rules.states import RENEWAL_CYCLE, RenewalState
from tenants.scope import Actor
from uploads.models import Upload

DEADLINE = "renewal_apply_close"
SUPPLEMENT = "supplement_due"


class RenewalSubject(Subject):
    """One cycle; `cycle.filing` and `cycle.period` are loaded. It goes to the authority that filed it (R49)."""

    rule = "R49"

    def __init__(self, cycle: RenewalCycle) -> None:
        self.cycle = cycle
        self.id = cycle.id
        self.organisation_id = cycle.organisation_id
        self.authority_code = cycle.filing.authority_code
        code = cycle.filing.institution_code or ""
        self.title = f"{code} 第 {cycle.period.period_no} 备案期自查自评和续期申请".strip()
        self.link = paths.RENEWAL

    def check_upload(self, *, now: datetime) -> None:
        exit_rules.check_not_left(self.cycle.filing.state)
        if self.cycle.state != RenewalState.SUPPLEMENT_REQUESTED:
            renewal.check_can_apply(self.cycle.state, now, clocks.end_of_day(self.cycle.apply_close_on))

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        exit_rules.check_not_left(self.cycle.filing.state)
        self._check_time(now)
        self_assessing.check_complete(self.cycle, len(uploads))

    def _check_time(self, now: datetime) -> None:
        if self.cycle.state == RenewalState.SUPPLEMENT_REQUESTED:
            dossiers.check_can_submit_supplement(self.cycle.state, now, self._supplement_due_at())
            return
        dossiers.check_can_submit_self_assessment(
            self.cycle.state,
            now,
            clocks.end_of_day(self.cycle.apply_close_on),
            self.authority_code,
            self.cycle.filing.authority_code,
        )

    def _supplement_due_at(self) -> datetime:
        deadline = find_deadline(SUPPLEMENT, self.id)
        if deadline is None:
            raise Refusal("supplement_not_requested", "R15", N_("当前没有待补正的事项。请刷新页面查看最新状态。"))
        return deadline.due_at

    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        if uploads and self.cycle.state == RenewalState.OPEN:
            # The first file is the organisation's step, whoever records it.
            self._advance("save", "organisation")

    def submit(self, *, actor: Actor, now: datetime) -> None:
        if self.cycle.state == RenewalState.SUPPLEMENT_REQUESTED:
            self._advance("resubmit", actor.kind)
            meet_deadline(kind=SUPPLEMENT, subject_id=self.id, now=now)
        else:
            if self.cycle.state == RenewalState.OPEN:
                self._advance("save", actor.kind)
            self._advance("submit", actor.kind)
        self.cycle.applied_at = now
        meet_deadline(kind=DEADLINE, subject_id=self.id, now=now)

    def fail_delivery(self, *, actor: Actor) -> None:
        """An application counts from its submission; its delivery changes nothing."""

    def give_up_delivery(self, *, actor: Actor) -> None:
        """As `fail_delivery`."""

    def accept(self, *, actor: Actor, now: datetime) -> None:
        """The cycle stays applied until its panel is formed (R51)."""

    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        self._advance("return", actor.kind)
        settings = load_settings(self.authority_code)
        clock = clocks.supplement_due(now.astimezone(SHANGHAI).date(), load_calendar(), settings)
        set_deadline(
            actor=actor,
            clock=clock,
            subject_type="renewal_cycle",
            subject_id=self.id,
            subject_label=self.title,
            organisation_id=self.organisation_id,
            authority_code=self.authority_code,
            link=self.link,
            now=now,
        )
        # Returned a second time: what was met has to be done again.
        reopen_deadline(kind=SUPPLEMENT, subject_id=self.id, now=now, ended=("met", "cancelled"))

    def _advance(self, event: str, kind: str) -> None:
        self.cycle.state = RENEWAL_CYCLE.advance(self.cycle.state, event, kind)
