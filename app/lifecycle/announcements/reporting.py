"""Reporting results to the department (信息上报, R4): what is not reported cannot be announced."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from app.db import db
from app.lifecycle.announcements import queries
from app.lifecycle.announcements.models import ReportBatch, ReportEntry
from app.lifecycle.applications.recording import advance
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.trail import need_reason, new_number
from app.rules.core import N_, Refusal
from app.rules.routing import authority_label
from app.rules.states import APPLICATION_ITEM, ApplicationState, ItemState
from tenants import events, notices
from tenants.scope import DEPARTMENT_CODE, Actor


def send_report(
    *, actor: Actor, application_ids: Collection[uuid.UUID], title: str, reference: str, note: str, now: datetime
) -> ReportBatch:
    """Report passed applications: they are listed for the announcement with their passed items alone (R4, R33).

    Refusals: report_empty, report_title_missing, not_reportable.
    """
    if actor.authority_code is None:
        raise Refusal("actor_not_allowed", "R4", N_("结果由省、市人力资源社会保障部门上报。"))
    if not application_ids:
        raise Refusal("report_empty", "R4", N_("请至少勾选一家验收通过的单位。"))
    if not title.strip():
        raise Refusal("report_title_missing", "R4", N_("请填写上报标题。"))
    rows = queries.list_by_ids(application_ids, lock=True)
    reported = queries.list_reported_ids(application_ids)
    for row in rows:
        ready = row.state in (ApplicationState.ACCEPTANCE_PASSED, ApplicationState.PENDING_ANNOUNCEMENT)
        if not ready or row.id in reported or row.authority_code != actor.authority_code:
            raise Refusal(
                "not_reportable",
                "R4",
                N_("%(number)s 不能上报:须由本部门办理、验收通过且尚未上报。请刷新页面。"),
                number=row.number,
            )
    if len(rows) != len(set(application_ids)):
        raise Refusal("not_reportable", "R4", N_("有的单位不能上报。请刷新页面后重新勾选。"))
    batch = ReportBatch(
        id=uuid.uuid4(),
        number=new_number("SB", actor.authority_code, now),
        authority_code=actor.authority_code,
        title=title.strip()[:200],
        reference=reference.strip()[:100],
        note=note.strip()[:2000],
        state="sent",
        reason="",
        sent_by=actor.user_id,
        sent_at=now,
        created_at=now,
    )
    db.session.add(batch)
    db.session.flush()
    for row in rows:
        db.session.add(
            ReportEntry(batch_id=batch.id, application_id=row.id, authority_code=batch.authority_code, live=True)
        )
        if row.state == ApplicationState.ACCEPTANCE_PASSED:
            for item in row.items:
                if item.state == ItemState.BANK_PASSED:
                    item.state = APPLICATION_ITEM.advance(item.state, "list", actor.kind)
            advance(actor, row, "list", now, name="application_listed", title=batch.title)
        meet_deadline(kind="city_report_due", subject_id=row.id, now=now)
    _record("report_sent", actor, batch, now, before=None, count=len(rows))
    if batch.authority_code != DEPARTMENT_CODE:
        notices.tell(
            kind="report_sent",
            now=now,
            link=f"/bureau/reports/{batch.id}",
            authority_code=DEPARTMENT_CODE,
            rule="R4",
            key=f"report_sent:{batch.id}",
            number=batch.number,
            authority=authority_label(batch.authority_code),
            title=batch.title,
        )
    return batch


def return_report(*, actor: Actor, batch_id: uuid.UUID, reason: str, now: datetime) -> ReportBatch:
    """Send a report back with a reason; its authority reports again. Refusals: report_unknown, report_used."""
    if actor.authority_code != DEPARTMENT_CODE:
        raise Refusal("actor_not_allowed", "R4", N_("上报由省厅审核。"))
    batch = queries.get_report(batch_id, lock=True)
    if batch is None or batch.state != "sent":
        raise Refusal("report_unknown", "R4", N_("没有找到可以退回的上报。请刷新页面。"))
    if any(entry.application.state != ApplicationState.PENDING_ANNOUNCEMENT for entry in batch.entries):
        raise Refusal("report_used", "R4", N_("这份上报中已有单位公布,不能退回。如有差错,请更正公布名单。"))
    batch.reason = need_reason(reason, "R4")
    batch.state = "returned"
    for entry in batch.entries:
        entry.live = False
    _record("report_returned", actor, batch, now, before="sent", reason=batch.reason)
    notices.tell(
        kind="report_returned",
        now=now,
        link=f"/bureau/reports/{batch.id}",
        authority_code=batch.authority_code,
        rule="R4",
        key=f"report_returned:{batch.id}",
        number=batch.number,
        title=batch.title,
        reason=batch.reason,
    )
    return batch


def _record(
    name: str,
    actor: Actor,
    batch: ReportBatch,
    now: datetime,
    *,
    before: str | None,
    reason: str = "",
    count: int | None = None,
) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="report_batch",
        subject_id=batch.id,
        authority_code=batch.authority_code,
        before=before,
        after=batch.state,
        rule="R4",
        number=batch.number,
        title=batch.title,
        reason=reason,
        count=count,
    )
