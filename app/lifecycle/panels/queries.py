"""Reading panels: an authority's list, one panel whole, an expert's seats and sheets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle import annexes
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.panels.models import Panel, PanelItem, PanelMember, ScoreSheet
from app.rules.core import Refusal
from app.rules.panels import Panelist, find_composition_gaps, find_field_gaps, mean_and_spread, weighted_score
from app.rules.states import MemberState, PanelKind, PanelState
from app.rules.templates import SheetTemplate
from uploads.models import Dossier

After = tuple[datetime, uuid.UUID] | None
SEATED = (MemberState.ACCEPTED, MemberState.SUBMITTED)
STANDING = (MemberState.INVITED, *SEATED)
AT_WORK = (PanelState.FORMED, PanelState.ASSESSING, PanelState.OPINIONS_IN)


@dataclass(frozen=True)
class PanelFilter:
    """What a list of panels shows; empty means all."""

    states: tuple[str, ...] = ()
    kind: str = ""
    text: str = ""


def list_panels(authority_code: str, *, wanted: PanelFilter, after: After = None, limit: int = 30) -> list[Panel]:
    """One page of an authority's panels, newest first, with members and items."""
    query = select(Panel).where(Panel.authority_code == authority_code)
    if wanted.states:
        query = query.where(Panel.state.in_(wanted.states))
    if wanted.kind:
        query = query.where(Panel.kind == wanted.kind)
    if text := wanted.text.strip():
        query = query.where(
            or_(Panel.organisation_name.icontains(text, autoescape=True), Panel.number.icontains(text, autoescape=True))
        )
    if after is not None:
        query = query.where(tuple_(Panel.created_at, Panel.id) < after)
    query = query.options(selectinload(Panel.members), selectinload(Panel.items))
    return list(db.session.scalars(query.order_by(Panel.created_at.desc(), Panel.id.desc()).limit(limit)))


def count_panels(authority_code: str) -> dict[str, int]:
    """How many of an authority's panels stand in each state."""
    query = select(Panel.state, func.count()).where(Panel.authority_code == authority_code)
    return {state: count for state, count in db.session.execute(query.group_by(Panel.state)).all()}


def get_panel(panel_id: uuid.UUID, *, lock: bool = False) -> Panel | None:
    """One panel with members, items and methods, if this scope may see it; with `lock`, held and read afresh."""
    query = (
        select(Panel)
        .where(Panel.id == panel_id)
        .options(selectinload(Panel.members), selectinload(Panel.items), selectinload(Panel.methods))
    )
    if lock:
        query = query.with_for_update(of=Panel).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_of_application(application_id: uuid.UUID) -> list[Panel]:
    """All panels of an application, oldest first, with members and items."""
    query = select(Panel).where(Panel.application_id == application_id)
    query = query.options(selectinload(Panel.members), selectinload(Panel.items))
    return list(db.session.scalars(query.order_by(Panel.created_at, Panel.id)))


def find_live(application_id: uuid.UUID, kind: str) -> Panel | None:
    """The panel of this kind that has not been dissolved."""
    query = select(Panel).where(
        Panel.application_id == application_id, Panel.kind == kind, Panel.state != PanelState.DISSOLVED
    )
    return db.session.scalar(query.options(selectinload(Panel.members), selectinload(Panel.items)))


def find_of_renewal(cycle_id: uuid.UUID, kind: str) -> Panel | None:
    """A renewal's panel of this kind that has not been dissolved, with members and methods."""
    query = select(Panel).where(
        Panel.renewal_cycle_id == cycle_id, Panel.kind == kind, Panel.state != PanelState.DISSOLVED
    )
    return db.session.scalar(query.options(selectinload(Panel.members), selectinload(Panel.methods)))


def list_of_renewal(cycle_id: uuid.UUID) -> list[Panel]:
    """All panels of a renewal, oldest first, with members."""
    query = select(Panel).where(Panel.renewal_cycle_id == cycle_id).options(selectinload(Panel.members))
    return list(db.session.scalars(query.order_by(Panel.created_at, Panel.id)))


def find_bank_panel(item_id: uuid.UUID) -> Panel | None:
    """The question-bank panel that an item is with, dissolved ones aside; the newest."""
    query = (
        select(Panel)
        .join(PanelItem, PanelItem.panel_id == Panel.id)
        .where(PanelItem.item_id == item_id, Panel.kind == "question_bank", Panel.state != PanelState.DISSOLVED)
        .order_by(Panel.created_at.desc())
    )
    return db.session.scalars(query).first()


def list_sheets(panel_id: uuid.UUID) -> list[ScoreSheet]:
    """The sheets of a panel that this scope may read, with their members."""
    query = select(ScoreSheet).where(ScoreSheet.panel_id == panel_id).options(joinedload(ScoreSheet.member))
    return list(db.session.scalars(query.order_by(ScoreSheet.round, ScoreSheet.saved_at)))


# Experts ------------------------------------------------------------------------------------------------------------


def list_seats(user_id: uuid.UUID, *, open_only: bool, after: After = None, limit: int = 30) -> list[PanelMember]:
    """One page of an expert's seats, newest first, with their panels and items."""
    query = select(PanelMember).join(PanelMember.panel).where(PanelMember.user_id == user_id)
    if open_only:
        query = query.where(
            PanelMember.state.in_(STANDING), Panel.state.not_in((PanelState.CONCLUDED, PanelState.DISSOLVED))
        )
    if after is not None:
        query = query.where(tuple_(PanelMember.invited_at, PanelMember.id) < after)
    query = query.options(joinedload(PanelMember.panel).selectinload(Panel.items))
    return list(db.session.scalars(query.order_by(PanelMember.invited_at.desc(), PanelMember.id.desc()).limit(limit)))


def find_seat(panel_id: uuid.UUID, user_id: uuid.UUID, *, lock: bool = False) -> PanelMember | None:
    """The expert's newest seat on a panel."""
    query = select(PanelMember).where(PanelMember.panel_id == panel_id, PanelMember.user_id == user_id)
    query = query.order_by(PanelMember.invited_at.desc())
    if lock:
        query = query.with_for_update(of=PanelMember).execution_options(populate_existing=True)
    return db.session.scalars(query).first()


def list_own_sheets(member_id: uuid.UUID) -> list[ScoreSheet]:
    """All sheets of one seat."""
    return list(
        db.session.scalars(select(ScoreSheet).where(ScoreSheet.member_id == member_id).order_by(ScoreSheet.saved_at))
    )


def list_files(subject_ids: Sequence[uuid.UUID], kinds: Sequence[str]) -> list[Dossier]:
    """What was handed in for these subjects and stands, with its files, newest first."""
    query = select(Dossier).where(
        Dossier.subject_id.in_(list(subject_ids)), Dossier.kind.in_(list(kinds)), Dossier.state == "accepted"
    )
    return list(db.session.scalars(query.options(selectinload(Dossier.files)).order_by(Dossier.submitted_at.desc())))


# The matrix ---------------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """One indicator across the members: scores by member id, their mean and spread; a renewal's also by its
    organisation (自评分)."""

    code: str
    label: str
    weight: float
    scores: dict[uuid.UUID, float] = field(default_factory=dict)
    mean: float = 0.0
    spread: float = 0.0
    self_score: float | None = None


@dataclass
class Matrix:
    """Submitted sheets side by side; `totals` are weighted means by member, `votes` item id → member id → view."""

    rows: list[Row]
    totals: dict[uuid.UUID, float]
    mean: float
    spread: float
    votes: dict[str, dict[uuid.UUID, str]]
    line: int | None = None
    has_self_scores: bool = False
    self_total: float | None = None

    @property
    def is_below(self) -> bool:
        """Whether the panel's mean is under the line to compare with; the panel and the authority still decide."""
        return bool(self.totals) and self.line is not None and self.mean < self.line


def template_of(panel: Panel) -> SheetTemplate:
    """The sheet a panel scores on: the version frozen with it, the department's or the one drafted from the notice."""
    return annexes.sheet_of_version(annexes.KIND_OF[panel.template_kind], panel.template_version)


def pass_line(panel: Panel) -> int | None:
    """The score to compare a panel's mean with, where one is configured (R21, R32): for show, nothing passes by it. A
    renewal has bands instead (R55)."""
    if panel.renewal_cycle_id is not None:
        return None
    settings = load_settings(panel.authority_code)
    return settings.bank_pass_line if panel.kind == PanelKind.QUESTION_BANK else settings.selection_pass_line


def make_matrix(
    template: SheetTemplate,
    sheets: Sequence[ScoreSheet],
    *,
    line: int | None = None,
    self_scores: Mapping[str, float] | None = None,
) -> Matrix:
    """The matrix of one round of one item, of a selection or of a renewal; `line` is the score to compare its mean
    with, `self_scores` the organisation's own by indicator, beside the members' (R53)."""
    done = [sheet for sheet in sheets if sheet.state == "submitted"]
    rows = [Row(one.code, one.label, one.weight) for one in template.indicators]
    for row in rows:
        row.scores = {sheet.member_id: float(sheet.scores[row.code]) for sheet in done}
        row.mean, row.spread = mean_and_spread(list(row.scores.values()))
    totals = {sheet.member_id: weighted_score(template.weights, sheet.scores) for sheet in done}
    votes: dict[str, dict[uuid.UUID, str]] = {}
    for sheet in done:
        for item_id, vote in sheet.votes.items():
            votes.setdefault(item_id, {})[sheet.member_id] = vote
    mean, spread = mean_and_spread(list(totals.values()))
    matrix = Matrix(rows, totals, mean, spread, votes, line, has_self_scores=self_scores is not None)
    for row in rows:
        row.self_score = (self_scores or {}).get(row.code)
    if self_scores and all(row.self_score is not None for row in rows):
        matrix.self_total = weighted_score(template.weights, self_scores)
    return matrix


def find_gaps(panel: Panel) -> list[Refusal]:
    """What the composition of a panel lacks (R18, R30): a kind of expert, or a content expert of an item's field."""
    people = panelists(panel)
    gaps = find_composition_gaps(panel.kind, people)
    if panel.kind == PanelKind.QUESTION_BANK and not any(
        gap.params.get("expert_type") == "content_expert" for gap in gaps
    ):
        codes = select(ApplicationItem.occupation_code).where(
            ApplicationItem.id.in_([item.item_id for item in panel.items])
        )
        gaps += find_field_gaps(people, set(db.session.scalars(codes)))
    return gaps


def panelists(panel: Panel) -> list[Panelist]:
    """The members as the rules know them. An employer written without its code counts by its name."""
    return [
        Panelist(
            key=str(member.id),
            name=member.name,
            types=frozenset(member.types),
            state=member.state,
            employers=frozenset(_employers(member, panel)),
            related=frozenset(member.related),
            occupations=frozenset(member.occupations),
        )
        for member in panel.members
    ]


def _employers(member: PanelMember, panel: Panel) -> set[str]:
    named = {panel.uscc} if member.employer and member.employer.strip() == panel.organisation_name.strip() else set()
    return named | ({member.employer_uscc} if member.employer_uscc else set())


def is_on(panel: Panel, states: Sequence[str]) -> list[PanelMember]:
    """The members in one of these states."""
    return [member for member in panel.members if member.state in states]
