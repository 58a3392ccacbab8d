"""After the calendar or a setting changed: open clocks are computed anew, those affected told (design.md section 5)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
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
    for organisation_id, rows in moved.items():
        _tell(run, rows, organisation_id=organisation_id, link=paths.DEADLINES)
        for row in rows:
            by_authority[row.authority_code].append(row)
    for code, rows in by_authority.items():
        _tell(run, rows, authority_code=code, link="/bureau/deadlines")
    run = db.session.get_one(ClockRun, run.id, populate_existing=True)
    run.state, run.finished_at, run.told = "done", now, len(moved) + len(by_authority)
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


def _tell(run: ClockRun, rows: list[Row[Any]], *, link: str, **side: Any) -> None:
    notices.tell(
        kind="calendar_changed",
        now=clock.now(),
        link=link,
        rule=_common(row.rule for row in rows) or "R23",
        statutory="organisation_id" in side,
        key=f"recomputed:{run.id}:{next(iter(side.values()))}",
        cause=run.cause,
        what=run.title,
        count=len(rows),
        entries=[
            {
                "kind": clocks.KINDS[row.kind].label,
                "subject": row.subject_label,
                "of": row.organisation if "authority_code" in side else "",
                "was_on": _iso(row.was_on),
                "due_on": _iso(row.due_on),
            }
            for row in rows[:NAMED]
        ],
        **side,
    )


def _common(rules: Iterable[str]) -> str | None:
    found = set(rules)
    return found.pop() if len(found) == 1 else None


def _iso(day: date) -> str:
    return day.isoformat()
