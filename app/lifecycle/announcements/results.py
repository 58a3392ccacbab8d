"""Announcing the results of periodic assessments (定期评估结果公布) by the department, for all the province (R61)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import outbox
from app.clock import SHANGHAI
from app.db import db
from app.jobs import job
from app.lifecycle.announcements import queries
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry
from app.lifecycle.announcements.services import digest
from app.lifecycle.filings.models import Filing
from app.lifecycle.renewals.ending import note, tell
from app.lifecycle.renewals.models import RenewalCycle
from app.rules import filing as filing_rules
from app.rules import renewal as rules
from app.rules.core import N_
from app.rules.routing import CITIES
from tenants import events
from tenants.scope import SYSTEM_ACTOR, Actor

FOLLOW = "app.lifecycle.announcements.results.mark_announced"
MOST = 500


def list_unannounced(*, limit: int = MOST) -> list[RenewalCycle]:
    """Renewals whose result is final and not public yet, by authority, with filing, organisation and period (R61).

    Those that ended without a result, as after a withdrawal, are none.
    """
    query = (
        select(RenewalCycle)
        .where(RenewalCycle.state.in_(rules.RESULT_STATES), RenewalCycle.results_announced_on.is_(None))
        .where(RenewalCycle.grade.is_not(None))
        .options(
            joinedload(RenewalCycle.filing).joinedload(Filing.organisation),
            joinedload(RenewalCycle.period),
        )
        .order_by(RenewalCycle.authority_code, RenewalCycle.id)
    )
    return list(db.session.scalars(query.limit(limit)))


def publish_results(
    *,
    actor: Actor,
    title: str,
    doc_no: str = "",
    foreword: str = "",
    cycle_ids: Collection[uuid.UUID],
    now: datetime,
) -> Announcement:
    """Publish the grades of these renewals as one list, frozen from then on; each is told (R61).

    Refusals: announcement_only_by_department, announcement_empty, announcement_title_missing, results_unfinished.
    """
    filing_rules.check_can_announce(actor.kind, cycle_ids, title)
    wanted = set(cycle_ids)
    rows = [cycle for cycle in list_unannounced() if cycle.id in wanted]
    # Whatever is not among them any more has no final result, or was announced meanwhile.
    rules.check_can_announce_results([*(cycle.state for cycle in rows), *[""] * (len(wanted) - len(rows))])
    announcement = Announcement(
        id=uuid.uuid4(), series_id=uuid.uuid4(), version=1, kind="periodic_results", title=title.strip()[:200],
        doc_no=doc_no.strip()[:100], foreword=foreword.strip()[:4000], correction="", state="published",
        content_sha256="", created_at=now, published_at=now, published_on=now.astimezone(SHANGHAI).date(),
    )  # fmt: skip
    db.session.add(announcement)
    entries = [_entry(announcement, position, cycle) for position, cycle in enumerate(rows, start=1)]
    db.session.add_all(entries)
    announcement.content_sha256 = digest(entries)
    db.session.flush()
    events.record(
        "announcement_published",
        actor=actor,
        now=now,
        subject_type="announcement",
        subject_id=announcement.id,
        after=announcement.state,
        rule="R61",
        title=announcement.title,
        sha256=announcement.content_sha256,
    )
    # The renewals are the cities': the system writes the day into them and tells them.
    outbox.add(FOLLOW, queue="default", key=f"results:{announcement.id}", announcement_id=str(announcement.id))
    return announcement


def _entry(announcement: Announcement, position: int, cycle: RenewalCycle) -> AnnouncementEntry:
    organisation = cycle.filing.organisation
    return AnnouncementEntry(
        id=uuid.uuid4(),
        announcement_id=announcement.id,
        position=position,
        renewal_cycle_id=cycle.id,
        organisation_name=organisation.name,
        uscc=organisation.uscc,
        level=organisation.filing_level,
        authority_code=cycle.authority_code,
        city_name=CITIES[organisation.registration_city_code].name,
        occupation_code="",
        occupation_name="",
        work_type="",
        skill_level="",
        remark=rules.GRADE_LABELS[cycle.final_grade or ""],
    )


@job()
def mark_announced(*, announcement_id: str) -> None:
    """Write the day into each renewal, with its event, and tell its organisation; what was marked stays as it is."""
    announcement = queries.get_announcement(uuid.UUID(announcement_id))
    if announcement is None or announcement.published_at is None:
        return
    ids = [entry.renewal_cycle_id for entry in announcement.entries]
    query = select(RenewalCycle).where(RenewalCycle.id.in_(ids), RenewalCycle.results_announced_on.is_(None))
    query = query.options(joinedload(RenewalCycle.filing).joinedload(Filing.organisation))
    for cycle in db.session.scalars(query.with_for_update(of=RenewalCycle)):
        _mark(announcement, cycle, announcement.published_at)


def _mark(announcement: Announcement, cycle: RenewalCycle, at: datetime) -> None:
    cycle.results_announced_on = announcement.published_on
    note("renewal_results_announced", SYSTEM_ACTOR, cycle, at, rule="R61", title=announcement.title)
    tell(cycle, N_("定期评估结果已由省厅公布"), "R61", at)
