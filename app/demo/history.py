"""Laying history back in time: stories told in the order of their instants, each step with the clock held there.

A story is a generator that yields the instant at which it goes on; what lies after the present stays untold. After
each step the system's jobs run here and now, so that what a worker would have done stands at its own time too. Nobody
is mailed about the past; of the last weeks the inboxes tell.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Generator
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select, text

from app import clock, jobs
from app.clock import SHANGHAI
from app.db import db
from app.documents.services import RENDER
from app.jobs import NotReady
from app.outbox import OutboxMessage
from app.rules.workdays import Calendar
from tenants import notices

Story = Generator[datetime, None, None]
TOLD_FOR = timedelta(days=30)
"""How far back the inboxes reach."""
_DAY = timedelta(days=1)


class History:
    """The stories of one seeding, up to `now`."""

    def __init__(self, now: datetime, calendar: Calendar) -> None:
        self.now = now
        self.today = now.astimezone(SHANGHAI).date()
        self.calendar = calendar
        self._waiting: list[tuple[datetime, int, Story]] = []
        self._numbers = itertools.count()

    def add(self, story: Story) -> None:
        """Begin a story; of two at the same instant the one added first goes first."""
        self._push(story)

    def _push(self, story: Story) -> None:
        at = next(story, None)
        if at is not None and at <= self.now:
            heapq.heappush(self._waiting, (at, next(self._numbers), story))

    def play(self) -> None:
        """Tell all stories; commits after each step."""
        # A demo that a power cut shortens is made anew; waiting for the disk at each step would take longer.
        db.session.execute(text("set synchronous_commit = off"))
        db.session.commit()
        while self._waiting:
            at, _, story = heapq.heappop(self._waiting)
            with clock.frozen(at), notices.limited_to("app" if at > self.now - TOLD_FOR else "nobody"):
                self._push(story)
                run_waiting()
        with clock.frozen(self.now), notices.limited_to("app"):
            run_waiting()
        db.session.execute(text("reset synchronous_commit"))
        db.session.commit()

    # Dates ----------------------------------------------------------------------------------------------------------

    def day(self, days: float) -> date:
        """The last day worked on or before that many days from today (negative: ago)."""
        return self.workday(self.today + timedelta(days=round(days)))

    def workday(self, day: date) -> date:
        """`day`, or the last one worked before it."""
        while not self.calendar.is_workday(day):
            day -= _DAY
        return day


def at(day: date, hour: int = 10, minute: int = 20) -> datetime:
    """An instant in Shanghai."""
    return datetime.combine(day, time(hour, minute if hour else 0), SHANGHAI)


def run_waiting() -> None:
    """Commit, then do what waits in the outbox as a worker would, as often as it adds to itself.

    What is not ready goes on waiting; what fails, fails the seeding. Typesetting is left to the workers: it takes long,
    and a document says itself when it was issued.
    """
    postponed: set[int] = set()
    while True:
        db.session.commit()
        query = select(OutboxMessage.id).where(
            OutboxMessage.state == "pending", OutboxMessage.function != RENDER, OutboxMessage.id.not_in(postponed)
        )
        waiting = db.session.scalars(query.order_by(OutboxMessage.id)).all()
        if not waiting:
            return
        for row_id in waiting:
            row = db.session.get_one(OutboxMessage, row_id)
            path, args = row.function, row.args
            try:
                jobs.resolve(path)(**args)
            except NotReady:
                db.session.rollback()
                postponed.add(row_id)
                continue
            done = db.session.get_one(OutboxMessage, row_id)
            done.state, done.finished_at = "done", func.clock_timestamp()
            db.session.commit()
