"""Deadlines become rows of the reminder ledger: found by ranges of the due instant, decided by `app.rules.reminders`.

Safe to run by several schedulers at once and again after any crash: a reminder is unique on (deadline, recipient,
offset, due date), and what is there already is never planned again.
"""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Row, TextClause, select, text

from app import outbox
from app.db import db
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.models import Deadline, Setting
from app.lifecycle.deadlines.services import mark_missed
from app.reminders import quiet, recipients
from app.reminders.recipients import Audience
from app.reminders.windows import catch_up_span, window_of
from app.reminders.wording import AUTHORITY_KINDS, kind_label
from app.rules.clocks import local_date
from app.rules.ladders import KNOWN_KINDS
from app.rules.reminders import (
    ENDS_BY_ITSELF,
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
BATCH = 5000
MISSED_BATCH = 500
MISSED_NAMED = 20
_DAY = timedelta(days=1)
EXIT_KIND, EXIT_PREVIEW = "auto_exit_due", 7
"""A bureau sees the coming automatic exits (R50) a week ahead, while there is time to correct an error."""

# What had this step is read once as a set, by its due days, rather than asked of the ledger for each deadline: of a
# million deadlines ten thousand may come to one step on one morning. Then, for the page alone, what each row has had.
_CANDIDATES = text(
    """
    select d.id, d.kind, d.due_at, d.set_at, d.authority_code,
           array(select r.offset_days from reminders r where r.deadline_id = d.id and r.due_on = d.due_on
                    and r.audience = :audience) as handled
      from (select id, kind, due_on, due_at, set_at, authority_code from deadlines
             where state = 'open' and due_at > :after and due_at <= :until and (due_at, id) > (:last_due, :last_id)
               and (cast(:kinds as text[]) is null or kind = any(cast(:kinds as text[])))
               and (id, due_on) not in (
                   select h.deadline_id, h.due_on from reminders h
                    where h.due_on between :first_on and :last_on and h.offset_days = :offset
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
     where r.deadline_id = any(cast(string_to_array(cast(:ids as text), ',') as uuid[])) and r.offset_days > :offset
       and r.state = 'pending' and r.audience = 'bound'
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


class _Step(NamedTuple):
    """What is written for a deadline; those with the same are written together. `quiet`: it waits for the morning."""

    offset: int
    state: str
    reason: str | None
    audience: Audience
    of_authority: bool
    quiet: bool


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
            run.record(batch, run.decide)
    for audience in (Audience.second, Audience.bureau):
        for offset in sorted(run.extra_offsets(audience, known)):
            kinds = _kinds_with_extra(audience, offset)
            for batch in _candidates(offset, start, now, audience, kinds):
                run.record(batch, partial(run.decide_extra, offset, audience))
    db.session.commit()
    if run.planned.pending:
        log.info("reminders_planned", pending=len(run.planned.pending), skipped=run.planned.skipped)
    return run.planned


def _own_ladders() -> list[str]:
    """The authorities whose steps may differ: the department, and the cities with a setting of their own."""
    cities = select(Setting.authority_code).where(Setting.key.in_(("reminder_offsets_by_kind", "escalation_days")))
    return [DEPARTMENT_CODE, *db.session.scalars(cities.where(Setting.authority_code != DEPARTMENT_CODE).distinct())]


def _kinds_with_extra(audience: Audience, offset: int) -> list[str]:
    """The kinds that may have this step for others than whom they bind; a bureau's own duties are its own anyway."""
    if offset >= ON_THE_DAY:
        return [EXIT_KIND]
    kinds = KNOWN_KINDS - ENDS_BY_ITSELF
    return sorted(kinds - set(AUTHORITY_KINDS) if audience == Audience.bureau else kinds)


def _candidates(
    offset: int, since: datetime, now: datetime, audience: Audience, kinds: list[str] | None = None
) -> Iterator[Sequence[Row[Any]]]:
    """Deadlines whose step of `offset` came, in batches by due instant; `handled` are the offsets a row has had."""
    window = window_of(offset, since=since, until=now)
    if window is None:
        return
    overdue = offset < ON_THE_DAY
    # Once a deadline has passed, only what comes after it is of use.
    after = window.after if overdue else max(window.after, now)
    values = {
        "after": after,
        "until": window.until,
        # A due day and its instant lie at most a day apart (R50 takes effect at 00:05, a window opens at 00:00).
        "first_on": local_date(after) - _DAY,
        "last_on": local_date(window.until) + _DAY,
        "batch": BATCH,
        "audience": audience.value,
        "offset": offset,
        "kinds": kinds,
    }
    for query in (_CANDIDATES, _CANDIDATES_MISSED) if overdue else (_CANDIDATES,):
        yield from _pages(query, values, after)


def _pages(query: TextClause, values: dict[str, Any], after: datetime) -> Iterator[Sequence[Row[Any]]]:
    last: tuple[datetime, uuid.UUID] | None = (after, uuid.UUID(int=0))
    while last is not None:
        rows = db.session.execute(query, {**values, "last_due": last[0], "last_id": last[1]}).all()
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
        self._ladders: dict[tuple[str, str], tuple[int, ...]] = {}
        self._instants: dict[tuple[datetime, tuple[int, ...]], list[datetime]] = {}
        self._decisions: dict[tuple[Any, ...], list[_Step]] = {}
        self._quiet: dict[tuple[str, datetime], bool] = {}

    def settings_of(self, authority_code: str) -> Settings:
        if authority_code not in self._settings:
            self._settings[authority_code] = load_settings(authority_code)
        return self._settings[authority_code]

    def decide(self, row: Row[Any]) -> list[_Step]:
        """What is owed to those whom a deadline binds: the latest step reached, and a record of what an outage cost."""
        kind, code, due_at, handled = row.kind, row.authority_code, row.due_at, row.handled
        ladder = self._ladders.get((kind, code))
        if ladder is None:
            ladder = tuple(sorted(set(offsets_for(kind, self.settings_of(code))), reverse=True))
            self._ladders[kind, code] = ladder
        instants = self._instants.get((due_at, ladder))
        if instants is None:
            instants = self._instants[due_at, ladder] = [send_at(due_at, offset) for offset in ladder]
        # Steps that lay before the deadline was set were never owed.
        first_owed = bisect_left(instants, row.set_at)
        # Thousands fall due at one instant with the same history: the rules are asked once for them all.
        key = (due_at, kind, code, ladder, first_owed, *sorted(handled))
        steps = self._decisions.get(key)
        if steps is None:
            decision = due_reminders(due_at, self.now, ladder, handled, since=row.set_at)
            steps = self._decisions[key] = self._steps(decision, ladder[first_owed:], kind, code, due_at)
        return steps

    def _steps(self, decision: Reminder, owed: tuple[int, ...], kind: str, code: str, due_at: datetime) -> list[_Step]:
        if decision.offset is None:
            return []
        step = _Step(
            decision.offset, "pending", None, Audience.bound, kind in AUTHORITY_KINDS, self._is_quiet(code, due_at)
        )
        lost = [offset for offset in decision.superseded if offset in owed]
        return [step, *(step._replace(offset=offset, state="skipped", reason="superseded") for offset in lost)]

    def extra_offsets(self, audience: Audience, known: Iterable[Settings]) -> set[int]:
        """The steps that some deadline has for others than whom it binds."""
        place = 0 if audience == Audience.second else 1
        steps = {found[place] for one in known if (found := escalations_for("", one))}
        return steps | ({EXIT_PREVIEW} if audience == Audience.bureau else set())

    def decide_extra(self, offset: int, audience: Audience, row: Row[Any]) -> list[_Step]:
        """This step for others, where it is the deadline's own and lies after it was set."""
        kind, code, due_at = row.kind, row.authority_code, row.due_at
        if kind == EXIT_KIND:
            wanted: int | None = EXIT_PREVIEW
        else:
            steps = escalations_for(kind, self.settings_of(code))
            wanted = None if steps is None else steps[0 if audience == Audience.second else 1]
        if offset != wanted or send_at(due_at, offset) < row.set_at:
            return []
        of_authority = audience == Audience.bureau or kind in AUTHORITY_KINDS
        return [_Step(offset, "pending", None, audience, of_authority, self._is_quiet(code, due_at))]

    def _is_quiet(self, code: str, due_at: datetime) -> bool:
        # Left in the ledger without a job: the sweep hands it over when the night is over.
        if (code, due_at) not in self._quiet:
            self._quiet[code, due_at] = quiet.until(self.settings_of(code), self.now, due_at) is not None
        return self._quiet[code, due_at]

    def record(self, batch: Sequence[Row[Any]], decide: Callable[[Row[Any]], list[_Step]]) -> None:
        """Write what is owed, a statement for all deadlines with the same, a row for each recipient; and commit."""
        together: dict[_Step, list[str]] = defaultdict(list)
        older: dict[int, list[str]] = defaultdict(list)
        for row in batch:
            number = str(row.id)
            for step in decide(row):
                together[step].append(number)
                if row.handled and step.state == "pending" and step.audience == Audience.bound:
                    older[step.offset].append(number)
        for offset, ids in older.items():
            db.session.execute(_SUPERSEDE, {"ids": ",".join(ids), "offset": offset})
        for step, ids in together.items():
            self._write(step, ids)
        db.session.commit()

    def _write(self, step: _Step, ids: list[str]) -> None:
        hand_over = self.enqueue and step.state == "pending" and not step.quiet
        made = db.session.scalars(
            recipients.insert_of(step.audience, of_authority=step.of_authority),
            {
                "now": self.now,
                "ids": ",".join(ids),
                "offset": step.offset,
                "state": step.state,
                "reason": step.reason,
                "audience": step.audience.value,
                "of_authority": step.of_authority,
                "enqueue": hand_over,
                "function": SEND,
                **recipients.ROLES,
            },
        ).all()
        if step.state == "pending":
            self.planned.pending += made
        else:
            self.planned.skipped += len(made)
        if hand_over and made:
            _wake_workers()


def enqueue_reminders(ids: Iterable[uuid.UUID]) -> None:
    """Give pending reminders to the mail workers after the commit; those already on their way stay as they are."""
    if wanted := list(ids):
        db.session.execute(_ENQUEUE, {"ids": wanted})
        _wake_workers()


def _wake_workers() -> None:
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
