"""When a mail goes: quiet hours, digests, escalations, moved deadlines, days of outage, other time zones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.config import ROOT
from app.db import db
from app.lifecycle.deadlines.models import Deadline, Setting
from app.lifecycle.deadlines.services import meet_deadline
from app.reminders import digests, engine, sending
from app.reminders.models import Digest
from tenants.notices import Notice
from tenants.scope import Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    with delivering(mailbox, system):
        yield World(system, people, mailbox)


def setting(key: str, value: object, code: str = "370000") -> None:
    db.session.add(Setting(key=key, authority_code=code, value={"value": value}, changed_at=at(START)))
    db.session.commit()


def work(world: World, hour: int, minute: int = 0, day: int = 0) -> None:
    """The sweep and the mail workers at an hour of the day."""
    now = at(START + day * DAY, hour, minute)
    with clock.frozen(now):
        sending.sweep(now=now)
        world.run_jobs()


def test_what_comes_up_in_the_night_is_sent_in_the_morning(world: World) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    # The scheduler was down at nine and comes back at ten in the evening.
    world.live(at(START, 22))
    work(world, 23)
    work(world, 7, 59, day=1)
    assert (world.mails(), [row.state for row in world.reminders()]) == ([], ["pending"])
    assert [row.attempts for row in world.reminders()] == [0]
    work(world, 8, day=1)
    (message,) = world.mails()
    assert message["Date"].datetime == at(START + DAY, 8)
    assert "还剩6天" in message["Subject"], "the days are counted when it is sent"


def test_a_retry_that_comes_due_at_night_waits_too(world: World, mailbox: Mailbox) -> None:
    organisation = world.people.organisation()
    clerk = world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    mailbox.grey[clerk.email] = 1
    world.live(at(START, 19, 59))
    world.let_time_pass()
    work(world, 20, 1)
    assert world.mails() == []
    work(world, 8, day=1)
    assert len(world.mails()) == 1


def test_what_ends_in_the_night_is_warned_of_before(world: World) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START)
    world.live(at(START, 22))
    assert [message["Subject"][:6] for message in world.mails()] == ["今天24时截"]
    assert world.mails()[0]["Date"].datetime == at(START, 22)


def test_a_city_may_keep_other_quiet_hours(world: World) -> None:
    setting("quiet_hours", "12:00-14:00", code="370200")
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    world.live(at(START, 12, 30))
    assert world.mails() == []
    work(world, 14)
    assert len(world.mails()) == 1


def test_an_officer_gets_one_mail_a_day_grouped_by_case_without_what_was_done(world: World, mailbox: Mailbox) -> None:
    first, second = world.people.organisation(name="甲评价中心"), world.people.organisation(name="乙评价中心")
    officer = world.people.official("370200")
    for organisation, label in ((first, "事项一"), (first, "事项二"), (second, "事项三"), (second, "已办事项")):
        done = world.deadline(organisation, due_on=START + 7 * DAY, kind="publicity_end", label=label)
    world.live(at(START))
    assert Counter(row.state for row in world.reminders()) == {"held": 4}
    assert Counter(db.session.scalars(select(Notice.state))) == {"held": 4}, "the inbox has them at once"
    deadline = db.session.get_one(Deadline, done)
    meet_deadline(kind="publicity_end", subject_id=deadline.subject_id, now=at(START))
    db.session.commit()
    world.digest(at(START, 9, 14))
    assert mailbox.taken == []
    for minute in (15, 16, 30):
        world.digest(at(START, 9, minute))
    ((to, message),) = mailbox.taken
    assert to == officer.email
    assert message["Subject"] == "今日汇总:3项"
    text = message.get_body(("plain",)).get_content()
    assert text.index("乙评价中心 事项三") < text.index("甲评价中心 事项一") < text.index("甲评价中心 事项二")
    assert "已办事项" not in text
    assert Counter((row.state, row.reason) for row in world.reminders()) == {("sent", None): 3, ("skipped", "met"): 1}
    digest = db.session.scalars(select(Digest)).one()
    assert message["X-Sheping-Digest"] == str(digest.id)
    sent = [row for row in world.reminders() if row.state == "sent"]
    assert {row.message_id for row in sent} == {message["Message-ID"]}
    assert Counter(message.get_all("X-Sheping-Reminder")) == Counter(str(row.id) for row in sent)


def test_no_digest_on_a_day_off_and_what_cannot_wait_for_it_goes_by_itself(world: World, mailbox: Mailbox) -> None:
    organisation = world.people.organisation()
    world.people.official("370200")
    saturday = START + 5 * DAY
    world.deadline(organisation, due_on=saturday + 7 * DAY, kind="publicity_end", label="可以等")
    world.deadline(organisation, due_on=saturday + DAY, kind="publicity_end", label="不能等")
    world.live(at(saturday), since=at(saturday, 8))
    world.digest(at(saturday, 9, 15))
    world.digest(at(saturday + DAY, 9, 15))
    assert ["不能等" in message["Subject"] for _, message in mailbox.taken] == [True]
    world.digest(at(saturday + 2 * DAY, 9, 15))
    assert [message["Subject"] for _, message in mailbox.taken][1:] == ["今日汇总:1项"]


def test_a_digest_that_is_greylisted_or_whose_sender_dies_comes_once(world: World, mailbox: Mailbox) -> None:
    organisation = world.people.organisation()
    officer = world.people.official("370200")
    world.deadline(organisation, due_on=START + 7 * DAY, kind="publicity_end")
    world.live(at(START))
    mailbox.grey[officer.email] = 1
    world.digest(at(START, 9, 15))
    assert (mailbox.taken, db.session.scalar(select(Digest.state))) == ([], "pending")
    digest_id = db.session.scalars(select(Digest.id)).one()
    assert sending.claim(Digest, digest_id) == 2
    assert digests.send(digest_id, now=at(START, 9, 30)) == "lost"
    assert digests.sweep() == 0, "the claim is not old enough"
    assert digests.sweep(stale=timedelta(0)) >= 1
    with clock.frozen(at(START, 10)):
        world.let_time_pass()
        world.run_jobs()
    assert [message["Subject"] for _, message in mailbox.taken] == ["今日汇总:1项"]
    assert [row.state for row in world.reminders()] == ["sent"]


def test_who_wants_single_mails_gets_them(world: World, mailbox: Mailbox) -> None:
    organisation = world.people.organisation()
    officer = world.people.official("370200")
    world.prefer_single_mails(officer.email)
    world.deadline(organisation, due_on=START + 7 * DAY, kind="publicity_end")
    world.live(at(START))
    world.digest(at(START, 9, 15))
    assert [message["X-Sheping-Digest"] for _, message in mailbox.taken] == [None]


def test_what_nobody_does_goes_to_a_second_person_and_then_to_the_bureau(world: World) -> None:
    organisation = world.people.organisation()
    owner = world.people.member(organisation, Role.owner)
    signatory = world.people.member(organisation, Role.signatory)
    officer = world.people.official("370200")
    world.prefer_single_mails(officer.email)
    world.deadline(organisation, due_on=START)
    world.live(at(START))
    # The owner has read it: the other who may decide is told.
    db.session.execute(db.update(Notice).where(Notice.user_id == owner.user_id).values(read_at=at(START, 10)))
    db.session.commit()
    for day in range(1, 9):
        world.live(at(START + day * DAY))
    late = {(row.offset_days, row.audience, row.recipient_id) for row in world.reminders() if row.offset_days < -1}
    assert late == {(-2, "second", signatory.user_id), (-4, "bureau", officer.user_id)}
    subjects = {message["Subject"]: message for message in world.mails()}
    (urge,) = [message for subject, message in subjects.items() if subject.startswith("请督促办理:已逾期2天")]
    assert "此前已提醒2人,其中1人已阅读" in urge.get_body(("plain",)).get_content()
    assert any("逾期4天未办" in subject for subject in subjects)


def test_an_outage_brings_both_escalations_but_no_burst_of_stale_mails(world: World) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.owner)
    world.people.member(organisation, Role.editor)
    officer = world.people.official("370200")
    world.prefer_single_mails(officer.email)
    world.deadline(organisation, due_on=START + 20 * DAY)
    world.live(at(START + 5 * DAY))
    # Down for three weeks: past the deadline and past both escalations.
    world.live(at(START + 27 * DAY))
    sent = Counter(row.offset_days for row in world.reminders() if row.state == "sent")
    assert sent == {15: 2, -1: 1, -2: 1, -4: 1}, "the owner hears it once, as the one to urge"
    assert {row.offset_days for row in world.reminders() if row.state == "skipped"} >= {7, 3, 1, 0}


def test_a_deadline_postponed_by_months_is_reminded_of_anew(world: World) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    deadline_id = world.deadline(organisation, due_on=START + 3 * DAY)
    world.live(at(START))
    deadline = db.session.get_one(Deadline, deadline_id)
    later = START + 100 * DAY
    deadline.due_on, deadline.due_at, deadline.set_at = later, at(later + DAY, 0), at(START, 10)
    db.session.commit()
    for number in range(1, 104):
        world.live(at(START + number * DAY), since=at(START + (number - 1) * DAY))
    rows = [(row.due_on, row.offset_days) for row in world.reminders() if row.audience == "bound"]
    assert sorted(rows) == sorted([(START + 3 * DAY, 3), *((later, step) for step in (90, 60, 30, 15, 7, 3, 1, 0, -1))])
    assert {row.state for row in world.reminders()} == {"sent"}


def test_a_kind_with_more_steps_of_its_own_in_one_city(world: World) -> None:
    setting("reminder_offsets_by_kind", [["supplement_due", [90, 60, 30, 15, 10, 7, 3, 1]]], code="370200")
    for city in ("370200", "370100"):
        organisation = world.people.organisation(city=city)
        world.people.member(organisation, Role.editor)
        world.deadline(organisation, due_on=START + 10 * DAY, kind="supplement_due", authority_code=city)
    world.live(at(START), since=at(START, 8))
    assert [row.authority_code for row in world.reminders()] == ["370200"]


def test_a_bureau_sees_the_coming_exits_a_week_ahead_in_its_digest(world: World, mailbox: Mailbox) -> None:
    organisation = world.people.organisation(name="将退出评价中心")
    world.people.member(organisation, Role.owner)
    world.people.official("370200")
    world.computed(organisation, "auto_exit_due", START + 6 * DAY, set_at=at(START, 8))
    for day in range(7):
        world.live(at(START + day * DAY), since=at(START + (day - 1) * DAY))
        world.digest(at(START + day * DAY, 9, 15))
    (digest,) = [message for _, message in mailbox.taken if message["X-Sheping-Digest"]]
    assert digest["Subject"] == "今日汇总:1项(含下周自动退出1家)"
    assert "将退出评价中心" in digest.get_body(("plain",)).get_content()
    assert Counter((row.audience, row.offset_days) for row in world.reminders()) == {
        ("bound", 7): 1, ("bound", 3): 1, ("bound", 1): 1, ("bureau", 7): 1,
    }  # fmt: skip


SCHEDULER = """
import json, sys, time
from datetime import datetime
from app import clock
from app.factory import create_app
from app.reminders import engine
from tenants import scope
with create_app("worker").app_context(), scope.use(scope.SYSTEM):
    at = datetime.fromisoformat(sys.argv[1])
    with clock.frozen(at):
        print(json.dumps([time.tzname[0], len(engine.plan(now=clock.now(), since=None).pending), str(clock.today())]))
"""


def test_a_server_in_another_time_zone_sends_at_nine_in_shanghai(world: World, stack_env: dict[str, str]) -> None:
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    answers = []
    for minute in (59, 60):
        environ = {**os.environ, **stack_env, "TZ": "America/New_York"}
        instant = (at(START, 8) + timedelta(minutes=minute)).isoformat()
        command = [sys.executable, "-c", SCHEDULER, instant]
        ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
        answers.append(json.loads(ran.stdout.splitlines()[-1]))
    assert answers == [["EST", 0, "2026-01-05"], ["EST", 1, "2026-01-05"]]


def test_two_schedulers_plan_one_digest(world: World) -> None:
    organisation = world.people.organisation()
    world.people.official("370200")
    world.deadline(organisation, due_on=START + 7 * DAY, kind="publicity_end")
    world.live(at(START))
    with clock.frozen(at(START, 9, 15)):
        assert len(digests.plan(now=clock.now())) == 1
        assert digests.plan(now=clock.now()) == []
    assert db.session.scalar(select(func.count()).select_from(Digest)) == 1
    assert engine.plan(now=at(START, 9, 15)).pending == []
