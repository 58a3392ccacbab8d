"""A million deadlines with ten thousand due, against a bare SELECT of those; ten thousand mails against bare smtplib.

`found`: a run of the planner that finds the due rows, asks for what each has had, and decides; it is what runs every
fifteen seconds. `written`: the run that puts them into the ledger and the outbox, against bare INSERTs of as many rows.
`mails`: rendered, composed and handed over on one connection, against one prepared message sent as often by smtplib.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.embedded.state import free_port
from app.reminders import engine, letters, mailer, smtp
from app.reminders.wording import wording_of
from app.rules.clocks import end_of_day
from tenants import scope
from tenants.scope import SYSTEM
from tests.benchmarks.rows import Row
from tests.benchmarks.world import World, running

DEADLINES = 1_000_000
DUE = 10_000
ORGANISATIONS = 2_000
MAILS = 10_000
ROUNDS = 5
NOW = datetime(2026, 6, 10, 9, 5, tzinfo=SHANGHAI)
SINCE = NOW - timedelta(minutes=10)

_ORGANISATIONS = """
insert into organisations (id, name, uscc, org_type, registration_authority, registration_city_code, authority_code,
                           bucket, created_at)
select gen_random_uuid(), '测评中心' || n, 'X' || n, 'enterprise', '登记机关', '370200', '370200', 'b-' || n, now()
  from generate_series(1, :organisations) n
"""
_PEOPLE = """
with made as (insert into users (id, email, name, email_confirmed_at, created_at)
    select gen_random_uuid(), id || '@example.com', '人员', now(), now() from organisations returning id, email)
insert into memberships (id, user_id, organisation_id, role, created_at)
select gen_random_uuid(), id, split_part(email, '@', 1)::uuid, 'editor', now() from made
"""
_DEADLINES = """
insert into deadlines (id, kind, subject_type, subject_id, subject_label, organisation_id, authority_code, rule,
                       starts_on, due_on, due_at, provisional, set_at, state, link)
select gen_random_uuid(), 'supplement_due', 'application', gen_random_uuid(), '事项' || n,
       o.ids[1 + n % :organisations], '370200', 'R15', d.due_on - 180, d.due_on,
       cast(d.due_on + 1 as timestamp) at time zone 'Asia/Shanghai', false,
       cast(:set_at as timestamptz), 'open', '/org/deadlines'
  from generate_series(1, :deadlines) n,
       (select array_agg(id) as ids from organisations) o,
       lateral (select case when n <= :due then cast(:due_on as date) else cast(:due_on as date) + 100 + n % 900 end
                       as due_on) d
"""
_BARE = text(
    "select id, kind, due_on, due_at, set_at, organisation_id, authority_code from deadlines"
    " where state = 'open' and due_at > :after and due_at <= :until"
)
_BARE_LEDGER = """
insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, due_on, offset_days, state,
                       created_at)
select gen_random_uuid(), d.id, m.user_id, d.organisation_id, d.authority_code, d.due_on, 7, 'pending', now()
  from deadlines d join memberships m on m.organisation_id = d.organisation_id
 where d.state = 'open' and d.due_at > :after and d.due_at <= :until
"""
_BARE_OUTBOX = """
insert into outbox (queue, function, args, key)
select 'mail', 'x', jsonb_build_object('reminder_id', id::text), 'bare:' || id from reminders
"""


def measure(deadlines: int = DEADLINES, mails: int = MAILS) -> list[Row]:
    """Rows for `make bench`."""
    with running() as world, world.app.app_context(), scope.use(SYSTEM), clock.frozen(NOW):
        found = _sweep(world, deadlines)
        return [*found, _mails(world.app, mails)]


def _sweep(world: World, deadlines: int) -> list[Row]:
    due_on = (NOW + timedelta(days=7)).date()
    values = {
        "organisations": ORGANISATIONS,
        "deadlines": deadlines,
        "due": DUE,
        "due_on": due_on,
        # Set after the steps before: the sweep owes one row to each, as the bare INSERT writes one.
        "set_at": NOW - timedelta(days=5),
    }
    for statement in (_ORGANISATIONS, _PEOPLE, _DEADLINES):
        db.session.execute(text(statement), values)
        db.session.commit()
    _analyse(world.settings.sqlalchemy_url("owner"))
    due = {"after": end_of_day(due_on - timedelta(days=1)), "until": end_of_day(due_on)}
    bare = _seconds(lambda: db.session.execute(_BARE, due).all())
    inserts = (text(_BARE_LEDGER), text(_BARE_OUTBOX))
    bare_write = _seconds(lambda: [db.session.execute(statement, due) for statement in inserts], rounds=1)
    began = time.perf_counter()
    planned = engine.plan(now=NOW, since=SINCE)
    written = time.perf_counter() - began
    if len(planned.pending) != DUE:
        raise RuntimeError(f"{len(planned.pending)} reminders planned instead of {DUE}")
    found = _seconds(lambda: engine.plan(now=NOW, since=SINCE))
    name = f"reminders: sweep over {deadlines:,} deadlines"
    return [
        Row(f"{name}, found", round(found * 1e3, 1), "ms", round(bare * 1e3, 1), round(bare / found, 3), DUE),
        Row.of_rates(f"{name}, written", DUE / written, "1/s", DUE / bare_write, DUE),
    ]


def _seconds(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
        db.session.rollback()
    return median(took)


def _analyse(owner_url: str) -> None:
    with create_engine(owner_url).connect() as connection:
        for table in ("deadlines", "organisations", "memberships"):
            connection.execute(text(f"analyze {table}"))
        connection.commit()


@contextmanager
def _sink() -> Iterator[int]:
    """aiosmtpd as a process of its own that takes every mail and keeps none; its port."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=2):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _mails(app: Flask, mails: int) -> Row:
    words = wording_of("supplement_due")
    context = {
        "kind": "supplement_due", "kind_label": "补正期限", "subject_label": "电工", "organisation": "青岛某评价中心",
        "due_on": NOW.date(), "days_left": 7, "offset_days": 7, "provisional": False, "of_authority": False,
        "words": {"due": words.due, "todo": words.todo, "button": words.button, "missed": words.missed},
        "link": "/org/deadlines", "statutory": True, "audience": "bound",
        "clause": {"title": "二(一)2", "quote": "符合条件的予以受理", "anchor": "c-2-1-2"},
    }  # fmt: skip
    before = app.config["SHEPING"]
    with _sink() as port:
        url = f"smtp://127.0.0.1:{port}"
        app.config["SHEPING"] = replace(before, smtp_url=url)

        def send(number: int) -> None:
            mailer.send(
                to=f"clerk{number}@example.com",
                to_name=f"人员{number}",
                template="reminder",
                context={**context, "subject_label": f"电工 三级 {number}"},
                at=NOW,
                key=f"reminder-{uuid.uuid4()}",
            )

        with smtp.connection(url):
            send(0)
            began = time.perf_counter()
            for number in range(mails):
                send(number)
            ours = mails / (time.perf_counter() - began)
        peer = _bare_smtplib(port, mails, _prepared(context))
    app.config["SHEPING"] = before
    return Row.of_rates("reminders: mails built and handed over", ours, "1/s", peer, mails)


def _prepared(context: dict[str, Any]) -> bytes:
    """One of our own mails, ready: the server has as much to take from the yardstick as from us."""
    return letters.compose(
        mailer.render("reminder", context, to_name="人员", at=NOW),
        sender=mailer.address_of("a@example.com", "社评通"),
        recipient=mailer.address_of("b@example.com", "人员"),
        at=NOW,
        message_id="<prepared@example.com>",
        fields=(),
    )


def _bare_smtplib(port: int, mails: int, message: bytes) -> float:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@example.com", ["b@example.com"], message)
        began = time.perf_counter()
        for number in range(mails):
            client.sendmail("a@example.com", [f"b{number}@example.com"], message)
        return mails / (time.perf_counter() - began)


if __name__ == "__main__":
    from tests.benchmarks.rows import show

    show(measure(int(os.environ.get("DEADLINES", DEADLINES)), int(os.environ.get("MAILS", MAILS))))
