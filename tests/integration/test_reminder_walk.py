"""`sheping demo clock` and the ledger's commands, on the stack's own mail server."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app import clock
from app.cli import Context
from app.cli.main import sheping
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.reminders import walk
from app.rules.reminders import send_at
from tenants.scope import Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox
from tests.integration.reminder_world import World

Run = Callable[..., Result]


@pytest.fixture
def run(worker_app: Flask, mail_folder: Path) -> Iterator[Run]:
    for old in mail_folder.glob("*.eml"):
        old.unlink()

    def invoke(*words: str) -> Result:
        result = CliRunner().invoke(sheping, list(words), obj=Context(lambda role: worker_app), standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        return result

    yield invoke
    clock.forget_offset()


def mails(folder: Path) -> list[tuple[str, datetime]]:
    parsed = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]
    return [(m["X-Sheping-Reminder"], m["Date"].datetime) for m in parsed if m["X-Sheping-Reminder"]]


def test_half_a_year_forward_day_by_day_then_back(run: Run, system: Flask, people: People, mail_folder: Path) -> None:
    organisation = people.organisation()
    clerk = people.member(organisation, Role.editor)
    today = datetime.now(UTC).astimezone(clock.SHANGHAI).date()
    world = World(system, people, Mailbox())
    now = datetime.now(UTC)
    due = world.deadline(organisation, due_on=today + timedelta(days=100), set_at=now)
    missed = world.deadline(organisation, due_on=today + timedelta(days=140), set_at=now, label="焊工 四级")
    output = run("demo", "clock", "+150d").output
    assert "reminders sent" in output
    assert output.count("1 reminders sent") == 18
    assert "1 deadlines missed" in output
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=150)) < timedelta(seconds=30)

    rows = json.loads(run("reminders", "ledger", "--json").output)
    assert set(rows[0]) == {"id", "deadline", "kind", "recipient", "offset_days", "state", "sent_at"}
    assert {(row["deadline"], row["offset_days"]) for row in rows} == {
        (str(which), offset) for which in (due, missed) for offset in (90, 60, 30, 15, 7, 3, 1, 0, -1)
    }
    assert {(row["state"], row["recipient"]) for row in rows} == {("sent", clerk.email)}
    arrived = mails(mail_folder)
    assert sorted(ledger_id for ledger_id, _ in arrived) == sorted(row["id"] for row in rows)
    db.session.rollback()
    instants = {str(key): db.session.get_one(Deadline, key).due_at for key in (due, missed)}
    assert dict(arrived) == {row["id"]: send_at(instants[row["deadline"]], row["offset_days"]) for row in rows}

    listed = json.loads(run("deadlines", "list", "--json").output)
    assert [(row["state"], row["clause"]) for row in listed] == [("missed", "二(二)2")] * 2
    assert set(listed[0]) == {"id", "kind", "subject", "due_at", "state", "clause"}

    run("demo", "clock", "-100d")
    run("demo", "clock", "+100d")
    run("demo", "clock", "reset")
    assert clock.offset() == timedelta()
    assert len(mails(mail_folder)) == 18
    assert "\tsent\t" in run("reminders", "ledger").output
    assert "\tmissed\t" in run("deadlines", "list").output


def test_hours_lead_to_the_next_sending_time(run: Run, system: Flask, people: People, mail_folder: Path) -> None:
    organisation = people.organisation()
    people.member(organisation, Role.editor)
    today = datetime.now(UTC).astimezone(clock.SHANGHAI).date()
    world = World(system, people, Mailbox())
    world.deadline(organisation, due_on=today + timedelta(days=8), set_at=datetime.now(UTC))
    midnight = datetime.combine(today + timedelta(days=1), time(0), clock.SHANGHAI)
    walk.set_offset(midnight - datetime.now(UTC))
    assert "reminders sent" not in run("demo", "clock", "+8h").output.replace("0 reminders sent", "")
    assert "1 reminders sent" in run("demo", "clock", "+2h").output


@pytest.mark.parametrize("words", ["150d", "+150", "+1y", "soon", "+99999d"])
def test_what_is_no_step_is_refused_in_one_line(run: Run, words: str) -> None:
    with pytest.raises(Exception, match=r"step of the clock|within ten years") as refused:
        run("demo", "clock", words)
    assert "\n" not in str(refused.value)
    assert clock.offset() == timedelta()
