"""Panels (评估组) at the bureau's desk: forming, methods, the matrix, opinion and conclusion (R17–R22, R30–R32)."""

from __future__ import annotations

import uuid

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.custody.models import BankDownloadSwitch
from app.lifecycle.custody.queries import list_banks
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.experts import queries as pool
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.queries import PoolFilter
from app.lifecycle.incubation import acceptance
from app.lifecycle.panels import assessing, drawing, forming, queries, reading, seats
from app.lifecycle.panels.assessing import ItemOpinion
from app.lifecycle.panels.models import Panel, ScoreSheet
from app.lifecycle.panels.queries import Matrix, PanelFilter
from app.rules.banks import CONCLUSION_LABELS
from app.rules.core import N_
from app.rules.panels import EXPERT_TYPES, PANEL_RULES, find_conflicts
from app.rules.renewal import GRADE_LABELS, suggest_grade
from app.rules.selection import REMARKS
from app.rules.states import PANEL, PANEL_KIND_LABELS, PANEL_MEMBER, PanelKind, PanelState
from app.web import wording
from app.web.access import authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.case_files import lists_of
from app.web.bureau.desk import Steps, typed, typed_date, typed_ids
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import form_id, shown_version
from app.web.guards import actor
from tenants import events
from uploads.models import Purpose

PAGE_SIZE = 30
ACCESS |= {"bureau.panels": authority(), "bureau.panel": authority()}
SHOWN = {
    "": (),
    "open": (PanelState.FORMING, PanelState.FORMED, PanelState.ASSESSING, PanelState.OPINIONS_IN),
    "concluded": (PanelState.CONCLUDED,),
    "dissolved": (PanelState.DISSOLVED,),
}


@blueprint.get("/panels")
def panels() -> ResponseReturnValue:
    """The authority's panels, those at work first."""
    show = request.args.get("show", "open")
    show = show if show in SHOWN else "open"
    kind = request.args.get("kind", "")
    wanted = PanelFilter(
        states=SHOWN[show],
        kind=kind if kind in PANEL_KIND_LABELS else "",
        text=request.args.get("q", "")[:100],
    )
    rows = queries.list_panels(
        authority_code(), wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "bureau/panels.html",
        rows=rows,
        show=show,
        kind=wanted.kind,
        kind_labels=PANEL_KIND_LABELS,
        machine=PANEL,
        is_narrowed=bool(wanted.kind or wanted.text),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@blueprint.get("/panels/<uuid:panel_id>")
def panel(panel_id: uuid.UUID) -> ResponseReturnValue:
    """One panel with the step it is at."""
    return page_of(panel_id)


def _panel(panel_id: uuid.UUID) -> Panel:
    return queries.get_panel(panel_id) or abort(404)


def page_of(panel_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    """The panel's page, with what went wrong."""
    row = _panel(panel_id)
    sheets = queries.list_sheets(panel_id)
    people = queries.panelists(row)
    forming_now = row.state == PanelState.FORMING and row.authority_code == authority_code()
    gaps = queries.find_gaps(row)
    matrices = matrices_of(row, sheets)
    page = render_template(
        "bureau/panel.html",
        panel=row,
        problems=problems,
        own=row.authority_code == authority_code(),
        machine=PANEL,
        member_machine=PANEL_MEMBER,
        kind_labels=PANEL_KIND_LABELS,
        types=EXPERT_TYPES,
        methods=PANEL_RULES[row.kind].methods,
        method_files=lists_of(
            Purpose.panel_method,
            [entry.id for entry in row.methods],
            open_for=row.authority_code == authority_code() and row.state in queries.AT_WORK,
        ),
        rule=PANEL_RULES[row.kind],
        is_bank=row.kind == PanelKind.QUESTION_BANK,
        switch=db.session.get(BankDownloadSwitch, row.id),
        banks=list_banks(row),
        template=queries.template_of(row),
        matrices=matrices,
        by_score=grade_by_score(row, matrices),
        grades=grades_of(row),
        grade_labels=GRADE_LABELS,
        back=_back(row),
        sheets=sheets,
        standing=queries.is_on(row, queries.STANDING),
        seated=queries.is_on(row, queries.SEATED),
        warnings=[refusal_text(one) for one in gaps] if row.state in queries.AT_WORK or forming_now else [],
        conflicts=[refusal_text(one) for one in find_conflicts(people, row.uscc)],
        candidates=_candidates(row) if forming_now else [],
        remarks={} if row.renewal_cycle_id else REMARKS,
        conclusions=CONCLUSION_LABELS,
        events=wording.timeline_rows(events.list_for_subject("panel", panel_id)),
    )
    return page, 422 if problems else 200


def matrices_of(row: Panel, sheets: list[ScoreSheet]) -> list[tuple[str, Matrix]]:
    """One matrix for a selection, one for each bank in its latest round; named by the item."""
    template, line = queries.template_of(row), queries.pass_line(row)
    if row.kind != PanelKind.QUESTION_BANK:
        cycle = reading.get_renewal(row)
        return [
            ("", queries.make_matrix(template, sheets, line=line, self_scores=cycle.self_scores if cycle else None))
        ]
    made = []
    for item in row.items:
        latest = item.revision_rounds + 1
        own = [sheet for sheet in sheets if sheet.item_id == item.item_id and sheet.round == latest]
        made.append((item.label, queries.make_matrix(template, own, line=line)))
    return made


def grades_of(row: Panel) -> dict[str, str]:
    """The grades that a renewal's panel may suggest, in words; empty for other panels."""
    return {key: gettext(GRADE_LABELS[key]) for key in assessing.votes_of(row)} if row.renewal_cycle_id else {}


def grade_by_score(row: Panel, matrices: list[tuple[str, Matrix]]) -> str:
    """The grade whose band the panel's mean falls into (R55), for show; empty before there is one."""
    if not row.renewal_cycle_id or not matrices[0][1].totals:
        return ""
    return str(gettext(GRADE_LABELS[suggest_grade(matrices[0][1].mean, load_settings(row.authority_code))]))


def _back(row: Panel) -> str:
    if row.renewal_cycle_id is not None:
        return url_for("bureau.renewal", cycle_id=row.renewal_cycle_id)
    page = "bureau.incubation" if row.kind == PanelKind.QUESTION_BANK else "bureau.case"
    return url_for(page, application_id=row.application_id)


def _candidates(row: Panel) -> list[tuple[Expert, str]]:
    """Experts to choose from, each with the reason why not, if any."""
    kind = request.args.get("type", "")
    wanted = PoolFilter(
        text=request.args.get("q", "")[:100],
        expert_type=kind if kind in EXPERT_TYPES else "",
        occupation=request.args.get("occupation", "")[:20],
    )
    asked = {member.user_id for member in row.members}
    found = []
    for expert in pool.list_experts(wanted=wanted, limit=60):
        if expert.user_id is not None and expert.user_id in asked:
            continue
        refusals = find_conflicts([forming.as_panelist(row, expert, g.now)], row.uscc)
        why = refusal_text(refusals[0]) if refusals else ""
        found.append((expert, why or ("" if expert.user_id else str(gettext("账号开通中")))))
    return found


_steps = Steps("/panels/<uuid:panel_id>", "bureau.panel", find=_panel, page=page_of)


@_steps.step("/invite", done=N_("已发出邀请,专家会收到邮件和站内信。"), anchor="#members")
def panel_invite(panel_id: uuid.UUID) -> None:
    """Ask the ticked experts."""
    forming.invite_experts(
        actor=actor(),
        panel_id=panel_id,
        expert_ids=typed_ids("expert"),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/draw", done=N_("已随机抽取并发出邀请,种子和候选名单已记录。"), anchor="#members")
def panel_draw(panel_id: uuid.UUID) -> None:
    """Draw by lot."""
    count = typed("count", 2)
    drawing.draw_experts(
        actor=actor(),
        panel_id=panel_id,
        count=int(count) if count.isdigit() else 0,
        occupation=typed("occupation", 20),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/leader", done=N_("已指定组长。"), anchor="#members")
def panel_leader(panel_id: uuid.UUID) -> None:
    """Appoint the leader."""
    forming.appoint_leader(
        actor=actor(),
        panel_id=panel_id,
        member_id=form_id("member"),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/form", done=N_("评估组已确定,成员可以查看材料。"))
def panel_form(panel_id: uuid.UUID) -> None:
    """Determine the panel."""
    forming.form_panel(
        actor=actor(),
        panel_id=panel_id,
        composition_note=typed("composition_note", 500),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/start", done=N_("评估已开始。"))
def panel_start(panel_id: uuid.UUID) -> None:
    """Begin assessing."""
    assessing.start_panel(actor=actor(), panel_id=panel_id, expected_version=shown_version(), now=g.now)


@_steps.step("/dissolve", done=N_("评估组已撤销。"))
def panel_dissolve(panel_id: uuid.UUID) -> None:
    """Give it up."""
    forming.dissolve_panel(
        actor=actor(),
        panel_id=panel_id,
        reason=typed("reason", 500),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/remove", done=N_("已移出评估组。"), anchor="#members")
def panel_remove(panel_id: uuid.UUID) -> None:
    """Take a member off."""
    seats.remove_member(
        actor=actor(),
        panel_id=panel_id,
        member_id=form_id("member"),
        reason=typed("reason", 500),
        for_conflict=request.form.get("why") == "conflict",
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/methods", done=N_("已记录评估方式。"), anchor="#methods")
def panel_method(panel_id: uuid.UUID) -> None:
    """Record how the panel worked (R20)."""
    assessing.log_method(
        actor=actor(),
        panel_id=panel_id,
        method=typed("method", 40),
        held_on=typed_date("held_on"),
        place=typed("place", 200),
        people=typed("people", 500),
        minutes=typed("minutes"),
        now=g.now,
    )


def opinions_from_form(row: Panel) -> dict[uuid.UUID, ItemOpinion]:
    """What the form says of each item."""
    return {
        item.item_id: ItemOpinion(
            typed(f"verdict-{item.item_id}", 20),
            typed(f"comment-{item.item_id}", 2000),
            typed(f"departure-{item.item_id}", 1000),
        )
        for item in row.items
    }


@_steps.step("/opinion", done=N_("已记录评估意见。"), anchor="#opinion")
def panel_opinion(panel_id: uuid.UUID) -> None:
    """Take down the panel's opinion from its signed paper."""
    assessing.record_opinion(
        actor=actor(),
        panel_id=panel_id,
        opinion=typed("opinion"),
        items=opinions_from_form(_panel(panel_id)),
        remarks={key: typed(f"remark-{key}", 2000) for key in REMARKS},
        grade=typed("grade", 20),
        expected_version=shown_version(),
        now=g.now,
    )


@_steps.step("/conclude", done=N_("评估意见已出具。"))
def panel_conclude(panel_id: uuid.UUID) -> None:
    """Conclude the panel of a selection or a renewal."""
    assessing.conclude_panel(actor=actor(), panel_id=panel_id, expected_version=shown_version(), now=g.now)


@_steps.step("/items/<uuid:item_id>", done=N_("已出具该项结论。"), anchor="#opinion")
def panel_item(panel_id: uuid.UUID, item_id: uuid.UUID) -> None:
    """Give effect to the conclusion on one bank (R32–R34)."""
    acceptance.conclude_bank(
        actor=actor(), panel_id=panel_id, item_id=item_id, expected_version=shown_version(), now=g.now
    )


@_steps.step("/take-up", done=N_("修改后的题库已交评估组复核。"))
def panel_take_up(panel_id: uuid.UUID) -> None:
    """The revised banks go before the panel again."""
    acceptance.take_up_revision(actor=actor(), panel_id=panel_id, expected_version=shown_version(), now=g.now)
