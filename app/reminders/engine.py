"""Deadlines become rows of the reminder ledger: found by ranges of the due instant, decided by `app.rules.reminders`.

Safe to run by several schedulers at once and again after any crash: a reminder is unique on (deadline, recipient,
offset), and what is there already is never planned again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, select, text

from app import outbox
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import mark_missed
from app.reminders.windows import Window, catch_up_span, window_of
from app.reminders.wording import AUTHORITY_KINDS, kind_label
from app.rules.reminders import ON_THE_DAY, Reminder, due_reminders, offsets_for, send_at
from app.rules.settings import Settings
from tenants import notices
from tenants.models import Organisation
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR

log = structlog.get_logger(__name__)
SEND = "app.reminders.jobs.send_reminder"
BATCH = 1000
MISSED_BATCH = 500
MISSED_NAMED = 20
ORGANISATION_RECIPIENTS = ("owner", "signatory", "editor")

# The page first, then what each of its rows has had: so that no plan ever reads the whole ledger.
_CANDIDATES = text(
    """
    select d.*, array(select r.offset_days from reminders r where r.deadline_id = d.id) as handled
      from (select id, kind, due_at, set_at, organisation_id, authority_code from deadlines
             where state = 'open' and due_at > :after and due_at <= :until and (due_at, id) > (:last_due, :last_id)
             order by due_at, id limit :batch) d
    """
)
# The same for those already marked missed; their index leads with the authority.
_CANDIDATES_MISSED = text(
    _CANDIDATES.text.replace(
        "state = 'open'", "state = 'missed' and authority_code = any(array(select code from authorities))"
    )
)
# Two plain joins rather than one with a condition: each can be looked up by its index.
_INSERT = text(
    """
    with p as materialized (
        select * from unnest(
            cast(:deadline_ids as uuid[]), cast(:organisation_ids as uuid[]), cast(:authority_codes as text[]),
            cast(:offsets as int[]), cast(:states as text[]), cast(:reasons as text[]),
            cast(:of_authority as boolean[]))
            as p (deadline_id, organisation_id, authority_code, offset_days, state, reason, of_authority)),
    recipients as (
        select distinct organisation_id as side, null as code, m.user_id from memberships m
          join users u on u.id = m.user_id and u.disabled_at is null
         where m.removed_at is null and m.role = any(:roles)
           and m.organisation_id = any(select organisation_id from p where not of_authority)
        union all
        select null, m.authority_code, m.user_id from memberships m
          join users u on u.id = m.user_id and u.disabled_at is null
         where m.removed_at is null and m.authority_code = any(select authority_code from p where of_authority)),
    wanted as (
        select p.*, r.user_id from p join recipients r on r.side = p.organisation_id where not p.of_authority
        union all
        select p.*, r.user_id from p join recipients r on r.code = p.authority_code where p.of_authority)
    insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, offset_days, state, reason,
                           created_at)
    select gen_random_uuid(), deadline_id, user_id, organisation_id, authority_code, offset_days, state, reason, :now
      from wanted
    on conflict do nothing
    returning id, state
    """
)
_SUPERSEDE = text(
    """
    update reminders r set state = 'skipped', reason = 'superseded'
      from unnest(cast(:deadline_ids as uuid[]), cast(:offsets as int[])) as p (deadline_id, offset_days)
     where r.deadline_id = any(cast(:deadline_ids as uuid[])) and r.deadline_id = p.deadline_id
       and r.offset_days > p.offset_days and r.state = 'pending'
    """
)
# A row that was given to a worker and is done may be wanted again: its claim was lost, or let go without a mail.
_ENQUEUE = text(
    f"""
    insert into outbox (queue, function, args, key)
    select 'mail', '{SEND}', jsonb_build_object('reminder_id', r.id::text), 'reminder:' || r.id || ':' || r.attempts
      from reminders r where r.id = any(:ids) and r.state = 'pending'
    on conflict (key) do update set state = 'pending', attempts = 0, job_id = null, available_at = now()
     where outbox.state = 'done'
    """  # noqa: S608 - a constant
)


@dataclass
class Planned:
    """What one run did: reminders to send (their ids), rows recorded as skipped."""

    pending: list[uuid.UUID] = field(default_factory=list)
    skipped: int = 0


@dataclass(frozen=True)
class _Choice:
    deadline: Row[Any]
    offset: int
    state: str
    reason: str | None


def plan(*, now: datetime, since: datetime | None = None, enqueue: bool = True) -> Planned:
    """Write the reminders whose time came in (since, now] into the ledger, and commit.

    Without `since` it looks back far enough to find, for every deadline, the latest step an outage may have lost; the
    earlier ones are recorded as superseded. With `enqueue` each is handed to the mail workers through the outbox.
    """
    run = _Run(now, enqueue)
    offsets = offsets_for("", run.settings_of(DEPARTMENT_CODE))
    start = now - catch_up_span(offsets) if since is None else since
    # The most urgent first: what it supersedes is then known when the wider windows are read.
    for offset in sorted(offsets):
        window = window_of(offset, since=start, until=now)
        if window is not None:
            for batch in _candidates(window, now):
                fresh = (row for row in batch if offset not in row.handled)
                run.record([choice for row in fresh for choice in run.decide(row)])
    db.session.commit()
    if run.planned.pending:
        log.info("reminders_planned", pending=len(run.planned.pending), skipped=run.planned.skipped)
    return run.planned


def _candidates(window: Window, now: datetime) -> Iterator[list[Row[Any]]]:
    """Deadlines in the window, in batches by due instant; `handled` are the offsets a row has had."""
    overdue = window.offset < ON_THE_DAY
    # Once a deadline has passed, only its overdue reminder is of use.
    after = window.after if overdue else max(window.after, now)
    for query in (_CANDIDATES, _CANDIDATES_MISSED) if overdue else (_CANDIDATES,):
        values = {"after": after, "until": window.until, "batch": BATCH}
        last: tuple[datetime, uuid.UUID] | None = (after, uuid.UUID(int=0))
        while last is not None:
            rows = list(db.session.execute(query, {**values, "last_due": last[0], "last_id": last[1]}))
            if rows:
                yield rows
            last = (rows[-1].due_at, rows[-1].id) if len(rows) == BATCH else None


class _Run:
    """One run of `plan`: its instant, the settings asked for so far, what it did."""

    def __init__(self, now: datetime, enqueue: bool) -> None:
        self.now = now
        self.enqueue = enqueue
        self.planned = Planned()
        self._settings: dict[str, Settings] = {}
        self._decisions: dict[tuple[Any, ...], Reminder] = {}
        self._instants: dict[tuple[datetime, tuple[int, ...]], list[tuple[int, datetime]]] = {}

    def settings_of(self, authority_code: str) -> Settings:
        if authority_code not in self._settings:
            self._settings[authority_code] = load_settings(authority_code)
        return self._settings[authority_code]

    def decide(self, row: Row[Any]) -> Iterator[_Choice]:
        offsets = offsets_for(row.kind, self.settings_of(row.authority_code))
        # Steps that lay before the deadline was set were never owed; the ledger keeps only what an outage cost.
        owed = tuple(offset for offset, instant in self._sendings(row.due_at, offsets) if instant >= row.set_at)
        # Thousands fall due at one instant with the same history: the rules are asked once for them all.
        key = (row.due_at, offsets, owed, tuple(sorted(row.handled)))
        if key not in self._decisions:
            self._decisions[key] = due_reminders(row.due_at, self.now, offsets, row.handled, since=row.set_at)
        decision = self._decisions[key]
        if decision.offset is None:
            return
        yield _Choice(row, decision.offset, "pending", None)
        for offset in decision.superseded:
            if offset in owed:
                yield _Choice(row, offset, "skipped", "superseded")

    def _sendings(self, due_at: datetime, offsets: tuple[int, ...]) -> list[tuple[int, datetime]]:
        key = (due_at, offsets)
        if key not in self._instants:
            self._instants[key] = [(offset, send_at(due_at, offset)) for offset in offsets]
        return self._instants[key]

    def record(self, choices: list[_Choice]) -> None:
        """Write the choices, one row a recipient, and commit."""
        if not choices:
            return
        older = [choice for choice in choices if choice.state == "pending" and choice.deadline.handled]
        if older:
            db.session.execute(
                _SUPERSEDE, {"deadline_ids": [c.deadline.id for c in older], "offsets": [c.offset for c in older]}
            )
        rows = db.session.execute(
            _INSERT,
            {
                "now": self.now,
                "roles": list(ORGANISATION_RECIPIENTS),
                "deadline_ids": [c.deadline.id for c in choices],
                "organisation_ids": [c.deadline.organisation_id for c in choices],
                "authority_codes": [c.deadline.authority_code for c in choices],
                "offsets": [c.offset for c in choices],
                "states": [c.state for c in choices],
                "reasons": [c.reason for c in choices],
                "of_authority": [c.deadline.kind in AUTHORITY_KINDS for c in choices],
            },
        ).all()
        pending = [row.id for row in rows if row.state == "pending"]
        self.planned.pending += pending
        self.planned.skipped += len(rows) - len(pending)
        if self.enqueue:
            enqueue_reminders(pending)
        db.session.commit()


def enqueue_reminders(ids: Iterable[uuid.UUID]) -> None:
    """Give pending reminders to the mail workers after the commit; those already on their way stay as they are."""
    if wanted := list(ids):
        db.session.execute(_ENQUEUE, {"ids": wanted})
        db.session.execute(text("select pg_notify(:channel, 'mail')"), {"channel": outbox.CHANNEL})


def follow_missed(*, now: datetime) -> list[Deadline]:
    """Mark the deadlines whose instant has passed as missed, tell their authority, and commit; returns them.

    An authority gets one notice a run, not one a deadline.
    """
    found: list[Deadline] = []
    while True:
        missed = mark_missed(actor=SYSTEM_ACTOR, now=now, limit=MISSED_BATCH)
        by_authority: dict[str, list[Deadline]] = defaultdict(list)
        for deadline in missed:
            by_authority[deadline.authority_code].append(deadline)
        for code, deadlines in by_authority.items():
            _tell_missed(code, deadlines, now)
        db.session.commit()
        found += missed
        if len(missed) < MISSED_BATCH:
            return found


def _tell_missed(authority_code: str, deadlines: list[Deadline], now: datetime) -> None:
    first, named = deadlines[0], deadlines[:MISSED_NAMED]
    wanted = {deadline.organisation_id for deadline in named}
    rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(wanted)))
    names: dict[uuid.UUID, str] = {row.id: row.name for row in rows}
    notices.tell(
        kind="deadlines_missed",
        now=now,
        link="/bureau/deadlines",
        authority_code=authority_code,
        key=f"missed:{first.id}:{first.due_at.timestamp():.0f}",
        count=len(deadlines),
        entries=[
            {
                "organisation": names.get(deadline.organisation_id, ""),
                "kind": kind_label(deadline.kind),
                "subject": deadline.subject_label,
                "due_on": deadline.due_on.isoformat(),
            }
            for deadline in named
        ],
    )
