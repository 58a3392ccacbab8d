"""Renewals (续期) of the authority's organisations: opening them, late applications, supplements that did not come."""

from __future__ import annotations

import base64
import uuid
from datetime import date, timedelta
from typing import Any

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.filings.models import Filing
from app.lifecycle.filings.queries import get_filing
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.renewals import deciding, ending, queries
from app.lifecycle.renewals.grading import is_application_accepted
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.planning import get_plan
from app.lifecycle.renewals.self_assessing import sheet_of
from app.lifecycle.renewals.services import begin_renewal
from app.lifecycle.submissions.queries import list_tasks_of
from app.lifecycle.trail import last_change
from app.rules import clocks
from app.rules.core import N_
from app.rules.renewal import GRADE_LABELS, Grade
from app.rules.states import (
    FILED_ITEM,
    FILING,
    PANEL,
    PANEL_KIND_LABELS,
    RENEWAL_CYCLE,
    PanelKind,
    PanelState,
    RenewalState,
)
from app.web.access import authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Steps, typed, typed_date
from app.web.dates import local
from app.web.guards import actor
from app.web.renewing import GRADE_TONES, steps_of
from app.web.wording import LEVELS, timeline_rows
from tenants import events

PAGE_SIZE = 30
AHEAD = timedelta(days=30)
ACCESS |= {"bureau.renewals": authority(), "bureau.renewal": authority()}


def _read_cursor(text: str | None) -> tuple[date, uuid.UUID] | None:
    try:
        day, _, row_id = base64.urlsafe_b64decode((text or "").encode()).decode().partition("|")
        return date.fromisoformat(day), uuid.UUID(row_id)
    except ValueError:
        return None


@blueprint.get("/renewals")
def renewals() -> ResponseReturnValue:
    """Everyone whose renewal is open, the nearest end of period first; what is to be opened stands above."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    code, today = authority_code(), local(g.now).date()
    state = request.args.get("state", "live")
    wanted = state if state == "live" or state in RENEWAL_CYCLE.states else ""
    rows = queries.list_cycles(
        code,
        state=wanted,
        text=request.args.get("q", "")[:100],
        after=_read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    last = rows[-1] if more else None
    cursor = f"{last.FilingPeriod.valid_to}|{last.RenewalCycle.id}" if last else ""
    page = render_template(
        "bureau/renewals.html",
        rows=rows,
        unopened=queries.list_unopened(code, until=today + AHEAD),
        today=today,
        problems=problems,
        machine=RENEWAL_CYCLE,
        state=wanted,
        is_narrowed=wanted not in ("", "live") or bool(request.args.get("q")),
        next_cursor=base64.urlsafe_b64encode(cursor.encode()).decode() if cursor else None,
    )
    return page, 422 if problems else 200


def _find_filing(filing_id: uuid.UUID) -> Filing:
    return get_filing(filing_id) or abort(404)


_opening = Steps(
    "/filings/<uuid:filing_id>", "bureau.renewals", find=_find_filing, page=lambda _, problems: _list(problems)
)


def _page_after_opening(filing: Filing) -> str:
    return url_for("bureau.renewals", q=filing.institution_code)


@_opening.step("/open-renewal", done=N_("已开启续期,单位会收到通知。"), target=_page_after_opening)
def renewal_open(*, filing_id: uuid.UUID) -> None:
    """Open the renewal of a filing whose window has come."""
    begin_renewal(actor=actor(), filing=_find_filing(filing_id), now=g.now)


def find_renewal(cycle_id: uuid.UUID) -> RenewalCycle:
    return queries.find_cycle(cycle_id) or abort(404)


@blueprint.get("/renewals/<uuid:cycle_id>")
def renewal(cycle_id: uuid.UUID) -> ResponseReturnValue:
    """One renewal."""
    return page_of(cycle_id)


def page_of(cycle_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    """The renewal's page, with what went wrong."""
    cycle = find_renewal(cycle_id)
    supplement = find_deadline(ending.SUPPLEMENT, cycle.id)
    today = local(g.now).date()
    page = render_template(
        "bureau/renewal.html",
        cycle=cycle,
        filing=cycle.filing,
        organisation=cycle.filing.organisation,
        problems=problems,
        own=cycle.authority_code == authority_code(),
        seen=last_change("renewal_cycle", cycle.id),
        machine=RENEWAL_CYCLE,
        filing_machine=FILING,
        item_machine=FILED_ITEM,
        levels=LEVELS,
        grades=GRADE_LABELS,
        close=find_deadline(ending.CLOSE, cycle.id),
        supplement=supplement if cycle.state == RenewalState.SUPPLEMENT_REQUESTED else None,
        may_lapse=cycle.state == RenewalState.SUPPLEMENT_REQUESTED
        and supplement is not None
        and clocks.is_over(supplement.due_at, g.now),
        may_admit=cycle.state == RenewalState.NOT_APPLIED and today <= cycle.period.valid_to,
        today=today,
        may_decide_exempt=cycle.state == RenewalState.EXEMPT_ELIGIBLE,
        may_decline=today <= cycle.period.valid_to,
        may_issue=cycle.state == RenewalState.RENEWAL_DECIDED,
        occupations=deciding.occupations_of(cycle.filing),
        least=load_settings(cycle.authority_code).activity_min_candidates,
        exit_case=find_exit_of_filing(cycle.filing_id),
        rectification=find_of_cycle(cycle.id) if cycle.grade == Grade.UNQUALIFIED else None,
        tasks=list_tasks_of(cycle.id),
        **_assessment(cycle),
        typed=_typed(),
        events=timeline_rows(events.list_for_subject("renewal_cycle", cycle.id, limit=50)),
    )
    return page, 422 if problems else 200


def _typed() -> dict[str, Any]:
    return {name: request.form.get(name, "") for name in ("until", "reason", "grade", "grade_reason")} | {
        key: value for key, value in request.form.items() if key.startswith(("candidates-", "kept-", "defects-"))
    }


steps = Steps("/renewals/<uuid:cycle_id>", "bureau.renewal", find=find_renewal, page=page_of)


def _assessment(cycle: RenewalCycle) -> dict[str, Any]:
    """Its panels, what is to be done with them next, and the grade."""
    panels = panel_queries.list_of_renewal(cycle.id)
    live = next((one for one in panels if one.kind == PanelKind.PERIODIC and one.state != PanelState.DISSOLVED), None)
    waits = cycle.state in (RenewalState.APPLIED, RenewalState.UNDER_ASSESSMENT) and live is None
    return {
        "panels": panels,
        "panel_machine": PANEL,
        "panel_kinds": PANEL_KIND_LABELS,
        "live_panel": live,
        "waits_for_panel": waits,
        "may_open": waits and is_application_accepted(cycle),
        "may_grade": cycle.state == RenewalState.SUGGESTED,
        "grade_tones": GRADE_TONES,
        "steps": steps_of(cycle),
        "template": sheet_of(cycle),
        "plan": get_plan(cycle.plan_id) if cycle.plan_id else None,
    }


def seen_change() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() else None


@steps.step("/admit", done=N_("已准予逾期申请,单位会收到通知。"))
def renewal_admit(*, cycle_id: uuid.UUID) -> None:
    """Let an organisation apply late, with a reason."""
    ending.admit_late(
        actor=actor(),
        cycle_id=cycle_id,
        until=typed_date("until"),
        reason=typed("reason", 1000),
        expected=seen_change(),
        now=g.now,
    )


@steps.step("/lapse", done=N_("已认定逾期未补正,单位会收到通知。"))
def renewal_lapse(*, cycle_id: uuid.UUID) -> None:
    """Confirm that a supplement did not come."""
    ending.lapse_supplement(
        actor=actor(), cycle_id=cycle_id, reason=typed("reason", 1000), expected=seen_change(), now=g.now
    )


@steps.step("/exempt", done=N_("已确认免于评估,准予续期。请填写各职业开展评价的情况并发放续期备案回执。"))
def renewal_exempt(*, cycle_id: uuid.UUID) -> None:
    """Renew without assessment after two excellent periods."""
    deciding.confirm_exempt(actor=actor(), cycle_id=cycle_id, expected=seen_change(), now=g.now)


@steps.step("/assess", done=N_("仍予定期评估,单位会收到通知。"))
def renewal_assess(*, cycle_id: uuid.UUID) -> None:
    """Assess it nevertheless."""
    deciding.decline_exempt(
        actor=actor(), cycle_id=cycle_id, reason=typed("reason", 1000), expected=seen_change(), now=g.now
    )


def _activity(cycle_id: uuid.UUID) -> dict[str, deciding.Activity]:
    """What the form says of each occupation; a field that is no number is left out, and asked for again."""
    found = {}
    for code in deciding.occupations_of(find_renewal(cycle_id).filing):
        text = typed(f"candidates-{code}", 10)
        if text.isdigit():
            found[code] = deciding.Activity(int(text), typed(f"kept-{code}", 500))
    return found


@steps.step("/receipt", done=N_("已发放续期备案回执,正在制作。"), anchor="#papers")
def renewal_receipt(*, cycle_id: uuid.UUID) -> None:
    """Issue the renewal receipt."""
    deciding.issue_renewal_receipt(
        actor=actor(), cycle_id=cycle_id, activity=_activity(cycle_id), expected=seen_change(), now=g.now
    )


@steps.step("/no-items", done=N_("已决定不予续期,该机构移出目录,请办理退出收尾。"))
def renewal_no_items(*, cycle_id: uuid.UUID) -> None:
    """No occupation was assessed: nothing to renew."""
    deciding.lapse_without_items(
        actor=actor(), cycle_id=cycle_id, reason=typed("reason", 1000), expected=seen_change(), now=g.now
    )
