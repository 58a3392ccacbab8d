"""Filings (备案). Here: taking over organisations that were filed before this service was there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sqlalchemy.exc import IntegrityError

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod
from app.rules import clocks, occupations
from app.rules import filing as filing_rules
from app.rules.core import N_, Refusal
from app.rules.states import FILED_ITEM, FILING, PeriodState
from tenants import events
from tenants.models import Organisation
from tenants.scope import Actor


@dataclass(frozen=True)
class NewItem:
    """One item taken over, as typed: the code may be in full-width characters."""

    occupation_code: str
    occupation_name: str
    skill_level: str
    work_type: str = ""


@dataclass(frozen=True)
class ImportedPeriod:
    """One period of a filing taken over; its end follows from the rules (R45). `grade` is None while it runs."""

    valid_from: date
    grade: str | None = None


def import_filing(
    *,
    actor: Actor,
    organisation: Organisation,
    institution_code: str,
    items: Sequence[NewItem],
    periods: Sequence[ImportedPeriod],
    now: datetime,
) -> Filing:
    """Take over an organisation filed before November 2024 with its past grades; the last period must be running.

    Raises Refusal: periods_not_contiguous, period_not_running, institution_code_taken, and those of the items.
    """
    institution_code = filing_rules.check_institution_code(institution_code, ())
    calendar, settings = load_calendar(), load_settings(organisation.authority_code)
    filing = Filing(
        id=uuid.uuid4(),
        organisation_id=organisation.id,
        authority_code=organisation.authority_code,
        institution_code=institution_code,
        state=FILING.advance(None, "import_legacy", actor.kind),
        created_at=now,
        items=[_item(organisation, position, item, actor) for position, item in enumerate(items, start=1)],
        periods=[
            FilingPeriod(
                id=uuid.uuid4(),
                organisation_id=organisation.id,
                authority_code=organisation.authority_code,
                period_no=number,
                valid_from=period.valid_from,
                valid_to=clocks.filing_end(period.valid_from, calendar, settings).due_on,
                state=PeriodState.COMPLETED if number < len(periods) else PeriodState.CURRENT,
                grade=period.grade,
                exempt=False,
            )
            for number, period in enumerate(periods, start=1)
        ],
    )
    _check_periods(filing.periods, now)
    _insert(filing, institution_code)
    current = filing.periods[-1]
    set_deadline(
        actor=actor,
        clock=clocks.filing_end(current.valid_from, calendar, settings),
        subject_type="filing_period",
        subject_id=current.id,
        subject_label=institution_code,
        organisation_id=organisation.id,
        authority_code=organisation.authority_code,
        link=paths.RENEWAL,
        now=now,
    )
    events.record(
        "filing_imported",
        actor=actor,
        now=now,
        subject_type="filing",
        subject_id=filing.id,
        organisation_id=organisation.id,
        authority_code=organisation.authority_code,
        after=filing.state,
        rule="R45",
        institution_code=institution_code,
        valid_to=current.valid_to.isoformat(),
    )
    return filing


def _item(organisation: Organisation, position: int, item: NewItem, actor: Actor) -> FiledItem:
    occupations.check_skill_level(item.skill_level)
    return FiledItem(
        id=uuid.uuid4(),
        organisation_id=organisation.id,
        authority_code=organisation.authority_code,
        position=position,
        occupation_code=occupations.normalise_code(item.occupation_code),
        occupation_name=item.occupation_name,
        work_type=item.work_type,
        skill_level=item.skill_level,
        state=FILED_ITEM.advance(None, "file", actor.kind),
    )


def _check_periods(periods: Sequence[FilingPeriod], now: datetime) -> None:
    for earlier, later in pairwise(periods):
        if (later.valid_from - earlier.valid_to).days != 1:
            raise Refusal("periods_not_contiguous", "R45", N_("各备案期应首尾相接,后一期自前一期期满次日起。"))
    today = now.astimezone(SHANGHAI).date()
    if not periods or not periods[-1].valid_from <= today <= periods[-1].valid_to:
        raise Refusal("period_not_running", "R45", N_("最后一个备案期应包含今天。请核对备案期首日。"))


def _insert(filing: Filing, institution_code: str) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(filing)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if diagnosis is not None and diagnosis.constraint_name == "uq_filings_institution_code":
            filing_rules.check_institution_code(institution_code, {institution_code})
        raise
