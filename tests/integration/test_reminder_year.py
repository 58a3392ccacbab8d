"""A year lived through: every kind of deadline met once and missed once; the ledger is what was owed, nothing else."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import meet_deadline
from app.reminders import walk
from app.reminders.models import Digest
from app.reminders.wording import AUTHORITY_KINDS
from app.rules.clocks import date_of
from app.rules.ladders import KNOWN_KINDS
from app.rules.reminders import send_at
from app.rules.settings import Settings
from app.rules.workdays import calendar_from_chinesecalendar
from tenants.models import User
from tenants.scope import Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)
END = at(START + timedelta(days=365), 0)
CALENDAR = calendar_from_chinesecalendar()
# Three days that everything comes to, so that a year is lived through in some sixty days on which something happens.
DUE = (date(2026, 4, 15), date(2026, 7, 22), date(2026, 11, 11))
# Every kind there is: one that is added is lived through from then on, by the notice's ladder unless it is named here.
KINDS = tuple(sorted(KNOWN_KINDS))
LADDER = (90, 60, 30, 15, 7, 3, 1, 0)
ENDS_BY_ITSELF = {"auto_exit_due", "q1_window"}
"""R50 has happened by itself, R43 harms nobody: no mail follows their last day."""


def start_for(kind: str, due_on: date) -> date:
    """The day from which the rules count to `due_on`."""
    steps_back = (*range(0, -200, -1), *range(1, 200), *range(-1090, -1100, -1))
    days = (due_on + timedelta(days=number) for number in steps_back)
    return next(day for day in days if date_of(kind, day, CALENDAR, Settings()).due_on == due_on)


Key = tuple[uuid.UUID, str, int]


@dataclass(frozen=True)
class Cast:
    """Who takes part: `officer` reads a digest a day, `lead` each mail by itself."""

    owner: str
    clerk: str
    officer: str
    lead: str


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    # A year has many commits, and nothing here is to survive a power cut.
    for connection in (db.engine.connect(), db.engine.connect()):
        connection.execute(text("set synchronous_commit = off"))
        connection.commit()
        connection.close()
    with delivering(mailbox, system):
        yield World(system, people, mailbox)


def steps(kind: str, cast: Cast) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each step of a deadline and whom it is for, written out from the rules rather than asked of the product."""
    bound = (cast.officer, cast.lead) if kind in AUTHORITY_KINDS else (cast.owner, cast.clerk)
    for offset in LADDER:
        yield offset, bound
    if kind == "auto_exit_due":
        yield 7, (cast.officer, cast.lead)
    if kind in ENDS_BY_ITSELF:
        return
    yield -1, bound
    if kind in AUTHORITY_KINDS:
        yield -2, (cast.lead,)
    else:
        yield -2, (cast.owner,)
        yield -4, (cast.officer, cast.lead)


def digest_after(when: datetime) -> datetime:
    day = when.date()
    while not CALENDAR.is_workday(day) or at(day, 9, 15) < when:
        day += DAY
    return at(day, 9, 15)


@dataclass
class Expected:
    """What the year owes: mails of their own, messages in a digest of a day, steps that gave way before theirs."""

    single: Counter[Key] = field(default_factory=Counter)
    in_digest: dict[Key, datetime] = field(default_factory=dict)
    overtaken: int = 0
    days: set[date] = field(default_factory=set)

    def add(self, deadline: Deadline, cast: Cast, done: datetime) -> None:
        """Count a deadline on which nothing more is owed from `done` on."""
        owed = []
        for offset, people in steps(deadline.kind, cast):
            when = send_at(deadline.due_at, offset)
            in_time = when < deadline.due_at or offset < 0
            if in_time and at(START) <= when < min(done, END):
                owed += [(when, offset, person) for person in people]
        for when, offset, person in owed:
            key, collected = (deadline.id, person, offset), digest_after(when)
            self.days |= {when.date(), collected.date()}
            if person != cast.officer or not (deadline.due_at <= when or collected < deadline.due_at):
                self.single[key] += 1
            elif collected > done or any(o < offset and w <= collected and who == person for w, o, who in owed):
                # A step that waited over a weekend gives way to the next one, and to the deed.
                self.overtaken += 1
            else:
                self.in_digest[key] = collected


def live_through(
    world: World, days: Iterable[date], met_on: Mapping[date, Iterable[tuple[str, uuid.UUID]]], smtp_url: str
) -> None:
    """Each of these days as the demo's clock lives it; after the morning's mails people get done what they get done.

    A mail that was owed on a day left out would be sent on the next, or noted as overtaken: the ledger would show it.
    """
    since = at(START, 8)
    for today in sorted(days):
        day = walk.live_day(at(today), since=since, smtp_url=smtp_url, until=END)
        if day.missed:
            with clock.frozen(at(today, 10)):
                world.run_jobs()
        for kind, subject_id in met_on.get(today, ()):
            meet_deadline(kind=kind, subject_id=subject_id, now=at(today, 12))
            db.session.commit()
        since = at(today)


def test_a_year_lived_through_each_kind_met_once_and_missed_once(world: World, system: Flask) -> None:
    organisation = world.people.organisation()
    cast = Cast(
        owner=world.people.member(organisation, Role.owner).email,
        clerk=world.people.member(organisation, Role.editor).email,
        officer=world.people.official("370200").email,
        lead=world.people.official("370200", Role.lead).email,
    )
    world.prefer_single_mails(cast.lead)
    expected, met_on, missed_on = Expected(), defaultdict(list), set()
    for number, kind in enumerate(KINDS):
        start = START if kind == "q1_window" else start_for(kind, DUE[number % len(DUE)])
        met = world.computed(organisation, kind, start, set_at=at(START, 8))
        done_on = met.due_on - 5 * DAY
        expected.add(met, cast, at(done_on, 12))
        met_on[done_on].append((kind, met.subject_id))
        missed = world.computed(organisation, kind, start, set_at=at(START, 8))
        expected.add(missed, cast, END)
        if kind != "q1_window":
            missed_on.add(missed.due_at.astimezone(SHANGHAI).date())
    # What was missed is told that morning, when that day's digest has gone: it stands in the next.
    told_on = {digest_after(at(day, 10)).date() for day in missed_on}
    live_through(world, expected.days | met_on.keys() | missed_on | told_on, met_on, system.config["SHEPING"].smtp_url)

    assert_ledger_and_mails_agree(world, expected, cast, told_on, len(missed_on))
    states = Counter(db.session.scalars(select(Deadline.state)))
    # The window that nobody used is closed, not missed.
    assert states == {"met": len(KINDS), "missed": len(KINDS) - 1, "cancelled": 1}


def assert_ledger_and_mails_agree(world: World, expected: Expected, cast: Cast, told_on: set[date], told: int) -> None:
    """Each step owed is one row sent and one `X-Sheping-Reminder` in one mail, to its person on its day; no other."""
    single, in_digest = expected.single, expected.in_digest
    assert world.ledger() == single + Counter(dict.fromkeys(in_digest, 1))
    rows = world.reminders()
    assert Counter(row.state for row in rows) == Counter(
        sent=single.total() + len(in_digest), skipped=expected.overtaken
    )
    assert expected.overtaken > 0, "some step waited over a weekend"

    mails: dict[str, list[tuple[str, datetime, bool]]] = defaultdict(list)
    for to, message in world.mailbox.taken:
        for number in message.get_all("X-Sheping-Reminder", ()):
            mails[number].append((to, message["Date"].datetime, bool(message["X-Sheping-Digest"])))
    emails = {user.id: user.email for user in db.session.scalars(select(User))}
    instants = {deadline.id: deadline.due_at for deadline in db.session.scalars(select(Deadline))}
    owed = {}
    for row in (row for row in rows if row.state == "sent"):
        key = (row.deadline_id, emails[row.recipient_id], row.offset_days)
        when = in_digest.get(key) or send_at(instants[row.deadline_id], row.offset_days)
        owed[str(row.id)] = [(key[1], when, key in in_digest)]
    assert mails == owed

    digests = [(to, message) for to, message in world.mailbox.taken if message["X-Sheping-Digest"]]
    assert {to for to, _ in digests} == {cast.officer}
    dated = [message["Date"].datetime.astimezone(SHANGHAI).date() for _, message in digests]
    assert sorted(dated) == sorted({when.date() for when in in_digest.values()} | told_on), (
        "one a day, when there is need"
    )
    assert set(db.session.scalars(select(Digest.state))) == {"sent"}
    # Beside them only what tells the bureau of the missed ones, once a day on which some were.
    plain = [to for to, message in world.mailbox.taken if not message["X-Sheping-Reminder"]]
    others = Counter(to for to in plain if to != cast.officer)
    assert others == {cast.lead: told}
