"""Who leaves the directory by itself within a week, who has left, and the tail of each exit (R50, R65)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from app.documents import contents, drafting
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.exits import queries, services
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.exits.opening import EXIT_DATA
from app.lifecycle.submissions.queries import list_tasks_of
from app.reminders import exits as coming
from app.rules.core import N_, Refusal
from app.rules.exit import CAUSE_LABELS, CAUSE_RULES, ExitCause
from app.rules.states import EXIT_CASE, ExitState
from app.web.access import authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Steps, typed, typed_date
from app.web.cursors import read_cursor, write_cursor
from app.web.dates import local
from app.web.guards import actor
from app.web.wording import timeline_rows
from tenants import events
from uploads.naming import disposition_of

PAGE_SIZE = 30
STATES = {"live": N_("办理中"), ExitState.CLOSED: N_("已办结"), ExitState.REJECTED: N_("已更正")}
ACCESS |= {"bureau.exits": authority(), "bureau.exit": authority(), "bureau.exit_draft": authority()}


@blueprint.get("/exits", endpoint="exits")
def list_exits() -> ResponseReturnValue:
    """Those of the coming week, with the way to put an error right; below them the exits, newest first."""
    code = authority_code()
    state = request.args.get("state", "")
    wanted = state if state in STATES else ""
    rows = queries.list_exits(
        code,
        state=wanted,
        text=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/exits.html",
        coming=coming.list_coming(code, now=g.now),
        rows=rows,
        live=queries.count_live(code),
        machine=EXIT_CASE,
        causes=CAUSE_LABELS,
        states=STATES,
        state=wanted,
        is_narrowed=bool(wanted or request.args.get("q")),
        next_cursor=write_cursor(rows[-1].opened_at, rows[-1].id) if more else None,
    )


def _find(case_id: uuid.UUID) -> ExitCase:
    return queries.get_exit(case_id) or abort(404)


@blueprint.get("/exits/<uuid:case_id>", endpoint="exit")
def one_exit(case_id: uuid.UUID) -> ResponseReturnValue:
    """One exit with its checklist."""
    return _page(case_id)


def _page(case_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    case = _find(case_id)
    page = render_template(
        "bureau/exit.html",
        case=case,
        problems=problems,
        own=case.authority_code == authority_code(),
        closing=case.state == ExitState.CLOSING,
        reversible=case.state == ExitState.CLOSING and case.cause == ExitCause.AUTOMATIC,
        machine=EXIT_CASE,
        cause=CAUSE_LABELS[case.cause],
        cause_rule=CAUSE_RULES[case.cause],
        open_count=sum(entry.is_open for entry in case.entries),
        deadline=find_deadline(EXIT_DATA, case.id),
        tasks=list_tasks_of(case.id),
        today_iso=local(g.now).date().isoformat(),
        typed=_typed(),
        events=timeline_rows(events.list_for_subject("exit_case", case.id, limit=50)),
    )
    return page, 422 if problems else 200


def _typed() -> dict[str, Any]:
    """What a refused form said, so that nothing is typed twice."""
    return {name: request.form.get(name, "") for name in ("entry", "done_on", "note", "reason")}


@blueprint.get("/exits/<uuid:case_id>/draft.pdf")
def exit_draft(case_id: uuid.UUID) -> ResponseReturnValue:
    """The checklist as it stands, marked as a draft, for printing before the case is closed."""
    case = _find(case_id)
    pdf = drafting.draft("exit_checklist", contents.exit_checklist(case), authority_code=case.authority_code, now=g.now)
    answer = Response(pdf, mimetype="application/pdf")
    name = f"{case.number} 收尾工作清单(草稿).pdf"
    answer.headers["Content-Disposition"] = disposition_of(name, plain="draft.pdf", inline=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


_steps = Steps("/exits/<uuid:case_id>", "bureau.exit", find=_find, page=_page)


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() else None


@_steps.step("/entries/<uuid:entry_id>/done", done=N_("已记录完成。"), anchor="#checklist")
def exit_entry_done(*, case_id: uuid.UUID, entry_id: uuid.UUID) -> None:
    """A line of the checklist is done."""
    services.settle_entry(
        actor=actor(),
        case_id=case_id,
        entry_id=entry_id,
        done_on=typed_date("done_on"),
        note=typed("note", services.NOTE_LIMIT),
        expected_version=_version(),
        now=g.now,
    )


@_steps.step("/entries/<uuid:entry_id>/waive", done=N_("已免除该项。"), anchor="#checklist")
def exit_entry_waive(*, case_id: uuid.UUID, entry_id: uuid.UUID) -> None:
    """A line of the checklist is waived, with a reason."""
    reason = typed("reason", services.NOTE_LIMIT)
    if not reason:
        raise Refusal("reason_missing", "R65", N_("免除收尾事项须填写理由。"))
    services.settle_entry(
        actor=actor(),
        case_id=case_id,
        entry_id=entry_id,
        waive_reason=reason,
        expected_version=_version(),
        now=g.now,
    )


@_steps.step("/entries/<uuid:entry_id>/reopen", done=N_("该项已改为未完成。"), anchor="#checklist")
def exit_entry_reopen(*, case_id: uuid.UUID, entry_id: uuid.UUID) -> None:
    """A line of the checklist is open again."""
    services.settle_entry(actor=actor(), case_id=case_id, entry_id=entry_id, expected_version=_version(), now=g.now)


@_steps.step("/close", done=N_("退出事项已办结,收尾工作清单正在出具。"))
def exit_close(*, case_id: uuid.UUID) -> None:
    """Close the case."""
    services.close_exit(actor=actor(), case_id=case_id, expected_version=_version(), now=g.now)


@_steps.step("/reverse", done=N_("已更正自动退出,该机构恢复列入目录,等待补交续期申请。"))
def exit_reverse(*, case_id: uuid.UUID) -> None:
    """Put an automatic exit right."""
    services.reverse_exit(
        actor=actor(), case_id=case_id, reason=typed("reason", 1000), expected_version=_version(), now=g.now
    )
