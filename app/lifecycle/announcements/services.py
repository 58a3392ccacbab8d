"""Announcements (公布) by the department alone: drafted from the reports, frozen when published, corrected by versions
(R33, R35), and the record of their report to the ministry (R36)."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.lifecycle.announcements import queries
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry, MinistryReport
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.recording import advance
from app.lifecycle.milestones import Milestone, reach
from app.lifecycle.trail import check_last_change
from app.rules import filing as rules
from app.rules.core import N_, Refusal
from app.rules.routing import CITIES
from app.rules.states import APPLICATION_ITEM, ApplicationState, ItemState
from tenants import events, notices
from tenants.scope import Actor, ScopeKind

_SHOWN_ITEMS = (ItemState.LISTED_FOR_ANNOUNCEMENT, ItemState.ANNOUNCED, ItemState.FILED)


def draft_announcement(
    *, actor: Actor, title: str, application_ids: Collection[uuid.UUID], now: datetime
) -> Announcement:
    """Begin a list from what was reported. Refusals: announcement_only_by_department, announcement_empty,
    announcement_title_missing, not_announceable."""
    rules.check_can_announce(actor.kind, application_ids, title)
    announcement = Announcement(
        id=uuid.uuid4(),
        series_id=uuid.uuid4(),
        version=1,
        kind="filing",
        title=title.strip()[:200],
        state="draft",
        doc_no="",
        foreword="",
        correction="",
        content_sha256="",
        created_at=now,
    )
    db.session.add(announcement)
    db.session.flush()
    _fill(announcement, _announceable(application_ids))
    _record("announcement_drafted", actor, announcement, now, before=None)
    return announcement


def edit_announcement(
    *,
    actor: Actor,
    announcement_id: uuid.UUID,
    title: str,
    doc_no: str,
    foreword: str,
    application_ids: Collection[uuid.UUID],
    expected: int | None = None,
    now: datetime,
) -> Announcement:
    """Change a draft and take its entries afresh from the records. Refusal changed_meanwhile, by `last_change`."""
    announcement = _draft(announcement_id)
    check_last_change(subject_type="announcement", subject_id=announcement.id, expected=expected)
    rules.check_can_announce(actor.kind, application_ids, title)
    announcement.title, announcement.doc_no = title.strip()[:200], doc_no.strip()[:100]
    announcement.foreword = foreword.strip()[:4000]
    rows = queries.list_by_ids(application_ids) if announcement.version > 1 else _announceable(application_ids)
    _fill(announcement, rows)
    _record("announcement_changed", actor, announcement, now, before=announcement.state)
    return announcement


def _announceable(application_ids: Collection[uuid.UUID], *, lock: bool = False) -> list[Application]:
    rows = queries.list_by_ids(application_ids, lock=lock)
    reported = queries.list_reported_ids(application_ids)
    missing = len(set(application_ids)) - len(rows)
    wrong = [row for row in rows if row.state != ApplicationState.PENDING_ANNOUNCEMENT or row.id not in reported]
    if missing or wrong:
        raise Refusal(
            "not_announceable",
            "R4",
            N_("名单中有%(count)d家不能公布:须经所属部门上报且尚未公布。请刷新后重新选择。"),
            count=missing + len(wrong),
        )
    return rows


def _fill(announcement: Announcement, rows: Sequence[Application]) -> None:
    """Replace the entries by a snapshot of these applications' items."""
    for entry in queries.get_announcement(announcement.id).entries:  # type: ignore[union-attr]
        db.session.delete(entry)
    db.session.flush()
    position = 0
    for row in rows:
        for item in row.items:
            if item.state not in _SHOWN_ITEMS:
                continue
            position += 1
            db.session.add(
                AnnouncementEntry(
                    id=uuid.uuid4(),
                    announcement_id=announcement.id,
                    position=position,
                    application_id=row.id,
                    item_id=item.id,
                    organisation_name=row.organisation.name,
                    uscc=row.organisation.uscc,
                    level=row.level,
                    authority_code=row.authority_code,
                    city_name=CITIES[row.city_code].name,
                    occupation_code=item.occupation_code,
                    occupation_name=item.occupation_name,
                    work_type=item.work_type,
                    skill_level=item.skill_level,
                    remark="",
                )
            )
    db.session.flush()
    db.session.expire(announcement, ["entries"])


def _draft(announcement_id: uuid.UUID) -> Announcement:
    announcement = queries.get_announcement(announcement_id, lock=True)
    if announcement is None:
        raise Refusal("announcement_unknown", "R35", N_("没有找到这份公布名单。请从列表重新进入。"))
    if announcement.state != "draft":
        raise Refusal("announcement_frozen", "R35", N_("名单已公布,不能修改。如有差错,请拟定更正版本。"))
    return announcement


def publish_announcement(
    *, actor: Actor, announcement_id: uuid.UUID, expected: int | None = None, now: datetime
) -> Announcement:
    """Publish: the list is frozen and public, its applications are announced, all concerned are told (R35).

    A correction supersedes the version before it. Refusals: announcement_only_by_department, announcement_empty,
    announcement_frozen, not_announceable (something changed since the draft), changed_meanwhile.
    """
    announcement = _draft(announcement_id)
    check_last_change(subject_type="announcement", subject_id=announcement.id, expected=expected)
    ids = list(dict.fromkeys(entry.application_id for entry in announcement.entries if entry.application_id))
    rules.check_can_announce(actor.kind, announcement.entries, announcement.title)
    if announcement.version == 1:
        rows = _announceable(ids, lock=True)
        _fill(announcement, rows)
        for row in rows:
            _announce(actor, row, announcement, now)
    else:
        rows = queries.list_by_ids(ids, lock=True)
        _fill(announcement, rows)
        for earlier in queries.list_versions(announcement.series_id):
            if earlier.state == "published":
                earlier.state = "superseded"
    frozen = queries.get_announcement(announcement.id)
    assert frozen is not None  # noqa: S101 - it was locked above
    announcement.content_sha256 = digest(frozen.entries)
    announcement.state = "published"
    announcement.published_at, announcement.published_on = now, now.astimezone(SHANGHAI).date()
    _record("announcement_published", actor, announcement, now, before="draft")
    _tell(announcement, rows, now)
    reach(Milestone.announcement_published, actor=actor, now=now, announcement=announcement)
    return announcement


def _announce(actor: Actor, row: Application, announcement: Announcement, now: datetime) -> None:
    for item in row.items:
        if item.state == ItemState.LISTED_FOR_ANNOUNCEMENT:
            item.state = APPLICATION_ITEM.advance(item.state, "announce", actor.kind)
    advance(actor, row, "announce", now, name="application_announced", title=announcement.title)


def digest(entries: Sequence[AnnouncementEntry]) -> str:
    """SHA-256 in hex of the list as announced: what proves later that it is the same."""
    content = [
        [
            entry.position,
            entry.organisation_name,
            entry.uscc,
            entry.level,
            entry.city_name,
            entry.occupation_code,
            entry.occupation_name,
            entry.work_type,
            entry.skill_level,
            entry.remark,
        ]
        for entry in entries
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _tell(announcement: Announcement, rows: Sequence[Application], now: datetime) -> None:
    for row in rows:
        notices.tell(
            kind="announcement_published",
            now=now,
            link=paths.of_application(row.id),
            organisation_id=row.organisation_id,
            rule="R35",
            statutory=True,
            key=f"announcement_published:{announcement.id}:{row.id}",
            title=announcement.title,
            number=row.number,
            organisation=row.organisation.name,
        )
    for code in sorted({row.authority_code for row in rows}):
        notices.tell(
            kind="announcement_for_bureau",
            now=now,
            link=f"/announcements/{announcement.id}",
            authority_code=code,
            rule="R35",
            key=f"announcement_for_bureau:{announcement.id}:{code}",
            title=announcement.title,
        )


def correct_announcement(*, actor: Actor, announcement_id: uuid.UUID, correction: str, now: datetime) -> Announcement:
    """Begin the next version of a published list, saying what is corrected; the public sees the old one until then."""
    if actor.kind != ScopeKind.department:
        rules.check_can_announce(actor.kind, (), "")
    standing = queries.get_announcement(announcement_id, lock=True)
    if standing is None or standing.state != "published":
        raise Refusal("announcement_unknown", "R35", N_("只有现行的公布名单可以更正。请刷新页面。"))
    if standing.kind == "periodic_results":
        raise Refusal("results_not_corrected", "R61", N_("评估结果一经公布不在此更正。如有差错,请另行公布更正说明。"))
    if not correction.strip():
        raise Refusal("reason_missing", "R35", N_("请写明更正的内容和原因。"))
    announcement = Announcement(
        id=uuid.uuid4(),
        series_id=standing.series_id,
        version=max(one.version for one in queries.list_versions(standing.series_id)) + 1,
        kind=standing.kind,
        title=standing.title,
        doc_no=standing.doc_no,
        foreword=standing.foreword,
        correction=correction.strip()[:2000],
        state="draft",
        content_sha256="",
        created_at=now,
    )
    db.session.add(announcement)
    db.session.flush()
    ids = [entry.application_id for entry in standing.entries if entry.application_id]
    _fill(announcement, queries.list_by_ids(ids))
    _record("announcement_drafted", actor, announcement, now, before=None)
    return announcement


def discard_announcement(*, actor: Actor, announcement_id: uuid.UUID, now: datetime) -> None:
    """Drop a draft; what was in it waits for another list."""
    announcement = _draft(announcement_id)
    announcement.state = "discarded"
    _record("announcement_discarded", actor, announcement, now, before="draft")


def record_ministry_report(
    *, actor: Actor, announcement_id: uuid.UUID, reported_on: date | None, document_no: str, note: str, now: datetime
) -> MinistryReport:
    """Write down that a published list was reported to the ministry (R36). It blocks nothing unless so configured.

    Refusals: announcement_unknown, ministry_report_incomplete, ministry_report_date.
    """
    announcement = queries.get_announcement(announcement_id)
    if announcement is None or announcement.state not in queries.PUBLIC_STATES:
        raise Refusal("announcement_unknown", "R36", N_("请先公布名单,再登记报部备案。"))
    today = now.astimezone(SHANGHAI).date()
    rules.check_ministry_report(reported_on, document_no, announced_on=announcement.published_on or today, today=today)
    assert reported_on is not None  # noqa: S101 - the rule refused it otherwise
    report = MinistryReport(
        id=uuid.uuid4(),
        announcement_id=announcement.id,
        reported_on=reported_on,
        document_no=document_no.strip()[:100],
        note=note.strip()[:1000],
        recorded_by=actor.user_id,
        recorded_at=now,
    )
    db.session.add(report)
    _record("ministry_reported", actor, announcement, now, before=announcement.state, purpose=report.document_no)
    return report


def _record(
    name: str, actor: Actor, announcement: Announcement, now: datetime, *, before: str | None, purpose: str = ""
) -> None:
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="announcement",
        subject_id=announcement.id,
        before=before,
        after=announcement.state,
        rule="R36" if name == "ministry_reported" else "R35",
        title=announcement.title,
        version=announcement.version,
        sha256=announcement.content_sha256,
        purpose=purpose,
    )
