"""Receipts by the hundred (批量出具回执), each in a transaction of its own: one that cannot be issued stops none.

The officer who begins the batch issues every receipt in it; a line that failed says why and can be tried again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload, selectinload

from app import clock, outbox
from app.db import db
from app.jobs import job
from app.lifecycle.applications.models import Application
from app.lifecycle.filings.issuing import DIRECTORY, issue_receipt
from app.lifecycle.filings.models import Filing, Receipt, ReceiptBatch, ReceiptBatchLine
from app.rules.core import N_, Refusal
from app.rules.states import ApplicationState
from tenants import events
from tenants.scope import DEPARTMENT_CODE, Actor, Role, ScopeKind

ISSUE = "app.lifecycle.filings.batches.issue_line"
QUEUE = "documents"
MAX_LINES = 500


def list_ready(authority_code: str, *, limit: int = MAX_LINES) -> list[tuple[Application, Filing]]:
    """Announced applications of an authority with a code and no receipt yet, with organisation and items."""
    receipt = exists().where(Receipt.filing_id == Filing.id, Receipt.state == "current")
    query = (
        select(Application, Filing)
        .join(Filing, Filing.application_id == Application.id)
        .where(Application.authority_code == authority_code, Application.state == ApplicationState.ANNOUNCED)
        .where(Filing.institution_code.is_not(None), ~receipt)
        .options(joinedload(Application.organisation), selectinload(Application.items))
        .order_by(Filing.institution_code)
        .limit(limit)
    )
    return [(application, filing) for application, filing in db.session.execute(query).all()]


def begin_batch(*, actor: Actor, application_ids: Sequence[uuid.UUID], now: datetime) -> ReceiptBatch:
    """Write the lines down and have the workers issue them. Refusals: batch_empty, batch_stale."""
    wanted = list(dict.fromkeys(application_ids))[:MAX_LINES]
    if not wanted:
        raise Refusal("batch_empty", "R38", N_("请至少选择一家机构。"))
    if actor.authority_code is None or actor.user_id is None:
        raise ValueError("only an officer issues receipts")
    ready = {application.id for application, _ in list_ready(actor.authority_code)}
    if missing := [one for one in wanted if one not in ready]:
        raise Refusal(
            "batch_stale", "R38", N_("其中%(count)d家已出具或尚不能出具回执。请刷新后重新选择。"), count=len(missing)
        )
    batch = ReceiptBatch(id=uuid.uuid4(), authority_code=actor.authority_code, created_by=actor.user_id, created_at=now)
    db.session.add(batch)
    db.session.flush()
    for position, application_id in enumerate(wanted, start=1):
        db.session.add(
            ReceiptBatchLine(
                batch_id=batch.id,
                application_id=application_id,
                authority_code=actor.authority_code,
                position=position,
                state="waiting",
                problem="",
            )
        )
        _hand_over(batch.id, application_id)
    events.record(
        "receipt_batch_begun",
        actor=actor,
        now=now,
        subject_type="receipt_batch",
        subject_id=batch.id,
        authority_code=actor.authority_code,
        rule="R38",
        count=len(wanted),
    )
    db.session.flush()
    return batch


def retry_batch(*, actor: Actor, batch_id: uuid.UUID, now: datetime) -> int:
    """Try again what failed; answers how many lines."""
    query = select(ReceiptBatchLine).where(
        ReceiptBatchLine.batch_id == batch_id,
        ReceiptBatchLine.state == "failed",
        ReceiptBatchLine.authority_code == actor.authority_code,
    )
    lines = db.session.scalars(query).all()
    for line in lines:
        line.state, line.problem = "waiting", ""
        _hand_over(batch_id, line.application_id)
    db.session.flush()
    return len(lines)


def _hand_over(batch_id: uuid.UUID, application_id: uuid.UUID) -> None:
    outbox.add(ISSUE, queue=QUEUE, batch_id=str(batch_id), application_id=str(application_id))


@job()
def issue_line(*, batch_id: str, application_id: str) -> None:
    """Issue one receipt of a batch; a refusal is written on its line."""
    line = _locked(uuid.UUID(batch_id), uuid.UUID(application_id))
    if line is None or line.state != "waiting":
        return
    batch = db.session.get_one(ReceiptBatch, line.batch_id)
    kind = ScopeKind.department if batch.authority_code == DEPARTMENT_CODE else ScopeKind.bureau
    officer = Actor(kind, user_id=batch.created_by, authority_code=batch.authority_code, role=Role.officer)
    try:
        with db.session.begin_nested():
            receipt = issue_receipt(actor=officer, application_id=line.application_id, in_batch=True, now=clock.now())
        line.state, line.receipt_id = "issued", receipt.id
    except Refusal as refusal:
        line = _locked(uuid.UUID(batch_id), uuid.UUID(application_id))
        if line is not None:
            line.state, line.problem = "failed", str(refusal)
    db.session.flush()
    waiting = select(func.count()).where(ReceiptBatchLine.batch_id == batch.id, ReceiptBatchLine.state == "waiting")
    if not db.session.scalar(waiting):
        batch.finished_at = clock.now()
        # Retried lines end it again, and the directory follows again.
        outbox.add(DIRECTORY, queue="default", key=f"directory:batch:{batch.id}:{batch.finished_at.isoformat()}")


def _locked(batch_id: uuid.UUID, application_id: uuid.UUID) -> ReceiptBatchLine | None:
    query = select(ReceiptBatchLine).where(
        ReceiptBatchLine.batch_id == batch_id, ReceiptBatchLine.application_id == application_id
    )
    return db.session.scalar(query.with_for_update().execution_options(populate_existing=True))


def get_batch(batch_id: uuid.UUID) -> ReceiptBatch | None:
    """One batch with its lines, their organisations and receipts."""
    lines = selectinload(ReceiptBatch.lines)
    query = (
        select(ReceiptBatch)
        .where(ReceiptBatch.id == batch_id)
        .options(
            lines.joinedload(ReceiptBatchLine.application).joinedload(Application.organisation),
            lines.joinedload(ReceiptBatchLine.receipt),
        )
    )
    return db.session.scalar(query)


def list_batches(authority_code: str, *, limit: int = 20) -> list[ReceiptBatch]:
    """An authority's batches, the newest first, with their lines."""
    query = select(ReceiptBatch).where(ReceiptBatch.authority_code == authority_code)
    query = query.options(selectinload(ReceiptBatch.lines)).order_by(ReceiptBatch.created_at.desc()).limit(limit)
    return list(db.session.scalars(query))
