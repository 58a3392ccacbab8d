"""An authority's inbox and its decisions by the API."""

from __future__ import annotations

import uuid

from flask import abort, g

from app.lifecycle.submissions import queries, services
from app.lifecycle.submissions.queries import InboxFilter
from app.web.access import Right, authority
from app.web.api import cursors
from app.web.api.contract import DecisionRequest, ReviewInfo, ReviewPage, ReviewQuery
from app.web.api.routing import route
from app.web.guards import actor, commits
from uploads.models import Purpose, ReviewState, ReviewTask


@route(
    "GET",
    "/reviews",
    access=authority(),
    summary="The inbox, newest first",
    query=ReviewQuery,
    answers={200: ReviewPage},
)
def list_reviews(query: ReviewQuery) -> tuple[int, ReviewPage]:
    authority_code = actor().authority_code
    if authority_code is None:
        abort(404)
    rows = queries.list_inbox(
        authority_code,
        wanted=InboxFilter(states=(query.state,) if query.state else (), kind=query.kind or "", text=query.q),
        after=cursors.read("reviews", query.cursor),
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    more = cursors.write("reviews", page[-1].arrived_at, page[-1].id) if len(rows) > query.limit else None
    return 200, ReviewPage([_review(task) for task in page], more)


@route(
    "POST",
    "/reviews/<uuid:task_id>/decision",
    access=authority(Right.decide),
    summary="Accept a dossier or return it with a reason",
    body=DecisionRequest,
    answers={200: ReviewInfo},
    errors=(409,),
)
@commits
def decide_review(task_id: uuid.UUID, body: DecisionRequest) -> tuple[int, ReviewInfo]:
    task = services.decide_review(
        actor=actor(),
        task_id=task_id,
        decision=body.decision,
        reason=body.reason,
        expected_version=body.version,
        now=g.now,
    )
    return 200, _review(task)


def _review(task: ReviewTask) -> ReviewInfo:
    return ReviewInfo(
        id=task.id,
        dossier_id=task.dossier_id,
        number=task.dossier.number,
        kind=Purpose(task.dossier.kind),
        title=task.dossier.title,
        organisation=task.organisation.name,
        state=ReviewState(task.state),
        assigned=task.assigned_to is not None,
        arrived_at=task.arrived_at,
        decided_at=task.decided_at,
        reason=task.reason,
        version=task.version,
    )
