"""What the end of the time for applying, and of the filing period, does to a renewal and to its filing (R46, R50)."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, find_deadline, set_deadline
from app.lifecycle.exits.opening import open_exit
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle, find_cycle_of_period
from app.lifecycle.renewals.services import open_renewal
from app.lifecycle.trail import check_last_change, need_reason
from app.rules import clocks, renewal
from app.rules.core import N_, Refusal
from app.rules.exit import ExitCause
from app.rules.renewal import EndOfPeriod
from app.rules.states import FILING, RENEWAL_CYCLE
from tenants import events, notices
from tenants.scope import Actor

CLOSE, SUPPLEMENT = "renewal_apply_close", "supplement_due"


def close_applications(*, actor: Actor, cycle: RenewalCycle, now: datetime) -> bool:
    """Nobody applied until the last day: the renewal is `not_applied`. Answers whether anything changed."""
    if renewal.deadline_event(cycle.state) != "deadline" or not clocks.is_over(
        clocks.end_of_day(cycle.apply_close_on), now
    ):
        return False
    move(actor, cycle, "deadline", "renewal_not_applied", now, apply_close_on=cycle.apply_close_on.isoformat())
    return True


def end_period(*, actor: Actor, filing: Filing, period: FilingPeriod, now: datetime) -> EndOfPeriod:
    """At 00:05 of the day after the last one: the filing waits for its assessment, leaves, or nothing (R46, R50).

    Run again, or by two schedulers, it does nothing: the filing's row is held, and its state says what was done.
    `filing.periods`, `filing.items` and `filing.organisation` must be loaded.
    """
    leaves = clocks.auto_exit_due(period.valid_to, load_calendar(), load_settings(filing.authority_code))
    if now < leaves.due_at:
        return EndOfPeriod.NOTHING
    cycle = find_cycle_of_period(period.id)
    outcome = renewal.end_of_period(filing.state, cycle.state if cycle else None, period.valid_to, now)
    if outcome is EndOfPeriod.EXPIRE:
        _wait(actor, filing, period, now)
    elif outcome is EndOfPeriod.EXIT:
        _leave(actor, filing, period, cycle or open_renewal(actor=actor, filing=filing, now=now), now)
    return outcome


def _wait(actor: Actor, filing: Filing, period: FilingPeriod, now: datetime) -> None:
    before, filing.state = filing.state, FILING.advance(filing.state, "expire", actor.kind)
    _record("filing_expired", actor, filing, now, before=before, rule="R46", valid_to=period.valid_to.isoformat())
    notices.tell(
        kind="filing_expired",
        now=now,
        link=paths.RENEWAL,
        organisation_id=filing.organisation_id,
        rule="R46",
        statutory=True,
        key=f"filing_expired:{period.id}",
        organisation=filing.organisation.name,
        number=filing.institution_code or "",
        ended_on=period.valid_to.isoformat(),
        may_operate=load_settings(filing.authority_code).operate_while_pending,
    )


def _leave(actor: Actor, filing: Filing, period: FilingPeriod, cycle: RenewalCycle, now: datetime) -> None:
    if renewal.deadline_event(cycle.state) == "deadline":
        move(actor, cycle, "deadline", "renewal_not_applied", now)
    move(actor, cycle, "exit", "renewal_auto_exited", now)
    for kind in (CLOSE, SUPPLEMENT):
        cancel_deadline(kind=kind, subject_id=cycle.id, now=now)
    open_exit(
        actor=actor,
        filing=filing,
        period=period,
        organisation=filing.organisation,
        cause=ExitCause.AUTOMATIC,
        removed_on=max(period.valid_to + timedelta(days=1), _lapsed_on(cycle, period, now)),
        now=now,
    )


def _lapsed_on(cycle: RenewalCycle, period: FilingPeriod, now: datetime) -> date:
    """One that waited and whose application lapsed leaves on the day this took effect; the others on the first day
    after their period, however late the scheduler came to it."""
    return now.astimezone(SHANGHAI).date() if cycle.applied_at is not None else period.valid_to


# The officer's part -------------------------------------------------------------------------------------------------


def admit_late(
    *, actor: Actor, cycle_id: uuid.UUID, until: date, reason: str, expected: int | None = None, now: datetime
) -> RenewalCycle:
    """Let an organisation apply that had not in time, until a day inside its period, with a reason (R50).

    Refusals: renewal_unknown, changed_meanwhile, late_renewal_never, filing_expired, late_until_wrong, reason_missing,
    transition_not_allowed.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    settings = load_settings(cycle.authority_code)
    renewal.check_can_admit_late(now.astimezone(SHANGHAI).date(), until, cycle.period.valid_to, reason, settings)
    reason = need_reason(reason, "R50")
    cycle.apply_close_on = until
    move(actor, cycle, "admit_late", "renewal_admitted_late", now, reason=reason, apply_close_on=until.isoformat())
    set_deadline(
        actor=actor,
        clock=renewal.admitted_close(now.astimezone(SHANGHAI).date(), until),
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        subject_label=cycle.filing.institution_code or "",
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        link=paths.RENEWAL,
        now=now,
        reason="admitted",
    )
    tell(cycle, N_("准予逾期提交续期申请"), "R50", now, reason=reason, due_on=until)
    return cycle


def lapse_supplement(
    *, actor: Actor, cycle_id: uuid.UUID, reason: str, expected: int | None = None, now: datetime
) -> RenewalCycle:
    """Confirm that a renewal's supplement did not come in time: it counts as not applied for (R50).

    Refusals: renewal_unknown, changed_meanwhile, supplement_not_requested, supplement_running, reason_missing.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    deadline = find_deadline(SUPPLEMENT, cycle.id)
    renewal.check_can_lapse(cycle.state, now, deadline.due_at if deadline else None)
    reason = need_reason(reason, "R50")
    move(actor, cycle, "lapse", "renewal_lapsed", now, reason=reason)
    cancel_deadline(kind=SUPPLEMENT, subject_id=cycle.id, now=now)
    tell(cycle, N_("续期申请逾期未补正,视为未按要求提交"), "R50", now, reason=reason)
    return cycle


def locked_cycle(cycle_id: uuid.UUID, *, actor: Actor, expected: int | None = None) -> RenewalCycle:
    """A renewal of the actor's own authority, held. Refusals: renewal_unknown, changed_meanwhile."""
    cycle = find_cycle(cycle_id, lock=True)
    if cycle is None or cycle.authority_code != actor.authority_code:
        raise Refusal("renewal_unknown", "R49", N_("没有找到这项续期,它可能不由本单位办理。请从列表重新进入。"))
    check_last_change(subject_type="renewal_cycle", subject_id=cycle.id, expected=expected)
    return cycle


def tell(
    cycle: RenewalCycle, title: str, rule: str, now: datetime, *, reason: str = "", due_on: date | None = None
) -> None:
    """Tell the organisation of a step; `title` is a msgid marked N_()."""
    notices.tell(
        kind="renewal_step",
        now=now,
        link=paths.RENEWAL,
        organisation_id=cycle.organisation_id,
        rule=rule,
        statutory=True,
        key=f"renewal:{cycle.id}:{title}:{now:%Y%m%d}",
        step=title,
        number=cycle.filing.institution_code or "",
        organisation=cycle.filing.organisation.name,
        reason=reason,
        due_on=due_on.isoformat() if due_on else "",
    )


def move(
    actor: Actor, cycle: RenewalCycle, event: str, name: str, now: datetime, *, rule: str = "R50", **data: Any
) -> None:
    """One step of B12 with its event."""
    before, cycle.state = cycle.state, RENEWAL_CYCLE.advance(cycle.state, event, actor.kind)
    note(name, actor, cycle, now, rule=rule, before=before, **data)


def note(
    name: str, actor: Actor, cycle: RenewalCycle, now: datetime, *, rule: str, before: str = "", **data: Any
) -> None:
    """An event of a renewal, which its organisation and its authority read."""
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        before=before or cycle.state,
        after=cycle.state,
        rule=rule,
        **data,
    )


def _record(name: str, actor: Actor, filing: Filing, now: datetime, *, before: str, rule: str, **data: str) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="filing",
        subject_id=filing.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        before=before,
        after=filing.state,
        rule=rule,
        **data,
    )
