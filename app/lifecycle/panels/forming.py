"""Forming a panel (组建评估组): who is asked, by draw or by choice, and when it may begin (R17–R19, R30–R31, B8)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import annexes, casework
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.experts import jobs as expert_jobs
from app.lifecycle.experts import queries as pool
from app.lifecycle.experts.models import Expert
from app.lifecycle.panels import queries, subjects
from app.lifecycle.panels.models import Panel, PanelItem, PanelMember
from app.lifecycle.panels.recording import locked_panel, record, step
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.trail import need_reason, new_number
from app.rules import panels as rules
from app.rules import selection
from app.rules.core import N_, Refusal
from app.rules.states import (
    PANEL,
    PANEL_MEMBER,
    ApplicationState,
    BankState,
    ItemState,
    MemberState,
    PanelKind,
    PanelState,
)
from app.rules.templates import SheetTemplate
from tenants.models import Organisation
from tenants.scope import Actor

_WAITS_FOR_PANEL = {
    PanelKind.SELECTION: (ApplicationState.ACCEPTED, ApplicationState.UNDER_ASSESSMENT),
    PanelKind.SELECTION_PRELIMINARY: (ApplicationState.ACCEPTED, ApplicationState.UNDER_PRELIMINARY_ASSESSMENT),
    PanelKind.SELECTION_FINAL: (ApplicationState.UNDER_FINAL_REVIEW,),
    PanelKind.QUESTION_BANK: (ApplicationState.INCUBATING, ApplicationState.INCUBATION_OVERDUE),
}


def kind_for(application: Application) -> PanelKind:
    """Which selection panel an application needs next (R24)."""
    if application.level != "provincial":
        return PanelKind.SELECTION
    if application.state in (ApplicationState.ACCEPTED, ApplicationState.UNDER_PRELIMINARY_ASSESSMENT):
        return PanelKind.SELECTION_PRELIMINARY
    return PanelKind.SELECTION_FINAL


def create_panel(
    *, actor: Actor, application_id: uuid.UUID, kind: str, item_ids: Sequence[uuid.UUID] = (), now: datetime
) -> Panel:
    """Begin a panel for an application, or for the banks of some of its items.

    Refusals: not_competent (R17), panel_too_early, panel_exists, preliminary_missing (R24), bank_not_ready.
    """
    application = casework.locked_case(application_id)
    rules.check_panel_authority(kind, application.level, application.city_code, actor.authority_code)
    if application.state not in _WAITS_FOR_PANEL.get(PanelKind(kind), ()):
        raise Refusal("panel_too_early", "R17", N_("这项申报当前不在组建该类评估组的环节。请刷新页面,按最新状态办理。"))
    if kind == PanelKind.SELECTION_FINAL:
        _check_preliminary(application, actor)
    items = _items(application, kind, item_ids)
    if kind != PanelKind.QUESTION_BANK and queries.find_live(application.id, kind) is not None:
        raise Refusal("panel_exists", "R17", N_("这项申报已有评估组。如需重组,请先撤销原评估组。"))
    # The version in force now; it stays the panel's own whatever the department uploads later (R21, R68).
    sheet = annexes.current_sheet("bank_assessment" if kind == PanelKind.QUESTION_BANK else "selection_assessment")
    panel = _build_panel(actor, kind, application.organisation, application.level, sheet, now)
    panel.application_id = application.id
    panel.items = [
        PanelItem(
            id=uuid.uuid4(),
            authority_code=actor.authority_code,
            organisation_id=application.organisation_id,
            item_id=item.id,
            position=position,
            label=casework.label(item),
        )
        for position, item in enumerate(items, start=1)
    ]
    return _begin(actor, panel, now)


def create_renewal_panel(*, actor: Actor, cycle: RenewalCycle, kind: str, now: datetime) -> Panel:
    """Begin the panel of a renewal: `periodic`, or `reassessment` after rectification (R51, R59).

    The cycle is held, with its filing and organisation. Scored on the version the organisation assessed itself on
    (R48). Refusals: not_competent (R17), no_renewal_application (R50), panel_too_early (R59), panel_exists.
    """
    organisation = cycle.filing.organisation
    rules.check_panel_authority(
        kind, organisation.filing_level, organisation.registration_city_code, actor.authority_code
    )
    subjects.check_renewal_waits(cycle, kind)
    if queries.find_of_renewal(cycle.id, kind) is not None:
        raise Refusal("panel_exists", "R51", N_("这项续期已有评估组。如需重组,请先撤销原评估组。"))
    if cycle.template_version:
        sheet = annexes.sheet_of_version("periodic_assessment", cycle.template_version)
    else:
        sheet = annexes.current_sheet("periodic_assessment")
    panel = _build_panel(actor, kind, organisation, organisation.filing_level, sheet, now)
    panel.renewal_cycle_id = cycle.id
    return _begin(actor, panel, now)


def _build_panel(
    actor: Actor, kind: str, organisation: Organisation, level: str, sheet: SheetTemplate, now: datetime
) -> Panel:
    return Panel(
        id=uuid.uuid4(),
        number=new_number("PG", actor.authority_code or "", now),
        kind=kind,
        authority_code=actor.authority_code,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        uscc=organisation.uscc,
        level=level,
        state=PANEL.advance(None, "create", actor.kind),
        template_kind=sheet.kind,
        template_version=sheet.version,
        draws=[],
        version=1,
        round=1,
        created_at=now,
        members=[],
        methods=[],
        items=[],
    )


def _begin(actor: Actor, panel: Panel, now: datetime) -> Panel:
    db.session.add(panel)
    record("panel_created", actor, panel, now, before=None, rule=rules.PANEL_RULES[panel.kind].size_rule)
    return panel


def _check_preliminary(application: Application, actor: Actor) -> None:
    first = queries.find_live(application.id, PanelKind.SELECTION_PRELIMINARY)
    selection.check_final_review_may_start(
        application.state,
        preliminary_concluded=first is not None and first.state == PanelState.CONCLUDED,
        override_reason="",
        settings=load_settings(actor.authority_code or ""),
    )


def _items(application: Application, kind: str, item_ids: Sequence[uuid.UUID]) -> list[ApplicationItem]:
    if kind != PanelKind.QUESTION_BANK:
        return [item for item in application.items if item.state == ItemState.PROPOSED]
    chosen = [item for item in application.items if item.id in set(item_ids)]
    if not chosen:
        raise Refusal("bank_not_ready", "R30", N_("请至少选择一项已接收的题库。"))
    for item in chosen:
        if item.bank_state != BankState.ACCEPTED_FOR_PANEL or queries.find_bank_panel(item.id) is not None:
            raise Refusal(
                "bank_not_ready",
                "R30",
                N_("“%(item)s”的题库尚未接收,或已分配评估组。请先接收题库再组建评估组。"),
                item=casework.label(item),
            )
    return chosen


# Members ------------------------------------------------------------------------------------------------------------


def invite_experts(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    expert_ids: Sequence[uuid.UUID],
    chosen_by: str = "picked",
    expected_version: int | None = None,
    now: datetime,
) -> list[PanelMember]:
    """Ask experts to sit on a panel; each is told and declares first whether a conflict exists (R18, R64).

    Refusals: panel_not_forming, expert_unknown, expert_without_account, expert_asked_before, panel_size_wrong,
    conflict_employed, conflict_related, member_unavailable.
    """
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    check_forming(panel)
    settings = load_settings(panel.authority_code)
    standing = len(queries.is_on(panel, queries.STANDING))
    if standing + len(set(expert_ids)) > settings.panel_max:
        rules.check_panel_size(standing + len(set(expert_ids)), settings, panel.kind)
    seats = [_seat(panel, _expert(expert_id), chosen_by, actor, now) for expert_id in dict.fromkeys(expert_ids)]
    panel.version += 1
    for member in seats:
        record("panel_member_invited", actor, panel, now, before=panel.state, rule="R18", member=str(member.id))
        expert_jobs.tell_expert(
            user_id=member.user_id,
            kind="panel_invited",
            now=now,
            link=f"/expert/panels/{panel.id}",
            key=f"panel_invited:{member.id}",
            title=N_("邀请您参加评估组"),
            organisation=panel.organisation_name,
            number=panel.number,
            reason="",
        )
    return seats


def _expert(expert_id: uuid.UUID) -> Expert:
    expert = pool.get_expert(expert_id)
    if expert is None or expert.retired_at is not None:
        raise Refusal("expert_unknown", "R18", N_("没有找到这位专家,或已移出专家库。请重新选择。"))
    if expert.user_id is None:
        raise Refusal(
            "expert_without_account", "R18", N_("%(name)s的账号正在开通,请稍候片刻再邀请。"), name=expert.name
        )
    return expert


def _seat(panel: Panel, expert: Expert, chosen_by: str, actor: Actor, now: datetime) -> PanelMember:
    if any(member.user_id == expert.user_id and member.state != MemberState.DECLINED for member in panel.members):
        raise Refusal(
            "expert_asked_before", "R18", N_("%(name)s已在本评估组,或已声明回避。请选择其他专家。"), name=expert.name
        )
    member = _build(panel, expert, chosen_by, actor, now)
    found = rules.find_conflicts([as_panelist(panel, expert, now)], panel.uscc)
    if found:
        raise found[0]
    panel.members.append(member)
    db.session.flush()
    return member


def as_panelist(panel: Panel, expert: Expert, now: datetime) -> rules.Panelist:
    """An expert of the pool as the rules would see them on this panel today."""
    named = {panel.uscc} if expert.employer and expert.employer == panel.organisation_name else set()
    return rules.Panelist(
        key=str(expert.id),
        name=expert.name,
        types=frozenset(expert.types),
        employers=frozenset(named | ({expert.employer_uscc} if expert.employer_uscc else set())),
        related=frozenset(expert.related),
        occupations=frozenset(expert.occupations),
        available=not pool.is_absent(expert, now.astimezone(SHANGHAI).date()),
    )


def _build(panel: Panel, expert: Expert, chosen_by: str, actor: Actor, now: datetime) -> PanelMember:
    return PanelMember(
        id=uuid.uuid4(),
        authority_code=panel.authority_code,
        organisation_id=panel.organisation_id,
        expert_id=expert.id,
        user_id=expert.user_id,
        name=expert.name,
        employer=expert.employer,
        employer_uscc=expert.employer_uscc,
        types=list(expert.types),
        occupations=list(expert.occupations),
        related=list(expert.related),
        chosen_by=chosen_by,
        is_leader=False,
        state=PANEL_MEMBER.advance(None, "invite", actor.kind),
        invited_at=now,
    )


def appoint_leader(
    *, actor: Actor, panel_id: uuid.UUID, member_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> Panel:
    """Who leads the panel and writes its opinion. Refusal member_unknown."""
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    member = next((one for one in queries.is_on(panel, queries.SEATED) if one.id == member_id), None)
    if member is None:
        raise Refusal("member_unknown", "R18", N_("组长须从已接受邀请的成员中指定。请刷新页面后重新选择。"))
    _lead(panel, member)
    panel.version += 1
    record("panel_leader_appointed", actor, panel, now, before=panel.state, rule="R18")
    return panel


def _lead(panel: Panel, leader: PanelMember) -> None:
    for member in panel.members:
        member.is_leader = member is leader
    panel.leader_user_id = leader.user_id


def form_panel(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    composition_note: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> list[Refusal]:
    """Determine the panel: 3–5 accepted members without conflict; invitations nobody answered lapse.

    Returns what its composition lacks (R18, R30) as warnings; the note says who takes that part on. The application
    moves on with its first panel. Refusals: panel_size_wrong, conflicts, leader_missing, transition_not_allowed.
    """
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    settings = load_settings(panel.authority_code)
    gaps = rules.check_panel(panel.kind, queries.panelists(panel), panel.uscc, settings)
    leader = next((one for one in queries.is_on(panel, queries.SEATED) if one.user_id == panel.leader_user_id), None)
    if leader is None:
        raise Refusal("leader_missing", "R18", N_("请先从已接受邀请的成员中指定组长。"))
    step(actor, panel, "form", "panel_formed", now)
    panel.formed_at, panel.composition_note = now, composition_note.strip()
    for member in queries.is_on(panel, (MemberState.INVITED,)):
        member.state = PANEL_MEMBER.advance(member.state, "decline", actor.kind)
        member.reason, member.answered_at = "未答复", now
    subjects.follow_formed(actor=actor, panel=panel, now=now)
    return gaps


def dissolve_panel(
    *, actor: Actor, panel_id: uuid.UUID, reason: str, expected_version: int | None = None, now: datetime
) -> Panel:
    """Give a panel up before its opinion; another can be formed; its banks wait for the next."""
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    panel.reason = need_reason(reason, "R17")
    if panel.kind == PanelKind.QUESTION_BANK:
        _free_banks(actor, panel)
    step(actor, panel, "dissolve", "panel_dissolved", now, reason=panel.reason)
    return panel


def _free_banks(actor: Actor, panel: Panel) -> None:
    """The banks of a panel wait for another; not once one of them is under assessment, even where too few members
    are left and the panel is forming again: nothing could take them up."""
    application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
    banks = [item for item in application.items if item.id in {row.item_id for row in panel.items}]
    begun = any(row.concluded_at or row.revision_rounds for row in panel.items)
    if begun or any(item.bank_state == BankState.UNDER_ASSESSMENT for item in banks):
        raise Refusal("bank_panel_at_work", "R31", N_("题库评估已经开始,不能撤销评估组。成员变动请增补专家。"))
    for item in banks:
        if item.bank_state == BankState.PANEL_ASSIGNED:
            casework.move_bank(actor=actor, item=item, event="dissolve_panel")


def check_forming(panel: Panel) -> None:
    """Refusal panel_not_forming."""
    if panel.state != PanelState.FORMING:
        raise Refusal("panel_not_forming", "R19", N_("评估组已确定,不能再邀请成员。成员不足时会自动回到组建状态。"))
