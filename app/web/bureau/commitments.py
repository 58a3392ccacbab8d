"""One signed commitment on the bureau's desk: the text, how it was signed, its scans; confirm it or return it (B6)."""

from __future__ import annotations

import uuid

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.incubation import countersigning
from app.lifecycle.incubation.queries import get_commitment, is_stale, list_commitments
from app.lifecycle.incubation.services import CAPACITY_LABELS
from app.lifecycle.submissions.queries import get_dossier, get_task_of
from app.rules.states import COMMITMENT
from app.web import wording
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Page, case_of, perform, typed
from app.web.guards import actor

ACCESS |= {
    "bureau.commitment": authority(),
    "bureau.commitment_confirm": authority(Right.decide),
    "bureau.commitment_return": authority(Right.decide),
}


@blueprint.get("/commitments/<uuid:commitment_id>")
def commitment(commitment_id: uuid.UUID) -> ResponseReturnValue:
    """The page."""
    return _page(commitment_id)


def _page(commitment_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    one = get_commitment(commitment_id) or abort(404)
    case = case_of(one.application_id)
    dossier_id = one.evidence.dossier_id if one.evidence else None
    page = render_template(
        "bureau/commitment.html",
        commitment=one,
        case=case,
        problems=problems,
        reason=request.form.get("reason", ""),
        own=one.authority_code == authority_code(),
        stale=bool(case.incubation_start_on) and is_stale(one, case),
        dossier=get_dossier(dossier_id) if dossier_id else None,
        task=get_task_of(dossier_id) if dossier_id else None,
        others=[other for other in list_commitments(case.id) if other.id != one.id],
        machine=COMMITMENT,
        capacity_labels=CAPACITY_LABELS,
        methods=wording.SIGNING_METHODS,
        proofs=wording.SIGNING_PROOFS,
        role_names=wording.ROLES,
        scans=wording.SCANS,
    )
    return page, 422 if problems else 200


def _again(commitment_id: uuid.UUID) -> Page:
    return lambda problems: _page(commitment_id, problems)


@blueprint.post("/commitments/<uuid:commitment_id>/confirm")
def commitment_confirm(commitment_id: uuid.UUID) -> ResponseReturnValue:
    """Countersign it."""
    _ = get_commitment(commitment_id) or abort(404)
    return perform(
        lambda: countersigning.confirm_commitment(
            actor=actor(), commitment_id=commitment_id, checked=request.form.get("checked") == "yes", now=g.now
        ),
        page=_again(commitment_id),
        target=url_for("bureau.commitment", commitment_id=commitment_id),
        done=gettext("已确认承诺书,培育对象会收到通知。"),
    )


@blueprint.post("/commitments/<uuid:commitment_id>/return")
def commitment_return(commitment_id: uuid.UUID) -> ResponseReturnValue:
    """Have it signed anew, with the reason."""
    _ = get_commitment(commitment_id) or abort(404)
    return perform(
        lambda: countersigning.return_commitment(
            actor=actor(), commitment_id=commitment_id, reason=typed("reason", 1000), now=g.now
        ),
        page=_again(commitment_id),
        target=url_for("bureau.commitment", commitment_id=commitment_id),
        done=gettext("已退回重签,培育对象会收到退回理由。"),
    )
