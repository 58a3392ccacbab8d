"""Running what waits in the outbox, in this process, without the mails that most tests do not look at."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from app import jobs
from app.db import db
from app.outbox import OutboxMessage
from tenants import scope
from tenants.scope import SYSTEM


def runner(worker_app: Flask, *, without: tuple[str, ...] = ("mail",)) -> Callable[[], int]:
    """A function that runs all queues but those named until nothing is left to run; it answers how many rows ran."""

    def run() -> int:
        done = 0
        with worker_app.app_context(), scope.use(SYSTEM):
            while True:
                query = select(OutboxMessage.id).where(
                    OutboxMessage.state.in_(("pending", "enqueued")), OutboxMessage.queue.not_in(without)
                )
                ids = list(db.session.scalars(query.order_by(OutboxMessage.id)))
                db.session.rollback()
                ran = sum(jobs.run_one(row_id) for row_id in ids)
                if not ran:
                    return done
                done += ran

    return run
