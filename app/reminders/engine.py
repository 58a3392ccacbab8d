"""Deadlines become rows of the reminder ledger: found by ranges of the due instant, decided by `app.rules.reminders`.

Safe to run by several schedulers at once and again after any crash: a reminder is unique on (deadline, recipient,
offset, due date), and what is there already is never planned again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, TextClause, select, text

from app import outbox
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.models import Deadline, Setting
from app.lifecycle.deadlines.services import mark_missed
from app.reminders import quiet, recipients
from app.reminders.recipients import Audience
from app.reminders.windows import Window, catch_up_span, window_of
from app.reminders.wording import AUTHORITY_KINDS, kind_label
from app.rules.reminders import (
    ON_THE_DAY,
    Reminder,
    all_offsets,
    due_reminders,
    escalations_for,
    offsets_for,
    send_at,
)
from app.rules.settings import Settings
from tenants import notices
from tenants.models import Organisation
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR

log = structlog.get_logger(__name__)
SEND = "app.reminders.jobs.send_reminder"
BATCH = 1000
MISSED_BATCH = 500
MISSED_NAMED = 20
EXIT_KIND, EXIT_PREVIEW = "auto_exit_due", 7
"""A bureau sees the coming automatic exits (R50) a week ahead, while there is time to correct an error."""

# The page first, then what each of its rows has had: so that no plan ever reads the whole ledger.
_CANDIDATES = text(
    """
    select d.*, array(select r.offset_days from reminders r where r.deadline_id = d.id and r.due_on = d.due_on
                         and r.audience = :audience) as handled
      from (select id, kind, due_on, due_at, set_at, organisation_id, authority_code from deadlines
             where state = 'open' and due_at > :after and due_at <= :until and (due_at, id) > (:last_due, :last_id)
               and not exists (select from reminders h where h.deadline_id = deadlines.id
                                  and h.due_on = deadlines.due_on and h.offset_days = :offset
                                  and h.audience = :audience)
             order by due_at, id limit :batch) d
    """
)
# The same for those already marked missed; their index leads with the authority.
_CANDIDATES_MISSED = text(
    _CANDIDATES.text.replace(
        "state = 'open'", "state = 'missed' and authority_code = any(array(select code from authorities))"
    )
)
_SUPERSEDE = text(
    """
    update reminders r set state = 'skipped', reason = 'superseded'
      from unnest(cast(:deadline_ids as uuid[]), cast(:offsets as int[])) as p (deadline_id, offset_days)
     where r.deadline_id = any(cast(:deadline_ids as uuid[])) and r.deadline_id = p.deadline_id
       and r.offset_days > p.offset_days and r.state = 'pending' and r.audience = 'bound'
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
    state: str = "pending"
    reason: str | None = None
    audience: str = Audience.bound

    @property
    def of_authority(self) -> bool:
        """Whether the recipients are the authority's people."""
        return self.audience == Audience.bureau or self.deadline.kind in AUTHORITY_KINDS


def plan(*, now: datetime, since: datetime | None = None, enqueue: bool = True) -> Planned:
    """Write the reminders whose time came in (since, now] into the ledger, and commit.

    Without `since` it looks back far enough to find, for every deadline, the latest step an outage may have lost; the
    earlier ones are recorded as superseded. With `enqueue` each is handed to the mail workers through the outbox.
    """
    run = _Run(now, enqueue)
    known = [run.settings_of(code) for code in _own_ladders()]
    offsets = all_offsets(known)
    start = now - catch_up_span(offsets) if since is None else since
    # The most urgent first: what it supersedes is then known when the wider windows are read.
    for offset in sorted(offsets):
        for batch in _candidates(offset, start, now, Audience.bound):
            run.record([choice for row in batch for choice in run.decide(row)])
    for audience in (Audience.second, Audience.bureau):
        for offset in sorted(run.extra_offsets(audience, known)):
            for batch in _candidates(offset, start, now, audience):
                owed = (row for row in batch if run.owes(row, offset, audience))
                run.record([_Choice(row, offset, audience=audience) for row in owed])
    db.session.commit()
    if run.planned.pending:
        log.info("reminders_planned", pending=len(run.planned.pending), skipped=run.planned.skipped)
    return run.planned


def _own_ladders() -> list[str]:
    """The authorities whose steps may differ: the department, and the cities with a setting of their own."""
    cities = select(Setting.authority_code).where(Setting.key.in_(("reminder_offsets_by_kind", "escalation_days")))
    return [DEPARTMENT_CODE, *db.session.scalars(cities.where(Setting.authority_code != DEPARTMENT_CODE).distinct())]


def _candidates(offset: int, since: datetime, now: datetime, audience: Audience) -> Iterator[list[Row[Any]]]:
    """Deadlines whose step of `offset` came, in batches by due instant; `handled` are the offsets a row has had."""
    window = window_of(offset, since=since, until=now)
    if window is None:
        return
    overdue = offset < ON_THE_DAY
    # Once a deadline has passed, only what comes after it is of use.
    after = window.after if overdue else max(window.after, now)
    for query in (_CANDIDATES, _CANDIDATES_MISSED) if overdue else (_CANDIDATES,):
        yield from _pages(query, window, after, audience)


def _pages(query: TextClause, window: Window, after: datetime, audience: Audience) -> Iterator[list[Row[Any]]]:
    values = {
        "after": after,
        "until": window.until,
        "batch": BATCH,
        "audience": audience.value,
        "offset": window.offset,
    }
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
        yield _Choice(row, decision.offset)
        for offset in decision.superseded:
            if offset in owed:
                yield _Choice(row, offset, "skipped", "superseded")

    def extra_offsets(self, audience: Audience, known: Iterable[Settings]) -> set[int]:
        """The steps that some deadline has for others than whom it binds."""
        place = 0 if audience == Audience.second else 1
        steps = {found[place] for one in known if (found := escalations_for("", one))}
        return steps | ({EXIT_PREVIEW} if audience == Audience.bureau else set())

    def owes(self, row: Row[Any], offset: int, audience: Audience) -> bool:
        """Whether this step for others is the deadline's own, was not written yet, and lies after it was set."""
        if row.kind == EXIT_KIND:
            wanted: int | None = EXIT_PREVIEW if audience == Audience.bureau else None
        else:
            steps = escalations_for(row.kind, self.settings_of(row.authority_code))
            wanted = None if steps is None else steps[0 if audience == Audience.second else 1]
            if row.kind in AUTHORITY_KINDS and audience == Audience.bureau:
                wanted = None
        return offset == wanted and offset not in row.handled and send_at(row.due_at, offset) >= row.set_at

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
        if older and choices[0].audience == Audience.bound:
            db.session.execute(
                _SUPERSEDE, {"deadline_ids": [c.deadline.id for c in older], "offsets": [c.offset for c in older]}
            )
        rows = self._insert(choices)
        pending = [row for row in rows if row.state == "pending"]
        self.planned.pending += [row.id for row in pending]
        self.planned.skipped += len(rows) - len(pending)
        if self.enqueue:
            due = {choice.deadline.id: choice.deadline for choice in choices}
            enqueue_reminders([row.id for row in pending if not self._is_quiet(due[row.deadline_id])])
        db.session.commit()

    def _insert(self, choices: list[_Choice]) -> Sequence[Row[Any]]:
        values: dict[str, Any] = {
            "now": self.now,
            "deadline_ids": [c.deadline.id for c in choices],
            "organisation_ids": [c.deadline.organisation_id for c in choices],
            "authority_codes": [c.deadline.authority_code for c in choices],
            "due_ons": [c.deadline.due_on for c in choices],
            "offsets": [c.offset for c in choices],
            "of_authority": [c.of_authority for c in choices],
            "roles": list(recipients.ORGANISATION_RECIPIENTS),
        }
        if choices[0].audience == Audience.second:
            values |= {"seconds": list(recipients.SECONDS), "authority_seconds": list(recipients.AUTHORITY_SECONDS)}
            return db.session.execute(recipients.INSERT_SECOND, values).all()
        values |= {
            "states": [c.state for c in choices],
            "reasons": [c.reason for c in choices],
            "audiences": [str(c.audience) for c in choices],
        }
        return db.session.execute(recipients.INSERT, values).all()

    def _is_quiet(self, deadline: Row[Any]) -> bool:
        # Left in the ledger without a job: the sweep hands it over when the night is over.
        return quiet.until(self.settings_of(deadline.authority_code), self.now, deadline.due_at) is not None


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
