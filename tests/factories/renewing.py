"""Renewals that were applied for, and their panels, each side in its own scope."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.services import meet_deadline
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.services import ExpertParticulars, add_expert
from app.lifecycle.filings.models import Filing
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.panels import assessing, forming, queries, seats
from app.lifecycle.panels.assessing import SheetContent
from app.lifecycle.panels.models import Panel
from app.lifecycle.rectifications import concluding, reporting, services
from app.lifecycle.rectifications.queries import find_of_cycle
from app.lifecycle.renewals import grading
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.services import begin_renewal
from app.rules import clocks
from app.rules.templates import PERIODIC_SHEET
from tenants import scope
from tenants.models import Organisation
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR, Actor, Role, ScopeKind
from tests.factories.people import People, Person
from uploads.models import Dossier, Purpose

ELECTRICIAN, GRID = "6-31-01-03", "3-01-04-02"


@dataclass
class Renewing:
    """An organisation whose renewal was applied for and accepted, its authority's officer, and three specialists."""

    app: Flask
    people: People
    drain: Callable[[], int]
    owner: Person
    officer: Person
    cycle_id: uuid.UUID
    filing_id: uuid.UUID
    dossier_id: uuid.UUID
    valid_to: date
    experts: list[Person] = field(default_factory=list)
    expert_ids: list[uuid.UUID] = field(default_factory=list)

    @contextmanager
    def as_(self, who: Person) -> Iterator[Actor]:
        """A transaction of this person in the web role, committed at the end, as a request would."""
        with self.app.app_context(), scope.use(who.actor.scope):
            yield who.actor
            db.session.commit()

    def seen(self) -> RenewalCycle:
        """The renewal as it is, detached."""
        with self.people.as_system():
            cycle = db.session.get_one(RenewalCycle, self.cycle_id)
            db.session.expunge(cycle)
            return cycle

    def filing_state(self) -> str:
        with self.people.as_system():
            return db.session.get_one(Filing, self.filing_id).state

    def add_specialists(self, count: int = 3) -> None:
        """People who know the policies and norms (R51), in the authority's pool."""
        now = clock.now()
        with self.as_(self.officer) as actor:
            added = [
                add_expert(
                    actor=actor,
                    particulars=ExpertParticulars(
                        f"政策人员{number}", f"p{uuid.uuid4().hex[:8]}@example.com", ["policy_norm_specialist"]
                    ),
                    now=now,
                ).id
                for number in range(count)
            ]
        self.drain()
        with self.people.as_system():
            rows = {row.id: row for row in db.session.scalars(select(Expert).where(Expert.id.in_(added)))}
            self.experts = [
                Person(rows[one].user_id or uuid.UUID(int=0), None, rows[one].email, rows[one].name, Role.expert)
                for one in added
            ]
        self.expert_ids = added

    def seat_panel(self, *, kind: str = "periodic") -> uuid.UUID:
        """A formed panel at work, the first specialist its leader."""
        now = clock.now()
        with self.as_(self.officer) as actor:
            if kind == "periodic":
                grading.open_assessment(actor=actor, cycle_id=self.cycle_id, now=now)
            else:
                row = find_of_cycle(self.cycle_id)
                assert row is not None
                concluding.start_reassessment(actor=actor, rectification_id=row.id, now=now)
        return self.seat_standing(kind)

    def seat_standing(self, kind: str) -> uuid.UUID:
        """As `seat_panel`, for a panel that was begun already."""
        now = clock.now()
        with self.as_(self.officer) as actor:
            panel = queries.find_of_renewal(self.cycle_id, kind)
            assert panel is not None
            members = forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=self.expert_ids, now=now)
            panel_id, leader_id = panel.id, members[0].id
        for expert in self.experts:
            with self.as_(expert) as actor:
                seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=now)
        with self.as_(self.officer) as actor:
            forming.appoint_leader(actor=actor, panel_id=panel_id, member_id=leader_id, now=now)
            forming.form_panel(actor=actor, panel_id=panel_id, now=now)
            assessing.start_panel(actor=actor, panel_id=panel_id, now=now)
        return panel_id

    def rectify(self) -> uuid.UUID:
        """The notice taken and every defect answered by the organisation; the rectification's id."""
        now = clock.now()
        with self.as_(self.owner) as actor:
            row = find_of_cycle(self.cycle_id)
            assert row is not None
            services.take_notice(actor=actor, rectification_id=row.id, now=now)
            answers = {defect.id: "已整改。" for defect in row.defects}
            reporting.submit_report(actor=actor, rectification_id=row.id, answers=answers, now=now)
            return row.id

    def score(self, panel_id: uuid.UUID, *, grade: str, score: float = 80) -> None:
        """A method logged, every sheet filled and signed, the opinion written by the leader."""
        now = clock.now()
        with self.as_(self.officer) as actor:
            assessing.log_method(
                actor=actor, panel_id=panel_id, method="document_review", held_on=now.astimezone(SHANGHAI).date(),
                place="市局会议室", people="全体成员", minutes="审核自评材料", now=now,
            )  # fmt: skip
        for expert in self.experts:
            with self.as_(expert) as actor:
                template = queries.template_of(db.session.get_one(Panel, panel_id))
                (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=now)
                content = SheetContent(scores=dict.fromkeys(template.mandatory, score), votes={"grade": grade})
                assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=content, now=now)
                assessing.submit_sheets(actor=actor, panel_id=panel_id, now=now)
        self.drain()
        with self.as_(self.experts[0]) as actor:
            assessing.record_opinion(
                actor=actor, panel_id=panel_id, opinion="制度健全,实施规范。", items={}, grade=grade, now=now
            )

    def assess(self, *, grade: str = "qualified", kind: str = "periodic") -> uuid.UUID:
        """A panel from its first invitation to its suggestion."""
        panel_id = self.seat_panel(kind=kind)
        self.score(panel_id, grade=grade)
        with self.as_(self.officer) as actor:
            assessing.conclude_panel(actor=actor, panel_id=panel_id, now=clock.now())
        return panel_id


def make_renewing(
    app: Flask, people: People, drain: Callable[[], int], *, level: str = "municipal", days_left: int = 100
) -> Renewing:
    """A renewal in `applied` whose dossier was accepted, the end of the period about `days_left` days ahead."""
    owner = people.member(people.organisation(level=level), Role.owner)
    now = clock.now()
    first = clocks.add_years(now.astimezone(SHANGHAI).date() + timedelta(days=days_left), -3)
    with people.as_system():
        organisation = db.session.get_one(Organisation, owner.organisation_id)
        authority = organisation.authority_code
        kind = ScopeKind.department if authority == DEPARTMENT_CODE else ScopeKind.bureau
        filing = import_filing(
            actor=Actor(kind, authority_code=authority, role=Role.officer),
            organisation=organisation,
            institution_code=f"S000037{uuid.uuid4().int % 10**6:06d}",
            items=[NewItem(ELECTRICIAN, "电工", "level_3"), NewItem(GRID, "城市管理网格员", "level_4")],
            periods=[ImportedPeriod(first)],
            now=now,
        )
        db.session.refresh(filing, ["organisation"])
        cycle = begin_renewal(actor=SYSTEM_ACTOR, filing=filing, now=now)
        cycle.state, cycle.applied_at = "applied", now
        meet_deadline(kind="renewal_apply_close", subject_id=cycle.id, now=now)
        cycle.template_version = PERIODIC_SHEET.version
        cycle.self_scores = dict.fromkeys(PERIODIC_SHEET.mandatory, 90)
        cycle.self_notes = {"P1": "制度清单见附件一"}
        dossier = accepted_dossier(cycle, owner, now)
        db.session.add(dossier)
        made = Renewing(
            app, people, drain, owner, people.official(authority), cycle.id, filing.id, dossier.id,
            filing.periods[-1].valid_to,
        )  # fmt: skip
        db.session.commit()
    return made


def accepted_dossier(cycle: RenewalCycle, owner: Person, now: datetime) -> Dossier:
    """The self-assessment as handed in and accepted, without files."""
    return Dossier(
        id=uuid.uuid4(), number=f"BS-{uuid.uuid4().hex[:8]}", organisation_id=cycle.organisation_id,
        authority_code=cycle.authority_code, kind=Purpose.self_assessment, subject_id=cycle.id, title="自查自评",
        idempotency_key=uuid.uuid4().hex, manifest={}, manifest_sha256="0" * 64, submitted_by=owner.user_id,
        submitted_at=now, state="accepted", delivered_at=now, decided_at=now, reason=None,
    )  # fmt: skip
