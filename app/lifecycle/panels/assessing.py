"""The panel at work: methods, score sheets, the opinion, its conclusion (R20–R22, R24)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import casework
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.panels import queries, seats, subjects
from app.lifecycle.panels.models import Panel, PanelItem, PanelMember, PanelMethod, ScoreSheet
from app.lifecycle.panels.recording import locked_panel, record, step
from app.lifecycle.trail import check_unchanged
from app.rules import banks
from app.rules import panels as rules
from app.rules.core import N_, Refusal
from app.rules.renewal import Grade
from app.rules.states import (
    PANEL_MEMBER,
    BankState,
    MemberState,
    PanelKind,
    PanelState,
)
from tenants.scope import Actor

SELECTION_VOTES = ("recommend", "not_recommend")
BANK_VOTES = tuple(banks.Conclusion)
GRADE = "grade"
"""The one vote of a renewal's sheet (R54)."""


def start_panel(*, actor: Actor, panel_id: uuid.UUID, expected_version: int | None = None, now: datetime) -> Panel:
    """Begin assessing; from here sheets can be submitted. Banks and their items move with it (R32)."""
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    step(actor, panel, "start", "panel_started", now)
    panel.started_at = panel.started_at or now
    if panel.kind == PanelKind.QUESTION_BANK:
        application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
        for item in application.items:
            if item.id in _item_ids(panel) and item.bank_state == BankState.PANEL_ASSIGNED:
                casework.move_bank(actor=actor, item=item, event="start_assessment")
                casework.move_item(actor=actor, item=item, event="start_bank_assessment")
        casework.note("bank_assessment_started", actor=actor, application=application, now=now, rule="R32")
    # Someone may have submitted before a re-forming: then nothing is left to wait for.
    seats.settle(actor=actor, panel=panel, now=now)
    return panel


def _item_ids(panel: Panel) -> set[uuid.UUID]:
    return {row.item_id for row in panel.items}


def log_method(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    method: str,
    held_on: date,
    place: str,
    people: str,
    minutes: str,
    now: datetime,
) -> PanelMethod:
    """Record one way in which the panel worked (评估方式, R20). Refusals: method_unknown, method_in_future,
    method_people_missing, panel_not_at_work."""
    panel = locked_panel(panel_id, actor=actor)
    if panel.state not in queries.AT_WORK:
        raise Refusal("panel_not_at_work", "R20", N_("评估组确定后、出具意见前才能记录评估方式。"))
    rule = rules.PANEL_RULES[panel.kind].method_rule
    rules.check_methods(panel.kind, [method])
    if held_on > now.astimezone(SHANGHAI).date():
        raise Refusal("method_in_future", rule, N_("评估日期不能晚于今天。请填写实际日期。"))
    if not people.strip():
        raise Refusal("method_people_missing", rule, N_("请写明参加人员。"))
    entry = PanelMethod(
        id=uuid.uuid4(),
        panel_id=panel.id,
        authority_code=panel.authority_code,
        organisation_id=panel.organisation_id,
        method=method,
        held_on=held_on,
        place=place.strip(),
        people=people.strip(),
        minutes=minutes.strip(),
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    db.session.add(entry)
    record("panel_method_logged", actor, panel, now, before=panel.state, rule=rule, method=method)
    return entry


# Sheets -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SheetContent:
    """What an expert writes. `scores` by indicator (None: blank), `gates` by position 'yes'/'no', `votes` by item, or
    by `grade` for a renewal."""

    scores: Mapping[str, float | None] = field(default_factory=dict)
    gates: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    votes: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


def open_sheets(*, actor: Actor, panel_id: uuid.UUID, now: datetime) -> list[ScoreSheet]:
    """The expert's sheets, begun where missing: one, or one for each bank still under assessment in its round."""
    panel, member = _seated(actor, panel_id)
    sheets = queries.list_own_sheets(member.id)
    have = {(sheet.item_id, sheet.round) for sheet in sheets}
    wanted = _due_sheets(panel)
    for item_id, number in wanted:
        if (item_id, number) in have or member.state == MemberState.SUBMITTED:
            continue
        sheet = ScoreSheet(
            id=uuid.uuid4(),
            panel_id=panel.id,
            member_id=member.id,
            user_id=member.user_id,
            authority_code=panel.authority_code,
            item_id=item_id,
            round=number,
            template_version=panel.template_version,
            state="draft",
            scores={},
            gates={},
            remarks={},
            votes={},
            comment="",
            version=1,
            saved_at=now,
        )
        db.session.add(sheet)
        sheets.append(sheet)
    db.session.flush()
    return sheets


def _due_sheets(panel: Panel) -> list[tuple[uuid.UUID | None, int]]:
    if panel.kind != PanelKind.QUESTION_BANK:
        return [(None, 1)]
    return [(row.item_id, row.revision_rounds + 1) for row in panel.items if row.concluded_at is None]


def _seated(actor: Actor, panel_id: uuid.UUID) -> tuple[Panel, PanelMember]:
    member = seats.locked_seat(actor, panel_id)
    panel = queries.get_panel(panel_id)
    if panel is None or member.state not in queries.SEATED or member.declared_at is None:
        raise Refusal("not_seated", "R64", N_("请先接受邀请并声明无需回避,再查看材料和评分。"))
    if panel.state not in queries.AT_WORK:
        raise Refusal("panel_not_at_work", "R21", N_("评估组尚未确定,或已出具意见,现在不能评分。"))
    return panel, member


def save_sheet(
    *, actor: Actor, sheet_id: uuid.UUID, content: SheetContent, expected_version: int | None = None, now: datetime
) -> ScoreSheet:
    """Keep what the expert has so far; blanks are fine, nonsense is not. Refusals: sheet_unknown, sheet_submitted,
    sheet_saved_elsewhere, score_out_of_range, vote_unknown."""
    sheet = db.session.get(ScoreSheet, sheet_id, with_for_update=True, populate_existing=True)
    if sheet is None or sheet.user_id != actor.user_id:
        raise Refusal("sheet_unknown", "R21", N_("没有找到这份评分表。请从“我的评估”重新进入。"))
    panel, _ = _seated(actor, sheet.panel_id)
    if sheet.state == "submitted":
        raise Refusal("sheet_submitted", "R21", N_("评分表已签名提交,不能修改。"))
    if expected_version is not None and expected_version != sheet.version:
        raise Refusal(
            "sheet_saved_elsewhere",
            "R21",
            N_("这份评分表在另一个窗口有更新的内容。请刷新页面后继续,本页所填仍保留在浏览器中。"),
        )
    template = queries.template_of(panel)
    filled = {code: score for code, score in content.scores.items() if code in template.mandatory and score is not None}
    for gap in rules.find_sheet_gaps({code: template.mandatory[code] for code in filled}, filled):
        raise gap
    _check_votes(panel, content.votes)
    sheet.scores, sheet.votes = dict(filled), dict(content.votes)
    sheet.gates = {key: value for key, value in content.gates.items() if value in ("yes", "no")}
    sheet.remarks = {key: value.strip() for key, value in content.remarks.items() if value.strip()}
    sheet.comment, sheet.saved_at = content.comment.strip(), now
    sheet.version += 1
    db.session.flush()
    return sheet


def votes_of(panel: Panel) -> tuple[str, ...]:
    """What a member may say of each item, or of a renewal: the grades, after rectification without excellent (R59)."""
    if panel.kind == PanelKind.REASSESSMENT and not load_settings(panel.authority_code).reassessment_can_be_excellent:
        return (Grade.QUALIFIED, Grade.UNQUALIFIED)
    if subjects.is_of_renewal(panel):
        return tuple(Grade)
    return BANK_VOTES if panel.kind == PanelKind.QUESTION_BANK else SELECTION_VOTES


def _vote_keys(panel: Panel) -> set[str]:
    return {GRADE} if subjects.is_of_renewal(panel) else {str(row.item_id) for row in panel.items}


def _check_votes(panel: Panel, votes: Mapping[str, str]) -> None:
    known = votes_of(panel)
    if any(vote not in known for vote in votes.values()) or not set(votes) <= _vote_keys(panel):
        raise Refusal("vote_unknown", "R21", N_("逐项意见不在可选范围内。请刷新页面后重新选择。"))


def find_blanks(panel: Panel, sheet: ScoreSheet) -> list[str]:
    """The names (msgids or labels) of what a sheet still lacks, for the person to go through."""
    template = queries.template_of(panel)
    blanks = [label for code, label in template.mandatory.items() if sheet.scores.get(code) is None]
    blanks += [label for number, label in enumerate(template.gates) if str(number) not in sheet.gates]
    if subjects.is_of_renewal(panel) and not sheet.votes.get(GRADE):
        blanks.append(N_("建议等次"))
    rows = [row for row in panel.items if sheet.item_id is None or row.item_id == sheet.item_id]
    return blanks + [row.label for row in rows if not sheet.votes.get(str(row.item_id))]


def submit_sheets(*, actor: Actor, panel_id: uuid.UUID, now: datetime) -> PanelMember:
    """Sign off (签名提交): every sheet of the seat is complete, on the panel's frozen template (R21).

    Refusals: sheet_blank naming what is missing, panel_not_started, template_changed.
    """
    panel, member = _seated(actor, panel_id)
    if panel.state == PanelState.FORMED:
        raise Refusal("panel_not_started", "R21", N_("评估尚未开始,现在可以保存,开始后再提交。"))
    due = set(_due_sheets(panel))
    sheets = [sheet for sheet in open_sheets(actor=actor, panel_id=panel_id, now=now) if sheet.state == "draft"]
    template = queries.template_of(panel)
    for sheet in sheets:
        if (sheet.item_id, sheet.round) not in due:
            continue
        blanks = find_blanks(panel, sheet)
        if blanks:
            raise Refusal(
                "sheet_blank",
                "R21",
                N_("还有%(count)d处未填:%(blanks)s。请补全后再签名提交。"),
                count=len(blanks),
                blanks="、".join(blanks),
            )
        rules.check_sheet(
            template.mandatory,
            sheet.scores,
            template_version=sheet.template_version,
            panel_version=panel.template_version,
        )
        sheet.state, sheet.submitted_at = "submitted", now
    before = member.state
    member.state = PANEL_MEMBER.advance(member.state, "submit", actor.kind)
    member.submitted_at = now
    db.session.flush()
    seats.note_seat("panel_sheet_submitted", actor=actor, member=member, before=before, now=now)
    outbox.add(seats.FOLLOW, queue="default", panel_id=str(panel.id), at=now.isoformat())
    return member


# The opinion --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemOpinion:
    """What the panel says of one item: `verdict` recommend/not_recommend, or a bank's pass/fail/revise."""

    verdict: str
    comment: str = ""
    departure_reason: str = ""


def record_opinion(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    opinion: str,
    items: Mapping[uuid.UUID, ItemOpinion],
    remarks: Mapping[str, str] | None = None,
    grade: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> Panel:
    """The panel's opinion (评估意见), by its leader, or by an officer from the signed paper, once all sheets are in.

    `items` for an application or banks, `grade` for a renewal (R54). Refusals: panel_unknown, not_the_leader,
    opinions_not_in, opinion_incomplete, vote_unknown, changed_meanwhile.
    """
    panel = queries.get_panel(panel_id, lock=True)
    if panel is None:
        raise Refusal("panel_unknown", "R17", N_("没有找到这个评估组,或不由本单位组建。请从列表重新进入。"))
    is_leader = actor.user_id is not None and panel.leader_user_id == actor.user_id
    if not is_leader and panel.authority_code != actor.authority_code:
        raise Refusal("not_the_leader", "R21", N_("评估意见由组长填写。"))
    check_unchanged(subject_type="panel", subject_id=panel.id, version=panel.version, expected=expected_version)
    if panel.state != PanelState.OPINIONS_IN:
        raise Refusal("opinions_not_in", "R21", N_("评分表尚未全部提交,不能出具评估意见。"))
    rows = [row for row in panel.items if row.conclusion in (None, banks.Conclusion.REVISE) or not row.concluded_at]
    if not opinion.strip() or any(row.item_id not in items or not items[row.item_id].verdict for row in rows):
        raise Refusal("opinion_incomplete", "R21", N_("请填写评估意见,并对每一项给出意见。"))
    if subjects.is_of_renewal(panel):
        _suggest(panel, grade)
    panel.opinion = opinion.strip()
    panel.opinion_remarks = {key: text.strip() for key, text in (remarks or {}).items() if text.strip()}
    panel.opinion_signed_at = now
    panel.version += 1
    for row in rows:
        _write(panel, row, items[row.item_id])
    record("panel_opinion_recorded", actor, panel, now, before=panel.state, rule="R21")
    return panel


def _suggest(panel: Panel, grade: str) -> None:
    if not grade:
        raise Refusal("opinion_incomplete", "R54", N_("请提出建议等次:优秀、合格或不合格。"))
    if grade not in votes_of(panel):
        raise Refusal("vote_unknown", "R55", N_("建议等次不在可选范围内。请刷新页面后重新选择。"))
    panel.suggested_grade = grade


def _write(panel: Panel, row: PanelItem, given: ItemOpinion) -> None:
    if given.verdict not in votes_of(panel):
        raise Refusal("vote_unknown", "R21", N_("逐项意见不在可选范围内。请刷新页面后重新选择。"))
    if panel.kind == PanelKind.QUESTION_BANK:
        row.conclusion = given.verdict
    else:
        row.recommends = given.verdict == "recommend"
    row.comment, row.departure_reason = given.comment.strip(), given.departure_reason.strip()


def conclude_panel(*, actor: Actor, panel_id: uuid.UUID, expected_version: int | None = None, now: datetime) -> Panel:
    """Conclude a panel of a selection or a renewal: 3–5 members, all sheets in, a method logged, the opinion written
    (R19–R22, R51–R54). What it assessed goes on (`subjects.follow_concluded`).

    Refusals: sheets_missing, panel_size_wrong, method_missing, opinion_missing.
    """
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    if panel.kind == PanelKind.QUESTION_BANK:
        raise Refusal("wrong_panel_kind", "R32", N_("题库评估请逐项出具结论。"))
    settings = load_settings(panel.authority_code)
    rules.check_sheets_in(panel.kind, queries.panelists(panel), settings)
    rules.check_methods(panel.kind, [entry.method for entry in panel.methods])
    if panel.opinion_signed_at is None or any(row.recommends is None for row in panel.items):
        raise Refusal("opinion_missing", "R21", N_("组长尚未填写评估意见,不能出具。"))
    step(actor, panel, "conclude", "panel_concluded", now)
    panel.concluded_at = now
    subjects.follow_concluded(actor=actor, panel=panel, now=now)
    reach(Milestone.panel_concluded, actor=actor, now=now, panel=panel)
    return panel
