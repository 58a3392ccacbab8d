"""Which document the procedure issues where: listeners of its milestones, in the transaction of the step itself.

All documents of one case stand under its application, those of a filing under the filing, an announcement's under its
series: so that a later version finds, and supersedes, the one before. An opinion is issued by a job, because experts
may not issue.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import clock, outbox
from app.db import db
from app.documents import contents, queries, services
from app.documents.models import Document
from app.jobs import job
from app.lifecycle import casework
from app.lifecycle.announcements.models import Announcement
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.filings.models import FiledItem, Filing, Receipt
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.milestones import Milestone, listen
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.panels import reading
from app.lifecycle.panels.models import Panel
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.states import PanelKind
from tenants.models import Authority, Organisation
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR, Actor
from uploads.models import DossierFile

CASE, FILING, ANNOUNCEMENT, PUBLICITY, EXIT = "application", "filing", "announcement", "publicity", "exit_case"
RECTIFICATION = "rectification"
OPINION_JOB = "app.documents.flows.issue_opinion"


def install() -> None:
    """Listen to the procedure; called once by the composition root, again changes nothing."""
    for milestone, listener in (
        (Milestone.application_accepted, on_accepted),
        (Milestone.supplement_requested, on_supplement),
        (Milestone.application_refused, on_refused),
        (Milestone.publicity_published, on_publicity),
        (Milestone.publicity_void, on_publicity_void),
        (Milestone.panel_concluded, on_panel),
        (Milestone.commitment_signed, on_signed),
        (Milestone.commitment_confirmed, on_confirmed),
        (Milestone.commitment_returned, on_commitment_ended),
        (Milestone.commitment_void, on_commitment_ended),
        (Milestone.receipt_issued, on_receipt),
        (Milestone.announcement_published, on_announcement),
        (Milestone.rectification_issued, on_rectification),
        (Milestone.exit_closed, on_exit_closed),
        (Milestone.renewal_receipt_issued, on_renewal_receipt),
    ):
        listen(milestone, listener)


def _case_document(
    kind: str, data: dict[str, Any], application: Application, actor: Actor, now: datetime, **more: Any
) -> Document:
    return services.issue(
        kind=kind,
        authority_code=application.authority_code,
        organisation_id=application.organisation_id,
        subject_type=CASE,
        subject_id=application.id,
        data=data,
        actor=actor,
        now=now,
        **more,
    )


def on_accepted(*, actor: Actor, now: datetime, application: Application) -> None:
    """受理通知书."""
    _case_document("acceptance_notice", contents.acceptance(application), application, actor, now)


def on_supplement(*, actor: Actor, now: datetime, application: Application, request: SupplementRequest) -> None:
    """补正通知书."""
    _case_document("supplement_notice", contents.supplement(application, request), application, actor, now)


def on_refused(*, actor: Actor, now: datetime, application: Application, reason: str) -> None:
    """不予受理通知书, for a refusal and for a supplement that did not come."""
    _case_document("refusal_notice", contents.refusal(application, reason), application, actor, now)


def on_publicity(*, actor: Actor, now: datetime, publicity: Publicity) -> None:
    """公示, public at once."""
    services.issue(
        kind="publicity_notice",
        authority_code=publicity.authority_code,
        organisation_id=publicity.organisation_id,
        subject_type=PUBLICITY,
        subject_id=publicity.id,
        data=contents.publicity(publicity),
        actor=actor,
        now=now,
    )


def on_publicity_void(*, actor: Actor, now: datetime, publicity: Publicity, reason: str) -> None:
    """A void publicity's notice is revoked, and says why."""
    standing = queries.current_document(kind="publicity_notice", subject_type=PUBLICITY, subject_id=publicity.id)
    if standing is not None:
        services.revoke(actor=actor, document=standing, reason=reason, now=now)


def on_panel(*, actor: Actor, now: datetime, panel: Panel) -> None:
    """The opinion is issued by a job: whoever concludes may be an expert."""
    outbox.add(OPINION_JOB, queue=services.QUEUE, key=f"opinion:{panel.id}", panel_id=str(panel.id))


@job()
def issue_opinion(*, panel_id: str) -> None:
    """评估组意见 or 题库评估意见 of a panel that has concluded; once."""
    panel = panel_queries.get_panel(uuid.UUID(panel_id), lock=True)
    if panel is not None and panel.renewal_cycle_id is not None and panel.concluded_at is not None:
        _issue_renewal_opinion(panel)
        return
    application = casework.get_case(panel.application_id) if panel and panel.application_id else None
    if panel is None or application is None or panel.concluded_at is None:
        return
    kind = "bank_opinion" if panel.kind == PanelKind.QUESTION_BANK else "panel_opinion"
    services.issue(
        kind=kind,
        authority_code=panel.authority_code,
        organisation_id=panel.organisation_id,
        subject_type=CASE,
        subject_id=application.id,
        data=contents.opinion(panel, application),
        actor=SYSTEM_ACTOR,
        now=clock.now(),
        # It names the experts: what the applicant is told are the conclusions, from the authority.
        for_organisation=False,
    )


def _issue_renewal_opinion(panel: Panel) -> None:
    """The opinion on a renewal stands under its filing, as its receipts do (R54)."""
    cycle = reading.get_renewal(panel)
    if cycle is None:
        return
    matrix = panel_queries.make_matrix(
        panel_queries.template_of(panel), panel_queries.list_sheets(panel.id), self_scores=cycle.self_scores
    )
    services.issue(
        kind="panel_opinion",
        authority_code=panel.authority_code,
        organisation_id=panel.organisation_id,
        subject_type=FILING,
        subject_id=cycle.filing_id,
        data=contents.renewal_opinion(panel, cycle.filing.institution_code or "", matrix),
        actor=SYSTEM_ACTOR,
        now=clock.now(),
        for_organisation=False,
    )


def _standing_commitment(application_id: uuid.UUID) -> Document | None:
    return queries.current_document(kind="commitment", subject_type=CASE, subject_id=application_id)


def on_signed(*, actor: Actor, now: datetime, commitment: Commitment, application: Application) -> None:
    """承诺书 with its evidence page; the one before it is superseded."""
    data = contents.commitment(commitment, application, scans=_load(commitment))
    _case_document("commitment", data, application, actor, now, supersedes=_standing_commitment(application.id))


def on_confirmed(*, actor: Actor, now: datetime, commitment: Commitment, application: Application) -> None:
    """The countersigned commitment supersedes the one that the organisation signed."""
    scans = _load(commitment)
    authority = db.session.get(Authority, commitment.authority_code)
    name = authority.name if authority else ""
    data = contents.commitment(commitment, application, scans=scans, countersigned_by=name)
    signed = _standing_commitment(application.id)
    if signed is not None:
        # Another name since, say: what is countersigned is what was signed.
        data |= {key: signed.data[key] for key in ("organisation", "uscc", "level_label", "items")}
    _case_document("commitment", data, application, actor, now, supersedes=signed)


def _load(commitment: Commitment) -> list[DossierFile]:
    """Load what the document says of it; the scans handed in with it, in their order."""
    db.session.refresh(commitment, ["template", "evidence"])
    if commitment.evidence is None or commitment.evidence.dossier_id is None:
        return []
    query = select(DossierFile).where(DossierFile.dossier_id == commitment.evidence.dossier_id)
    return list(db.session.scalars(query.order_by(DossierFile.position)))


def on_commitment_ended(*, actor: Actor, now: datetime, commitment: Commitment, reason: str) -> None:
    """Returned or void: its document is revoked."""
    standing = _standing_commitment(commitment.application_id)
    if standing is not None:
        services.revoke(actor=actor, document=standing, reason=reason, now=now)


def on_receipt(*, actor: Actor, now: datetime, receipt: Receipt, filing: Filing, application: Application) -> None:
    """备案回执; a reissued one supersedes the one before."""
    services.issue(
        kind="receipt",
        authority_code=receipt.authority_code,
        organisation_id=receipt.organisation_id,
        subject_type=FILING,
        subject_id=filing.id,
        data=contents.receipt(receipt, filing, application),
        actor=actor,
        now=now,
        supersedes=queries.current_document(kind="receipt", subject_type=FILING, subject_id=filing.id),
    )


def on_renewal_receipt(
    *, actor: Actor, now: datetime, receipt: Receipt, cycle: RenewalCycle, dropped: list[FiledItem]
) -> None:
    """续期备案回执; it supersedes the receipt of the period before, whichever it was."""
    standing = [
        found
        for kind in ("receipt", "renewal_receipt")
        if (found := queries.current_document(kind=kind, subject_type=FILING, subject_id=cycle.filing_id))
    ]
    newest = max(standing, key=lambda one: one.created_at, default=None)
    number = newest.number if newest is not None else ""
    services.issue(
        kind="renewal_receipt",
        authority_code=receipt.authority_code,
        organisation_id=receipt.organisation_id,
        subject_type=FILING,
        subject_id=cycle.filing_id,
        data=contents.renewal_receipt(receipt, cycle, dropped, previous_number=number),
        actor=actor,
        now=now,
        supersedes=newest,
    )


def on_rectification(*, actor: Actor, now: datetime, rectification: Rectification) -> None:
    """整改通知书; issued once, never anew."""
    services.issue(
        kind="rectification_notice",
        authority_code=rectification.authority_code,
        organisation_id=rectification.organisation_id,
        subject_type=RECTIFICATION,
        subject_id=rectification.id,
        data=contents.rectification(rectification),
        actor=actor,
        now=now,
    )


def on_exit_closed(*, actor: Actor, now: datetime, case: ExitCase) -> None:
    """退出备案收尾工作清单, once its last line is settled."""
    services.issue(
        kind="exit_checklist",
        authority_code=case.authority_code,
        organisation_id=case.organisation_id,
        subject_type=EXIT,
        subject_id=case.id,
        data=contents.exit_checklist(case),
        actor=actor,
        now=now,
    )


def on_announcement(*, actor: Actor, now: datetime, announcement: Announcement) -> None:
    """公布名单; a correction supersedes the list before it."""
    codes = select(Organisation.uscc, Filing.institution_code).join(Filing, Filing.organisation_id == Organisation.id)
    found = codes.where(Organisation.uscc.in_({entry.uscc for entry in announcement.entries}))
    known = {uscc: code for uscc, code in db.session.execute(found) if code}
    services.issue(
        kind="announcement_list",
        authority_code=DEPARTMENT_CODE,
        organisation_id=None,
        subject_type=ANNOUNCEMENT,
        subject_id=announcement.series_id,
        data=contents.announcement(announcement, known),
        actor=actor,
        now=now,
        supersedes=queries.current_document(
            kind="announcement_list", subject_type=ANNOUNCEMENT, subject_id=announcement.series_id
        ),
    )
