"""Taking a filing out of the directory: its items end, its receipt is void, the tail begins (R50, R65)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from app import outbox
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.branches import free_branch_slot
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, set_deadline
from app.lifecycle.exits.models import ExitCase, ExitEntry
from app.lifecycle.filings.issuing import find_receipt
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.trail import new_number
from app.rules import clocks
from app.rules import exit as rules
from app.rules.core import ActorKind
from app.rules.states import EXIT_CASE, FILED_ITEM, FILING
from tenants import events, notices
from tenants.models import Organisation
from tenants.scope import Actor

EXIT_DATA = "exit_data_due"


def open_exit(
    *,
    actor: Actor,
    filing: Filing,
    period: FilingPeriod,
    organisation: Organisation,
    cause: str,
    removed_on: date,
    reason: str = "",
    now: datetime,
) -> ExitCase:
    """Remove a filing whose exit is decided, and begin its tail; `filing.items` must be loaded and the row held.

    The automatic exit skips its review (R50), which is recorded; who is told: the organisation and its authority.
    """
    before = filing.state
    filing.state = FILING.advance(before, rules.filing_event(cause), actor.kind)
    for item in filing.items:
        if FILED_ITEM.is_live(item.state):
            item.state = FILED_ITEM.advance(item.state, "end_with_filing", actor.kind)
    receipt = find_receipt(filing.id)
    if receipt is not None:
        receipt.state = "void"
    free_branch_slot(filing.application_id)
    _record("filing_exited", actor, now, "filing", filing.id, filing, before, filing.state, cause)
    case = _insert(actor, filing, period, cause, removed_on, now)
    _record("exit_opened", actor, now, "exit_case", case.id, filing, None, case.state, cause, reason)
    cancel_deadline(kind="filing_end", subject_id=period.id, now=now)
    due = clocks.exit_data_due(removed_on, load_calendar(), load_settings(filing.authority_code))
    set_deadline(
        actor=actor,
        clock=due,
        subject_type="exit_case",
        subject_id=case.id,
        subject_label=filing.institution_code or case.number,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        link=paths.EXIT,
        now=now,
    )
    outbox.add("app.lifecycle.directory.jobs.refresh", queue="default", key=f"directory:exit:{case.id}")
    _tell(case, organisation, filing, due.due_on, now)
    return case


def _insert(
    actor: Actor, filing: Filing, period: FilingPeriod, cause: str, removed_on: date, now: datetime
) -> ExitCase:
    settings = load_settings(filing.authority_code)
    state = EXIT_CASE.advance(None, "initiate", actor.kind)
    if not rules.needs_review(cause):
        state = EXIT_CASE.advance(state, "skip_review", ActorKind.SYSTEM)
    # Where it follows from the authority's decision on the renewal (R59, R60), that decision is its review.
    reviewed = ("review", "decide") if rules.needs_review(cause) else ()
    for event in (*reviewed, "remove", "start_closing"):
        state = EXIT_CASE.advance(state, event, actor.kind)
    case = ExitCase(
        id=uuid.uuid4(),
        number=new_number("TC", filing.authority_code, now),
        filing_id=filing.id,
        period_id=period.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        cause=cause,
        state=state,
        removed_on=removed_on,
        opened_at=now,
        version=1,
        entries=[
            ExitEntry(
                id=uuid.uuid4(),
                organisation_id=filing.organisation_id,
                authority_code=filing.authority_code,
                position=position,
                key=key,
                label=label,
                note="",
                waived_reason="",
            )
            for position, (key, label) in enumerate(rules.checklist_of(settings).items(), start=1)
        ],
    )
    db.session.add(case)
    db.session.flush()
    return case


def _record(
    name: str,
    actor: Actor,
    now: datetime,
    subject_type: str,
    subject_id: uuid.UUID,
    filing: Filing,
    before: str | None,
    after: str,
    cause: str,
    reason: str = "",
) -> None:
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type=subject_type,
        subject_id=subject_id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        before=before,
        after=after,
        rule=rules.CAUSE_RULES[cause],
        title=rules.CAUSE_LABELS[cause],
        review_skipped=not rules.needs_review(cause),
        institution_code=filing.institution_code,
        **({"reason": reason} if reason else {}),
    )


def _tell(case: ExitCase, organisation: Organisation, filing: Filing, due_on: date, now: datetime) -> None:
    rule = rules.CAUSE_RULES[case.cause]
    common: dict[str, Any] = {
        "organisation": organisation.name,
        "number": filing.institution_code or case.number,
        "cause": rules.CAUSE_LABELS[case.cause],
        "removed_on": case.removed_on.isoformat(),
        "due_on": due_on.isoformat(),
    }
    notices.tell(
        kind="exit_opened",
        now=now,
        link=paths.EXIT,
        organisation_id=case.organisation_id,
        rule=rule,
        statutory=True,
        key=f"exit_opened:{case.id}",
        **common,
    )
    notices.tell(
        kind="exit_opened_officer",
        now=now,
        link=paths.of_exit(case.id),
        authority_code=case.authority_code,
        rule=rule,
        key=f"exit_opened_officer:{case.id}",
        **common,
    )
