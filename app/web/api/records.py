"""The organisation's application items and the deadlines of whoever asks."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import abort

from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.deadlines import queries as deadlines
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.queries import DeadlineFilter
from app.lifecycle.submissions import queries
from app.web.access import Access, Audience, organisation
from app.web.api import cursors
from app.web.api.contract import DeadlineInfo, DeadlinePage, ItemInfo, ItemPage, PageQuery
from app.web.api.routing import route
from app.web.guards import actor
from tenants.scope import Actor


@route(
    "GET",
    "/items",
    access=organisation(),
    summary="Application items",
    query=PageQuery,
    answers={200: ItemPage},
)
def list_items(query: PageQuery) -> tuple[int, ItemPage]:
    organisation_id = actor().organisation_id
    if organisation_id is None:
        abort(404)
    rows = queries.list_items(organisation_id, after=cursors.read("items", query.cursor), limit=query.limit + 1)
    page = rows[: query.limit]
    more = None
    if len(rows) > query.limit:
        more = cursors.write("items", page[-1].application.created_at, page[-1].id)
    return 200, ItemPage([_item(row) for row in page], more)


def _item(row: ApplicationItem) -> ItemInfo:
    return ItemInfo(
        id=row.id,
        application_id=row.application_id,
        application_number=row.application.number,
        occupation_code=row.occupation_code,
        occupation_name=row.occupation_name,
        work_type=row.work_type,
        skill_level=row.skill_level,
        state=row.state,
        bank_state=row.bank_state,
        incubation_due_on=row.application.incubation_due_on,
    )


@route(
    "GET",
    "/deadlines",
    access=Access((Audience.organisation, Audience.authority)),
    summary="Deadlines, open and missed, by due date",
    query=PageQuery,
    answers={200: DeadlinePage},
)
def list_deadlines(query: PageQuery) -> tuple[int, DeadlinePage]:
    rows = _deadlines(actor(), cursors.read("deadlines", query.cursor), query.limit + 1)
    page = rows[: query.limit]
    more = cursors.write("deadlines", page[-1].due_at, page[-1].id) if len(rows) > query.limit else None
    return 200, DeadlinePage([_deadline(row) for row in page], more)


def _deadlines(who: Actor, after: tuple[datetime, uuid.UUID] | None, limit: int) -> list[Deadline]:
    wanted = DeadlineFilter()
    if who.authority_code is not None:
        return deadlines.list_for_authority(who.authority_code, wanted=wanted, after=after, limit=limit)
    if who.organisation_id is None:
        abort(404)
    # An organisation has some dozens at most: they are read together and cut here.
    rows = deadlines.list_for_organisation(who.organisation_id, states=wanted.states)
    return [row for row in rows if after is None or (row.due_at, row.id) > after][:limit]


def _deadline(row: Deadline) -> DeadlineInfo:
    return DeadlineInfo(
        id=row.id,
        kind=row.kind,
        label=row.subject_label,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        due_on=row.due_on,
        due_at=row.due_at,
        provisional=row.provisional,
        state=row.state,
        rule=row.rule,
    )
