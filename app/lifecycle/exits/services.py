"""The tail of an exit (收尾): each line done or waived with a reason, closed only when none is open (R65).

And putting an automatic exit right that rested on a clerical error (R50)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import select

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.branches import retake_branch_slot
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline, reopen_deadline, set_deadline
from app.lifecycle.exits import queries
from app.lifecycle.exits.models import ExitCase, ExitEntry
from app.lifecycle.exits.opening import EXIT_DATA
from app.lifecycle.filings.models import Receipt
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.renewals.queries import find_cycle_of_period
from app.lifecycle.trail import check_unchanged, need_reason
from app.rules import clocks
from app.rules import exit as rules
from app.rules.core import N_, ActorKind, Refusal
from app.rules.states import EXIT_CASE, FILED_ITEM, FILING, FILING_PERIOD, RENEWAL_CYCLE, ExitState, FiledItemState
from tenants import events, notices
from tenants.scope import Actor

NOTE_LIMIT = 1000


def locked_exit(case_id: uuid.UUID, *, actor: Actor, expected_version: int | None = None) -> ExitCase:
    """A case of the actor's own authority, held. Refusals: exit_unknown, changed_meanwhile."""
    case = queries.get_exit(case_id, lock=True)
    if case is None or case.authority_code != actor.authority_code:
        raise Refusal("exit_unknown", "R65", N_("没有找到这个退出事项,它可能不由本单位办理。请从列表重新进入。"))
    check_unchanged(subject_type="exit_case", subject_id=case.id, version=case.version, expected=expected_version)
    return case


def settle_entry(
    *,
    actor: Actor,
    case_id: uuid.UUID,
    entry_id: uuid.UUID,
    done_on: date | None = None,
    note: str = "",
    waive_reason: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> ExitEntry:
    """A line of the checklist is done on a day, or waived with a reason, or (with neither) open again.

    Refusals: exit_unknown, changed_meanwhile, exit_not_closing, exit_entry_unknown, exit_done_on_wrong.
    """
    case = locked_exit(case_id, actor=actor, expected_version=expected_version)
    _check_closing(case)
    entry = queries.find_entry(case, entry_id)
    if entry is None:
        raise Refusal("exit_entry_unknown", "R65", N_("收尾清单中没有这一项。请刷新页面查看最新清单。"))
    today = now.astimezone(SHANGHAI).date()
    if done_on is not None and not case.removed_on <= done_on <= today:
        # What was done before the day itself is recorded on that day.
        raise Refusal(
            "exit_done_on_wrong",
            "R65",
            N_("完成日期应在移出目录之日%(first)s至今天之间。请重新填写。"),
            first=case.removed_on.isoformat(),
        )
    _settle(actor, case, entry, done_on, note, "" if done_on else waive_reason, now)
    return entry


def _settle(
    actor: Actor, case: ExitCase, entry: ExitEntry, done_on: date | None, note: str, waived: str, now: datetime
) -> None:
    before = _state_of(entry)
    entry.done_on, entry.note = done_on, note.strip()[:NOTE_LIMIT]
    entry.waived_reason = waived.strip()[:NOTE_LIMIT]
    entry.decided_at, entry.decided_by = now, actor.user_id
    case.version += 1
    if entry.key == rules.COMPLIANCE_DATA and not entry.is_open:
        meet_deadline(kind=EXIT_DATA, subject_id=case.id, now=now)
    name = "exit_entry_done" if done_on else "exit_entry_waived" if entry.waived_reason else "exit_entry_reopened"
    _record(name, actor, case, now, before=before, after=_state_of(entry), title=entry.label, reason=waived or note)


def _state_of(entry: ExitEntry) -> str:
    return "done" if entry.done_on else "waived" if entry.waived_reason else "open"


def settle_exit_data(*, actor: Actor, case: ExitCase, now: datetime) -> None:
    """The authority accepted the data: their line is done, unless it was settled by hand before."""
    entry = next((one for one in case.entries if one.key == rules.COMPLIANCE_DATA), None)
    if entry is not None and entry.done_on is None and case.state == ExitState.CLOSING:
        _settle(actor, case, entry, now.astimezone(SHANGHAI).date(), entry.note, "", now)


def close_exit(*, actor: Actor, case_id: uuid.UUID, expected_version: int | None = None, now: datetime) -> ExitCase:
    """End the tail; its checklist is issued as a document, the filing's last period is over.

    Refusals: exit_unknown, changed_meanwhile, exit_tail_open naming what is open (R65).
    """
    case = locked_exit(case_id, actor=actor, expected_version=expected_version)
    _check_closing(case)
    rules.check_can_close(
        {entry.key: entry.done_on for entry in case.entries},
        {entry.key: entry.waived_reason for entry in case.entries},
        {entry.key: entry.label for entry in case.entries},
    )
    before, case.state = case.state, EXIT_CASE.advance(case.state, "close", actor.kind)
    case.closed_at, case.closed_by = now, actor.user_id
    case.version += 1
    case.period.state = FILING_PERIOD.advance(case.period.state, "complete", actor.kind)
    cancel_deadline(kind=EXIT_DATA, subject_id=case.id, now=now)
    _record("exit_closed", actor, case, now, before=before, after=case.state, title=case.number)
    _tell(case, N_("退出备案收尾事项已办结"), "R65", now)
    reach(Milestone.exit_closed, actor=actor, now=now, case=case)
    return case


def reverse_exit(
    *, actor: Actor, case_id: uuid.UUID, reason: str, expected_version: int | None = None, now: datetime
) -> ExitCase:
    """Put an automatic exit right: the organisation stands in the directory again and hands its application in.

    Its period being over it waits for its assessment (R46) and may not run assessments; the application is asked for
    within the time of a supplement, and if it does not come the officer lets it lapse and the filing leaves again.
    Refusals: exit_unknown, changed_meanwhile, exit_final, reason_missing, branch_slot_taken,
    transition_not_allowed.
    """
    case = locked_exit(case_id, actor=actor, expected_version=expected_version)
    rules.check_can_reopen(case.cause, reason)
    reason = need_reason(reason, "R50")
    before, case.state = case.state, EXIT_CASE.advance(case.state, "reverse", actor.kind)
    case.reversed_at, case.reverse_reason = now, reason
    case.version += 1
    filing, was = case.filing, case.filing.state
    reopened = FILING.advance(was, "reopen", actor.kind)
    filing.state = FILING.advance(reopened, "expire", ActorKind.SYSTEM)
    for item in filing.items:
        if item.state == FiledItemState.ENDED_WITH_FILING:
            item.state = FILED_ITEM.advance(item.state, "reopen", actor.kind)
    _restore_receipt(case)
    retake_branch_slot(filing.application_id)
    cancel_deadline(kind=EXIT_DATA, subject_id=case.id, now=now)
    _ask_for_application(actor, case, now)
    _record("exit_reversed", actor, case, now, before=before, after=case.state, rule="R50", reason=reason)
    events.record(
        "filing_reinstated",
        actor=actor,
        now=now,
        subject_type="filing",
        subject_id=filing.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        before=was,
        after=filing.state,
        rule="R50",
        reason=reason,
    )
    outbox.add("app.lifecycle.directory.jobs.refresh", queue="default", key=f"directory:reversed:{case.id}")
    _tell(case, N_("自动退出已更正,请补交续期申请"), "R50", now, reason=reason, link=paths.RENEWAL)
    return case


def _restore_receipt(case: ExitCase) -> None:
    query = select(Receipt).where(Receipt.filing_id == case.filing_id, Receipt.state == "void")
    newest = db.session.scalars(query.order_by(Receipt.issued_at.desc()).limit(1)).first()
    if newest is not None:
        newest.state = "current"


def _ask_for_application(actor: Actor, case: ExitCase, now: datetime) -> None:
    cycle = find_cycle_of_period(case.period_id)
    if cycle is None:
        raise AssertionError("an automatic exit comes of a renewal that nobody applied for")
    before, cycle.state = cycle.state, RENEWAL_CYCLE.advance(cycle.state, "reinstate", actor.kind)
    cycle.applied_at = now
    settings = load_settings(case.authority_code)
    clock = clocks.supplement_due(now.astimezone(SHANGHAI).date(), load_calendar(), settings)
    set_deadline(
        actor=actor,
        clock=clock,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        subject_label=case.filing.institution_code or "",
        organisation_id=case.organisation_id,
        authority_code=case.authority_code,
        link=paths.RENEWAL,
        now=now,
    )
    reopen_deadline(kind="supplement_due", subject_id=cycle.id, now=now, ended=("met", "cancelled"))
    events.record(
        "renewal_reinstated",
        actor=actor,
        now=now,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        organisation_id=case.organisation_id,
        authority_code=case.authority_code,
        before=before,
        after=cycle.state,
        rule="R50",
        due_on=clock.due_on.isoformat(),
    )


def _check_closing(case: ExitCase) -> None:
    if case.state != ExitState.CLOSING:
        raise Refusal("exit_not_closing", "R65", N_("该退出事项不在收尾阶段,不能再办理收尾清单。请刷新页面。"))


def _tell(case: ExitCase, title: str, rule: str, now: datetime, *, reason: str = "", link: str = "") -> None:
    notices.tell(
        kind="selection_step",
        now=now,
        link=link or paths.EXIT,
        organisation_id=case.organisation_id,
        rule=rule,
        statutory=True,
        key=f"exit:{case.id}:{case.state}",
        title=title,
        number=case.filing.institution_code or case.number,
        organisation=case.organisation.name,
        reason=reason,
    )


def _record(
    name: str, actor: Actor, case: ExitCase, now: datetime, *, before: str, after: str, rule: str = "R65", **data: str
) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="exit_case",
        subject_id=case.id,
        organisation_id=case.organisation_id,
        authority_code=case.authority_code,
        before=before,
        after=after,
        rule=rule,
        number=case.number,
        **{key: value for key, value in data.items() if value},
    )
