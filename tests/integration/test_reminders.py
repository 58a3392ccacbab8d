"""The ledger of reminders: each exactly once, none when not wanted, none lost."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline
from app.outbox import OutboxMessage
from app.reminders import engine, sending
from app.reminders.models import Reminder
from tenants import scope
from tenants.models import Membership, User
from tenants.notices import Notice
from tenants.scope import SYSTEM, Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

OFFSETS = (90, 60, 30, 15, 7, 3, 1, 0, -1)
DAY = timedelta(days=1)


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    with delivering(mailbox, system):
        yield World(system, people, mailbox)


def one_clerk(world: World) -> tuple[uuid.UUID, str]:
    organisation = world.people.organisation()
    return organisation, world.people.member(organisation, Role.editor).email


def test_who_is_reminded(world: World) -> None:
    organisation = world.people.organisation()
    expected = {world.people.member(organisation, role).email for role in (Role.owner, Role.signatory, Role.editor)}
    world.people.member(organisation, Role.viewer)
    world.people.member(world.people.organisation(), Role.owner)
    world.people.official("370200")
    gone = world.people.member(organisation, Role.editor)
    db.session.get_one(Membership, gone.membership_id).removed_at = clock.now()
    disabled = world.people.member(organisation, Role.editor)
    db.session.get_one(User, disabled.user_id).disabled_at = clock.now()
    db.session.commit()
    world.deadline(organisation, due_on=START + 30 * DAY)
    world.live(at(START))
    assert {email for _, email, _ in world.ledger()} == expected


def test_running_again_sends_nothing_again(world: World) -> None:
    organisation, _ = one_clerk(world)
    world.deadline(organisation, due_on=START + 7 * DAY)
    for minute in (0, 1, 30):
        world.live(at(START, 9, minute))
    assert len(world.mails()) == 1


def test_the_mail_and_its_twin_in_the_inbox(world: World) -> None:
    organisation, _ = one_clerk(world)
    deadline_id = world.deadline(organisation, due_on=START + 7 * DAY, kind="bank_submit_by")
    world.live(at(START))
    (message,), (reminder,) = world.mails(), world.reminders()
    assert message["Subject"] == "还剩7天:题库须在2026年1月12日(周一)前提交(电工 三级)"
    assert message["X-Sheping-Reminder"] == str(reminder.id)
    assert message["Date"].datetime == at(START)
    assert (reminder.state, reminder.deadline_id, reminder.sent_at) == ("sent", deadline_id, at(START))
    assert reminder.message_id == message["Message-ID"]
    (notice,) = db.session.scalars(select(Notice))
    assert (notice.id, notice.kind, notice.state, notice.link) == (reminder.id, "reminder", "sent", "/org/incubation")
    assert notice.message_id == reminder.message_id
    world.run_jobs()
    assert len(world.mailbox.taken) == 1, "the inbox twin brings no second mail"


def test_before_nine_nothing_goes_out(world: World) -> None:
    organisation, _ = one_clerk(world)
    world.deadline(organisation, due_on=START + 7 * DAY)
    world.live(at(START, 8, 59))
    assert world.mails() == []


def test_a_deadline_set_late_skips_the_steps_before_it_silently(world: World) -> None:
    organisation, _ = one_clerk(world)
    world.deadline(organisation, due_on=START + 20 * DAY, set_at=at(START, 10))
    for number in range(0, 22):
        world.live(at(START + number * DAY))
    assert sorted(offset for _, _, offset in world.ledger()) == [-1, 0, 1, 3, 7, 15]
    assert world.reasons() == {}


def test_after_an_outage_only_the_latest_step_and_a_record_of_the_rest(world: World) -> None:
    organisation, _ = one_clerk(world)
    due = START + 30 * DAY
    world.deadline(organisation, due_on=due)
    world.live(at(START, 9, 1))
    # Down from the day after until three days before the end.
    world.live(at(due - 3 * DAY, 10))
    assert sorted(offset for _, _, offset in world.ledger()) == [3, 30]
    assert {offset for _, _, offset in world.ledger(state="skipped")} == {15, 7}
    assert world.reasons() == {"superseded": 2}


def test_a_mail_that_waited_too_long_gives_way_to_the_next_step(world: World) -> None:
    organisation, _ = one_clerk(world)
    due = START + 3 * DAY
    world.deadline(organisation, due_on=due)
    with clock.frozen(at(START)):
        engine.plan(now=at(START), since=at(START) - DAY)
    # The workers were down for two days; both rows come at once.
    world.live(at(due - DAY), since=at(START))
    assert sorted(offset for _, _, offset in world.ledger()) == [1]
    assert world.reasons()["superseded"] == 1


@pytest.mark.parametrize(("finish", "reason"), [(meet_deadline, "met"), (cancel_deadline, "cancelled")])
def test_what_is_done_between_planning_and_sending_is_not_sent(
    world: World, finish: Callable[..., None], reason: str
) -> None:
    organisation, _ = one_clerk(world)
    deadline_id = world.deadline(organisation, due_on=START + 7 * DAY)
    engine.plan(now=at(START))
    finish(kind="incubation_due", subject_id=db.session.get_one(Deadline, deadline_id).subject_id, now=at(START))
    db.session.commit()
    with clock.frozen(at(START)):
        world.run_jobs()
    assert world.mails() == []
    assert world.reasons() == {reason: 1}
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 0


def test_a_person_who_left_between_planning_and_sending_hears_nothing(world: World) -> None:
    organisation = world.people.organisation()
    clerk = world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    engine.plan(now=at(START))
    db.session.get_one(Membership, clerk.membership_id).role = "viewer"
    db.session.commit()
    with clock.frozen(at(START)):
        world.run_jobs()
    assert (world.mails(), world.reasons()) == ([], {"left": 1})


def test_a_deadline_moved_later_is_reminded_of_at_its_new_time(world: World) -> None:
    organisation, _ = one_clerk(world)
    deadline_id = world.deadline(organisation, due_on=START + 7 * DAY)
    engine.plan(now=at(START))
    deadline = db.session.get_one(Deadline, deadline_id)
    deadline.due_on, deadline.due_at = START + 17 * DAY, at(START + 18 * DAY, 0)
    db.session.commit()
    with clock.frozen(at(START)):
        world.run_jobs()
    assert world.mails() == []
    world.live(at(START + 10 * DAY))
    assert [offset for _, _, offset in world.ledger()] == [7]


def test_the_clock_set_back_sends_nothing_twice_and_new_deadlines_are_heard(world: World) -> None:
    organisation, _ = one_clerk(world)
    world.deadline(organisation, due_on=START + 7 * DAY)
    for number in range(10):
        world.live(at(START + number * DAY))
    before = len(world.mails())
    world.live(at(START - 30 * DAY))
    fresh = world.deadline(organisation, due_on=START + 7 * DAY, set_at=at(START - 30 * DAY))
    for number in range(-29, 10):
        world.live(at(START + number * DAY))
    sent = world.ledger()
    assert set(sent.values()) == {1}
    assert sorted(offset for deadline, _, offset in sent if deadline == fresh) == [-1, 0, 1, 3, 7, 15, 30]
    assert len(world.mails()) == before + 7


def test_two_engines_and_four_senders_at_once_send_each_once(world: World, worker_app: Flask) -> None:
    organisation, clerk = one_clerk(world)
    ids = [world.deadline(organisation, due_on=START + 7 * DAY) for _ in range(40)]
    barrier = threading.Barrier(4)
    problems: list[BaseException] = []

    def engine_and_sender(number: int) -> None:
        try:
            with worker_app.app_context(), scope.use(SYSTEM):
                barrier.wait(10)
                if number < 2:
                    engine.plan(now=at(START))
                barrier.wait(10)
                pending = list(db.session.scalars(select(Reminder.id)))
                db.session.rollback()
                for reminder_id in pending:
                    sending.send_reminder(reminder_id, now=at(START))
                db.session.remove()
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=engine_and_sender, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert world.ledger() == Counter((deadline, clerk, 7) for deadline in ids)
    assert len(world.mails()) == len(ids)


def test_a_missed_deadline_is_told_to_its_bureau_once(world: World) -> None:
    organisation, _ = one_clerk(world)
    officer = world.people.official("370200")
    world.prefer_single_mails(officer.email)
    world.people.official("370100")
    for label in ("电工 三级", "焊工 四级"):
        world.deadline(organisation, due_on=START, label=label)
    for hour in (0, 8, 8):
        world.live(at(START + DAY, hour, 1))
        world.let_time_pass()
    told = [(to, message) for to, message in world.mailbox.taken if not message["X-Sheping-Reminder"]]
    ((to, message),) = told
    assert (to, message["Subject"]) == (officer.email, "2项期限已过")
    assert message["Date"].datetime == at(START + DAY, 8, 1), "not at midnight"
    text = message.get_body(("plain",)).get_content()
    assert "焊工 四级" in text
    assert "2026年1月5日(周一)" in text
    assert set(db.session.scalars(select(Deadline.state))) == {"missed"}
    world.live(at(START + DAY))
    assert [offset for _, _, offset in world.ledger()] == [-1, -1]


def test_a_switched_off_mail_still_stands_in_the_inbox(world: World) -> None:
    organisation, clerk = one_clerk(world)
    user = db.session.scalars(select(User).where(User.email == clerk)).one()
    user.preferences = {"mail_off": ["reminder"]}
    db.session.commit()
    world.deadline(organisation, due_on=START + 7 * DAY, kind="bank_submit_by")
    statutory = world.deadline(organisation, due_on=START + 7 * DAY, kind="incubation_due")
    world.live(at(START))
    assert world.ledger() == {(statutory, clerk, 7): 1}
    assert Counter(db.session.scalars(select(Notice.state))) == {"in_app_only": 1, "sent": 1}


def test_many_deadlines_are_planned_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 7)
    organisation, _ = one_clerk(world)
    for _ in range(23):
        world.deadline(organisation, due_on=START + 7 * DAY)
    assert len(engine.plan(now=at(START)).pending) == 23
    assert db.session.scalar(
        select(func.count()).where(OutboxMessage.function == engine.SEND, OutboxMessage.state == "pending")
    ) == 23  # fmt: skip
