"""Opening a renewal (续期) when a filing period nears its end."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.filings.models import Filing
from app.lifecycle.filings.queries import current_period
from app.lifecycle.renewals.exempting import find_exempt
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle_of_period, find_plan
from app.rules import clocks, renewal
from app.rules.core import N_, Refusal
from app.rules.states import FILING, RENEWAL_CYCLE
from tenants import events, notices
from tenants.scope import Actor


def begin_renewal(*, actor: Actor, filing: Filing, now: datetime) -> RenewalCycle:
    """As `open_renewal`, and the organisation is told what to do until when; `filing.organisation` must be loaded.

    After two excellent periods its authority is asked instead whether to renew without assessment (R57).
    """
    cycle = open_renewal(actor=actor, filing=filing, now=now)
    if find_exempt(actor=actor, cycle=cycle, filing=filing, name=filing.organisation.name, now=now):
        return cycle
    notices.tell(
        kind="renewal_step",
        now=now,
        link=paths.RENEWAL,
        organisation_id=cycle.organisation_id,
        rule="R48",
        statutory=True,
        key=f"renewal_opened:{cycle.id}",
        step=N_("续期窗口已开启,请开展自查自评并提交续期申请"),
        number=filing.institution_code or "",
        organisation=filing.organisation.name,
        reason="",
        due_on=cycle.apply_close_on.isoformat(),
    )
    return cycle


def open_renewal(*, actor: Actor, filing: Filing, now: datetime) -> RenewalCycle:
    """Open the renewal of a filing's running period, once its window has opened (R46), with its deadline (R49).

    `filing.periods` must be loaded. Opening it again gives the one there is. Raises Refusal renewal_not_yet_open.
    """
    period = current_period(filing)
    if period is None:
        raise Refusal("filing_not_active", "R46", N_("备案已不在有效期内,不能开启续期。"))
    if cycle := find_cycle_of_period(period.id):
        return cycle
    calendar, settings = load_calendar(), load_settings(filing.authority_code)
    opens = clocks.renewal_open_on(period.valid_to, calendar, settings)
    if now < opens.due_at:
        raise Refusal(
            "renewal_not_yet_open",
            "R46",
            N_("续期窗口于%(on)s开启,现在还不能申请续期。"),
            on=opens.due_on.isoformat(),
        )
    today = now.astimezone(SHANGHAI).date()
    close = clocks.renewal_apply_close(period.valid_to, calendar, settings)
    # R47: the plan's own deadline and version of Annex 4, where one is published for this period's end.
    plan = find_plan(filing.authority_code, period.valid_to, period.valid_to)
    if plan is not None and plan.apply_close_on is not None and plan.apply_close_on >= today:
        close = renewal.planned_close(today, plan.apply_close_on)
    cycle = RenewalCycle(
        id=uuid.uuid4(),
        filing_id=filing.id,
        period_id=period.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        state=RENEWAL_CYCLE.advance(None, "open", actor.kind),
        opened_on=today,
        apply_close_on=close.due_on,
        plan_id=plan.id if plan else None,
        template_version=plan.template_version if plan else "",
    )
    db.session.add(cycle)
    filing.state = FILING.advance(filing.state, "open_renewal", "system")
    db.session.flush()
    set_deadline(
        actor=actor,
        clock=close,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        subject_label=filing.institution_code or "",
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        link=paths.RENEWAL,
        now=now,
    )
    events.record(
        "renewal_opened",
        actor=actor,
        now=now,
        subject_type="renewal_cycle",
        subject_id=cycle.id,
        organisation_id=filing.organisation_id,
        authority_code=filing.authority_code,
        after=cycle.state,
        rule="R47",
        apply_close_on=close.due_on.isoformat(),
        valid_to=period.valid_to.isoformat(),
    )
    return cycle
