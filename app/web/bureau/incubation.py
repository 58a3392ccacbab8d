"""The incubation board, one incubatee, guidance, bank panels and elimination (R26–R34)."""

from __future__ import annotations

import base64
import uuid
from datetime import date

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.incubation import acceptance, board, exceptions
from app.lifecycle.incubation.queries import find_commitment
from app.lifecycle.panels import forming
from app.lifecycle.panels import queries as panel_queries
from app.rules.banks import SCOPE_LABELS
from app.rules.states import APPLICATION, APPLICATION_ITEM, COMMITMENT, PANEL, QUESTION_BANK, BankState, PanelKind
from app.web import wording
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.case_files import lists_of
from app.web.bureau.desk import Page, case_of, perform, typed, typed_date, typed_ids
from app.web.forms import form_id
from app.web.guards import actor
from tenants import events
from uploads.models import Purpose

PAGE_SIZE = 30
ACCESS |= {
    "bureau.incubations": authority(),
    "bureau.incubation": authority(),
    "bureau.incubation_guidance": authority(Right.decide),
    "bureau.incubation_panel": authority(Right.decide),
    "bureau.incubation_eliminate": authority(Right.decide),
    "bureau.incubation_exception": authority(Right.decide),
}


def _read_cursor(text: str | None) -> tuple[date, uuid.UUID] | None:
    try:
        day, _, row_id = base64.urlsafe_b64decode((text or "").encode()).decode().partition("|")
        return date.fromisoformat(day), uuid.UUID(row_id)
    except ValueError:
        return None


@blueprint.get("/incubation")
def incubations() -> ResponseReturnValue:
    """Everyone in the 180 days, the nearest last day first."""
    code, today = authority_code(), board.today_of(g.now)
    rows = board.list_board(
        code,
        today=today,
        text=request.args.get("q", "")[:100],
        after=_read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    last = rows[-1].application if rows else None
    cursor = f"{last.incubation_due_on}|{last.id}" if more and last else ""
    return render_template(
        "bureau/incubations.html",
        rows=rows,
        counts=board.count_board(code, today=today),
        waiting=board.list_banks_ready(code),
        bank_machine=QUESTION_BANK,
        item_label=wording.item_label,
        next_cursor=base64.urlsafe_b64encode(cursor.encode()).decode() if cursor else None,
    )


@blueprint.get("/incubation/<uuid:application_id>")
def incubation(application_id: uuid.UUID) -> ResponseReturnValue:
    """One incubatee."""
    return _page(application_id)


def _page(application_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    application = case_of(application_id)
    if application.incubation_start_on is None:
        abort(404)
    commitment = find_commitment(application_id)
    outcomes = board.outcomes_of(application_id)
    guidance = board.list_guidance(application_id)
    page = render_template(
        "bureau/incubation.html",
        case=application,
        row=board.board_row(application, signed=commitment is not None, today=board.today_of(g.now)),
        commitment=commitment,
        commitment_machine=COMMITMENT,
        problems=problems,
        own=application.authority_code == authority_code(),
        machine=APPLICATION,
        item_machine=APPLICATION_ITEM,
        bank_machine=QUESTION_BANK,
        panel_machine=PANEL,
        outcomes=outcomes,
        verdicts={item.id: acceptance.verdict_of(item, outcomes) for item in application.items},
        ready=[item for item in application.items if _waits(item.id, item.bank_state)],
        panels=[one for one in panel_queries.list_of_application(application_id) if one.kind == "question_bank"],
        guidance=guidance,
        guidance_files=lists_of(
            Purpose.guidance,
            [entry.id for entry in guidance],
            open_for=application.authority_code == authority_code(),
        ),
        scopes=SCOPE_LABELS,
        exceptions=exceptions.exceptions_of(application, g.now),
        item_label=wording.item_label,
        today_iso=board.today_of(g.now).isoformat(),
        events=wording.timeline_rows(events.list_for_subject("application", application_id)),
    )
    return page, 422 if problems else 200


def _waits(item_id: uuid.UUID, bank_state: str) -> bool:
    return bank_state == BankState.ACCEPTED_FOR_PANEL and panel_queries.find_bank_panel(item_id) is None


def _again(application_id: uuid.UUID) -> Page:
    return lambda problems: _page(application_id, problems)


@blueprint.post("/incubation/<uuid:application_id>/guidance")
def incubation_guidance(application_id: uuid.UUID) -> ResponseReturnValue:
    """Record guidance."""
    case_of(application_id)
    return perform(
        lambda: acceptance.log_guidance(
            actor=actor(),
            application_id=application_id,
            held_on=typed_date("held_on"),
            topic=typed("topic", 200),
            note=typed("note"),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.incubation", application_id=application_id) + "#guidance",
        done=gettext("已记录指导情况。"),
    )


@blueprint.post("/incubation/<uuid:application_id>/panel")
def incubation_panel(application_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a question-bank panel for the ticked items."""
    case_of(application_id)
    made: list[uuid.UUID] = []

    def create() -> None:
        panel = forming.create_panel(
            actor=actor(),
            application_id=application_id,
            kind=PanelKind.QUESTION_BANK,
            item_ids=typed_ids("item"),
            now=g.now,
        )
        made.append(panel.id)

    answer = perform(
        create, page=_again(application_id), target="/", done=gettext("已开始组建题库评估组,请邀请3—5名专家。")
    )
    if made and not isinstance(answer, tuple):
        answer.headers["Location"] = url_for("bureau.panel", panel_id=made[0])  # type: ignore[union-attr]
    return answer


@blueprint.post("/incubation/<uuid:application_id>/eliminate")
def incubation_eliminate(application_id: uuid.UUID) -> ResponseReturnValue:
    """Naturally eliminate at a scope, with its cascade (R34)."""
    case_of(application_id)
    scope = typed("scope", 20)
    if scope not in SCOPE_LABELS:
        abort(400)
    return perform(
        lambda: acceptance.eliminate(
            actor=actor(),
            application_id=application_id,
            scope=scope,
            item_id=form_id("item"),
            reason=typed("reason", 1000),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.incubation", application_id=application_id),
        done=gettext("已作出自然淘汰决定,单位会收到通知。"),
    )


@blueprint.post("/incubation/<uuid:application_id>/exception")
def incubation_exception(application_id: uuid.UUID) -> ResponseReturnValue:
    """Let one bank be handed in after the last day, with a reason (R27)."""
    case_of(application_id)
    return perform(
        lambda: exceptions.allow_late_hand_in(
            actor=actor(),
            application_id=application_id,
            item_id=form_id("item"),
            until=typed_date("until"),
            reason=typed("reason", 1000),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.incubation", application_id=application_id),
        done=gettext("已登记例外,单位会收到通知。"),
    )
