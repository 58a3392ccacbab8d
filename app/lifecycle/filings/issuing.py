"""Code and receipt (赋予机构代码、出具回执): the announced application becomes a filing (R37, R38, R45)."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import casework, paths
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry, MinistryReport
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod, Receipt
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.trail import need_reason, new_number
from app.rules import clocks
from app.rules import filing as rules
from app.rules.authority import Act, check_competent
from app.rules.core import N_, ActorKind, Refusal
from app.rules.states import FILED_ITEM, FILING, FILING_PERIOD, ApplicationState, ItemState
from tenants import events
from tenants.models import Organisation
from tenants.scope import Actor

DIRECTORY = "app.lifecycle.directory.jobs.refresh"


def find_filing(application_id: uuid.UUID) -> Filing | None:
    """The filing that came of an application."""
    return db.session.scalar(select(Filing).where(Filing.application_id == application_id))


def find_receipt(filing_id: uuid.UUID) -> Receipt | None:
    """The receipt in force of a filing."""
    query = select(Receipt).where(Receipt.filing_id == filing_id, Receipt.state == "current")
    return db.session.scalar(query)


def announced_on(application_id: uuid.UUID) -> date | None:
    """The day on which the department first announced this application (R35)."""
    query = (
        select(func.min(Announcement.published_on))
        .join(AnnouncementEntry, AnnouncementEntry.announcement_id == Announcement.id)
        .where(AnnouncementEntry.application_id == application_id, Announcement.published_on.is_not(None))
    )
    return db.session.scalar(query)


def ministry_reported_on(application_id: uuid.UUID) -> date | None:
    """The day on which an announcement with this application was reported to the ministry (R36)."""
    query = (
        select(func.min(MinistryReport.reported_on))
        .join(AnnouncementEntry, AnnouncementEntry.announcement_id == MinistryReport.announcement_id)
        .where(AnnouncementEntry.application_id == application_id)
    )
    return db.session.scalar(query)


def suggest_code(authority_code: str) -> str:
    """The next number after those of the public directory, where `code_autogenerate` is on; '' otherwise (R37).

    Codes not in the directory yet are other authorities' affair: what is taken after all is refused when assigned.
    """
    if not load_settings(authority_code).code_autogenerate:
        return ""
    return rules.suggest_code(list(db.session.scalars(select(DirectoryEntry.institution_code).distinct())))


def assign_code(*, actor: Actor, application_id: uuid.UUID, code: str, now: datetime) -> Filing:
    """Give the announced organisation its institution code, unique in the province and for life (R37).

    Refusals: not_competent, not_announced, code_assigned, institution_code_format, institution_code_taken.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.ASSIGN_CODE, application.level, application.city_code, actor.authority_code)
    if application.state != ApplicationState.ANNOUNCED:
        raise Refusal("not_announced", "R37", N_("省厅尚未公布,或已办结备案,现在不能赋予机构代码。"))
    filing = find_filing(application.id)
    if filing is not None:
        raise Refusal(
            "code_assigned",
            "R37",
            N_("该机构已赋予机构代码%(current)s,不能更改。"),
            current=filing.institution_code or "",
        )
    normalised = rules.check_institution_code(code, ())
    announced = FILING.advance(None, "announce", ActorKind.DEPARTMENT)
    filing = Filing(
        id=uuid.uuid4(),
        organisation_id=application.organisation_id,
        authority_code=actor.authority_code,
        application_id=application.id,
        institution_code=normalised,
        state=FILING.advance(announced, "assign_code", actor.kind),
        created_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(filing)
    except IntegrityError as error:
        # Codes of other cities cannot be seen from here; the database knows them all, exited ones too.
        diagnosis = getattr(error.orig, "diag", None)
        if diagnosis is not None and diagnosis.constraint_name == "uq_filings_institution_code":
            rules.check_institution_code(normalised, {normalised})
        raise
    _record("institution_code_assigned", actor, filing, now, before=announced, rule="R37", title=normalised)
    casework.note(
        "institution_code_assigned", actor=actor, application=application, now=now, rule="R37", title=normalised
    )
    return filing


def issue_receipt(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    years: int | None = None,
    term_reason: str = "",
    in_batch: bool = False,
    now: datetime,
) -> Receipt:
    """Issue the receipt: the filing becomes active, its first period begins, its items are filed (R38, R45).

    The directory follows each receipt, but a batch's as a whole when the batch has ended.

    Refusals: receipt_before_code, receipt_before_announcement, receipt_without_items, receipt_exists, reason_missing.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.ISSUE_RECEIPT, application.level, application.city_code, actor.authority_code)
    settings, calendar = load_settings(application.authority_code), load_calendar()
    filing = find_filing(application.id)
    items = [item for item in application.items if item.state == ItemState.ANNOUNCED]
    first_on = announced_on(application.id)
    rules.check_can_issue_receipt(
        announced_on=first_on,
        institution_code=filing.institution_code if filing else None,
        ministry_reported_on=ministry_reported_on(application.id),
        items=items,
        current_receipts=int(filing is not None and find_receipt(filing.id) is not None),
        settings=settings,
    )
    if filing is None or first_on is None:  # both were just asked of the rules
        raise AssertionError("a receipt needs a filing and an announcement")
    issued_on = now.astimezone(SHANGHAI).date()
    years = settings.filing_term_years if years is None else years
    rules.check_term(years, term_reason, settings)
    start = rules.period_start(receipt_issued_on=issued_on, announced_on=first_on, settings=settings)
    end = clocks.filing_end(start, calendar, settings, years)
    period = _begin_period(actor, filing, start, end.due_on)
    filed = _file_items(actor, filing, application, items)
    told = [_told(item) for item in filed]
    receipt = _add_receipt(
        actor, filing, application.organisation, application.level, period.id, "first", start, end.due_on, told, now
    )
    before = filing.state
    filing.state = FILING.advance(before, "issue_receipt", actor.kind)
    _record(
        "receipt_issued", actor, filing, now, before=before, rule="R38", title=receipt.number,
        sha256=receipt.content_sha256,
    )  # fmt: skip
    casework.move(
        actor=actor, application=application, event="file", name="application_filed", now=now, title=receipt.number
    )
    set_deadline(
        actor=actor,
        clock=end,
        subject_type="filing_period",
        subject_id=period.id,
        subject_label=filing.institution_code or "",
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        link=paths.RENEWAL,
        now=now,
    )
    if not in_batch:
        outbox.add(DIRECTORY, queue="default", key=f"directory:{receipt.id}")
    casework.tell_organisation(
        application=application,
        title=N_("已赋予机构代码并出具备案回执"),
        rule="R38",
        now=now,
        key=f"receipt:{receipt.id}",
        link=paths.RENEWAL,
    )
    reach(Milestone.receipt_issued, actor=actor, now=now, receipt=receipt, filing=filing, application=application)
    return receipt


def reissue_receipt(*, actor: Actor, application_id: uuid.UUID, reason: str, now: datetime) -> Receipt:
    """Issue the standing receipt anew, with the organisation's name as it is now; it is never edited (R38).

    Number and day are new, what was filed and the period stay; the one before is kept as superseded.
    Refusals: not_competent, receipt_missing, reason_missing.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.ISSUE_RECEIPT, application.level, application.city_code, actor.authority_code)
    reason = need_reason(reason, "R38")
    filing = find_filing(application.id)
    standing = find_receipt(filing.id) if filing else None
    if filing is None or standing is None:
        raise Refusal("receipt_missing", "R38", N_("还没有出具回执,不能重新出具。"))
    standing.state = "superseded"
    db.session.flush()
    receipt = _add_receipt(
        actor, filing, application.organisation, application.level, standing.period_id, "replacement",
        standing.valid_from, standing.valid_to, standing.items, now,
    )  # fmt: skip
    _record(
        "receipt_reissued", actor, filing, now, before=filing.state, rule="R38", title=receipt.number,
        sha256=receipt.content_sha256, reason=reason,
    )  # fmt: skip
    casework.note(
        "receipt_reissued", actor=actor, application=application, now=now, rule="R38", title=receipt.number,
        reason=reason,
    )  # fmt: skip
    casework.tell_organisation(
        application=application,
        title=N_("已重新出具备案回执"),
        rule="R38",
        now=now,
        key=f"receipt:{receipt.id}",
        reason=reason,
        link=paths.RENEWAL,
    )
    reach(Milestone.receipt_issued, actor=actor, now=now, receipt=receipt, filing=filing, application=application)
    return receipt


def add_receipt(
    *,
    actor: Actor,
    filing: Filing,
    organisation: Organisation,
    level: str,
    period_id: uuid.UUID,
    kind: str,
    valid_from: date,
    valid_to: date,
    items: Sequence[FiledItem],
    now: datetime,
) -> Receipt:
    """A receipt for these filed items, with the next number and today's day (R38, R56); no other may be current."""
    told = [_told(item) for item in items]
    return _add_receipt(actor, filing, organisation, level, period_id, kind, valid_from, valid_to, told, now)


def _add_receipt(
    actor: Actor,
    filing: Filing,
    organisation: Organisation,
    level: str,
    period_id: uuid.UUID,
    kind: str,
    valid_from: date,
    valid_to: date,
    items: list[dict[str, Any]],
    now: datetime,
) -> Receipt:
    """A receipt with the next number and today's day (R38)."""
    receipt = Receipt(
        id=uuid.uuid4(),
        number=new_number("HZ", filing.authority_code, now),
        filing_id=filing.id,
        period_id=period_id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        kind=kind,
        issued_on=now.astimezone(SHANGHAI).date(),
        valid_from=valid_from,
        valid_to=valid_to,
        items=items,
        content_sha256="",
        state="current",
        issued_by=actor.user_id,
        issued_at=now,
    )
    receipt.content_sha256 = digest(receipt, filing, organisation, level)
    db.session.add(receipt)
    return receipt


def _begin_period(actor: Actor, filing: Filing, start: date, end: date) -> FilingPeriod:
    period = FilingPeriod(
        id=uuid.uuid4(),
        filing_id=filing.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        period_no=1,
        valid_from=start,
        valid_to=end,
        state=FILING_PERIOD.advance(None, "start", actor.kind),
        grade=None,
        exempt=False,
    )
    db.session.add(period)
    db.session.flush()
    return period


def _file_items(
    actor: Actor, filing: Filing, application: Application, items: list[ApplicationItem]
) -> list[FiledItem]:
    filed = []
    for position, item in enumerate(items, start=1):
        casework.move_item(actor=actor, item=item, event="file")
        filed.append(
            FiledItem(
                id=uuid.uuid4(),
                filing_id=filing.id,
                organisation_id=filing.organisation_id,
                authority_code=filing.authority_code,
                position=position,
                occupation_code=item.occupation_code,
                occupation_name=item.occupation_name,
                work_type=item.work_type,
                skill_level=item.skill_level,
                state=FILED_ITEM.advance(None, "file", actor.kind),
            )
        )
    db.session.add_all(filed)
    db.session.flush()
    return filed


def _told(item: FiledItem) -> dict[str, str]:
    return {
        "occupation_code": item.occupation_code,
        "occupation_name": item.occupation_name,
        "work_type": item.work_type,
        "skill_level": item.skill_level,
    }


def digest(receipt: Receipt, filing: Filing, organisation: Organisation, level: str) -> str:
    """SHA-256 over what a receipt says: number, organisation, code, level, dates and items, as canonical JSON."""
    told = {
        "number": receipt.number,
        "organisation": organisation.name,
        "uscc": organisation.uscc,
        "institution_code": filing.institution_code,
        "level": level,
        "issued_on": receipt.issued_on.isoformat(),
        "valid_from": receipt.valid_from.isoformat(),
        "valid_to": receipt.valid_to.isoformat(),
        "items": receipt.items,
    }
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _record(name: str, actor: Actor, filing: Filing, now: datetime, *, before: str, rule: str, **data: str) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="filing",
        subject_id=filing.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        before=before,
        after=filing.state,
        rule=rule,
        title=data.get("title", ""),
        sha256=data.get("sha256", ""),
        reason=data.get("reason", ""),
    )
