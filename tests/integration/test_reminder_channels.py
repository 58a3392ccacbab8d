"""The other channel: signed posts to a real receiver, tried again, given up in sight, never to what lies inside."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.db import db
from app.reminders import posting, webhooks
from app.reminders.models import Webhook, WebhookDelivery
from app.rules.core import Refusal
from tenants import scope
from tenants.scope import SYSTEM, Role
from tests.factories.people import People, Person
from tests.integration.mail_server import Mailbox, delivering
from tests.integration.reminder_world import START, World, at

DAY = timedelta(days=1)
NOW = at(START)


class Receiver(ThreadingHTTPServer):
    """A robot's door: keeps what it was posted, answers what `answers` says next, else 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/robot?key=abc"


class _Door(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running_receiver:
        yield running_receiver


@pytest.fixture
def world(system: Flask, app: Flask, people: People) -> Iterator[World]:
    mailbox = Mailbox()
    with delivering(mailbox, system, app, demo=True, webhook_private=True):
        yield World(system, people, mailbox)


def owner_with_hook(world: World, receiver: Receiver) -> tuple[Person, str]:
    owner = world.people.member(world.people.organisation(), Role.owner)
    _, secret = webhooks.add_webhook(actor=owner.actor, label="业务群", url=receiver.url, now=NOW)
    db.session.commit()
    return owner, secret


def deliveries() -> list[tuple[str, int, str | None]]:
    scope.enter(SYSTEM)
    db.session.rollback()
    rows = db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.created_at, WebhookDelivery.id))
    return [(row.state, row.attempts, row.last_error) for row in rows.all()]


def test_a_reminder_is_posted_once_signed_and_in_words_a_robot_reads(world: World, receiver: Receiver) -> None:
    owner, secret = owner_with_hook(world, receiver)
    assert owner.organisation_id is not None
    world.people.member(owner.organisation_id, Role.editor)
    world.people.organisation()
    world.deadline(owner.organisation_id, due_on=START + 7 * DAY)
    world.live(NOW)
    assert len(world.mails()) == 2
    ((headers, body),) = receiver.got
    timestamp = headers["x-sheping-timestamp"]
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["x-sheping-signature"] == f"sha256={expected}"
    assert int(timestamp) == int(NOW.timestamp())
    message = json.loads(body)
    assert message["msgtype"] == "text"
    assert "还剩7天:孵化培育期2026年1月12日(周一)期满" in message["text"]["content"]
    assert (message["event"]["name"], message["event"]["due_on"]) == ("reminder", "2026-01-12")
    assert deliveries() == [("sent", 1, None)]
    assert secret not in str(db.session.scalars(select(Webhook.sealed_secret)).one())


def test_a_receiver_that_is_down_is_tried_again_and_a_refusal_is_final(world: World, receiver: Receiver) -> None:
    owner, _ = owner_with_hook(world, receiver)
    hook_id = webhooks.list_webhooks(owner.actor)[0].id
    receiver.answers = [503, 0, 429]
    webhooks.send_test(actor=owner.actor, webhook_id=hook_id, now=NOW)
    db.session.commit()
    with clock.frozen(NOW):
        world.run_jobs()
        assert deliveries() == [("queued", 1, "HTTP 503")]
        world.run_jobs()
        assert len(receiver.got) == 1, "it waits before it tries again"
        for _ in range(3):
            world.let_time_pass()
            world.run_jobs()
    assert (deliveries(), len(receiver.got)) == ([("sent", 4, None)], 4)
    assert len({body for _, body in receiver.got}) == 1
    receiver.answers = [403, 302]
    for _ in range(2):
        webhooks.send_test(actor=owner.actor, webhook_id=hook_id, now=NOW)
    db.session.commit()
    with clock.frozen(NOW):
        world.run_jobs()
    assert sorted(row[2] or "" for row in deliveries()) == ["", "HTTP 302", "HTTP 403"], "no redirect is followed"
    assert len(receiver.got) == 6


def test_after_the_last_try_it_is_dead_in_sight_and_can_be_posted_again(
    world: World, receiver: Receiver, client: FlaskClient
) -> None:
    owner, _ = owner_with_hook(world, receiver)
    receiver.answers = [500] * (len(webhooks.RETRY_AFTER) + 1)
    hook_id = webhooks.list_webhooks(owner.actor)[0].id
    webhooks.send_test(actor=owner.actor, webhook_id=hook_id, now=NOW)
    db.session.commit()
    with clock.frozen(NOW):
        for _ in range(len(webhooks.RETRY_AFTER) + 2):
            world.run_jobs()
            world.let_time_pass()
    assert deliveries() == [("dead", 7, "HTTP 500")]
    assert webhooks.count_dead(owner.actor) == 1
    delivery_id = db.session.scalars(select(WebhookDelivery.id)).one()
    world.people.sign_in(client, owner)
    assert "HTTP 500" in client.get("/channels").get_data(as_text=True)
    assert client.post(f"/channels/deliveries/{delivery_id}/retry").status_code == 303
    with clock.frozen(NOW):
        world.run_jobs()
    assert deliveries() == [("sent", 1, None)]


def test_the_page_shows_the_secret_once_to_those_who_manage_and_other_sides_nothing(
    world: World, receiver: Receiver, client: FlaskClient
) -> None:
    owner = world.people.member(world.people.organisation(), Role.owner)
    world.people.sign_in(client, owner)
    page = client.post("/channels", data={"label": "群", "url": receiver.url}).get_data(as_text=True)
    found = re.search(r'id="webhook-secret">([^<]+)<', page)
    assert found is not None
    secret = html.unescape(found[1])
    assert len(secret) >= 40
    page = client.get("/channels").get_data(as_text=True)
    assert secret not in page
    assert "key=abc" not in page, "the path may hold a token"
    scope.enter(SYSTEM)
    hook_id = db.session.scalars(select(Webhook.id)).one()
    assert client.post(f"/channels/{hook_id}/test").status_code == 303
    with clock.frozen(NOW):
        world.run_jobs()
    assert len(receiver.got) == 1
    colleague = world.people.member(owner.organisation_id, Role.editor)  # type: ignore[arg-type]
    world.people.sign_in(client, colleague)
    assert client.get("/channels").status_code == 403
    outsider = world.people.official("370200", Role.lead)
    world.people.sign_in(client, outsider)
    assert "群" not in re.sub(r"群机器人|群、", "", client.get("/channels").get_data(as_text=True)).split("推送地址")[1]
    assert client.post(f"/channels/{hook_id}/remove").status_code == 404
    world.people.sign_in(client, owner)
    assert client.post(f"/channels/{hook_id}/remove").status_code == 303
    assert "还没有设置推送地址" in client.get("/channels").get_data(as_text=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://203.0.113.9/x", "ftp://example.com/", "https://user:pw@example.com/", "https:///x",
        "https://exa mple.com/", "https://example.com:99999/", "javascript:alert(1)", "https://例子.cn/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(system: Flask, url: str) -> None:
    settings = replace(system.config["SHEPING"], demo=False, webhook_private=True)
    with pytest.raises(Refusal) as refused:
        posting.check_url(url, settings)
    assert refused.value.code == "webhook_url_invalid"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "192.168.1.1", "169.254.169.254", "[::ffff:10.0.0.1]", "0.0.0.0",  # noqa: S104
     "[fd00::1]", "100.64.0.1", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_nothing_is_posted_to_what_lies_inside(system: Flask, host: str) -> None:
    settings = replace(system.config["SHEPING"], demo=False, webhook_private=False)
    with pytest.raises(posting.NotAllowed, match="not a public address"):
        posting.post(f"https://{host}/x", b"{}", headers={}, settings=settings)
