"""Acceptance (验收评估): a bank's conclusion, one revision, natural elimination with its cascade (R32–R34, R29)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from app.db import db
from app.lifecycle import casework
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.services import cancel_deadline, meet_deadline, reopen_deadline, set_deadline
from app.lifecycle.incubation import board
from app.lifecycle.incubation.countersigning import void_commitments
from app.lifecycle.incubation.models import GuidanceEntry, ItemOutcome
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.panels.models import Panel, PanelItem
from app.lifecycle.panels.recording import locked_panel, record, step
from app.lifecycle.trail import need_reason
from app.rules import banks, clocks, incubation
from app.rules import panels as panel_rules
from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import PANEL_MEMBER, BankState, ItemState, MemberState, PanelKind
from tenants.scope import Actor
from uploads.models import Dossier


def log_guidance(
    *, actor: Actor, application_id: uuid.UUID, held_on: date, topic: str, note: str = "", now: datetime
) -> GuidanceEntry:
    """Record guidance given to an incubatee (R26); the organisation reads it."""
    application = casework.locked_case(application_id)
    check_competent(Act.GUIDE, application.level, application.city_code, actor.authority_code)
    incubation.check_guidance(topic, held_on, board.today_of(now))
    entry = GuidanceEntry(
        id=uuid.uuid4(),
        application_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        held_on=held_on,
        topic=topic.strip(),
        note=note.strip(),
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    db.session.add(entry)
    casework.note("guidance_given", actor=actor, application=application, now=now, rule="R26", title=topic.strip())
    return entry


def conclude_bank(
    *, actor: Actor, panel_id: uuid.UUID, item_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> PanelItem:
    """Give effect to the panel's written conclusion on one bank: pass, fail (R34), or revise once (R32).

    The panel is over with its last item. Refusals: sheets_missing, opinion_missing, reason_missing,
    conclusion_against_majority, revision_spent, revision_after_due.
    """
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    if panel.kind != PanelKind.QUESTION_BANK:
        raise Refusal("wrong_panel_kind", "R32", N_("这不是题库评估组。"))
    row = next((one for one in panel.items if one.item_id == item_id), None)
    if row is None or row.concluded_at is not None:
        raise Refusal("item_unknown", "R32", N_("该项不在本评估组,或已有结论。请刷新页面。"))
    if panel.opinion_signed_at is None or row.conclusion is None:
        raise Refusal("opinion_missing", "R32", N_("组长尚未填写评估意见,不能出具结论。"))
    application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
    item = next(one for one in application.items if one.id == item_id)
    settings = load_settings(panel.authority_code)
    if row.conclusion == banks.Conclusion.REVISE:
        _revise(actor, panel, row, application, item, settings, now)
        return row
    conclusion = banks.check_conclusion(
        panel_queries.panelists(panel),
        _votes(panel, row),
        row.conclusion,
        settings,
        opinion=panel.opinion,
        departure_reason=row.departure_reason,
    )
    row.concluded_at = now
    passed = conclusion is banks.Conclusion.PASS
    casework.move_bank(actor=actor, item=item, event="pass" if passed else "fail")
    casework.move_item(actor=actor, item=item, event="pass_bank" if passed else "eliminate")
    _outcome(application, item, "passed" if passed else "eliminated", now, comment=row.comment, reason=row.comment)
    casework.note(
        "bank_passed" if passed else "item_eliminated",
        actor=actor,
        application=application,
        now=now,
        rule="R33" if passed else "R34",
        title=row.label,
        reason=row.comment,
    )
    meet_deadline(kind="bank_submit_by", subject_id=item.id, now=now)
    casework.tell_organisation(
        application=application,
        title=N_("题库评估通过") if passed else N_("题库评估未通过,予以自然淘汰"),
        rule="R33" if passed else "R34",
        now=now,
        key=f"bank_concluded:{row.id}",
        reason=f"{row.label}:{row.comment}" if row.comment else row.label,
    )
    panel.version += 1
    if all(one.concluded_at is not None for one in panel.items):
        step(actor, panel, "conclude", "panel_concluded", now)
        panel.concluded_at = now
        reach(Milestone.panel_concluded, actor=actor, now=now, panel=panel)
    settle_application(actor=actor, application=application, now=now)
    return row


def _votes(panel: Panel, row: PanelItem) -> dict[str, str]:
    return {
        str(sheet.member_id): sheet.votes[str(row.item_id)]
        for sheet in panel_queries.list_sheets(panel.id)
        if sheet.state == "submitted"
        and sheet.item_id == row.item_id
        and sheet.round == row.revision_rounds + 1
        and str(row.item_id) in sheet.votes
    }


def _revise(
    actor: Actor,
    panel: Panel,
    row: PanelItem,
    application: Application,
    item: ApplicationItem,
    settings: Settings,
    now: datetime,
) -> None:
    """修改后复核: the bank goes back once; its members score the new version in the next round."""
    due_at = _due_at(application)
    panel_rules.check_sheets_in(panel.kind, panel_queries.panelists(panel), settings)
    banks.check_can_request_revision(row.revision_rounds, now, due_at, settings)
    casework.move_bank(actor=actor, item=item, event="request_revision")
    _free_dossier(item, row.comment or panel.opinion, now)
    row.revision_rounds += 1
    row.conclusion = None
    panel.opinion_signed_at = None
    reopen_deadline(kind="bank_submit_by", subject_id=item.id, now=now)
    step(actor, panel, "resume", "bank_revision_requested", now)
    panel.round += 1
    for member in panel_queries.is_on(panel, (MemberState.SUBMITTED,)):
        member.state = PANEL_MEMBER.advance(member.state, "reopen", actor.kind)
    casework.note(
        "bank_revision_requested",
        actor=actor,
        application=application,
        now=now,
        rule="R32",
        title=row.label,
        reason=row.comment,
    )
    casework.tell_organisation(
        application=application,
        title=N_("题库须修改后复核,请在孵化培育期内提交修改后的题库"),
        rule="R32",
        now=now,
        key=f"bank_revision:{row.id}:{row.revision_rounds}",
        reason=f"{row.label}:{row.comment}",
        link=f"/org/items/{item.id}",
    )


def _free_dossier(item: ApplicationItem, reason: str, now: datetime) -> None:
    """The accepted dossier of the bank steps aside, so that the revised one can be handed in."""
    standing = db.session.scalars(
        select(Dossier).where(
            Dossier.kind == "question_bank", Dossier.subject_id == item.id, Dossier.state == "accepted"
        )
    )
    for dossier in standing:
        dossier.state, dossier.decided_at, dossier.reason = "returned", now, reason


def take_up_revision(
    *, actor: Actor, panel_id: uuid.UUID, expected_version: int | None = None, now: datetime
) -> list[PanelItem]:
    """The revised banks that were accepted go before the same panel again. Refusal bank_not_ready."""
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    application = casework.locked_case(panel.application_id or uuid.UUID(int=0))
    by_id = {item.id: item for item in application.items}
    taken = [
        row
        for row in panel.items
        if row.revision_rounds and by_id[row.item_id].bank_state == BankState.ACCEPTED_FOR_PANEL
    ]
    if not taken:
        raise Refusal("bank_not_ready", "R32", N_("修改后的题库尚未接收,不能复核。"))
    for row in taken:
        item = by_id[row.item_id]
        casework.move_bank(actor=actor, item=item, event="assign_panel")
        casework.move_bank(actor=actor, item=item, event="start_assessment")
        casework.move_item(actor=actor, item=item, event="start_bank_assessment")
    panel.version += 1
    record("bank_revision_taken_up", actor, panel, now, before=panel.state, rule="R32")
    return taken


# Elimination --------------------------------------------------------------------------------------------------------


def eliminate(
    *, actor: Actor, application_id: uuid.UUID, scope: str, item_id: uuid.UUID, reason: str, now: datetime
) -> list[ApplicationItem]:
    """Naturally eliminate (自然淘汰) at a scope: an occupation takes its work types and levels along (R34).

    Refusals: not_competent, reason_missing, item_unknown, nothing_to_eliminate.
    """
    application = casework.locked_case(application_id)
    check_competent(Act.ASSESS_BANK, application.level, application.city_code, actor.authority_code)
    reason = need_reason(reason, "R34")
    target = next((one for one in application.items if one.id == item_id), None)
    if target is None:
        raise Refusal("item_unknown", "R34", N_("没有找到这一项。请刷新页面。"))
    return _eliminate(actor, application, banks.EliminationScope(scope), target, reason, now)


def _eliminate(
    actor: Actor, application: Application, scope: str, target: ApplicationItem, reason: str, now: datetime
) -> list[ApplicationItem]:
    by_plain = {casework.plain(item): item for item in application.items}
    gone = banks.cascade({key: item.state for key, item in by_plain.items()}, scope, casework.plain(target))
    if not gone:
        raise Refusal("nothing_to_eliminate", "R34", N_("所选范围内没有尚未了结的项。请刷新页面。"))
    items = [by_plain[key] for key in gone]
    for item in items:
        casework.move_item(actor=actor, item=item, event="eliminate")
        _outcome(application, item, "eliminated", now, reason=reason, scope=scope)
        cancel_deadline(kind="bank_submit_by", subject_id=item.id, now=now)
    names = "、".join(casework.label(item) for item in items)
    casework.note(
        "items_eliminated", actor=actor, application=application, now=now, rule="R34", title=names, reason=reason
    )
    casework.tell_organisation(
        application=application,
        title=N_("予以自然淘汰,不纳入备案范围"),
        rule="R34",
        now=now,
        key=f"eliminated:{target.id}:{scope}",
        reason=f"{names}:{reason}",
    )
    settle_application(actor=actor, application=application, now=now)
    return items


def _outcome(
    application: Application,
    item: ApplicationItem,
    outcome: str,
    now: datetime,
    *,
    reason: str = "",
    comment: str = "",
    scope: str | None = None,
) -> None:
    db.session.add(
        ItemOutcome(
            id=uuid.uuid4(),
            application_id=application.id,
            item_id=item.id,
            organisation_id=application.organisation_id,
            authority_code=application.authority_code,
            outcome=outcome,
            scope=scope or ("skill_level" if outcome == "eliminated" else None),
            reason=reason,
            comment=comment,
            decided_at=now,
        )
    )


def settle_application(*, actor: Actor, application: Application, now: datetime) -> None:
    """Once every item is settled the application is: passed, eliminated or given up (R33, R34)."""
    event = banks.application_outcome([item.state for item in application.items])
    if event is None:
        db.session.flush()
        return
    name = {"pass_acceptance": "acceptance_passed", "eliminate": "application_eliminated"}.get(event, "abandoned")
    kind = "organisation" if event == "abandon" else ""
    casework.move(actor=actor, application=application, event=event, name=name, now=now, kind=kind)
    if event != "pass_acceptance":
        void_commitments(actor=actor, application=application, reason="本次申报已终结", now=now)
    for deadline in ("incubation_due", "commitment_sign_due"):
        (meet_deadline if event == "pass_acceptance" else cancel_deadline)(
            kind=deadline, subject_id=application.id, now=now
        )
    if event == "pass_acceptance" and application.level == "municipal":
        _ask_for_report(actor, application, now)
    casework.tell_organisation(
        application=application,
        title=N_("验收评估通过,等待纳入备案公布名单") if event == "pass_acceptance" else N_("本次申报已终结"),
        rule="R33" if event == "pass_acceptance" else "R34",
        now=now,
        key=f"settled:{application.id}:{event}",
    )


def _ask_for_report(actor: Actor, application: Application, now: datetime) -> None:
    """R4: the city reports the result to the department; our default of ten working days."""
    settings = load_settings(application.authority_code)
    set_deadline(
        actor=actor,
        clock=clocks.city_report_due(board.today_of(now), load_calendar(), settings),
        subject_type="application",
        subject_id=application.id,
        subject_label=application.organisation.name,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        link="/bureau/reports",
        now=now,
    )


def _due_at(application: Application) -> datetime:
    if application.incubation_due_on is None:
        raise Refusal("not_incubating", "R27", N_("这项申报不在孵化培育期。"))
    return clocks.end_of_day(application.incubation_due_on)


# Day 181 ------------------------------------------------------------------------------------------------------------


def judge_overdue(*, actor: Actor, application: Application, now: datetime) -> dict[str, incubation.OverdueVerdict]:
    """What day 181 means for each open item; marks the application overdue (R27), protects what is the authority's
    delay (R29), and eliminates by itself only where so configured. Done again it changes nothing."""
    settings = load_settings(application.authority_code)
    arrived = board.submitted_at([item.id for item in application.items])
    progress = [
        incubation.ItemProgress(item=str(item.id), state=item.state, submitted_at=arrived.get(item.id))
        for item in application.items
    ]
    verdicts = incubation.find_overdue(progress, now, _due_at(application), settings)
    if not verdicts:
        return {}
    by_id = {str(item.id): item for item in application.items}
    if application.state == "incubating":
        casework.move(actor=actor, application=application, event="overdue", name="incubation_overdue", now=now)
        _protect(application, (by_id[key] for key, one in verdicts.items() if one == "protected"), now)
        casework.tell_authority(
            authority_code=application.authority_code,
            application=application,
            title=N_("孵化培育期已满,请逐项处理未完成的项"),
            rule="R27",
            now=now,
            key=f"overdue_task:{application.id}",
            link=f"/bureau/incubation/{application.id}",
        )
        casework.tell_organisation(
            application=application,
            title=N_("孵化培育期已满,尚有未完成的项"),
            rule="R27",
            now=now,
            key=f"overdue_org:{application.id}",
        )
    for key, verdict in verdicts.items():
        if verdict is incubation.OverdueVerdict.ELIMINATE:
            _eliminate(actor, application, "skill_level", by_id[key], "孵化培育期满未完成", now)
    return verdicts


def _protect(application: Application, items: Iterable[ApplicationItem], now: datetime) -> None:
    for item in items:
        _outcome(application, item, "protected", now, reason="overdue_by_authority")


def verdict_of(item: ApplicationItem, outcomes: dict[uuid.UUID, ItemOutcome]) -> str:
    """How an item of an overdue incubation stands: `protected` by the authority's own delay, `overdue`, or ''."""
    if item.state not in (ItemState.INCUBATING, ItemState.BANK_SUBMITTED, ItemState.BANK_UNDER_ASSESSMENT):
        return ""
    outcome = outcomes.get(item.id)
    return "protected" if outcome is not None and outcome.outcome == "protected" else "overdue"
