"""Reports of mails that came back, from a pipe and from a mailbox, on the bureau's list; and what sends again."""

from __future__ import annotations

import re
import socketserver
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import clock
from app.cli import Context
from app.cli.main import sheping
from app.config import ConfigError
from app.db import db
from app.reminders import bounce_mailbox, bounces, engine, references
from app.reminders.models import Digest, MailBounce, Reminder
from tenants import scope
from tenants.notices import Notice
from tenants.scope import SYSTEM, Role
from tests.factories import reports
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)
NOW = at(START)


@pytest.fixture
def world(system: Flask, people: People, mailbox: Mailbox) -> Iterator[World]:
    with delivering(mailbox, system, bounce_address="bounces@sheping.example"):
        yield World(system, people, mailbox)


def sent(world: World) -> uuid.UUID:
    """One reminder that the mail server took."""
    organisation = world.people.organisation()
    world.people.member(organisation, Role.editor)
    world.deadline(organisation, due_on=START + 7 * DAY)
    with clock.frozen(NOW):
        engine.plan(now=NOW)
        world.run_jobs()
    (reminder,) = world.reminders()
    assert reminder.state == "sent"
    return reminder.id


def take(raw: bytes) -> str:
    outcome = bounces.take(raw, now=NOW).outcome
    db.session.commit()
    return outcome


def state(reminder_id: uuid.UUID) -> tuple[str, str]:
    scope.enter(SYSTEM)
    db.session.rollback()
    query = select(Reminder.state, Notice.state).join(Notice, Notice.id == Reminder.id)
    row = db.session.execute(query.where(Reminder.id == reminder_id)).one()
    return row[0], row[1]


def test_each_mail_has_a_return_path_of_its_own_that_nobody_can_make_up(world: World, mailbox: Mailbox) -> None:
    reminder, settings = sent(world), world.app.config["SHEPING"]
    (path,) = mailbox.return_paths
    assert re.fullmatch(r"bounces\+r[0-9a-f]{42}@sheping\.example", path)
    assert len(path.partition("@")[0]) <= 64
    assert references.parse_return_path(path, settings) == references.Reference("reminder", reminder)
    forged = path.replace(path.partition("@")[0][-10:], "0" * 10)
    assert references.parse_return_path(forged, settings) is None
    assert references.parse_return_path("bounces@sheping.example", settings) is None


@pytest.mark.parametrize("template", [reports.POSTFIX, reports.EXIM], ids=["postfix", "exim"])
def test_a_report_is_found_by_what_it_returns_and_taken_once(world: World, template: str) -> None:
    reminder = sent(world)
    raw = reports.report(template, key=f"reminder-{reminder}", status="5.2.2")
    assert take(raw) == "applied"
    assert state(reminder) == ("failed", "bounced")
    assert str(db.session.get_one(Notice, reminder).last_error).startswith("5.2.2 55")
    assert take(raw) == "again"
    assert db.session.scalar(select(func.count()).select_from(MailBounce)) == 1


def test_a_report_without_our_mail_is_found_by_the_return_path(world: World, mailbox: Mailbox) -> None:
    reminder = sent(world)
    raw = reports.report(reports.EXCHANGE, key="-", to=mailbox.return_paths[0], status="5.1.10")
    assert take(raw) == "applied"
    assert state(reminder) == ("failed", "bounced")


def test_a_delay_is_shown_and_a_failure_after_it_is_final(world: World) -> None:
    reminder = sent(world)
    key = f"reminder-{reminder}"
    assert take(reports.report(reports.POSTFIX, key=key, action="delayed", status="4.4.1")) == "applied"
    assert state(reminder) == ("sent", "deferred")
    assert take(reports.report(reports.POSTFIX, key=key)) == "applied"
    assert state(reminder) == ("failed", "bounced")
    assert take(reports.report(reports.EXIM, key=key, action="delayed", status="4.4.1")) == "no_change"
    assert state(reminder) == ("failed", "bounced")


def test_what_is_no_report_or_not_ours_changes_nothing(world: World) -> None:
    reminder = sent(world)
    key = f"reminder-{reminder}"
    assert take(reports.report(reports.ABSENCE, key=key)) == "no_report"
    assert take(reports.report(reports.POSTFIX, key=key, action="delivered", status="2.0.0")) == "no_change"
    assert take(reports.report(reports.POSTFIX, key="20261124.1@other")) == "unknown_mail"
    assert take(b"\xff\xfe not a mail at all") == "no_report"
    assert take(b"") == "no_report"
    assert state(reminder) == ("sent", "sent")


def test_a_digest_that_comes_back_is_each_of_its_messages_not_delivered(world: World) -> None:
    organisation = world.people.organisation()
    world.people.official("370200")
    for label in ("甲", "乙"):
        world.deadline(organisation, due_on=START + 7 * DAY, kind="publicity_end", label=label)
    world.live(NOW)
    world.digest(at(START, 9, 15))
    digest = db.session.scalars(select(Digest)).one()
    assert take(reports.report(reports.POSTFIX, key=f"digest-{digest.id}")) == "applied"
    assert {state(reminder_id) for reminder_id in [row.id for row in world.reminders()]} == {("failed", "bounced")}
    assert db.session.get_one(Digest, digest.id).state == "failed"


def test_the_bureau_sees_it_and_sends_it_again(world: World, client: FlaskClient, mailbox: Mailbox) -> None:
    reminder = sent(world)
    take(reports.report(reports.POSTFIX, key=f"reminder-{reminder}"))
    officer = world.people.official("370200")
    world.people.sign_in(client, officer)
    page = client.get("/bureau/failures/mails").get_data(as_text=True)
    assert "法定通知未送达" in page
    assert "User unknown" in page
    assert "经办人 p***@example.com" in page
    client.post(f"/bureau/failures/mails/{reminder}/resend")
    with clock.frozen(NOW):
        world.run_jobs()
    assert state(reminder) == ("sent", "sent")
    assert len(mailbox.taken) == 2
    assert "没有未送达的通知" in client.get("/bureau/failures/mails").get_data(as_text=True)
    everything = client.get("/bureau/failures/mails?show=all").get_data(as_text=True)
    assert "已发出" in everything


def test_the_command_takes_a_file_or_a_pipe(world: World, worker_app: Flask, tmp_path: Path) -> None:
    reminder = sent(world)
    raw = reports.report(reports.POSTFIX, key=f"reminder-{reminder}")
    (tmp_path / "report.eml").write_bytes(raw)
    runner, context = CliRunner(), Context(lambda role: worker_app)
    piped = runner.invoke(sheping, ["bounces", "take", "-"], obj=context, input=raw, standalone_mode=False)
    assert piped.output.splitlines()[-1].split() == ["applied", "failed", "5.1.1", f"reminder-{reminder}"]
    again = runner.invoke(
        sheping, ["bounces", "take", str(tmp_path / "report.eml")], obj=context, standalone_mode=False
    )
    assert again.output.splitlines()[-1].startswith("again")
    assert state(reminder) == ("failed", "bounced")


class _Imap(socketserver.StreamRequestHandler):
    """As much of RFC 3501 as imaplib asks of a mailbox of messages."""

    def handle(self) -> None:
        server: _ImapServer = self.server  # type: ignore[assignment]
        self._say(b"* OK ready")
        while line := self.rfile.readline().strip():
            tag, _, command = line.partition(b" ")
            server.log.append(command.split()[0].upper().decode())
            for answer in self._answers(server, command):
                self._say(answer)
            if command.upper().startswith(b"LOGOUT"):
                self._say(tag + b" OK bye")
                return
            refused = command.upper().startswith(b"LOGIN") and b"geheim" not in command
            self._say(tag + (b" NO wrong" if refused else b" OK done"))

    def _answers(self, server: _ImapServer, command: bytes) -> Iterator[bytes]:
        words = command.upper().split()
        if words[0] == b"CAPABILITY":
            yield b"* CAPABILITY IMAP4rev1"
        elif words[0] == b"SELECT":
            yield b"* %d EXISTS" % len(server.messages)
        elif words[:2] == [b"UID", b"SEARCH"]:
            unseen = (uid for uid in server.messages if uid not in server.seen)
            yield b" ".join([b"* SEARCH", *(b"%d" % uid for uid in unseen)])
        elif words[:2] == [b"UID", b"FETCH"]:
            uid = int(words[2])
            content = server.messages[uid]
            yield b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)" % (uid, uid, len(content), content)
        elif words[:2] == [b"UID", b"STORE"]:
            server.seen.add(int(words[2]))

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class _ImapServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, messages: dict[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Imap)
        self.messages = messages
        self.seen: set[int] = set()
        self.log: list[str] = []


@contextmanager
def imap_server(messages: dict[int, bytes]) -> Iterator[_ImapServer]:
    with _ImapServer(messages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_mailbox_is_polled_and_each_message_marked_after_it_was_taken(world: World) -> None:
    reminder = sent(world)
    good = reports.report(reports.POSTFIX, key=f"reminder-{reminder}")
    with imap_server({7: reports.report(reports.ABSENCE, key="-"), 9: good}) as server:
        url = f"imap://bounces:geheim@127.0.0.1:{server.server_address[1]}/INBOX"
        assert bounce_mailbox.poll(url) == {"no_report": 1, "applied": 1}
        assert server.seen == {7, 9}
        assert bounce_mailbox.poll(url) == {}
        with pytest.raises(OSError, match="does not serve us"):
            bounce_mailbox.poll(url.replace("geheim", "falsch"))
    assert state(reminder) == ("failed", "bounced")


@pytest.mark.parametrize("url", ["imap://u:geheim@mail.example/INBOX", "imaps://mail.example", "pop3://u:geheim@h"])
def test_an_address_of_the_mailbox_that_makes_no_sense(url: str) -> None:
    with pytest.raises(ConfigError, match="BOUNCE_IMAP_URL") as refused:
        bounce_mailbox.parse_url(url)
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(bounce_mailbox.parse_url("imaps://u:geheim@h"))
