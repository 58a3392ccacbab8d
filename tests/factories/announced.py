"""Applications as they stand after announcement and code, without the way there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import update

from app import clock
from app.db import db
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.filings.models import Filing
from tenants.models import Organisation
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People


def announce(people: People, organisation_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """One application an organisation of Qingdao, waiting for its receipt; their ids."""
    lifecycle, made, now = Lifecycle(people), [], clock.now()
    incubatees = [lifecycle.incubatee(organisation_id) for organisation_id in organisation_ids]
    with people.as_system():
        announcement = Announcement(
            id=uuid.uuid4(), series_id=uuid.uuid4(), version=1, kind="filing", title="测试公布", state="published",
            created_at=now, published_on=clock.today(), published_at=now,
        )  # fmt: skip
        db.session.add(announcement)
        db.session.flush()
        for position, incubatee in enumerate(incubatees, start=1):
            application = db.session.get_one(Application, incubatee.application_id)
            organisation = db.session.get_one(Organisation, application.organisation_id)
            application.state = "announced"
            db.session.execute(
                update(ApplicationItem)
                .where(ApplicationItem.application_id == application.id)
                .values(state="announced")
            )
            db.session.add(
                AnnouncementEntry(
                    id=uuid.uuid4(), announcement_id=announcement.id, position=position, application_id=application.id,
                    organisation_name=organisation.name, uscc=organisation.uscc, level="municipal",
                    authority_code="370200", city_name="青岛市",
                )
            )  # fmt: skip
            db.session.add(
                Filing(
                    id=uuid.uuid4(), organisation_id=organisation.id, authority_code="370200",
                    application_id=application.id, institution_code=f"S000037{position:06d}", state="code_assigned",
                    created_at=now,
                )
            )  # fmt: skip
            made.append(application.id)
        db.session.commit()
    return made
