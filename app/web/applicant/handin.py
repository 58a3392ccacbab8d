"""Check your answers, then hand in: the same two steps for a question bank, a self-assessment and an exit's data."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.incubation.exceptions import find_exception
from app.lifecycle.incubation.queries import gate_settings
from app.lifecycle.progress import Progress
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.submissions.services import submit_dossier
from app.rules import clocks, dossiers
from app.rules.core import Refusal
from app.web.access import Right
from app.web.applicant.base import found, page, refused
from app.web.applicant.files import ids_from, rows_of
from app.web.applicant.space import Space, load_space
from app.web.guards import actor, commits
from app.web.wording import DOSSIER_KINDS, item_label
from tenants.accounts.confirmation import require_confirmed
from uploads.models import Purpose, Upload


@dataclass(frozen=True)
class HandIn:
    """What is about to be handed in: its kind and subject in words, where it came from, by which rule."""

    kind: Purpose
    subject_id: uuid.UUID
    label: str
    back: str
    rule: str
    progress: Progress
    obstacle: Refusal | None


@page("/items/<uuid:item_id>/submit", right=Right.edit)
def check_bank(item_id: uuid.UUID) -> ResponseReturnValue:
    """What will be sent, to whom, what becomes frozen."""
    space = load_space()
    return _check(space, _bank(space, item_id), ids_from(request.args.getlist("file")), _new_key())


@page("/items/<uuid:item_id>/submit", right=Right.edit, methods=("POST",))
@commits
def submit_bank(item_id: uuid.UUID) -> ResponseReturnValue:
    """Hand in an item's question bank."""
    space = load_space()
    return _submit(lambda: _bank(load_space(), item_id), _bank(space, item_id))


@page("/renewal/submit", right=Right.edit)
def check_renewal() -> ResponseReturnValue:
    """What will be sent to the bureau that filed the organisation."""
    space = load_space()
    if space.cycle is None:
        return redirect(url_for("applicant.renewal"), 303)
    return _check(space, _renewal(space, space.cycle), ids_from(request.args.getlist("file")), _new_key())


@page("/renewal/submit", right=Right.edit, methods=("POST",))
@commits
def submit_renewal() -> ResponseReturnValue:
    """Hand in the self-assessment and with it apply for renewal (R49)."""
    space = load_space()
    if space.cycle is None:
        return redirect(url_for("applicant.renewal"), 303)
    return _submit(_renewal_again, _renewal(space, space.cycle))


def _renewal_again() -> HandIn:
    space = load_space()
    return _renewal(space, found(space.cycle))


@page("/exit/submit", right=Right.edit)
def check_exit_data() -> ResponseReturnValue:
    """What will be sent to the bureau that the organisation was filed with."""
    space = load_space()
    if space.exit_case is None:
        return redirect(url_for("applicant.exit"), 303)
    return _check(space, _exit_data(space, space.exit_case), ids_from(request.args.getlist("file")), _new_key())


@page("/exit/submit", right=Right.edit, methods=("POST",))
@commits
def submit_exit_data() -> ResponseReturnValue:
    """Hand in the compliance data (R65)."""
    space = load_space()
    if space.exit_case is None:
        return redirect(url_for("applicant.exit"), 303)
    return _submit(_exit_data_again, _exit_data(space, space.exit_case))


def _exit_data_again() -> HandIn:
    space = load_space()
    return _exit_data(space, found(space.exit_case))


def _submit(again: Any, wanted: HandIn) -> ResponseReturnValue:
    chosen = ids_from(request.form.getlist("file"))
    key = request.form.get("idempotency_key", "")[:200] or _new_key()
    try:
        require_confirmed(actor())
        dossier = submit_dossier(
            actor=actor(),
            kind=wanted.kind,
            subject_id=wanted.subject_id,
            upload_ids=chosen,
            idempotency_key=key,
            now=g.now,
        )
    except Refusal as refusal:
        shown = refused(refusal)
        return _check(load_space(), again(), chosen, key, **shown), 422
    return redirect(url_for("applicant.dossier", dossier_id=dossier.id), 303)


def _check(space: Space, wanted: HandIn, chosen: list[uuid.UUID], key: str, **extra: Any) -> str:
    if dossier := wanted.progress.open_dossier:
        extra["already"] = dossier
    files = [upload for upload in wanted.progress.ready if upload.id in chosen]
    return render_template(
        "applicant/check.html",
        space=space,
        wanted=wanted,
        files=files,
        rows={row.upload.id: row for row in rows_of(wanted.progress, load_settings(space.organisation.authority_code))},
        total_size=_size(files),
        key=key,
        kind_label=DOSSIER_KINDS[wanted.kind],
        **extra,
    )


def _size(files: Sequence[Upload]) -> int:
    return sum(upload.size or upload.declared_size for upload in files)


def _new_key() -> str:
    # In the form, so that a double click, a second tab or a retried request is one submission.
    return uuid.uuid4().hex


def _bank(space: Space, item_id: uuid.UUID) -> HandIn:
    item: ApplicationItem = found(next((row for row in space.items if row.id == item_id), None))
    return HandIn(
        Purpose.question_bank,
        item.id,
        item_label(item),
        url_for("applicant.item", item_id=item.id),
        "R29",
        space.progress[item.id],
        _obstacle(lambda: _ask_bank(space, item)),
    )


def _ask_bank(space: Space, item: ApplicationItem) -> None:
    application = found(space.application)
    dossiers.check_can_submit_bank(
        space.commitment.state if space.commitment else None,
        item.state,
        g.now,
        clocks.end_of_day(application.incubation_due_on),
        None,
        gate_settings(space.commitment, load_settings(space.organisation.authority_code)),
        officer_exception=find_exception(item.id, g.now) is not None,
    )


def _renewal(space: Space, cycle: RenewalCycle) -> HandIn:
    return HandIn(
        Purpose.self_assessment,
        cycle.id,
        space.filing.institution_code or "" if space.filing else "",
        url_for("applicant.renewal"),
        "R49",
        space.progress[cycle.id],
        _obstacle(lambda: _ask_renewal(cycle)),
    )


def _ask_renewal(cycle: RenewalCycle) -> None:
    authority = cycle.authority_code
    if cycle.state == "supplement_requested":
        return
    dossiers.check_can_submit_self_assessment(
        cycle.state, g.now, clocks.end_of_day(cycle.apply_close_on), authority, authority
    )


def _exit_data(space: Space, case: ExitCase) -> HandIn:
    return HandIn(
        Purpose.exit_data,
        case.id,
        case.filing.institution_code or case.number,
        url_for("applicant.exit"),
        "R65",
        space.progress[case.id],
        _obstacle(lambda: dossiers.check_can_submit_exit_data(case.state)),
    )


def _obstacle(ask: Any) -> Refusal | None:
    """What stands in the way whatever is chosen: told before the button is pressed, and decided again after it."""
    try:
        ask()
    except Refusal as refusal:
        return refusal
    return None
