"""What a seated member reads: the applicant's lists and files. Opening a file is an event the organisation reads."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.applications.models import Application, ApplicationLine, SupplementRequest
from app.lifecycle.filings.models import Filing
from app.lifecycle.panels import queries
from app.lifecycle.panels.models import Panel
from app.lifecycle.panels.recording import record
from app.lifecycle.panels.subjects import is_of_renewal
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.core import N_, Refusal
from app.rules.sealing import Manner, Reader, check_can_download
from app.rules.states import PanelKind, PanelState
from tenants import events
from tenants.scope import Actor
from uploads.models import Dossier, DossierFile, DossierState, Purpose

_HELD = (DossierState.delivered, DossierState.accepted)


def get_application(panel: Panel) -> Application | None:
    """The application before the panel with its items."""
    query = select(Application).where(Application.id == panel.application_id)
    return db.session.scalar(query.options(selectinload(Application.items)))


def get_renewal(panel: Panel) -> RenewalCycle | None:
    """The renewal before the panel with its period, filing, past periods and items; None for other panels."""
    if panel.renewal_cycle_id is None:
        return None
    query = select(RenewalCycle).where(RenewalCycle.id == panel.renewal_cycle_id)
    filing = joinedload(RenewalCycle.filing).options(selectinload(Filing.periods), selectinload(Filing.items))
    return db.session.scalar(query.options(joinedload(RenewalCycle.period), filing))


def list_lines(panel: Panel) -> list[ApplicationLine]:
    """Premises, equipment, assessors and supervisors as the applicant listed them (R21); not for banks and renewals."""
    if panel.kind == PanelKind.QUESTION_BANK or panel.application_id is None:
        return []
    query = select(ApplicationLine).where(ApplicationLine.application_id == panel.application_id)
    return list(db.session.scalars(query.order_by(ApplicationLine.kind, ApplicationLine.position)))


def list_dossiers(panel: Panel) -> list[Dossier]:
    """The files of the banks before the panel, those of the application, or a renewal's self-assessment, newest
    first."""
    if is_of_renewal(panel):
        wanted = and_(Dossier.kind == Purpose.self_assessment, Dossier.subject_id == panel.renewal_cycle_id)
    elif panel.kind == PanelKind.QUESTION_BANK:
        wanted = and_(
            Dossier.kind == Purpose.question_bank, Dossier.subject_id.in_([row.item_id for row in panel.items])
        )
    else:
        requests = select(SupplementRequest.id).where(SupplementRequest.application_id == panel.application_id)
        wanted = or_(
            and_(Dossier.kind == Purpose.filing_materials, Dossier.subject_id == panel.application_id),
            and_(Dossier.kind == Purpose.supplement, Dossier.subject_id.in_(requests)),
        )
    query = select(Dossier).where(wanted, Dossier.state.in_(_HELD)).options(selectinload(Dossier.files))
    return list(db.session.scalars(query.order_by(Dossier.submitted_at.desc())))


def open_file(*, actor: Actor, panel_id: uuid.UUID, file_id: uuid.UUID, purpose: str, now: datetime) -> DossierFile:
    """Write down who opens which file and why; only then may its address be handed out.

    Nothing opens before the panel is formed. A bank is read on the screen (`custody.access`), never opened here.
    Refusals: not_seated, file_sealed, bank_original_refused, purpose_missing, file_unknown.
    """
    panel = queries.get_panel(panel_id)
    seat = queries.find_seat(panel_id, actor.user_id) if actor.user_id else None
    if panel is None or seat is None or seat.state not in queries.SEATED or seat.declared_at is None:
        raise Refusal("not_seated", "R64", N_("请先接受邀请并声明无需回避,再查看材料。"))
    if panel.state not in (*queries.AT_WORK, PanelState.CONCLUDED):
        raise Refusal("file_sealed", "R32", N_("评估组确定之前,材料不向专家开放。"))
    if panel.kind == PanelKind.QUESTION_BANK:
        check_can_download(Reader.PANEL_MEMBER, Manner.ORIGINAL, switch_on=False)
    if not purpose.strip():
        raise Refusal("purpose_missing", "R32", N_("请填写查看目的,申请单位会看到这条记录。"))
    found = next((file for one in list_dossiers(panel) for file in one.files if file.id == file_id), None)
    if found is None or found.bureau_key is None:
        raise Refusal("file_unknown", "", N_("没有找到这个文件。请刷新页面。"))
    dossier = next(one for one in list_dossiers(panel) if one.id == found.dossier_id)
    events.record(
        "panel_file_opened",
        actor=actor,
        now=now,
        subject_type="dossier",
        subject_id=dossier.id,
        organisation_id=panel.organisation_id,
        authority_code=panel.authority_code,
        rule="R32",
        number=dossier.number,
        name_of_file=found.name,
        reason=purpose.strip(),
    )
    record("panel_file_opened", actor, panel, now, before=panel.state, rule="R32", name_of_file=found.name)
    return found
