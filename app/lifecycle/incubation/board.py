"""The incubation board (R26–R29): who is where in the 180 days, and who is at risk."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.applications.queries import IN_INCUBATION
from app.lifecycle.incubation.models import Commitment, GuidanceEntry, ItemOutcome
from app.lifecycle.incubation.queries import LIVE
from app.rules.incubation import ItemProgress, Readiness, readiness
from app.rules.states import BankState
from tenants.models import Organisation
from uploads.models import Dossier

RISK_DAYS = 30
"""Our own warning: with so many days left, what is not yet with the panel is at risk."""


@dataclass(frozen=True)
class BoardRow:
    """One incubatee: days left (negative when over), what is missing, whether the commitment is signed."""

    application: Application
    days_left: int
    day: int
    ready: Readiness
    signed: bool
    risks: tuple[str, ...]


def list_board(
    authority_code: str,
    *,
    today: date,
    text: str = "",
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = 30,
) -> list[BoardRow]:
    """One page of an authority's incubatees, the nearest last day first."""
    query = select(Application).where(
        Application.authority_code == authority_code, Application.state.in_(IN_INCUBATION)
    )
    if text := text.strip():
        named = select(Organisation.id).where(Organisation.name.icontains(text, autoescape=True))
        query = query.where(
            or_(Application.organisation_id.in_(named), Application.number.icontains(text, autoescape=True))
        )
    if after is not None:
        query = query.where(tuple_(Application.incubation_due_on, Application.id) > after)
    query = query.options(joinedload(Application.organisation), selectinload(Application.items))
    found = list(db.session.scalars(query.order_by(Application.incubation_due_on, Application.id).limit(limit)))
    signed = set(
        db.session.scalars(
            select(Commitment.application_id).where(
                Commitment.application_id.in_([one.id for one in found]), Commitment.state.in_(LIVE)
            )
        )
    )
    return [board_row(one, signed=one.id in signed, today=today) for one in found]


def board_row(application: Application, *, signed: bool, today: date) -> BoardRow:
    """One incubatee's standing; its dates are set and its items loaded."""
    if application.incubation_start_on is None or application.incubation_due_on is None:
        raise ValueError("an application without incubation dates is not on the board")
    left = (application.incubation_due_on - today).days
    ready = readiness([ItemProgress(item=str(item.id), state=item.state) for item in application.items])
    risks = []
    if left < 0:
        risks.append("over")
    elif ready.missing and left <= RISK_DAYS:
        risks.append("banks")
    if not signed:
        risks.append("unsigned")
    return BoardRow(
        application=application,
        days_left=left,
        day=max(0, (today - application.incubation_start_on).days),
        ready=ready,
        signed=signed,
        risks=tuple(risks),
    )


def count_board(authority_code: str, *, today: date) -> dict[str, int]:
    """Figures at a glance: all, over, within thirty days."""
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(Application.incubation_due_on < today),
            func.count().filter(Application.incubation_due_on.between(today, date.fromordinal(today.toordinal() + 30))),
        ).where(Application.authority_code == authority_code, Application.state.in_(IN_INCUBATION))
    ).one()
    return {"all": row[0], "over": row[1], "soon": row[2]}


def list_banks_ready(authority_code: str, *, limit: int = 50) -> list[ApplicationItem]:
    """Items whose bank was accepted and waits for a panel, with application and organisation."""
    query = (
        select(ApplicationItem)
        .where(
            ApplicationItem.authority_code == authority_code,
            ApplicationItem.bank_state == BankState.ACCEPTED_FOR_PANEL,
        )
        .options(joinedload(ApplicationItem.application).joinedload(Application.organisation))
        .order_by(ApplicationItem.id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def list_guidance(application_id: uuid.UUID) -> list[GuidanceEntry]:
    """The guidance log of one incubatee, newest first."""
    query = select(GuidanceEntry).where(GuidanceEntry.application_id == application_id)
    return list(db.session.scalars(query.order_by(GuidanceEntry.held_on.desc(), GuidanceEntry.recorded_at.desc())))


def outcomes_of(application_id: uuid.UUID) -> dict[uuid.UUID, ItemOutcome]:
    """How each settled item ended, by item; a passed or eliminated one hides an earlier protection."""
    query = select(ItemOutcome).where(ItemOutcome.application_id == application_id).order_by(ItemOutcome.decided_at)
    return {row.item_id: row for row in db.session.scalars(query)}


def submitted_at(item_ids: list[uuid.UUID]) -> Mapping[uuid.UUID, datetime]:
    """When each item's bank last came in and was not returned."""
    query = (
        select(Dossier.subject_id, func.max(Dossier.submitted_at))
        .where(Dossier.kind == "question_bank", Dossier.subject_id.in_(item_ids), Dossier.state != "returned")
        .group_by(Dossier.subject_id)
    )
    return {subject: at for subject, at in db.session.execute(query).all()}


def today_of(now: datetime) -> date:
    """The date in Shanghai."""
    return now.astimezone(SHANGHAI).date()
