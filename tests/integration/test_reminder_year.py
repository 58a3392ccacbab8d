"""A year lived through: every kind of deadline met once and missed once; the ledger is what was owed, nothing else."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import meet_deadline
from app.reminders.models import Digest
from app.reminders.wording import AUTHORITY_KINDS
from app.rules.ladders import KNOWN_KINDS
from app.rules.reminders import offsets_for, send_at
from app.rules.settings import Settings
from app.rules.workdays import calendar_from_chinesecalendar
from tenants.scope import Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, running
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)
LENGTH = 365
END = at(START + LENGTH * DAY, 0)
CALENDAR = calendar_from_chinesecalendar()
STARTS = {
    "call_close": START + timedelta(days=30),
    "call_complete_by": START + timedelta(days=200),
    "panel_work_due": START + timedelta(days=150),
    "incubation_due": START,
    "bank_submit_by": START + timedelta(days=180),
    "commitment_sign_due": START + timedelta(days=20),
    "filing_end": date(2023, 7, 20),
    "auto_exit_due": date(2026, 7, 19),
    "renewal_open_on": date(2026, 12, 1),
    "renewal_apply_close": date(2026, 9, 1),
    "rectification_due": START + timedelta(days=40),
    "supplement_due": START + timedelta(days=50),
    "objection_handling_due": START + timedelta(days=60),
    "city_report_due": START + timedelta(days=70),
    "publicity_end": START + timedelta(days=80),
    "exit_data_due": START + timedelta(days=90),
    "q1_window": START,
}

Key = tuple[uuid.UUID, str, int]


@dataclass(frozen=True)
class Cast:
    """Who takes part: `officer` reads a digest a day, `lead` each mail by itself."""

    owner: str
    clerk: str
    officer: str
    lead: str


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    before = system.config["SHEPING"]
    with running(mailbox) as url:
        system.config["SHEPING"] = replace(before, smtp_url=url)
        yield World(system, people, mailbox)
    system.config["SHEPING"] = before


def steps(kind: str, cast: Cast) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each step of a deadline and whom it is for, written out from the rules rather than asked of the product."""
    bound = (cast.officer, cast.lead) if kind in AUTHORITY_KINDS else (cast.owner, cast.clerk)
    for offset in offsets_for(kind, Settings()):
        yield offset, bound
    if kind == "auto_exit_due":
        yield 7, (cast.officer, cast.lead)
    elif kind in AUTHORITY_KINDS:
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

    single: Counter[Key]
    in_digest: dict[Key, datetime]
    overtaken: int = 0

    def add(self, deadline: Deadline, cast: Cast, done: datetime) -> None:
        """Count a deadline on which nothing more is owed from `done` on."""
        owed = []
        for offset, people in steps(deadline.kind, cast):
            when = send_at(deadline.due_at, offset)
            in_time = when < deadline.due_at or offset < 0
            if in_time and at(START) <= when < min(done, END):
                owed += [(when, offset, person) for person in people]
        for when, offset, person in owed:
            key = (deadline.id, person, offset)
            collected = digest_after(when)
            if person != cast.officer or not (deadline.due_at <= when or collected < deadline.due_at):
                self.single[key] += 1
            elif collected > done or any(o < offset and w <= collected and who == person for w, o, who in owed):
                # A step that waited over a weekend gives way to the next one, and to the deed.
                self.overtaken += 1
            else:
                self.in_digest[key] = collected


def live_through(world: World, met_at: Mapping[date, Iterable[tuple[str, uuid.UUID]]]) -> None:
    """Each day at nine the scheduler, at a quarter past the digests, at noon what people get done."""
    since: datetime | None = None
    for day in (START + timedelta(days=number) for number in range(LENGTH)):
        now = at(day, 9, 0)
        world.live(now, since=since)
        if CALENDAR.is_workday(day):
            world.digest(at(day, 9, 15))
        for kind, subject_id in met_at.get(day, ()):
            meet_deadline(kind=kind, subject_id=subject_id, now=at(day, 12))
            db.session.commit()
        since = now


def test_a_year_lived_through_each_kind_met_once_and_missed_once(world: World) -> None:
    assert set(STARTS) == KNOWN_KINDS
    organisation = world.people.organisation()
    cast = Cast(
        owner=world.people.member(organisation, Role.owner).email,
        clerk=world.people.member(organisation, Role.editor).email,
        officer=world.people.official("370200").email,
        lead=world.people.official("370200", Role.lead).email,
    )
    world.prefer_single_mails(cast.lead)
    expected, met_at, missed_on = Expected(Counter(), {}), defaultdict(list), set()
    for kind, start in STARTS.items():
        met = world.computed(organisation, kind, start, set_at=at(START, 8))
        done_on = met.due_on - 5 * DAY
        expected.add(met, cast, at(done_on, 12))
        met_at[done_on].append((kind, met.subject_id))
        missed = world.computed(organisation, kind, start, set_at=at(START, 8))
        expected.add(missed, cast, END)
        missed_on.add(missed.due_on)
    live_through(world, met_at)

    single, in_digest = expected.single, expected.in_digest
    assert world.ledger() == single + Counter(dict.fromkeys(in_digest, 1))
    states = Counter(reminder.state for reminder in world.reminders())
    assert states == Counter(sent=single.total() + len(in_digest), skipped=expected.overtaken)
    assert expected.overtaken > 0, "some step waited over a weekend"

    mails = Counter(to for to, message in world.mailbox.taken if message["X-Sheping-Reminder"])
    assert mails == Counter(key[1] for key in single.elements())
    digests = [(to, message) for to, message in world.mailbox.taken if message["X-Sheping-Digest"]]
    assert {to for to, _ in digests} == {cast.officer}
    # The mornings after something was missed have a digest too, for the message that says so.
    days = {when.date() for when in in_digest.values()} | {digest_after(at(on + DAY, 9)).date() for on in missed_on}
    dated = [message["Date"].datetime.astimezone(SHANGHAI).date() for _, message in digests]
    assert sorted(dated) == sorted(days), "one a day, and none on other days"
    assert set(db.session.scalars(select(Digest.state))) == {"sent"}
    assert Counter(db.session.scalars(select(Deadline.state))) == {"met": len(STARTS), "missed": len(STARTS)}
