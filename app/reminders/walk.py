"""The demo's clock walks: day by day, at the hour reminders go out, so that each mail bears its own day's date.

Beside a running scheduler it is safe: the day's lock keeps the scheduler from planning meanwhile, and a claim keeps any
reminder from being sent twice. Moving back only sets the clock; nothing is sent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from app import clock
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.reminders import digests, engine, holding, schedule, sending, smtp
from app.reminders.models import Reminder
from app.rules.reminders import SENDING_TIME

_STEP = re.compile(r"^([+-])(\d{1,5})([dhw])$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
FURTHEST = timedelta(days=3660)


@dataclass
class Day:
    """What happened at one step of the walk."""

    at: datetime
    sent: int = 0
    skipped: int = 0
    failed: int = 0
    missed: int = 0
    digests: int = 0
    renewals: int = 0
    waiting: str = ""

    @property
    def is_quiet(self) -> bool:
        return not (self.sent or self.digests or self.failed or self.missed or self.renewals or self.waiting)


def parse_step(words: str) -> timedelta | None:
    """`+150d`, `-2w`, `+3h`; None for `reset`. Raises ValueError, in one line, for anything else."""
    if words == "reset":
        return None
    match = _STEP.match(words)
    if match is None:
        raise ValueError(f"{words!r} is no step of the clock: write +150d, +2w, +3h, -30d or reset")
    sign, amount, unit = match.groups()
    step = int(amount) * _UNITS[unit]
    if abs(clock.offset() + (step if sign == "+" else -step)) > FURTHEST:
        raise ValueError("the demo's clock stays within ten years of today")
    return step if sign == "+" else -step


def set_offset(offset: timedelta) -> None:
    """Move the clock of all processes of this installation, and commit."""
    # A clock lost in a crash is set again; a walk of half a year need not wait for the disk at every day.
    db.session.execute(text("set local synchronous_commit = off"))
    db.session.execute(
        text(
            "insert into demo_clock (id, seconds) values (1, :seconds)"
            " on conflict (id) do update set seconds = excluded.seconds"
        ),
        {"seconds": round(offset.total_seconds())},
    )
    db.session.commit()
    clock.forget_offset()


def walk(step: timedelta, *, smtp_url: str) -> Iterator[Day]:
    """Move the clock by `step`, living through each day on the way; yields what each day brought."""
    goal = clock.offset() + step
    if step <= timedelta():
        set_offset(goal)
        return
    with schedule.day_lock(wait=True):
        since: datetime | None = None
        start = clock.now()
        for instant in _stops(start, start + step):
            set_offset(instant - datetime.now(UTC))
            yield live_day(instant, since=since, smtp_url=smtp_url, until=start + step)
            since = instant
        set_offset(goal)


def _stops(start: datetime, end: datetime) -> Iterator[datetime]:
    day = start.astimezone(clock.SHANGHAI).date()
    while (stop := datetime.combine(day, SENDING_TIME, clock.SHANGHAI)) < end:
        if stop > start:
            yield stop
        day += timedelta(days=1)
    yield end


def live_day(instant: datetime, *, since: datetime | None, smtp_url: str, until: datetime) -> Day:
    """What the scheduler and the mail workers do at `instant` of a day, and the day's digests if not after `until`."""
    day = Day(instant)
    with clock.frozen(instant):
        day.renewals = schedule.follow_selection()
        day.missed = len(engine.follow_missed(now=instant))
        engine.plan(now=instant, since=since, enqueue=False)
        # Also what an earlier day left over because the mail server was down.
        pending = db.session.scalars(select(Reminder.id).where(Reminder.state == "pending").order_by(Reminder.id)).all()
        db.session.rollback()
        try:
            with smtp.connection(smtp_url):
                for reminder_id in pending:
                    outcome = sending.send_reminder(reminder_id, now=instant)
                    day.sent += outcome == "sent"
                    day.skipped += outcome == "skipped"
                    day.failed += outcome in ("failed", "pending")
                day.digests = _send_digests(instant, until)
        except smtp.MailServerDown as down:
            day.waiting = str(down)
    return day


def _send_digests(instant: datetime, until: datetime) -> int:
    """The digests of the day that `instant` begins, at the hour they go out."""
    later = holding.digest_instant(instant.astimezone(clock.SHANGHAI).date(), load_settings())
    now = max(instant, later)
    if now > until:
        return 0
    with clock.frozen(now):
        planned = digests.plan(now=now, enqueue=False)
        return sum(digests.send(digest_id, now=now) == "sent" for digest_id in planned)
