"""Handing in dossiers and following them by the API."""

from __future__ import annotations

import uuid

from flask import abort, g, request

from app.lifecycle.submissions import queries, services
from app.rules.core import N_
from app.web.access import Access, Audience, Right, organisation
from app.web.api.contract import DossierFileInfo, DossierReceipt, DossierRequest, DossierStatus, EventInfo
from app.web.api.routing import route
from app.web.api.schema import BadInput, Fault
from app.web.guards import actor, commits
from tenants import events
from tenants.accounts.confirmation import require_confirmed
from tenants.events import Event
from uploads.models import Dossier, DossierState, Purpose

KEY_MAX = 200
_KEY_HELP = "Any text of 1–200 characters that you choose for this submission; repeat it when you repeat the request."


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > KEY_MAX or not key.isprintable():
        message = N_("缺少请求头 Idempotency-Key(1 至 200 个可见字符)。请为每次提交自定一个,重试时用同一个。")
        raise BadInput(Fault("Idempotency-Key", message), status=400)
    return key


@route(
    "POST",
    "/dossiers",
    access=organisation(Right.edit),
    summary="Hand in checked files; repeating it gives the same dossier",
    body=DossierRequest,
    headers={"Idempotency-Key": _KEY_HELP},
    answers={201: DossierReceipt},
    errors=(409,),
)
@commits
def submit_dossier(body: DossierRequest) -> tuple[int, DossierReceipt]:
    require_confirmed(actor())
    dossier = services.submit_dossier(
        actor=actor(),
        kind=body.kind,
        subject_id=body.subject_id,
        upload_ids=body.upload_ids,
        idempotency_key=_idempotency_key(),
        now=g.now,
    )
    return 201, DossierReceipt(dossier.id, dossier.number, DossierState(dossier.state), dossier.manifest_sha256)


@route(
    "GET",
    "/dossiers/<uuid:dossier_id>",
    access=Access((Audience.organisation, Audience.authority)),
    summary="One dossier with its events",
    answers={200: DossierStatus},
)
def get_dossier(dossier_id: uuid.UUID) -> tuple[int, DossierStatus]:
    dossier = queries.get_dossier(dossier_id)
    if dossier is None:
        abort(404)
    trail = reversed(events.list_for_subject("dossier", dossier.id))
    return 200, _status(dossier, [_event(event) for event in trail])


def _status(dossier: Dossier, trail: list[EventInfo]) -> DossierStatus:
    return DossierStatus(
        id=dossier.id,
        number=dossier.number,
        kind=Purpose(dossier.kind),
        subject_id=dossier.subject_id,
        title=dossier.title,
        state=DossierState(dossier.state),
        manifest_sha256=dossier.manifest_sha256,
        submitted_at=dossier.submitted_at,
        delivered_at=dossier.delivered_at,
        decided_at=dossier.decided_at,
        reason=dossier.reason,
        files=[DossierFileInfo(file.name, file.size, file.sha256, file.sm3, file.type) for file in dossier.files],
        events=trail,
    )


def _event(event: Event) -> EventInfo:
    return EventInfo(event.name, event.at, event.actor_role)
