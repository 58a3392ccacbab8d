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
from app.rules.reminders import ON_THE_DAY, due_reminders, offsets_for, send_at
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

_CANDIDATES = text(
    """
    select d.id, d.kind, d.due_at, d.set_at, d.organisation_id, d.authority_code,
           array(select distinct r.offset_days from reminders r where r.deadline_id = d.id) as handled
      from deadlines d
     where d.state = 'open' and d.due_at > :after and d.due_at <= :until and (d.due_at, d.id) > (:last_due, :last_id)
       and not exists (select from reminders r where r.deadline_id = d.id and r.offset_days = :offset)
     order by d.due_at, d.id limit :batch
    """
)
# The same for those already marked missed; their index leads with the authority.
_CANDIDATES_MISSED = text(
    _CANDIDATES.text.replace(
        "d.state = 'open'", "d.state = 'missed' and d.authority_code = any(array(select code from authorities))"
    )
)
_INSERT = text(
    """
    insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, offset_days, state, reason,
                           created_at)
    select gen_random_uuid(), p.deadline_id, m.user_id, p.organisation_id, p.authority_code, p.offset_days, p.state,
           p.reason, :now
      from unnest(cast(:deadline_ids as uuid[]), cast(:organisation_ids as uuid[]), cast(:authority_codes as text[]),
                  cast(:offsets as int[]), cast(:states as text[]), cast(:reasons as text[]),
                  cast(:of_authority as boolean[]))
           as p (deadline_id, organisation_id, authority_code, offset_days, state, reason, of_authority)
      join memberships m on m.removed_at is null
       and case when p.of_authority then m.authority_code = p.authority_code
                else m.organisation_id = p.organisation_id and m.role = any(:roles) end
      join users u on u.id = m.user_id and u.disabled_at is null
    on conflict do nothing
    returning id, state
    """
)
_SUPERSEDE = text(
    """
    update reminders r set state = 'skipped', reason = 'superseded'
      from unnest(cast(:deadline_ids as uuid[]), cast(:offsets as int[])) as p (deadline_id, offset_days)
     where r.deadline_id = p.deadline_id and r.offset_days > p.offset_days and r.state = 'pending'
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
                run.record([choice for row in batch for choice in run.decide(row)])
    db.session.commit()
    if run.planned.pending:
        log.info("reminders_planned", pending=len(run.planned.pending), skipped=run.planned.skipped)
    return run.planned


def _candidates(window: Window, now: datetime) -> Iterator[list[Row[Any]]]:
    """Deadlines in the window that have no reminder of its offset yet, in batches, by due instant."""
    overdue = window.offset < ON_THE_DAY
    # Once a deadline has passed, only its overdue reminder is of use.
    after = window.after if overdue else max(window.after, now)
    for query in (_CANDIDATES, _CANDIDATES_MISSED) if overdue else (_CANDIDATES,):
        values = {"after": after, "until": window.until, "offset": window.offset, "batch": BATCH}
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

    def settings_of(self, authority_code: str) -> Settings:
        if authority_code not in self._settings:
            self._settings[authority_code] = load_settings(authority_code)
        return self._settings[authority_code]

    def decide(self, row: Row[Any]) -> Iterator[_Choice]:
        offsets = offsets_for(row.kind, self.settings_of(row.authority_code))
        decision = due_reminders(row.due_at, self.now, offsets, row.handled, since=row.set_at)
        if decision.offset is None:
            return
        yield _Choice(row, decision.offset, "pending", None)
        for offset in decision.superseded:
            # Steps that lay before the deadline was set were never owed; the ledger keeps what an outage cost.
            if send_at(row.due_at, offset) >= row.set_at:
                yield _Choice(row, offset, "skipped", "superseded")

    def record(self, choices: list[_Choice]) -> None:
        """Write the choices, one row a recipient, and commit."""
        sending = [choice for choice in choices if choice.state == "pending"]
        db.session.execute(
            _SUPERSEDE, {"deadline_ids": [c.deadline.id for c in sending], "offsets": [c.offset for c in sending]}
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
