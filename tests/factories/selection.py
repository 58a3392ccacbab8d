"""Applications on their way through selection: made as the system, then worked on by each side in its own scope."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.calls.models import Call
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.services import ExpertParticulars, add_expert
from app.lifecycle.panels import assessing, forming, queries, seats
from app.lifecycle.panels.assessing import ItemOpinion, SheetContent
from app.lifecycle.panels.models import Panel, PanelItem
from app.lifecycle.publicity import recommending
from app.lifecycle.publicity.recommending import Decision
from tenants import scope
from tenants.scope import Actor
from tests.factories.people import People, Person

ITEMS = (
    ("6-31-01-03", "电工", "level_3"),
    ("6-31-01-03", "电工", "level_4"),
    ("3-01-04-02", "城市管理网格员", "level_4"),
)
START = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
SELECTION_TYPES = (["evaluation_expert"], ["technical_expert"], ["evaluation_expert", "technical_expert"])
BANK_TYPES = (["method_expert"], ["content_expert"], ["practitioner_expert"])


@dataclass
class World:
    """One city with an accepted application, its people and experts. `app` has the web role's rights."""

    app: Flask
    people: People
    drain: Callable[[], int]
    city: str
    level: str
    organisation_id: uuid.UUID
    application_id: uuid.UUID
    owner: Person
    officer: Person
    department: Person
    experts: list[Person] = field(default_factory=list)
    expert_ids: list[uuid.UUID] = field(default_factory=list)

    @contextmanager
    def as_(self, who: Person | Actor) -> Iterator[Actor]:
        """A transaction of this person in the web role, committed at the end, as a request would."""
        actor = who.actor if isinstance(who, Person) else who
        with self.app.app_context(), scope.use(actor.scope):
            yield actor
            db.session.commit()

    def seen(self) -> Application:
        """The application as it is, detached, with its items."""
        with self.people.as_system():
            application = db.session.get_one(Application, self.application_id)
            items = list(
                db.session.scalars(
                    select(ApplicationItem)
                    .where(ApplicationItem.application_id == self.application_id)
                    .order_by(ApplicationItem.position)
                )
            )
            db.session.expunge_all()
            application.__dict__["items"] = items
            return application

    @property
    def competent(self) -> Person:
        """The authority's person at whose level the organisation is run."""
        return self.department if self.level == "provincial" else self.officer

    def add_experts(self, types: Any = SELECTION_TYPES, *, by: Person | None = None, now: datetime = START) -> None:
        """Fill a pool; the accounts are there afterwards. Replaces the world's current experts."""
        boss = by or self.officer
        added = []
        with self.as_(boss) as actor:
            for number, kinds in enumerate(types):
                tail = uuid.uuid4().hex[:8]
                added.append(
                    add_expert(
                        actor=actor,
                        particulars=ExpertParticulars(f"专家{number}", f"e{tail}@example.com", kinds),
                        now=now,
                    ).id
                )
        self.drain()
        with self.people.as_system():
            rows = {row.id: row for row in db.session.scalars(select(Expert).where(Expert.id.in_(added)))}
            self.experts = [_person(rows[one]) for one in added]
        self.expert_ids = added

    # A panel from first to last -------------------------------------------------------------------------------------

    def seat_panel(self, kind: str, *, by: Person | None = None, items: Any = (), now: datetime) -> uuid.UUID:
        """A formed panel of all the world's experts, the first its leader."""
        boss = by or self.officer
        with self.as_(boss) as actor:
            panel = forming.create_panel(
                actor=actor, application_id=self.application_id, kind=kind, item_ids=items, now=now
            )
            members = forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=self.expert_ids, now=now)
            panel_id, leader_id = panel.id, members[0].id
        for expert in self.experts:
            with self.as_(expert) as actor:
                seats.accept_seat(actor=actor, panel_id=panel_id, no_conflict=True, now=now)
        with self.as_(boss) as actor:
            forming.appoint_leader(actor=actor, panel_id=panel_id, member_id=leader_id, now=now)
            forming.form_panel(actor=actor, panel_id=panel_id, now=now)
            assessing.start_panel(actor=actor, panel_id=panel_id, now=now)
        return panel_id

    def fill_sheets(
        self, panel_id: uuid.UUID, *, vote: str, now: datetime, score: float = 80, votes: dict[str, str] | None = None
    ) -> None:
        """Every expert fills and signs what is due; `votes` by item where they differ from `vote`."""
        for expert in self.experts:
            with self.as_(expert) as actor:
                panel = db.session.get_one(Panel, panel_id)
                template = queries.template_of(panel)
                for sheet in assessing.open_sheets(actor=actor, panel_id=panel_id, now=now):
                    if sheet.state != "draft":
                        continue
                    items = [str(sheet.item_id)] if sheet.item_id else self.item_ids(panel_id)
                    content = SheetContent(
                        scores=dict.fromkeys(template.mandatory, score),
                        gates={str(number): "yes" for number in range(len(template.gates))},
                        votes={one: (votes or {}).get(one, vote) for one in items},
                    )
                    assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=content, now=now)
                assessing.submit_sheets(actor=actor, panel_id=panel_id, now=now)
        self.drain()

    def item_ids(self, panel_id: uuid.UUID) -> list[str]:
        """The items before a panel."""
        with self.people.as_system():
            return [
                str(one) for one in db.session.scalars(select(PanelItem.item_id).where(PanelItem.panel_id == panel_id))
            ]

    def give_opinion(
        self,
        panel_id: uuid.UUID,
        *,
        verdict: str,
        now: datetime,
        comment: str = "",
        votes: dict[str, str] | None = None,
    ) -> None:
        """The leader writes the panel's opinion."""
        items = {
            uuid.UUID(one): ItemOpinion((votes or {}).get(one, verdict), comment) for one in self.item_ids(panel_id)
        }
        with self.as_(self.experts[0]) as actor:
            assessing.record_opinion(actor=actor, panel_id=panel_id, opinion="条件具备。", items=items, now=now)

    def assess(self, kind: str, *, by: Person | None = None, now: datetime, verdict: str = "recommend") -> uuid.UUID:
        """A selection panel from its first invitation to its conclusion."""
        boss = by or self.officer
        panel_id = self.seat_panel(kind, by=boss, now=now)
        with self.as_(boss) as actor:
            assessing.log_method(
                actor=actor, panel_id=panel_id, method="site_visit", held_on=now.astimezone(SHANGHAI).date(),
                place="申请单位", people="全体成员", minutes="现场察看场地设备", now=now,
            )  # fmt: skip
        self.fill_sheets(panel_id, vote=verdict, now=now)
        self.give_opinion(panel_id, verdict=verdict, now=now)
        with self.as_(boss) as actor:
            assessing.conclude_panel(actor=actor, panel_id=panel_id, now=now)
        return panel_id

    def recommend(self, *, now: datetime, except_for: int | None = None) -> None:
        """The decision on all items, one of them (by position from 0) perhaps not recommended."""
        decisions = {
            item.id: Decision(number != except_for, "" if number != except_for else "师资不足")
            for number, item in enumerate(self.seen().items)
        }
        with self.as_(self.competent) as actor:
            recommending.decide_recommendation(
                actor=actor, application_id=self.application_id, decisions=decisions, now=now
            )


def _person(expert: Expert) -> Person:
    if expert.user_id is None:
        raise AssertionError("the expert has no account yet")
    return Person(expert.user_id, None, expert.email, expert.name, scope.Role.expert)


def make_world(
    app: Flask,
    people: People,
    drain: Callable[[], int],
    *,
    city: str = "370200",
    level: str = "municipal",
    now: datetime = START,
    batch: int | None = None,
) -> World:
    """An accepted application with three items."""
    organisation_id = people.organisation(city=city, level=level)
    with people.as_system():
        call = Call(
            id=uuid.uuid4(), year=2026, batch_no=batch or uuid.uuid4().int % 1_000_000, title="2026年征集通告",
            state="closed", sections={}, priority=[],
            published_on=(now - timedelta(days=60)).date(), created_at=now - timedelta(days=70), version=1,
        )  # fmt: skip
        db.session.add(call)
        application = Application(
            id=uuid.uuid4(), number=f"SQ-{uuid.uuid4().hex[:8]}", organisation_id=organisation_id,
            authority_code=city, city_code=city, call_id=call.id, level=level, state="accepted",
            accepted_at=now, submitted_at=now - timedelta(days=9), created_at=now - timedelta(days=20), progress={},
        )  # fmt: skip
        db.session.add(application)
        db.session.flush()
        for position, (code, name, skill) in enumerate(ITEMS, start=1):
            db.session.add(
                ApplicationItem(
                    id=uuid.uuid4(),
                    application_id=application.id,
                    organisation_id=organisation_id,
                    authority_code=city,
                    city_code=city,
                    position=position,
                    occupation_code=code,
                    occupation_name=name,
                    work_type="",
                    skill_level=skill,
                    state="proposed",
                    bank_state="not_started",
                )
            )
        application_id = application.id
        db.session.commit()
    return World(
        app=app, people=people, drain=drain, city=city, level=level, organisation_id=organisation_id,
        application_id=application_id, owner=people.member(organisation_id), officer=people.official(city),
        department=people.official("370000"),
    )  # fmt: skip
