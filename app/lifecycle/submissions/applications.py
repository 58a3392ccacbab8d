"""Materials of an application (备案申报材料) and of its supplements (补正材料): B4 follows the dossier (R11–R16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.clock import SHANGHAI
from app.lifecycle import paths
from app.lifecycle.applications.branches import take_branch_slot
from app.lifecycle.applications.completeness import check_complete, picture
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.applications.recording import advance
from app.lifecycle.consultations.queries import find_usable
from app.lifecycle.consultations.services import use_consultation
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.submissions.subject import Subject
from app.rules import calls, dossiers, eligibility, occupations, routing
from app.rules.core import N_, Refusal
from app.rules.eligibility import Affiliation
from app.rules.states import ApplicationState
from tenants import notices
from tenants.scope import Actor
from uploads.models import Upload

SUPPLEMENT_DEADLINE = "supplement_due"


class _OfApplication(Subject):
    """What both kinds share: the files wait in the queue, the decision falls on the acceptance desk."""

    rule = "R15"
    application: Application

    def _bind(self, application: Application) -> None:
        self.application = application
        self.organisation_id = application.organisation_id
        self.authority_code = application.authority_code
        self.link = paths.of_application(application.id)

    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        """Attachments have no state of their own."""

    def fail_delivery(self, *, actor: Actor) -> None:
        """The dossier says so itself."""

    def give_up_delivery(self, *, actor: Actor) -> None:
        """The dossier says so itself."""

    def accept(self, *, actor: Actor, now: datetime) -> None:
        raise _at_the_desk()

    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        raise _at_the_desk()


def _at_the_desk() -> Refusal:
    return Refusal(
        "decided_at_desk", "R15", N_("申报材料请在“申报受理”中办理:受理、补正或不予受理。本页只查看和下载文件。")
    )


class FilingSubject(_OfApplication):
    """A whole application with its attachments; call, organisation, items, lines and supplements are loaded."""

    def __init__(self, application: Application) -> None:
        self._bind(application)
        self.id = application.id
        self.title = f"备案申报 {application.number}"

    def check_upload(self, *, now: datetime) -> None:
        if self.application.state != ApplicationState.DRAFT:
            raise Refusal(
                "application_not_draft", "R15", N_("申报已提交,不能重复提交。如需更正,请等待补正通知或先撤回。")
            )

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        application, organisation = self.application, self.application.organisation
        call, settings = application.call, load_settings()
        if call.apply_open_at is None or call.apply_close_at is None:
            raise Refusal("call_not_open", "R5", N_("该批次征集通告未在受理申报。请选择正在受理的批次。"))
        dossiers.check_can_submit_filing(call.state, call.apply_open_at, call.apply_close_at, now, application.state)
        eligibility.check_applicant_kind(organisation.uscc)
        eligibility.check_level(application.level, organisation.affiliation, organisation.org_type, settings)
        routing.check_routing(application.city_code, organisation.registration_city_code, settings)
        calls.check_submission(
            call_id=application.call_id,
            items=[occupations.Item(one.occupation_code, one.work_type, one.skill_level) for one in application.items],
            settings=settings,
        )
        if organisation.affiliation == Affiliation.NATIONAL_BRANCH:
            consultation = find_usable(organisation.id)
            eligibility.check_consultation(
                consultation.state if consultation else None,
                consultation.replied_on if consultation else None,
                now.astimezone(SHANGHAI).date(),
                settings,
            )
        check_complete(application, uploads)

    def submit(self, *, actor: Actor, now: datetime) -> None:
        application = self.application
        if application.organisation.affiliation == Affiliation.NATIONAL_BRANCH:
            self._take_branch_slot(actor, now)
        application.submitted_at = now
        advance(actor, application, "submit", now, name="application_submitted")
        _tell_both(application, now, organisation="application_received", authority="application_arrived")

    def _take_branch_slot(self, actor: Actor, now: datetime) -> None:
        application = self.application
        consultation = find_usable(application.organisation_id)
        if consultation is None:
            raise AssertionError("check_submit asked for the consultation")
        take_branch_slot(application, consultation)
        use_consultation(actor=actor, consultation_id=consultation.id, now=now)


class SupplementSubject(_OfApplication):
    """The answer to one supplement request, with files where there are any."""

    def __init__(self, request: SupplementRequest, application: Application) -> None:
        self._bind(application)
        self.request = request
        self.id = request.id
        self.title = f"补正材料 {application.number}"

    def check_upload(self, *, now: datetime) -> None:
        dossiers.check_can_submit_supplement(self.application.state, now, self.request.due_at)
        if self.request.state != "open":
            raise Refusal("supplement_not_requested", "R15", N_("当前没有待补正的事项。请刷新页面查看最新状态。"))

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        self.check_upload(now=now)
        check_complete(self.application, uploads)

    def submit(self, *, actor: Actor, now: datetime) -> None:
        application, request = self.application, self.request
        after = picture(application)
        changed = [part for part, digest in after.items() if request.before.get(part) != digest]
        request.answer = {"changed": changed, "note": request.answer.get("note", "")}
        request.state, request.answered_at = "answered", now
        advance(actor, application, "resubmit", now, name="supplement_answered")
        meet_deadline(kind=SUPPLEMENT_DEADLINE, subject_id=request.id, now=now)
        _tell_both(application, now, organisation=None, authority="application_resubmitted", key=str(request.id))


def _tell_both(
    application: Application, now: datetime, *, organisation: str | None, authority: str, key: str = ""
) -> None:
    words: dict[str, Any] = {"number": application.number, "organisation": application.organisation.name}
    tail = key or str(application.id)
    if organisation:
        notices.tell(
            kind=organisation,
            now=now,
            link=paths.of_application(application.id),
            organisation_id=application.organisation_id,
            rule="R15",
            key=f"{organisation}:{tail}",
            **words,
        )
    notices.tell(
        kind=authority,
        now=now,
        link=f"/bureau/applications/{application.id}",
        authority_code=application.authority_code,
        rule="R15",
        key=f"{authority}:{tail}",
        **words,
    )
