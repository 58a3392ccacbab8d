"""A hundred thousand open clocks after a calendar change, against bare UPDATE and INSERT of as many rows.

The run does what the job does: asks the rules, changes the rows, writes history and events, tells each organisation
and each authority once. The yardstick only moves the dates and writes the history.
"""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta

from sqlalchemy import create_engine, text

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines import editing
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.jobs import recompute
from app.lifecycle.deadlines.models import ClockRun, Deadline
from app.rules import clocks
from tenants import scope
from tenants.scope import DEPARTMENT_CODE, SYSTEM, Actor, ScopeKind
from tests.benchmarks.rows import Row
from tests.benchmarks.world import running

CLOCKS = 100_000
ORGANISATIONS = 2_000
KINDS = ("supplement_due", "objection_handling_due", "city_report_due", "commitment_sign_due")
NOW = datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
FESTIVAL = "\n".join(f"2027-{day} 休 假" for day in ("01-01", "01-04", "01-05", "01-06", "01-07"))


def measure() -> list[Row]:
    """Rows for `make bench`."""
    with running() as world, world.app.app_context(), scope.use(SYSTEM), clock.frozen(NOW):
        _fill()
        _analyse(world.settings.sqlalchemy_url("owner"))
        bare = _bare()
        return [Row.of_rates("deadlines: open clocks computed anew", _recompute(), "clocks/s", bare, CLOCKS)]


def _fill() -> None:
    """Provisional clocks of two thousand organisations, whose last day lies in a year not loaded yet."""
    starts = [date(2026, 12, 17) + timedelta(days=n) for n in range(14)]
    db.session.execute(
        text(
            """insert into organisations (id, name, uscc, org_type, affiliation, filing_level, registration_authority,
                      registration_city_code, authority_code, bucket, created_at)
               select gen_random_uuid(), '单位' || n, 'U' || n, 'enterprise', 'municipal', 'municipal', '局', code,
                      code, 'bench-' || n, now()
                 from (select n, (array['370100','370200','370300','370400'])[1 + n % 4] as code
                         from generate_series(1, :count) n) s"""
        ),
        {"count": ORGANISATIONS},
    )
    computed = [
        clocks.date_of(kind, start, load_calendar(fresh=True), load_settings()) for kind in KINDS for start in starts
    ]
    db.session.execute(
        text(
            """insert into deadlines (id, kind, subject_type, subject_id, subject_label, organisation_id,
                      authority_code, rule, starts_on, due_on, due_at, provisional, set_at, state, link)
               select gen_random_uuid(), c.kind, 'other', gen_random_uuid(), 'SB-' || n, o.id, o.authority_code, c.rule,
                      c.starts_on, c.due_on, c.due_at, c.provisional, :now, 'open', '/org'
                 from generate_series(0, :clocks - 1) n
                 join (select row_number() over () - 1 as k, * from unnest(cast(:kinds as text[]),
                       cast(:rules as text[]), cast(:starts as date[]), cast(:dues as date[]),
                       cast(:ends as timestamptz[]), cast(:provisional as boolean[]))
                       as c (kind, rule, starts_on, due_on, due_at, provisional)) c on c.k = n % :computed
                 join (select row_number() over () - 1 as k, id, authority_code from organisations) o
                   on o.k = n % :organisations"""
        ),
        {
            "now": NOW,
            "clocks": CLOCKS,
            "computed": len(computed),
            "organisations": ORGANISATIONS,
            "kinds": [one.kind for one in computed],
            "rules": [one.rule for one in computed],
            "starts": [one.starts_on for one in computed],
            "dues": [one.due_on for one in computed],
            "ends": [one.due_at for one in computed],
            "provisional": [one.provisional for one in computed],
        },
    )
    db.session.commit()


def _analyse(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("vacuum analyze deadlines"))
    engine.dispose()


def _bare() -> float:
    """Rows a second of moving the dates and writing the history by two statements, undone afterwards."""
    began = time.perf_counter()
    db.session.execute(
        text("update deadlines set due_on = due_on + 5, due_at = due_at + interval '5 days', provisional = false")
    )
    db.session.execute(
        text(
            """insert into deadline_changes (deadline_id, organisation_id, authority_code, at, before, after, reason)
               select id, organisation_id, authority_code, now(), jsonb_build_object('due_on', due_on - 5),
                      jsonb_build_object('due_on', due_on), 'bare' from deadlines"""
        )
    )
    db.session.flush()
    taken = time.perf_counter() - began
    db.session.rollback()
    return CLOCKS / taken


def _recompute() -> float:
    actor = Actor(ScopeKind.department, authority_code=DEPARTMENT_CODE)
    days = editing.parse_days(FESTIVAL, 2027)
    editing.load_year(actor=actor, year=2027, days=days, now=NOW)
    db.session.commit()
    run: ClockRun = db.session.query(ClockRun).one()
    began = time.perf_counter()
    recompute(run_id=str(run.id))
    db.session.commit()
    taken = time.perf_counter() - began
    db.session.expire_all()
    left = db.session.query(Deadline).filter(Deadline.provisional).count()
    if (run.state, run.done, left) != ("done", CLOCKS, 0) or run.moved < CLOCKS // 2:
        raise RuntimeError(f"not everything was computed: {run.done} done, {run.moved} moved, {left} provisional")
    return CLOCKS / taken
