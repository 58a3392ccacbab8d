"""What only the system may do for applications: move one to another city, clear the queue of a withdrawn one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update

from app import clock, outbox
from app.db import db
from app.jobs import NotReady, job
from app.lifecycle import paths
from app.lifecycle.applications import queries, settling
from app.lifecycle.applications.models import ApplicationRoute
from app.lifecycle.applications.recording import write
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.submissions.services import DELIVER
from app.rules.authority import Level
from app.rules.routing import CITIES
from tenants import notices
from tenants.queries import queue_of
from tenants.scope import SYSTEM_ACTOR
from uploads.custody.erasing import forget_places
from uploads.errors import PartDown
from uploads.models import Dossier, DossierFile, DossierState, ReviewState, ReviewTask
from uploads.store import ObjectStore

REMOVE_COPIES = "app.lifecycle.applications.jobs.remove_copies"


@job()
def reroute(*, route_id: str) -> None:
    """Move an application, its items, files and tasks to another city in one transaction; run again, nothing happens.

    The files are delivered anew from the organisation's own bucket to the right bureau; the wrong one's copies go.
    """
    route = db.session.get(ApplicationRoute, uuid.UUID(route_id), with_for_update=True)
    if route is None or route.arrived_at is not None:
        return
    application = queries.get_application(route.application_id, lock=True)
    if application is None:
        return
    now, code = clock.now(), route.to_code
    # Where it was filed follows from where the organisation is registered: that was wrong, so it is put right too.
    organisation = application.organisation
    organisation.registration_city_code = code
    if organisation.filing_level == Level.MUNICIPAL:
        organisation.authority_code = code
    application.authority_code = application.city_code = code
    application.rerouting_to, application.assigned_to, application.held_at, application.held_reason = "", None, None, ""
    application.version += 1
    for item in application.items:
        item.authority_code = item.city_code = code
    for request in application.supplements:
        request.authority_code = code
    subjects = [application.id, *(request.id for request in application.supplements)]
    db.session.execute(update(Deadline).where(Deadline.subject_id.in_(subjects)).values(authority_code=code))
    for dossier in settling.list_dossiers(application):
        _send_again(dossier, code, route)
    route.arrived_at = now
    db.session.flush()
    write(
        SYSTEM_ACTOR,
        application,
        now,
        name="application_arrived_in_city",
        rule="R15",
        before=application.state,
        title=CITIES[code].bureau,
    )
    words: dict[str, Any] = {"number": application.number, "city": CITIES[code].bureau, "reason": route.reason}
    notices.tell(
        kind="application_rerouted",
        now=now,
        link=paths.of_application(application.id),
        organisation_id=application.organisation_id,
        rule="R15",
        statutory=True,
        key=f"application_rerouted:{route.id}",
        **words,
    )
    notices.tell(
        kind="application_routed_here",
        now=now,
        link=f"/bureau/applications/{application.id}",
        authority_code=code,
        rule="R15",
        key=f"application_routed_here:{route.id}",
        organisation=organisation.name,
        **words,
    )


def _send_again(dossier: Dossier, code: str, route: ApplicationRoute) -> None:
    files = db.session.scalars(select(DossierFile).where(DossierFile.dossier_id == dossier.id)).all()
    copies = [[file.bureau_bucket, file.bureau_key] for file in files if file.bureau_bucket and file.bureau_key]
    db.session.execute(delete(ReviewTask).where(ReviewTask.dossier_id == dossier.id))
    dossier.authority_code, dossier.state, dossier.delivered_at = code, DossierState.submitted, None
    for file in files:
        file.authority_code, file.bureau_bucket, file.bureau_key, file.copied_at = code, None, None, None
    db.session.flush()
    outbox.add(
        DELIVER,
        queue=queue_of(code),
        key=f"deliver:{dossier.id}:{route.id}",
        dossier_id=str(dossier.id),
    )
    if copies:
        outbox.add(REMOVE_COPIES, queue="default", key=f"copies:{dossier.id}:{route.id}", copies=copies)


@job()
def remove_copies(*, copies: list[list[str]]) -> None:
    """Take the copies of files out of a bureau's bucket that is not theirs any more. Raises NotReady."""
    store: ObjectStore = current_app.extensions["sheping_store"]
    for bucket, key in copies:
        try:
            store.remove(bucket, key)
        except PartDown as down:
            raise NotReady(f"waiting for the {down.part}: {down}") from down
    forget_places((bucket, key) for bucket, key in copies)


@job()
def settle_withdrawn(*, application_id: str) -> None:
    """Close the tasks of an application that its organisation has withdrawn."""
    application = queries.get_application(uuid.UUID(application_id), lock=True)
    if application is not None:
        settling.close_tasks(SYSTEM_ACTOR, application, ReviewState.returned, "申报单位已撤回申报", clock.now())
