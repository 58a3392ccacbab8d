"""Deciding a renewal without assessment after two excellent periods (R57), and what comes of the decision: the renewal
receipt (续期备案回执, R56) for the occupations that were assessed, or none where no occupation was (R60)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline, reopen_deadline, set_deadline
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.exits.opening import open_exit
from app.lifecycle.filings.issuing import add_receipt, find_receipt
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod, Receipt
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.renewals.ending import CLOSE, SUPPLEMENT, locked_cycle, move, tell
from app.lifecycle.renewals.exempting import history_of
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.trail import need_reason
from app.rules import clocks
from app.rules import renewal as rules
from app.rules.core import N_, Refusal
from app.rules.exit import ExitCause
from app.rules.states import FILED_ITEM, FILING, FILING_PERIOD, RenewalState
from tenants import events
from tenants.scope import Actor

MOST_CANDIDATES = 10_000_000


@dataclass(frozen=True)
class Activity:
    """What an officer states of one occupation: people assessed in the period, and why it is kept although idle."""

    candidates: int
    kept_reason: str = ""


def confirm_exempt(*, actor: Actor, cycle_id: uuid.UUID, expected: int | None = None, now: datetime) -> RenewalCycle:
    """「可免于评估」: the authority confirms (R57). Refusals: renewal_unknown, changed_meanwhile, not_exempt,
    transition_not_allowed."""
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    rules.check_exempt(history_of(cycle.filing), load_settings(cycle.authority_code))
    move(actor, cycle, "confirm_exempt", "renewal_exempt_confirmed", now, rule="R57")
    cycle.period.exempt = True
    cycle.decided_at = now
    tell(cycle, N_("连续两个备案期评估优秀,免于评估,准予续期"), "R57", now)
    return cycle


def decline_exempt(
    *, actor: Actor, cycle_id: uuid.UUID, reason: str, expected: int | None = None, now: datetime
) -> RenewalCycle:
    """「可」: the authority assesses it nevertheless; the organisation applies, with a month at least to do so (R57).

    Refusals: renewal_unknown, changed_meanwhile, reason_missing, filing_expired, transition_not_allowed.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    reason = need_reason(reason, "R57")
    today, valid_to = now.astimezone(SHANGHAI).date(), cycle.period.valid_to
    if today > valid_to:
        raise Refusal("filing_expired", "R57", N_("备案期已满,机构已不能申请续期。请确认免于评估。"))
    move(actor, cycle, "decline_exempt", "renewal_exempt_declined", now, rule="R57", reason=reason)
    cycle.decision_reason = reason
    counted = clocks.renewal_apply_close(valid_to, load_calendar(), load_settings(cycle.authority_code))
    until = min(valid_to, today + timedelta(days=30))
    close = counted if counted.due_on >= until else rules.admitted_close(today, until)
    cycle.apply_close_on = close.due_on
    _set(actor, close, "renewal_cycle", cycle.id, cycle.filing, now)
    reopen_deadline(kind=CLOSE, subject_id=cycle.id, now=now, ended=("met", "cancelled"))
    tell(cycle, N_("仍须参加定期评估,请开展自查自评并提交续期申请"), "R57", now, reason=reason, due_on=close.due_on)
    return cycle


def issue_renewal_receipt(
    *, actor: Actor, cycle_id: uuid.UUID, activity: Mapping[str, Activity], expected: int | None = None, now: datetime
) -> Receipt:
    """Issue the renewal receipt: a new period from the day after the old one, the code unchanged, idle occupations
    dropped (R56, R60). `activity` is by occupation code, one for each that is filed.

    Refusals: renewal_unknown, changed_meanwhile, activity_incomplete, renewal_not_decided, nothing_to_renew.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    filing, settings = cycle.filing, load_settings(cycle.authority_code)
    renewed, dropped = _split(cycle, activity)
    rules.check_can_issue_renewal_receipt(cycle.state, len(renewed), cycle.results_announced_on, settings)
    _keep_activity(cycle, activity)
    for item in renewed:
        item.state = FILED_ITEM.advance(item.state, "renew", actor.kind)
    for item in dropped:
        item.state = FILED_ITEM.advance(item.state, "not_renew", actor.kind)
    before, filing.state = filing.state, FILING.advance(filing.state, "renew", actor.kind)
    period, end = _next_period(actor, cycle, now)
    standing = find_receipt(filing.id)
    if standing is not None:
        standing.state = "superseded"
        db.session.flush()
    receipt = add_receipt(
        actor=actor, filing=filing, organisation=filing.organisation, level=filing.organisation.filing_level,
        period_id=period.id, kind="renewal", valid_from=period.valid_from, valid_to=period.valid_to, items=renewed,
        now=now,
    )  # fmt: skip
    move(actor, cycle, "issue_receipt", "renewal_receipt_issued", now, rule="R56", title=receipt.number)
    cycle.decided_at = now
    events.record(
        "filing_renewed",
        actor=actor,
        now=now,
        subject_type="filing",
        subject_id=filing.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        before=before,
        after=filing.state,
        rule="R56",
        title=receipt.number,
        sha256=receipt.content_sha256,
        dropped=[item.occupation_code for item in dropped],
    )
    meet_deadline(kind="filing_end", subject_id=cycle.period_id, now=now)
    for kind in (CLOSE, SUPPLEMENT):
        cancel_deadline(kind=kind, subject_id=cycle.id, now=now)
    _set(actor, end, "filing_period", period.id, filing, now)
    outbox.add("app.lifecycle.directory.jobs.refresh", queue="default", key=f"directory:{receipt.id}")
    tell(cycle, N_("准予续期备案,已发放续期备案回执"), "R56", now)
    reach(Milestone.renewal_receipt_issued, actor=actor, now=now, receipt=receipt, cycle=cycle, dropped=dropped)
    return receipt


def lapse_without_items(
    *,
    actor: Actor,
    cycle_id: uuid.UUID,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> ExitCase:
    """No filed occupation was assessed: nothing is renewed, and the filing leaves the directory (R60).

    Refusals: renewal_unknown, changed_meanwhile, renewal_not_decided, reason_missing.
    """
    cycle = locked_cycle(cycle_id, actor=actor, expected=expected)
    reason = need_reason(reason, "R60")
    if cycle.state != RenewalState.RENEWAL_DECIDED:
        raise Refusal("renewal_not_decided", "R56", N_("尚未准予续期,不能发放续期备案回执。请先评定等次。"))
    activity = dict.fromkeys(occupations_of(cycle.filing), Activity(0))
    _, dropped = _split(cycle, activity)
    _keep_activity(cycle, activity)
    cycle.decided_at, cycle.decision_reason = now, reason
    cycle.period.grade = cycle.final_grade
    for item in dropped:
        item.state = FILED_ITEM.advance(item.state, "not_renew", actor.kind)
    move(actor, cycle, "lapse_no_items", "renewal_lapsed_no_items", now, rule="R60", reason=reason)
    for kind in (CLOSE, SUPPLEMENT):
        cancel_deadline(kind=kind, subject_id=cycle.id, now=now)
    return open_exit(
        actor=actor,
        filing=cycle.filing,
        period=cycle.period,
        organisation=cycle.filing.organisation,
        cause=ExitCause.NO_ITEMS,
        removed_on=now.astimezone(SHANGHAI).date(),
        reason=reason,
        now=now,
    )


def occupations_of(filing: Filing) -> dict[str, str]:
    """The occupations that stand on a filing, code → name, in its order."""
    standing = [item for item in filing.items if FILED_ITEM.is_live(item.state)]
    return {item.occupation_code: item.occupation_name for item in standing}


def _split(cycle: RenewalCycle, activity: Mapping[str, Activity]) -> tuple[list[FiledItem], list[FiledItem]]:
    names = occupations_of(cycle.filing)
    missing = [name for code, name in names.items() if code not in activity]
    if missing or any(not 0 <= one.candidates <= MOST_CANDIDATES for one in activity.values()):
        raise Refusal(
            "activity_incomplete",
            "R60",
            N_("请逐个职业填写备案期内完成评价的人数(没有开展的填0):%(names)s。"),
            names="、".join(missing or names.values()),
        )
    standing = [item for item in cycle.filing.items if item.occupation_code in names and FILED_ITEM.is_live(item.state)]
    levels = [_level(cycle, item, activity[item.occupation_code]) for item in standing]
    renewed, _ = rules.split_for_renewal(levels, cycle.period.valid_to, load_settings(cycle.authority_code))
    kept = {(one.occupation, one.work_type, one.level) for one in renewed}
    chosen = [one for one in standing if (one.occupation_code, one.work_type, one.skill_level) in kept]
    return chosen, [one for one in standing if one not in chosen]


def _level(cycle: RenewalCycle, item: FiledItem, stated: Activity) -> rules.FiledLevel:
    return rules.FiledLevel(
        occupation=item.occupation_code,
        work_type=item.work_type,
        level=item.skill_level,
        # What is stated is of the occupation: R60 asks for no more.
        candidates=stated.candidates,
        filed_on=cycle.period.valid_from,
        kept_reason=stated.kept_reason,
    )


def _keep_activity(cycle: RenewalCycle, activity: Mapping[str, Activity]) -> None:
    names = occupations_of(cycle.filing)
    cycle.activity = [
        {
            "occupation_code": code,
            "occupation_name": name,
            "candidates": activity[code].candidates,
            "kept_reason": activity[code].kept_reason.strip(),
        }
        for code, name in names.items()
    ]


def _next_period(actor: Actor, cycle: RenewalCycle, now: datetime) -> tuple[FilingPeriod, clocks.Clock]:
    old = cycle.period
    old.state = FILING_PERIOD.advance(old.state, "complete", actor.kind)
    old.grade = cycle.final_grade
    db.session.flush()
    start: date = old.valid_to + timedelta(days=1)
    end = clocks.filing_end(start, load_calendar(), load_settings(cycle.authority_code))
    period = FilingPeriod(
        id=uuid.uuid4(),
        filing_id=cycle.filing_id,
        organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code,
        period_no=old.period_no + 1,
        valid_from=start,
        valid_to=end.due_on,
        state=FILING_PERIOD.advance(None, "start", actor.kind),
        grade=None,
        exempt=False,
    )
    db.session.add(period)
    db.session.flush()
    return period, end


def _set(actor: Actor, clock: clocks.Clock, subject: str, subject_id: uuid.UUID, filing: Filing, now: datetime) -> None:
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type=subject,
        subject_id=subject_id,
        subject_label=filing.institution_code or "",
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        link=paths.RENEWAL,
        now=now,
    )
