"""Receipts by the hundred: choose, issue in the background, watch the progress, try again what failed (R38)."""

from __future__ import annotations

import uuid

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.documents import queries as documents
from app.lifecycle.filings import batches
from app.lifecycle.filings.models import ReceiptBatch
from app.rules.core import Refusal
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import typed_ids
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from app.web.wording import item_label

ACCESS |= {
    "bureau.receipts": authority(),
    "bureau.receipts_issue": authority(Right.decide),
    "bureau.receipt_batch": authority(),
    "bureau.receipt_batch_retry": authority(Right.decide),
}


@blueprint.get("/receipts")
def receipts() -> ResponseReturnValue:
    """Who has a code and waits for the receipt, and the batches so far."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    page = render_template(
        "bureau/receipts.html",
        ready=batches.list_ready(authority_code()),
        batches=batches.list_batches(authority_code()),
        problems=problems,
        item_label=item_label,
    )
    return page, 422 if problems else 200


@blueprint.post("/receipts")
def receipts_issue() -> ResponseReturnValue:
    """Begin a batch of the ticked ones."""
    try:
        batch = batches.begin_batch(actor=actor(), application_ids=typed_ids("application"), now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _list((refusal_text(refusal),))
    batch_id = batch.id
    db.session.commit()
    return redirect(url_for("bureau.receipt_batch", batch_id=batch_id), 303)


def _batch(batch_id: uuid.UUID) -> ReceiptBatch:
    batch = batches.get_batch(batch_id)
    return batch if batch is not None and batch.authority_code == authority_code() else abort(404)


@blueprint.get("/receipts/<uuid:batch_id>")
def receipt_batch(batch_id: uuid.UUID) -> ResponseReturnValue:
    """The progress; to htmx its part alone."""
    batch = _batch(batch_id)
    filings = {line.receipt.filing_id for line in batch.lines if line.receipt is not None}
    issued = documents.list_documents(kind="receipt", subject_ids=filings, limit=batches.MAX_LINES) if filings else []
    standing = {one.subject_id: one for one in reversed(issued) if one.state in {"awaiting", "issued"}}
    of_line = {
        line.application_id: standing.get(str(line.receipt.filing_id))
        for line in batch.lines
        if line.receipt is not None
    }
    ready = sum(1 for one in of_line.values() if one is not None and one.sha256 is not None)
    failed = sum(line.state == "failed" for line in batch.lines)
    stuck = sum(1 for one in of_line.values() if one is not None and one.sha256 is None and one.problem)
    context = {
        "batch": batch,
        "document_of": of_line,
        "total": len(batch.lines),
        "ready": ready,
        "failed": failed,
        "moving": ready + failed + stuck < len(batch.lines),
    }
    part = request.htmx  # type: ignore[attr-defined]
    return render_template("bureau/_receipt_batch.html" if part else "bureau/receipt_batch.html", **context)


@blueprint.post("/receipts/<uuid:batch_id>/retry")
@commits
def receipt_batch_retry(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Try again what failed."""
    _batch(batch_id)
    count = batches.retry_batch(actor=actor(), batch_id=batch_id, now=g.now)
    flash(gettext("已重新办理 %(count)d 家。", count=count), "success")
    return redirect(url_for("bureau.receipt_batch", batch_id=batch_id), 303)
