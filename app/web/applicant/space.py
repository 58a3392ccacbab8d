"""An organisation's records as its pages need them, loaded once a request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.applications.queries import IN_INCUBATION, find_current_application
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.queries import list_for_organisation
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.filings.queries import current_period, find_filing
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.incubation.queries import find_commitment
from app.lifecycle.progress import Progress, load_progress
from app.lifecycle.publicity.queries import find_recommendation
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle_of_period
from app.reminders.wording import AUTHORITY_KINDS
from app.rules.renewal import Grade
from app.rules.states import FILING
from app.web.applicant.results import comments_of
from app.web.guards import actor
from tenants.models import Organisation


@dataclass(frozen=True)
class Space:
    """One organisation's desk."""

    organisation: Organisation
    today: date
    application: Application | None
    commitment: Commitment | None
    filing: Filing | None
    period: FilingPeriod | None
    cycle: RenewalCycle | None
    exit_case: ExitCase | None
    rectification: Rectification | None
    progress: dict[uuid.UUID, Progress]
    deadlines: list[Deadline] = field(default_factory=list)

    @property
    def in_incubation(self) -> bool:
        return self.application is not None and self.application.state in IN_INCUBATION

    @property
    def items(self) -> list[ApplicationItem]:
        return self.application.items if self.application is not None else []

    @property
    def is_new(self) -> bool:
        """Registered, and nothing begun yet."""
        return self.application is None and self.filing is None

    @property
    def incubation_day(self) -> int:
        """Which day of the incubation today is; the first day is not counted (R27)."""
        start = self.application.incubation_start_on if self.application else None
        return (self.today - start).days if start else 0

    @property
    def comments(self) -> Mapping[uuid.UUID, str]:
        """What was decided on each item in words, as far as it was released."""
        return comments_of(self.application, find_recommendation(self.application.id)) if self.application else {}

    def deadline(self, kind: str, subject_id: uuid.UUID) -> Deadline | None:
        """The deadline of one subject."""
        return next((row for row in self.deadlines if row.kind == kind and row.subject_id == subject_id), None)

    def fingerprint(self) -> tuple[object, ...]:
        """All that can change while somebody looks at it."""
        return (
            self.today,
            self.application and (self.application.state, [(one.state, one.bank_state) for one in self.items]),
            self.commitment and (self.commitment.id, self.commitment.state),
            self.filing and self.filing.state,
            self.cycle and self.cycle.state,
            self.rectification and (self.rectification.id, self.rectification.version),
            self.exit_case and (self.exit_case.id, self.exit_case.version),
            [(row.id, row.state, row.due_on) for row in self.deadlines],
            [
                ([(u.id, u.state, u.scan) for u in one.uploads], [(d.id, d.state) for d in one.dossiers])
                for one in self.progress.values()
            ],
        )


def local_today(now: datetime) -> date:
    """The day in Shanghai of an instant."""
    return now.astimezone(SHANGHAI).date()


def load_space() -> Space:
    """Everything of the organisation that asks."""
    organisation_id = actor().organisation_id
    assert organisation_id is not None  # noqa: S101 - the access table admits members of organisations only
    organisation = db.session.scalars(
        select(Organisation).where(Organisation.id == organisation_id).options(joinedload(Organisation.authority))
    ).one()
    application = find_current_application(organisation_id)
    filing = find_filing(organisation_id)
    period = current_period(filing) if filing else None
    cycle = find_cycle_of_period(period.id) if period else None
    exit_case = find_exit_of_filing(filing.id) if filing and not FILING.is_live(filing.state) else None
    subjects = [item.id for item in application.items] if application else []
    subjects += [one.id for one in (cycle, exit_case) if one is not None]
    return Space(
        organisation=organisation,
        today=local_today(g.now),
        application=application,
        commitment=find_commitment(application.id) if application else None,
        filing=filing,
        period=period,
        cycle=cycle,
        exit_case=exit_case,
        # Only an unqualified renewal has one: the others need not be asked.
        rectification=find_of_cycle(cycle.id) if cycle and cycle.grade == Grade.UNQUALIFIED else None,
        progress=load_progress(subjects, load_settings(organisation.authority_code)),
        # What binds the authority (publicity, objections, reports) is not for the organisation to do.
        deadlines=[row for row in list_for_organisation(organisation_id) if row.kind not in AUTHORITY_KINDS],
    )
