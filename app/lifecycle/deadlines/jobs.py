"""After the calendar or a setting changed: open clocks are computed anew, those affected told (design.md section 5)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from app import clock
from app.db import db
from app.jobs import job
from app.lifecycle import paths
from app.lifecycle.deadlines.models import ClockRun
from app.lifecycle.deadlines.recomputing import Recomputation, list_moved
from app.rules import clocks
from tenants import events, notices
from tenants.notices import Message
from tenants.scope import SYSTEM_ACTOR

NAMED = 20
"""How many deadlines one message names; the rest is a number, and all of them stand on the page of deadlines."""


@job()
def recompute(*, run_id: str) -> None:
    """Compute every open clock again, then tell each organisation and each authority once what moved; run again,
    nothing changes and nobody is told twice."""
    run = db.session.get(ClockRun, uuid.UUID(run_id))
    if run is None or run.state == "done":
        return
    now = clock.now()
    work = Recomputation(run, now=now)
    work.begin()
    work.work()
    moved = list_moved(run.id)
    by_authority: dict[str, list[Row[Any]]] = defaultdict(list)
    messages = [_message(run, rows, organisation_id=key, link=paths.DEADLINES) for key, rows in moved.items()]
    for rows in moved.values():
        for row in rows:
            by_authority[row.authority_code].append(row)
    messages += [
        _message(run, rows, authority_code=code, link="/bureau/deadlines") for code, rows in by_authority.items()
    ]
    notices.tell_many(kind="calendar_changed", now=now, messages=messages)
    run = db.session.get_one(ClockRun, run.id, populate_existing=True)
    run.state, run.finished_at, run.told = "done", now, len(messages)
    events.record(
        "deadlines_recomputed",
        actor=SYSTEM_ACTOR,
        now=now,
        subject_type="clock_run",
        subject_id=run.id,
        authority_code=run.authority_code,
        rule="R23",
        title=run.title,
        count=run.done,
        moved=run.moved,
    )


def _message(
    run: ClockRun,
    rows: list[Row[Any]],
    *,
    link: str,
    organisation_id: uuid.UUID | None = None,
    authority_code: str | None = None,
) -> Message:
    return Message(
        key=f"recomputed:{run.id}:{organisation_id or authority_code}",
        link=link,
        organisation_id=organisation_id,
        authority_code=authority_code,
        rule=_common(row.rule for row in rows) or "R23",
        statutory=organisation_id is not None,
        params={
            "cause": run.cause,
            "what": run.title,
            "count": len(rows),
            "entries": [
                {
                    "kind": clocks.KINDS[row.kind].label,
                    "subject": row.subject_label,
                    "of": row.organisation if authority_code else "",
                    "was_on": row.was_on.isoformat(),
                    "due_on": row.due_on.isoformat(),
                }
                for row in rows[:NAMED]
            ],
        },
    )


def _common(rules: Iterable[str]) -> str | None:
    found = set(rules)
    return found.pop() if len(found) == 1 else None
