"""The coming automatic exits (R50), shown to the bureau while an error can still be corrected."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.renewals.models import RenewalCycle
from app.reminders.engine import EXIT_KIND
from app.reminders.models import Reminder
from app.reminders.recipients import Audience
from tenants.models import Organisation
from tenants.notices import Notice

WEEK = timedelta(days=8)
"""Seven whole days ahead: an exit takes effect at 00:05 of its day."""


@dataclass(frozen=True)
class ComingExit:
    """One organisation that leaves the directory by itself unless somebody corrects it."""

    deadline: Deadline
    organisation: Organisation
    institution_code: str
    valid_to: date
    cycle_id: uuid.UUID
    mails: int
    undelivered: int
    read: int


def list_coming(authority_code: str, *, now: datetime, within: timedelta = WEEK) -> list[ComingExit]:
    """The exits of an authority's organisations within a week, the nearest first, with what was said to each."""
    told = (
        select(
            Reminder.deadline_id,
            func.count().label("mails"),
            func.count().filter(Notice.state == "bounced").label("undelivered"),
            func.count().filter(Notice.read_at.is_not(None)).label("read"),
        )
        .join(Notice, Notice.id == Reminder.id)
        .where(Reminder.audience == Audience.bound, Reminder.authority_code == authority_code)
        .group_by(Reminder.deadline_id)
        .subquery()
    )
    query = (
        select(
            Deadline,
            Organisation,
            Filing,
            FilingPeriod.valid_to,
            RenewalCycle.id,
            told.c.mails,
            told.c.undelivered,
            told.c.read,
        )
        .join(Organisation, Organisation.id == Deadline.organisation_id)
        .join(FilingPeriod, FilingPeriod.id == Deadline.subject_id)
        .join(Filing, Filing.id == FilingPeriod.filing_id)
        .join(RenewalCycle, RenewalCycle.period_id == FilingPeriod.id)
        .outerjoin(told, told.c.deadline_id == Deadline.id)
        .where(
            Deadline.authority_code == authority_code,
            Deadline.kind == EXIT_KIND,
            Deadline.state == "open",
            Deadline.due_at > now,
            Deadline.due_at <= now + within,
        )
        .order_by(Deadline.due_at, Deadline.id)
    )
    return [
        ComingExit(
            deadline,
            organisation,
            filing.institution_code or "",
            valid_to,
            cycle_id,
            mails or 0,
            undelivered or 0,
            read or 0,
        )
        for deadline, organisation, filing, valid_to, cycle_id, mails, undelivered, read in db.session.execute(query)
    ]
