"""What the reminder tests stand on: a mail server of their own, deadlines made by the rules, days lived through."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage

from flask import Flask
from sqlalchemy import select

from app import clock, jobs
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import set_deadline
from app.outbox import OutboxMessage
from app.reminders import digests, engine
from app.reminders.models import Reminder
from app.rules.clocks import Clock, date_of, end_of_day
from app.rules.settings import Settings
from app.rules.workdays import calendar_from_chinesecalendar
from tenants import scope
from tenants.models import User
from tenants.scope import SYSTEM, SYSTEM_ACTOR
from tests.factories.people import People
from tests.integration.mail_server import Mailbox

START = date(2026, 1, 5)
NINE = time(9, 0)


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """An instant in Shanghai."""
    return datetime.combine(day, time(hour, minute), clock.SHANGHAI)


class World:
    """One organisation with its three people who must act and one who only reads; everything in process."""

    def __init__(self, app: Flask, people: People, mailbox: Mailbox) -> None:
        self.app = app
        self.people = people
        self.mailbox = mailbox

    def deadline(
        self,
        organisation_id: uuid.UUID,
        *,
        due_on: date,
        set_at: datetime | None = None,
        kind: str = "incubation_due",
        label: str = "电工 三级",
        authority_code: str = "370200",
    ) -> uuid.UUID:
        """An open deadline whose last day is `due_on`; committed."""
        deadline = set_deadline(
            actor=SYSTEM_ACTOR,
            clock=Clock(kind, due_on - timedelta(days=180), due_on, end_of_day(due_on), False, "R27", ()),
            subject_type="application_item",
            subject_id=uuid.uuid4(),
            subject_label=label,
            organisation_id=organisation_id,
            authority_code=authority_code,
            link="/org/incubation",
            now=set_at or at(START, 8),
        )
        db.session.commit()
        return deadline.id

    def computed(
        self, organisation_id: uuid.UUID, kind: str, start: date, *, set_at: datetime | None = None
    ) -> Deadline:
        """The deadline of a kind as `app.rules` computes it from `start`; committed."""
        deadline = set_deadline(
            actor=SYSTEM_ACTOR,
            clock=date_of(kind, start, calendar_from_chinesecalendar(), Settings()),
            subject_type="application_item",
            subject_id=uuid.uuid4(),
            subject_label=f"{kind} 的事项",
            organisation_id=organisation_id,
            authority_code="370200",
            link="/org/deadlines",
            now=set_at or at(start),
        )
        db.session.commit()
        return deadline

    def prefer_single_mails(self, email: str) -> None:
        """The person wants each message by itself, no daily digest."""
        user = db.session.scalars(select(User).where(User.email == email)).one()
        user.preferences = {**user.preferences, "digest": "each"}
        db.session.commit()

    def run_jobs(self) -> int:
        """What a mail worker would run now; rows that wait for a later try are left waiting."""
        # A page asked for meanwhile has taken the scope away.
        scope.enter(SYSTEM)
        ran = 0
        while True:
            due = select(OutboxMessage.id).where(
                OutboxMessage.state == "pending", OutboxMessage.available_at <= db.func.clock_timestamp()
            )
            ids = list(db.session.scalars(due.order_by(OutboxMessage.id)))
            db.session.rollback()
            done = sum(jobs.run_one(row_id) for row_id in ids)
            ran += done
            if not done:
                return ran

    def let_time_pass(self) -> None:
        """Let what waits for a later try be due at once: the outbox waits by the server's clock."""
        db.session.execute(
            db.update(OutboxMessage)
            .where(OutboxMessage.state == "pending")
            .values(available_at=db.func.clock_timestamp() - timedelta(seconds=1))
        )
        db.session.commit()

    def live(self, now: datetime, *, since: datetime | None = None) -> engine.Planned:
        """One run of the scheduler at `now`, and the mail workers after it."""
        with clock.frozen(now):
            engine.follow_missed(now=now)
            planned = engine.plan(now=now, since=since)
            self.run_jobs()
        return planned

    def digest(self, now: datetime) -> None:
        """The officers' digests of a day, and the mail workers after them."""
        with clock.frozen(now):
            digests.plan(now=now)
            self.run_jobs()

    def ledger(self, *, state: str = "sent") -> Counter[tuple[uuid.UUID, str, int]]:
        """(deadline, recipient, offset) of the rows in a state, counted."""
        db.session.rollback()
        rows = db.session.execute(
            select(Reminder.deadline_id, User.email, Reminder.offset_days)
            .join(User, User.id == Reminder.recipient_id)
            .where(Reminder.state == state)
        )
        return Counter((row[0], row[1], row[2]) for row in rows)

    def reasons(self) -> Counter[str]:
        """Why rows were skipped."""
        db.session.rollback()
        return Counter(db.session.scalars(select(Reminder.reason).where(Reminder.state == "skipped")))

    def reminders(self) -> list[Reminder]:
        """All rows, read afresh, the widest offset first."""
        db.session.rollback()
        query = select(Reminder).order_by(Reminder.offset_days.desc(), Reminder.id)
        return list(db.session.scalars(query.execution_options(populate_existing=True)))

    def mails(self) -> list[EmailMessage]:
        """The reminders that the mail server has taken each by itself, not in a digest."""
        taken = (message for _, message in self.mailbox.taken if message["X-Sheping-Reminder"])
        return [message for message in taken if not message["X-Sheping-Digest"]]
