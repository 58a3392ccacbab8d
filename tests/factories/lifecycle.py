"""Incubatees and filed organisations as the services leave them, without the selection that comes before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.calls.models import Call
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.incubation.queries import render_commitment
from app.lifecycle.incubation.services import sign_commitment
from app.lifecycle.publicity.entering import start_incubation
from app.lifecycle.renewals.services import open_renewal
from app.rules import clocks
from app.rules.states import ApplicationState, ItemState
from app.rules.templates import PERIODIC_SHEET
from tenants.models import Organisation
from tenants.scope import SYSTEM_ACTOR, Actor, Role, ScopeKind
from tests.factories.people import People

LEVELS = ("level_3", "level_4", "level_5", "level_2", "level_1")


@dataclass(frozen=True)
class Incubatee:
    """An application in incubation: its id and those of its items."""

    application_id: uuid.UUID
    item_ids: tuple[uuid.UUID, ...]


class Lifecycle:
    """A factory of records, made as the system through `people`."""

    def __init__(self, people: People) -> None:
        self._people = people

    def incubatee(
        self, organisation_id: uuid.UUID, *, items: int = 3, day: int = 40, signer: Actor | None = None
    ) -> Incubatee:
        """An application on day `day` of its incubation; `signer` signs its commitment."""
        now = clock.now()
        with self._people.as_system():
            organisation = db.session.get_one(Organisation, organisation_id)
            application = self._application(organisation, items)
            last_on = now.astimezone(SHANGHAI).date() - timedelta(days=day + 1)
            start_incubation(actor=SYSTEM_ACTOR, application=application, publicity_last_on=last_on, now=now)
            if signer is not None:
                self._sign(application, signer)
            made = Incubatee(application.id, tuple(item.id for item in application.items))
            db.session.commit()
        return made

    def sign(self, application_id: uuid.UUID, signer: Actor) -> None:
        """The commitment of an application, signed."""
        with self._people.as_system():
            self._sign(db.session.get_one(Application, application_id), signer)
            db.session.commit()

    def renewal(self, organisation_id: uuid.UUID, *, code: str, days_left: int = 112) -> uuid.UUID:
        """A renewal cycle of an organisation whose filing period ends in about `days_left` days."""
        now = clock.now()
        today = now.astimezone(SHANGHAI).date()
        with self._people.as_system():
            organisation = db.session.get_one(Organisation, organisation_id)
            filing = import_filing(
                actor=Actor(ScopeKind.bureau, authority_code=organisation.authority_code, role=Role.officer),
                organisation=organisation,
                institution_code=code,
                items=[NewItem("6-31-01-03", "电工", "level_3")],
                periods=[ImportedPeriod(_three_years_before(today + timedelta(days=days_left)))],
                now=now,
            )
            cycle = open_renewal(actor=SYSTEM_ACTOR, filing=filing, now=now)
            # It has scored itself already; the files are still to come (R48).
            cycle.template_version, cycle.self_scores = (
                PERIODIC_SHEET.version,
                dict.fromkeys(PERIODIC_SHEET.mandatory, 85),
            )
            cycle_id = cycle.id
            db.session.commit()
        return cycle_id

    def _application(self, organisation: Organisation, items: int) -> Application:
        now = clock.now()
        call = Call(
            id=uuid.uuid4(),
            year=2000 + uuid.uuid4().int % 10_000,
            batch_no=uuid.uuid4().int % 1_000_000,
            title="测试征集",
            state="closed",
            sections={},
            created_at=now,
        )
        application = Application(
            id=uuid.uuid4(),
            number=f"SQ-{uuid.uuid4().hex[:10]}",
            organisation=organisation,
            authority_code=organisation.authority_code,
            city_code=organisation.registration_city_code,
            call=call,
            level=organisation.filing_level,
            state=ApplicationState.IN_PUBLICITY,
            created_at=now,
            items=[
                ApplicationItem(
                    id=uuid.uuid4(),
                    organisation_id=organisation.id,
                    authority_code=organisation.authority_code,
                    city_code=organisation.registration_city_code,
                    position=position,
                    occupation_code=f"6-31-01-{position // len(LEVELS) + 1:02d}",
                    occupation_name="电工",
                    skill_level=LEVELS[position % len(LEVELS)],
                    state=ItemState.PUBLICISED,
                )
                for position in range(items)
            ],
        )
        db.session.add(application)
        db.session.flush()
        return application

    def _sign(self, application: Application, signer: Actor) -> None:
        db.session.refresh(application, ["items", "organisation"])
        sign_commitment(
            actor=signer,
            application=application,
            opened_sha256=render_commitment(application).sha256,
            signatory_name="张三",
            capacity="legal_representative",
            now=clock.now(),
        )


def _three_years_before(day: date) -> date:
    return clocks.add_years(day, -3) + timedelta(days=1)
