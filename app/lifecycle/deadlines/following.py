"""Deadlines whose subject has no step of its own to set them: the clock looks for them, as the system, again and again.

Each source says which subjects want a deadline that they have not, and which of those running are over. Run twice it
does nothing; what a crash left out the next run finds.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

from sqlalchemy import Row, text

from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline, set_deadline
from app.rules import clocks
from app.rules.clocks import Clock, local_date
from app.rules.states import APPLICATION
from tenants.scope import SYSTEM_ACTOR

BATCH = 500
_DRAFT = "draft"
_LIVE = [state for state in APPLICATION.states if APPLICATION.is_live(state) and state != _DRAFT]
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Source:
    """`wanted` gives subject_id, organisation_id, authority_code, label, limit_on (or opens_at and limit_at) of
    subjects without the deadline, or with another day; `over` gives subject_id and 'met', or why it is cancelled."""

    kind: str
    subject_type: str
    wanted: str
    over: str
    link: Callable[[Row[Any]], str]
    clock: Callable[[Row[Any]], Clock]


def q1_subject(filing_id: uuid.UUID, year: int) -> uuid.UUID:
    """The subject of a filing's `q1_window` of a year (R43), as the source below makes it: an application for more
    occupations meets it. A hash only makes one number of the two."""
    return uuid.UUID(md5(f"{filing_id}:q1:{year}".encode(), usedforsecurity=False).hexdigest())


def _computed(kind: str) -> Callable[[Row[Any]], Clock]:
    def compute(row: Row[Any]) -> Clock:
        return clocks.date_of(kind, row.limit_on, load_calendar(), load_settings(row.authority_code))

    return compute


def _call_close(row: Row[Any]) -> Clock:
    last = local_date(row.limit_at - _INSTANT)
    clock = clocks.call_close(last, load_calendar(), load_settings(row.authority_code), row.limit_at)
    return replace(clock, starts_on=min(local_date(row.opens_at), last))


def _panel(row: Row[Any]) -> Clock:
    clock = _computed("panel_work_due")(row)
    return replace(clock, rule=row.rule, starts_on=min(row.begun_on, row.limit_on))


def _batch(row: Row[Any]) -> Clock:
    return replace(_computed("call_complete_by")(row), starts_on=min(row.begun_on, row.limit_on))


SOURCES: tuple[Source, ...] = (
    # R11: whoever has begun an application should see when the batch closes.
    Source(
        "call_close",
        "application",
        """select a.id as subject_id, a.organisation_id, a.authority_code, c.title as label,
                  c.apply_open_at as opens_at, c.apply_close_at as limit_at
             from applications a join calls c on c.id = a.call_id
             left join deadlines d on d.kind = 'call_close' and d.subject_id = a.id
            where a.state = 'draft' and c.state in ('published', 'open') and c.apply_close_at > :now
              and c.apply_open_at is not null and d.id is null limit :batch""",
        """select d.subject_id, case when a.submitted_at is null then 'cancelled' else 'met' end as outcome
             from deadlines d join applications a on a.id = d.subject_id join calls c on c.id = a.call_id
            where d.kind = 'call_close' and d.state in ('open', 'missed')
              and (a.state <> 'draft' or c.state = 'cancelled') limit :batch""",
        lambda row: paths.of_application(row.subject_id),
        _call_close,
    ),
    # R11: 完成时限 binds the authorities: each application of the batch is to be finished by then.
    Source(
        "call_complete_by",
        "application",
        """select a.id as subject_id, a.organisation_id, a.authority_code, a.number as label, c.complete_by as limit_on,
                  (a.submitted_at at time zone 'Asia/Shanghai')::date as begun_on
             from applications a join calls c on c.id = a.call_id
             left join deadlines d on d.kind = 'call_complete_by' and d.subject_id = a.id
            where a.state = any(:live) and a.submitted_at is not null and c.complete_by is not null
              and (d.id is null or (d.state = 'open' and d.authority_code <> a.authority_code)) limit :batch""",
        """select d.subject_id, case when a.state = 'filed' then 'met' else 'cancelled' end as outcome
             from deadlines d join applications a on a.id = d.subject_id
            where d.kind = 'call_complete_by' and d.state in ('open', 'missed') and a.state <> all(:live)
            limit :batch""",
        lambda row: f"/bureau/cases/{row.subject_id}",
        _batch,
    ),
    # R29, R11: a bank's panel inside the incubation, a selection's by the day its batch is to be completed. R46: a
    # renewal's before the period ends; one that begins later has no limit of its own.
    Source(
        "panel_work_due",
        "panel",
        """select p.id as subject_id, p.organisation_id, p.authority_code, p.number as label, l.rule, l.limit_on,
                  (p.created_at at time zone 'Asia/Shanghai')::date as begun_on
             from panels p left join applications a on a.id = p.application_id left join calls c on c.id = a.call_id
             left join renewal_cycles r on r.id = p.renewal_cycle_id
             left join filing_periods f on f.id = r.period_id
             cross join lateral (select
                  case when r.id is not null then f.valid_to when p.kind = 'question_bank' then a.incubation_due_on
                       else c.complete_by end as limit_on,
                  case when r.id is not null then 'R46' when p.kind = 'question_bank' then 'R29' else 'R11' end as rule
             ) l
             left join deadlines d on d.kind = 'panel_work_due' and d.subject_id = p.id
            where p.state in ('forming', 'formed', 'assessing', 'opinions_in') and l.limit_on is not null
              and (d.id is null or (d.state in ('open', 'missed') and d.due_on <> l.limit_on))
              and (r.id is null or d.id is not null
                   or l.limit_on >= (p.created_at at time zone 'Asia/Shanghai')::date) limit :batch""",
        """select d.subject_id, case when p.state = 'concluded' then 'met' else 'cancelled' end as outcome
             from deadlines d join panels p on p.id = d.subject_id
            where d.kind = 'panel_work_due' and d.state in ('open', 'missed')
              and p.state in ('concluded', 'dissolved') limit :batch""",
        lambda row: f"/bureau/panels/{row.subject_id}",
        _panel,
    ),
    # R46: by then the authority opens the renewal of a period that ends.
    Source(
        "renewal_open_on",
        "filing_period",
        """select p.id as subject_id, p.organisation_id, p.authority_code, f.institution_code as label,
                  p.valid_to as limit_on
             from filing_periods p join filings f on f.id = p.filing_id
             left join renewal_cycles r on r.period_id = p.id
             left join deadlines d on d.kind = 'renewal_open_on' and d.subject_id = p.id
            where p.state = 'current' and f.state in ('active', 'renewal_due') and r.id is null and d.id is null
            limit :batch""",
        """select d.subject_id, case when r.id is null then 'cancelled' else 'met' end as outcome
             from deadlines d join filing_periods p on p.id = d.subject_id
             left join renewal_cycles r on r.period_id = p.id
            where d.kind = 'renewal_open_on' and d.state in ('open', 'missed')
              and (p.state <> 'current' or r.id is not null) limit :batch""",
        lambda row: "/bureau/deadlines",
        _computed("renewal_open_on"),
    ),
    # R50: nobody applied in time, so that the filing ends by itself the day after its last.
    Source(
        "auto_exit_due",
        "filing_period",
        """select p.id as subject_id, p.organisation_id, p.authority_code, f.institution_code as label,
                  p.valid_to as limit_on
             from filing_periods p join filings f on f.id = p.filing_id
             join renewal_cycles r on r.period_id = p.id
             left join deadlines d on d.kind = 'auto_exit_due' and d.subject_id = p.id
            where p.state = 'current' and f.state in ('active', 'renewal_due') and r.applied_at is null
              and r.state in ('open', 'self_assessing', 'not_applied') and r.apply_close_on < :today
              and d.id is null limit :batch""",
        """select d.subject_id, case when r.applied_at is not null then 'cancelled' else 'met' end as outcome
             from deadlines d join filing_periods p on p.id = d.subject_id join filings f on f.id = p.filing_id
             left join renewal_cycles r on r.period_id = p.id
            where d.kind = 'auto_exit_due' and d.state in ('open', 'missed')
              and (p.state <> 'current' or f.state not in ('active', 'renewal_due') or r.applied_at is not null)
            limit :batch""",
        lambda row: paths.RENEWAL,
        _computed("auto_exit_due"),
    ),
    # R43: when a filed organisation may ask for more; the window of a year is a subject of its own (`q1_subject`).
    Source(
        "q1_window",
        "filing",
        """select s.id as subject_id, f.organisation_id, f.authority_code, f.institution_code as label,
                  w.first_on as limit_on
             from (select date_trunc('year', cast(:today as date) + interval '9 months')::date as first_on) w
             cross join filings f
             cross join lateral (select md5(f.id::text || ':q1:' || extract(year from w.first_on))::uuid as id) s
             join filing_periods p on p.filing_id = f.id and p.state = 'current' and p.valid_to >= w.first_on
             left join deadlines d on d.kind = 'q1_window' and d.subject_id = s.id
            where f.state in ('active', 'renewal_due') and d.id is null limit :batch""",
        """select d.subject_id, case when d.due_at <= :now then 'closed' else 'cancelled' end as outcome
             from deadlines d left join filings f on f.organisation_id = d.organisation_id
              and md5(f.id::text || ':q1:' || extract(year from d.due_on))::uuid = d.subject_id
            where d.kind = 'q1_window' and d.state = 'open'
              and (d.due_at <= :now or f.state not in ('active', 'renewal_due')) limit :batch""",
        lambda row: paths.DEADLINES,
        _computed("q1_window"),
    ),
)


def follow_subjects(*, now: datetime) -> int:
    """Set what is missing and close what is over, source by source; commits each batch. Answers how many changed."""
    changed = 0
    values = {"now": now, "today": local_date(now), "live": _LIVE, "batch": BATCH}
    for source in SOURCES:
        for step in (_close, _set):
            done = BATCH
            while done == BATCH:
                done = step(source, values, now)
                changed += done
    return changed


def _set(source: Source, values: dict[str, Any], now: datetime) -> int:
    rows = db.session.execute(text(source.wanted), values).all()
    for row in rows:
        deadline = set_deadline(
            actor=SYSTEM_ACTOR,
            clock=source.clock(row),
            subject_type=source.subject_type,
            subject_id=row.subject_id,
            subject_label=row.label or "",
            organisation_id=row.organisation_id,
            authority_code=row.authority_code,
            link=source.link(row),
            now=now,
        )
        # An application that went from its city to the department takes its limits with it (R24).
        deadline.authority_code = row.authority_code
    db.session.commit()
    return len(rows)


def _close(source: Source, values: dict[str, Any], now: datetime) -> int:
    rows = db.session.execute(text(source.over), values).all()
    for row in rows:
        if row.outcome == "met":
            meet_deadline(kind=source.kind, subject_id=row.subject_id, now=now)
        else:
            cancel_deadline(kind=source.kind, subject_id=row.subject_id, now=now, reason=row.outcome)
    db.session.commit()
    return len(rows)
