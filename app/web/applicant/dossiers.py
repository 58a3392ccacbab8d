"""What was handed in: the list of receipts, and each receipt with its timeline."""

from __future__ import annotations

import uuid

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.db import db
from app.lifecycle import paths
from app.lifecycle.progress import find_dossier, list_dossiers
from app.lifecycle.submissions import archives
from app.lifecycle.submissions.services import retry_delivery
from app.web.access import Right
from app.web.api import cursors
from app.web.api.schema import BadInput
from app.web.applicant.base import fingerprint, found, live_page, page
from app.web.archives import archive
from app.web.guards import actor, commits
from app.web.wording import DOSSIER_KINDS, DOSSIER_STATES, timeline_rows
from tenants import events
from tenants.models import Organisation
from tenants.queries import get_authority
from uploads.models import DossierState, Purpose

PAGE = 20
KINDS = (Purpose.question_bank, Purpose.self_assessment, Purpose.commitment)
_MOVING = (DossierState.submitted, DossierState.dead_letter)


@page("/dossiers")
def dossiers() -> ResponseReturnValue:
    """All receipts, newest first, by kind and state."""
    organisation_id = found(actor().organisation_id)
    kind, state = request.args.get("kind", ""), request.args.get("state", "")
    try:
        after = cursors.read("receipts", request.args.get("cursor") or None)
    except BadInput:
        after = None
    rows = list_dossiers(organisation_id, kind=kind, state=state, after=after, limit=PAGE + 1)
    shown = rows[:PAGE]
    more = cursors.write("receipts", shown[-1].submitted_at, shown[-1].id) if len(rows) > PAGE else None
    return render_template(
        "applicant/dossiers.html",
        rows=shown,
        next_cursor=more,
        kind=kind,
        state=state,
        kinds={one.value: DOSSIER_KINDS[one] for one in KINDS},
        states=DOSSIER_STATES,
        state_options=[(key, word) for key, (_tone, word) in DOSSIER_STATES.items()],
        filtered=bool(kind or state or after),
    )


@page("/dossiers/<uuid:dossier_id>")
def dossier(dossier_id: uuid.UUID) -> ResponseReturnValue:
    """The receipt: number, server time, names, sizes and hashes, to whom, and every step since."""
    one = found(find_dossier(dossier_id))
    organisation = db.session.scalars(
        select(Organisation).where(Organisation.id == one.organisation_id).options(joinedload(Organisation.authority))
    ).one()
    steps = events.list_for_subject("dossier", one.id)
    return live_page(
        "applicant/dossier.html",
        "applicant/_dossier.html",
        seen=fingerprint(one.state, one.reason, [event.id for event in steps]),
        dossier=one,
        organisation=organisation,
        authority=get_authority(one.authority_code),
        kind_label=DOSSIER_KINDS.get(one.kind, one.kind),
        state=DOSSIER_STATES[one.state],
        subject_url=_subject_url(one.kind, one.subject_id),
        events=timeline_rows(steps),
        poll_seconds=2 if one.state in _MOVING else 15,
    )


def _subject_url(kind: str, subject_id: uuid.UUID) -> str:
    if kind == Purpose.question_bank:
        return paths.of_item(subject_id)
    return paths.COMMITMENT if kind == Purpose.commitment else paths.RENEWAL


@page("/dossiers/<uuid:dossier_id>.zip")
@commits
def dossier_archive(dossier_id: uuid.UUID) -> ResponseReturnValue:
    """All of it as one ZIP, each file's download in the trail."""
    found(find_dossier(dossier_id))
    one, members = archives.open_for_organisation(actor=actor(), dossier_id=dossier_id, now=g.now)
    return archive(one, members, made_for=one.organisation.name)


@page("/dossiers/<uuid:dossier_id>/retry", right=Right.edit, methods=("POST",))
@commits
def retry_dossier(dossier_id: uuid.UUID) -> ResponseReturnValue:
    """Send again what could not be delivered."""
    one = found(find_dossier(dossier_id))
    retry_delivery(actor=actor(), dossier_id=one.id, now=g.now)
    flash(gettext("已重新发送。"), "success")
    return redirect(url_for("applicant.dossier", dossier_id=one.id), 303)
