"""Computing the open clocks anew, a hundred thousand at a time: what follows a change of the calendar or of a setting.

The rules are asked once for each kind, start and authority; the rows are changed by set statements, batch after batch,
each committed with how far the run is. A run that died goes on where it stopped, and run again it changes nothing.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, text, update

from app.db import db
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import ClockRun, Deadline
from app.lifecycle.deadlines.publicities import follow_publicities
from app.rules import clocks, selection
from app.rules.clocks import Clock
from app.rules.renewal import is_admitted_close
from app.rules.settings import Settings
from app.rules.workdays import Calendar
from tenants import events
from tenants.events import Fact
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR

RECOMPUTED = (
    "publicity_end",
    "objection_handling_due",
    "supplement_due",
    "city_report_due",
    "incubation_due",
    "commitment_sign_due",
    "renewal_apply_close",
    "rectification_due",
    "exit_data_due",
    # Counted back from the incubation's last day: after it.
    "bank_submit_by",
)
"""What depends on the calendar or on a setting. A filing's last day does not: the receipt in the person's hands says it
(R38, R45). Days that a document states, such as a call's, do not either."""

BATCH = 5000
LOOK_BACK = timedelta(days=90)
"""A deadline missed by a provisional calendar opens again if the published one gives it more time."""

_PAGE = text(
    """
    select d.id, d.kind, d.subject_type, d.subject_id, d.subject_label, d.organisation_id, d.authority_code, d.rule,
           d.starts_on, d.due_on, d.due_at, d.provisional, d.state, d.link,
           case when d.kind = 'bank_submit_by' then a.incubation_due_on end as anchor_on
      from deadlines d left join applications a on d.kind = 'bank_submit_by' and a.id = d.case_id
     where d.kind = any(:kinds) and d.id > :after
       and (d.state = 'open' or (d.state = 'missed' and d.due_at > :since))
       and (d.authority_code = :code or :code = '370000')
     order by d.id limit :batch
    """
)
_CHANGE = text(
    """
    update deadlines d set due_on = n.due_on, due_at = n.due_at, starts_on = n.starts_on, provisional = n.provisional,
           set_at = case when d.due_on = n.due_on then d.set_at else :now end,
           state = case when d.state = 'missed' and n.due_at > :now then 'open' else d.state end
      from unnest(cast(:ids as uuid[]), cast(:dues as date[]), cast(:ends as timestamptz[]), cast(:starts as date[]),
                  cast(:provisional as boolean[])) as n (id, due_on, due_at, starts_on, provisional)
     where d.id = n.id and d.state in ('open', 'missed')
    returning d.id, d.state
    """
)
_HISTORY = text(
    """
    insert into deadline_changes (deadline_id, organisation_id, authority_code, at, before, after, reason, run_id)
    select c.id, d.organisation_id, d.authority_code, :at, c.before, c.after, :reason, :run
      from jsonb_to_recordset(cast(:changes as jsonb)) as c (id uuid, before jsonb, after jsonb)
      join deadlines d on d.id = c.id
    """
)
# What the records themselves say of their last day follows the deadline.
_FOLLOWERS = (
    """update supplement_requests r set due_on = d.due_on, due_at = d.due_at from deadlines d
        where d.id = any(:ids) and d.kind = 'supplement_due' and r.id = d.subject_id and r.state = 'open'""",
    """update objections o set due_on = d.due_on from deadlines d
        where d.id = any(:ids) and d.kind = 'objection_handling_due' and o.id = d.subject_id""",
    """update applications a set incubation_due_on = d.due_on from deadlines d
        where d.id = any(:ids) and d.kind = 'incubation_due' and a.id = d.subject_id""",
    """update renewal_cycles c set apply_close_on = d.due_on from deadlines d
        where d.id = any(:ids) and d.kind = 'renewal_apply_close' and c.id = d.subject_id""",
    """update rectifications r set due_on = d.due_on from deadlines d
        where d.id = any(:ids) and d.kind = 'rectification_due' and r.id = d.subject_id""",
)


@dataclass(frozen=True)
class Change:
    """One deadline that gets another day, or is only no longer provisional (or now so)."""

    row: Row[Any]
    clock: Clock

    @property
    def moved(self) -> bool:
        return bool(self.clock.due_on != self.row.due_on)


class Recomputation:
    """One run over all open clocks; `step` does a batch and commits, until it answers False."""

    def __init__(self, run: ClockRun, *, now: datetime, calendar: Calendar | None = None) -> None:
        self.run_id = run.id
        self.cause = run.cause
        self.code = run.authority_code
        self.reason = f"{run.cause}:{run.title}"
        self.now = now
        self._calendar = calendar or load_calendar(fresh=True)
        self._settings: dict[str, Settings] = {}
        self._clocks: dict[tuple[str, date, str], Clock] = {}
        self._publicity_clocks: dict[uuid.UUID, Clock] = {}
        self._first, self._last = RECOMPUTED[:-1], RECOMPUTED[-1:]

    def begin(self) -> None:
        """Count what is before us; a run begun before goes on."""
        run = db.session.get_one(ClockRun, self.run_id, populate_existing=True)
        if run.state == "waiting":
            live = Deadline.state.in_(("open", "missed"))
            counted = select(func.count()).where(Deadline.kind.in_(RECOMPUTED), live)
            recent = (Deadline.state == "open") | (Deadline.due_at > self.now - LOOK_BACK)
            if self.code != DEPARTMENT_CODE:
                counted = counted.where(Deadline.authority_code == self.code)
            run.total, run.state = db.session.scalar(counted.where(recent)) or 0, "running"
        db.session.commit()

    def work(self) -> None:
        """All batches: first every clock but those that hang on another, then these."""
        for kinds in (self._first, self._last):
            while self.step(kinds):
                pass
            db.session.execute(update(ClockRun).where(ClockRun.id == self.run_id).values(last_id=None))
            db.session.commit()

    def step(self, kinds: Sequence[str]) -> bool:
        """One batch: computed, changed where it differs, written down, committed. False when none was left."""
        run = db.session.get_one(ClockRun, self.run_id, with_for_update=True, populate_existing=True)
        after = run.last_id or uuid.UUID(int=0)
        values = {
            "kinds": list(kinds),
            "after": after,
            "since": self.now - LOOK_BACK,
            "batch": BATCH,
            "code": self.code,
        }
        rows = db.session.execute(_PAGE, values).all()
        if not rows:
            db.session.rollback()
            return False
        self._publicity_clocks = {}
        changes = list(self._changes(rows, run))
        self._write(changes)
        follow_publicities(self._publicity_clocks, now=self.now, reason=run.title)
        run.done += len(rows)
        run.moved += sum(change.moved for change in changes)
        run.settled += sum(not change.moved for change in changes)
        run.last_id = rows[-1].id
        db.session.commit()
        return True

    def _changes(self, rows: Iterable[Row[Any]], run: ClockRun) -> Iterable[Change]:
        publicities = self._publicities([row.subject_id for row in rows if row.kind == "publicity_end"])
        for row in rows:
            if row.kind == "publicity_end":
                clock = self._publicity_clock(row, publicities.get(row.subject_id))
                self._publicity_clocks[row.subject_id] = clock
            elif is_admitted_close(row.kind, row.starts_on, row.due_on):
                continue
            else:
                clock = self._clock(row)
            if (clock.due_on, clock.provisional, clock.starts_on) == (
                row.due_on, row.provisional, row.starts_on,
            ):  # fmt: skip
                continue
            if self.cause == "setting" and row.state == "open" and clock.due_at <= self.now:
                # Nobody misses by a change of a setting what was in time before it.
                run.kept += 1
                continue
            if row.state == "missed" and clock.due_at <= self.now:
                continue
            yield Change(row, clock)

    def _clock(self, row: Row[Any]) -> Clock:
        start = row.anchor_on or row.starts_on
        key = (row.kind, start, row.authority_code)
        if key not in self._clocks:
            settings = self._settings_of(row.authority_code)
            self._clocks[key] = clocks.date_of(row.kind, start, self._calendar, settings)
        return self._clocks[key]

    def _settings_of(self, authority_code: str) -> Settings:
        if authority_code not in self._settings:
            self._settings[authority_code] = load_settings(authority_code)
        return self._settings[authority_code]

    # Publicities ----------------------------------------------------------------------------------------------------

    def _publicities(self, ids: list[uuid.UUID]) -> dict[uuid.UUID, Row[Any]]:
        if not ids:
            return {}
        query = text(
            "select id, published_on, planned_end_on from publicities"
            " where id = any(:ids) and state in ('open', 'objection_pending') and published_on is not null"
            " and planned_end_on is not null for update"
        )
        return {row.id: row for row in db.session.execute(query, {"ids": ids})}

    def _publicity_clock(self, row: Row[Any], publicity: Row[Any] | None) -> Clock:
        """R23: never fewer than the working days asked for, and never shorter than what the public was told."""
        published_on, told = (
            (publicity.published_on, publicity.planned_end_on) if publicity else (row.starts_on, row.due_on)
        )
        settings = self._settings_of(row.authority_code)
        least = clocks.publicity_end(published_on, self._calendar, settings)
        return selection.check_publicity_end(published_on, max(told, least.due_on), self._calendar, settings)

    def _write(self, changes: list[Change]) -> None:
        if not changes:
            return
        ids = [change.row.id for change in changes]
        states = {
            row.id: row.state
            for row in db.session.execute(
                _CHANGE,
                {
                    "now": self.now,
                    "ids": ids,
                    "dues": [change.clock.due_on for change in changes],
                    "ends": [change.clock.due_at for change in changes],
                    "starts": [change.clock.starts_on for change in changes],
                    "provisional": [change.clock.provisional for change in changes],
                },
            )
        }
        for statement in _FOLLOWERS:
            db.session.execute(text(statement), {"ids": ids})
        self._write_history([change for change in changes if change.row.id in states], states)

    def _write_history(self, changes: list[Change], states: dict[uuid.UUID, str]) -> None:
        db.session.execute(
            _HISTORY,
            {
                "at": self.now,
                "reason": self.reason,
                "run": self.run_id,
                # One text for them all: an array of as many texts takes far longer to write down.
                "changes": json.dumps(
                    [
                        {
                            "id": str(c.row.id),
                            "before": _picture(c.row.due_on, c.row.due_at, c.row.provisional, c.row.state),
                            "after": _picture(c.clock.due_on, c.clock.due_at, c.clock.provisional, states[c.row.id]),
                        }
                        for c in changes
                    ]
                ),
            },
        )
        events.record_many(
            "deadline_moved",
            actor=SYSTEM_ACTOR,
            now=self.now,
            facts=(
                Fact(
                    change.row.subject_type,
                    change.row.subject_id,
                    organisation_id=change.row.organisation_id,
                    authority_code=change.row.authority_code,
                    before=change.row.due_on.isoformat(),
                    after=change.clock.due_on.isoformat(),
                    rule=change.row.rule,
                    data={"kind": change.row.kind, "reason": self.reason.partition(":")[2]},
                )
                for change in changes
                if change.moved
            ),
        )


def _picture(due_on: date, due_at: datetime, provisional: bool, state: str) -> dict[str, Any]:
    return {"due_on": due_on.isoformat(), "due_at": due_at.isoformat(), "provisional": provisional, "state": state}


def list_moved(run_id: uuid.UUID) -> dict[uuid.UUID, list[Row[Any]]]:
    """What a run moved, by organisation: deadline, kind, label, authority, was_on, due_on."""
    query = text(
        """
        select c.organisation_id, c.authority_code, d.kind, d.subject_label, d.rule, o.name as organisation,
               (c.before ->> 'due_on')::date as was_on, (c.after ->> 'due_on')::date as due_on
          from deadline_changes c join deadlines d on d.id = c.deadline_id
          join organisations o on o.id = c.organisation_id
         where c.run_id = :run and c.before ->> 'due_on' <> c.after ->> 'due_on'
         order by c.organisation_id, due_on, c.id
        """
    )
    found: dict[uuid.UUID, list[Row[Any]]] = defaultdict(list)
    for row in db.session.execute(query, {"run": run_id}):
        found[row.organisation_id].append(row)
    return found
