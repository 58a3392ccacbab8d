"""Lists of deadlines for the people who must keep or watch them, and figures of their boards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, text, tuple_
from sqlalchemy.orm import joinedload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.models import LIVE, Deadline, DeadlineChange
from app.rules.clocks import end_of_day
from app.rules.ladders import INFORMATION_KINDS
from tenants.models import Organisation, User

WEEK = timedelta(days=7)
RISK_SHARE = 0.8
"""At risk: not due within the week yet, but this share of its time has gone and it is still open."""
NOBODY = uuid.UUID(int=0)
"""As an officer: cases nobody was assigned to."""
Cursor = tuple[datetime, uuid.UUID] | None


@dataclass(frozen=True)
class DeadlineFilter:
    """What a board shows; empty means all. `officer` is a user, or NOBODY; `on` one last day; `at_risk` see above."""

    states: tuple[str, ...] = ("open", "missed")
    kind: str = ""
    text: str = ""
    due_before: datetime | None = None
    officer: uuid.UUID | None = None
    on: date | None = None
    at_risk: datetime | None = None
    organisation_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Load:
    """How many open deadlines end on each day, from `first` on."""

    first: date
    counts: dict[date, int]

    @property
    def most(self) -> int:
        return max(self.counts.values(), default=0)


def list_for_organisation(organisation_id: uuid.UUID, *, states: tuple[str, ...] = ()) -> list[Deadline]:
    """An organisation's deadlines by due date."""
    query = select(Deadline).where(Deadline.organisation_id == organisation_id)
    if states:
        query = query.where(Deadline.state.in_(states))
    return list(db.session.scalars(query.order_by(Deadline.due_at, Deadline.id)))


def list_for_authority(
    authority_code: str | None, *, wanted: DeadlineFilter, after: Cursor = None, limit: int = 50
) -> list[Deadline]:
    """One page of a board by due date, with organisations loaded; `after` is the last row seen, None as code: all."""
    query = _filtered(_of(select(Deadline), authority_code, kind=wanted.kind), wanted)
    if after is not None:
        query = query.where(tuple_(Deadline.due_at, Deadline.id) > after)
    query = query.options(joinedload(Deadline.organisation)).order_by(Deadline.due_at, Deadline.id).limit(limit)
    return list(db.session.scalars(query))


def iter_for_export(authority_code: str | None, *, wanted: DeadlineFilter, page: int = 1000) -> Iterator[Deadline]:
    """All rows of a board in pages, so that a province's list does not stand in memory as objects at once."""
    after: Cursor = None
    while True:
        rows = list_for_authority(authority_code, wanted=wanted, after=after, limit=page)
        yield from rows
        if len(rows) < page:
            return
        after = (rows[-1].due_at, rows[-1].id)
        db.session.expunge_all()


def count_for_authority(authority_code: str | None, *, now: datetime, week_end: datetime) -> dict[str, int]:
    """How many of a board's deadlines are overdue, due by `week_end`, at risk, and open in all."""
    query = _of(
        select(
            func.count().filter(Deadline.state == "missed"),
            func.count().filter(Deadline.state == "open", Deadline.due_at <= week_end),
            func.count().filter(Deadline.state == "open", _at_risk(now)),
            func.count().filter(Deadline.state == "open"),
        ).where(text(LIVE)),
        authority_code,
    )
    row = db.session.execute(query).one()
    return {"missed": row[0], "week": row[1], "risk": row[2], "open": row[3]}


def count_by_kind(authority_code: str | None, *, now: datetime) -> list[Any]:
    """(kind, open, within the week, overdue) of a board, the fullest first."""
    query = _of(select(Deadline.kind, *_figures(now)).where(text(LIVE)), authority_code)
    return list(db.session.execute(query.group_by(Deadline.kind).order_by(text("2 desc, 1"))))


def count_by_officer(authority_code: str, *, now: datetime) -> list[Any]:
    """(user id or None, name, open, within the week, overdue) by who a case is assigned to."""
    query = (
        select(Application.assigned_to, User.name, *_figures(now))
        .select_from(Deadline)
        .outerjoin(Application, Application.id == Deadline.case_id)
        .outerjoin(User, User.id == Application.assigned_to)
        .where(text(f"deadlines.{LIVE}"))
    )
    query = _of(query, authority_code)
    return list(db.session.execute(query.group_by(Application.assigned_to, User.name).order_by(text("3 desc"))))


def count_by_authority(*, now: datetime) -> dict[str, Any]:
    """(code, open, within the week, overdue) by authority."""
    query = _of(select(Deadline.authority_code, *_figures(now)).where(text(LIVE)), None)
    rows: list[Any] = list(db.session.execute(query.group_by(Deadline.authority_code)))
    return {row[0]: row for row in rows}


def _figures(now: datetime) -> tuple[ColumnElement[int], ...]:
    return (
        func.count().filter(Deadline.state == "open"),
        func.count().filter(Deadline.state == "open", Deadline.due_at <= now + WEEK),
        func.count().filter(Deadline.state == "missed"),
    )


def load_per_day(authority_code: str | None, *, first: date, days: int) -> Load:
    """How many open deadlines end on each of `days` days from `first`."""
    until = end_of_day(first + timedelta(days=days - 1))
    query = _of(
        select(Deadline.due_on, func.count())
        .where(Deadline.state == "open", Deadline.due_at > end_of_day(first - timedelta(days=1)))
        .where(Deadline.due_at <= until, text(LIVE)),
        authority_code,
    )
    counts = {row[0]: row[1] for row in db.session.execute(query.group_by(Deadline.due_on))}
    return Load(first, {first + timedelta(days=n): counts.get(first + timedelta(days=n), 0) for n in range(days)})


def list_case_limits(authority_code: str | None, *, cases: int, now: datetime) -> list[Deadline]:
    """All deadlines of the cases whose next limit is nearest, with organisations, by case and due date."""
    nearest = (
        _of(select(Deadline.case_id, func.min(Deadline.due_at).label("next")), authority_code)
        .where(text(LIVE), Deadline.case_id.is_not(None), Deadline.due_at > now - timedelta(days=60))
        .group_by(Deadline.case_id)
        .order_by(text("next"))
        .limit(cases)
        .subquery()
    )
    query = (
        select(Deadline)
        .join(nearest, nearest.c.case_id == Deadline.case_id)
        .where(Deadline.state != "cancelled")
        .options(joinedload(Deadline.organisation))
        .order_by(nearest.c.next, Deadline.case_id, Deadline.due_at)
    )
    return list(db.session.scalars(query))


def officer_names(rows: list[Deadline]) -> dict[uuid.UUID, str]:
    """Who each case of a page is assigned to, by case; a name only where this scope may know it."""
    cases = {row.case_id for row in rows if row.case_id is not None}
    if not cases:
        return {}
    query = (
        select(Application.id, User.name)
        .join(User, User.id == Application.assigned_to)
        .where(Application.id.in_(cases))
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def get_deadline(deadline_id: uuid.UUID) -> Deadline | None:
    """One deadline with its organisation, if this scope may see it."""
    query = select(Deadline).where(Deadline.id == deadline_id).options(joinedload(Deadline.organisation))
    return db.session.scalar(query)


def list_of_case(case_id: uuid.UUID) -> list[Deadline]:
    """Every limit of one application, by due date."""
    query = select(Deadline).where(Deadline.case_id == case_id, Deadline.state != "cancelled")
    return list(db.session.scalars(query.order_by(Deadline.due_at, Deadline.id)))


def list_changes(deadline_id: uuid.UUID) -> list[DeadlineChange]:
    """What became of one deadline, newest first."""
    query = select(DeadlineChange).where(DeadlineChange.deadline_id == deadline_id)
    return list(db.session.scalars(query.order_by(DeadlineChange.id.desc())))


def _of(query: Any, authority_code: str | None, *, kind: str = "") -> Any:
    # A window that may be used (R43) is nobody's work: a board shows it only to who asks for that kind.
    if kind not in INFORMATION_KINDS:
        query = query.where(Deadline.kind.not_in(INFORMATION_KINDS))
    return query if authority_code is None else query.where(Deadline.authority_code == authority_code)


def _at_risk(now: datetime) -> ColumnElement[bool]:
    today = now.astimezone(SHANGHAI).date()
    span = Deadline.due_on - Deadline.starts_on
    used: ColumnElement[Any] = literal_column(f"date '{today.isoformat()}'") - Deadline.starts_on
    return and_(Deadline.due_at > now + WEEK, Deadline.due_on > Deadline.starts_on, used >= RISK_SHARE * span)


def _filtered(query: Select[Any], wanted: DeadlineFilter) -> Select[Any]:
    if set(wanted.states) == {"open", "missed"}:
        query = query.where(text(f"deadlines.{LIVE}"))
    elif wanted.states:
        query = query.where(Deadline.state.in_(wanted.states))
    if wanted.kind:
        query = query.where(Deadline.kind == wanted.kind)
    if wanted.due_before is not None:
        query = query.where(Deadline.due_at <= wanted.due_before)
    if wanted.on is not None:
        query = query.where(Deadline.due_on == wanted.on)
    if wanted.at_risk is not None:
        query = query.where(Deadline.state == "open", _at_risk(wanted.at_risk))
    if wanted.organisation_id is not None:
        query = query.where(Deadline.organisation_id == wanted.organisation_id)
    if wanted.officer is not None:
        query = query.outerjoin(Application, Application.id == Deadline.case_id)
        query = query.where(
            Application.assigned_to.is_(None) if wanted.officer == NOBODY else Application.assigned_to == wanted.officer
        )
    if wanted.text:
        named = select(Organisation.id).where(Organisation.name.icontains(wanted.text, autoescape=True))
        query = query.where(
            or_(
                Deadline.subject_label.icontains(wanted.text, autoescape=True),
                Deadline.organisation_id.in_(named),
            )
        )
    return query
