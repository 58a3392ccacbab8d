"""The whole way from a collection plan to a filing, each side acting in its own scope, the clock moved as it goes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Flask
from sqlalchemy import select

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.announcements import reporting
from app.lifecycle.announcements import services as announcing
from app.lifecycle.applications import accepting, drafting, submitting
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import find_current_application
from app.lifecycle.applications.rosters import KINDS
from app.lifecycle.calls import queries as call_queries
from app.lifecycle.calls.jobs import follow_calls
from app.lifecycle.calls.services import publish_call
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.filings import issuing
from app.lifecycle.incubation import acceptance
from app.lifecycle.incubation.queries import render_commitment
from app.lifecycle.incubation.services import sign_commitment
from app.lifecycle.panels.models import PanelItem
from app.lifecycle.plans import services as planning
from app.lifecycle.plans.services import PlanContent
from app.lifecycle.publicity import jobs as publicity_jobs
from app.lifecycle.publicity import services as publicity
from app.lifecycle.submissions import reviews
from app.lifecycle.submissions.services import submit_dossier
from tests.factories import calls as make
from tests.factories.files import Sender, pdf
from tests.factories.people import People
from tests.factories.selection import BANK_TYPES, World
from tests.integration.test_uploads_intake import good_bank
from uploads.models import Purpose, ReviewTask

LINES = {kind: {column.key: column.example for column in spec.columns} for kind, spec in KINDS.items()}
PLAN = "题库开发计划:三个月内完成细目表和试题,由五名专职人员负责,已有试题六百道。"
PDF = pdf()


@dataclass
class Journey:
    """One organisation's way. `now` is the instant everybody acts at; `on` moves it forward."""

    world: World
    sender: Sender
    now: datetime

    @contextmanager
    def on(self, day: date, hour: int = 10) -> Iterator[datetime]:
        """Everything inside happens on that day."""
        self.now = datetime.combine(day, time(hour), SHANGHAI)
        with clock.frozen(self.now):
            yield self.now

    def file(self, name: str, content: bytes, purpose: str, subject: uuid.UUID) -> uuid.UUID:
        """Upload a file as a browser does, and have it checked."""
        upload_id = self.sender.upload(name, content, purpose=purpose, subject=subject)
        self.world.drain()
        return uuid.UUID(upload_id)

    # The stages -----------------------------------------------------------------------------------------------------

    def plan_and_call(self, day: date) -> None:
        """The city and the department plan, the department publishes the call, the clock opens it."""
        world = self.world
        with self.on(day) as now:
            with world.people.as_system():
                make.add_occupations(now)
                db.session.commit()
            content = PlanContent(
                2026, "青岛市征集计划", 5, [{"code": "6-31-01-03", "name": "电工", "tags": ["urgent_shortage"]}],
                ["level_3", "level_4"], "满足急需",
            )  # fmt: skip
            with world.as_(world.officer) as actor:
                plan = planning.draft_plan(actor=actor, content=content, now=now)
                planning.confirm_plan(actor=actor, plan_id=plan.id, expected_version=None, now=now)
                plan_id = plan.id
            with world.as_(world.department) as actor:
                call = make.drafted(actor, now)
                call_id = call.id
                planning.include_plan(actor=actor, plan_id=plan_id, call_id=call_id, now=now)
                publish_call(actor=actor, call=call, now=now)
        with self.on(day + timedelta(days=2)):
            with world.people.as_system():
                follow_calls()
                opened = call_queries.get_call(call_id)
                assert opened is not None
                assert opened.state == "open"
        self.call_id = call_id

    def apply(self, day: date) -> None:
        """The applicant fills the form and hands it in; the city accepts it."""
        world = self.world
        with self.on(day) as now:
            with world.as_(world.owner) as actor:
                row = drafting.begin_application(actor=actor, call_id=self.call_id, level=world.level, now=now)
                world.application_id = row.id
                given = {"contact_name": "周晓岚", "contact_phone": "0532-5550136", "contact_email": "c@example.com"}
                drafting.save_texts(actor=actor, application_id=row.id, part="contact", given=given, now=now)
                drafting.save_texts(
                    actor=actor, application_id=row.id, part="bank_plan", given={"bank_plan": PLAN}, now=now
                )
                for occupation in make_occupations():
                    drafting.add_item(
                        actor=actor, application_id=row.id, occupation_id=occupation, work_type="",
                        levels=["level_3", "level_4"], now=now,
                    )  # fmt: skip
                for kind, values in LINES.items():
                    drafting.add_line(actor=actor, application_id=row.id, kind=kind, given=values, now=now)
            self.file("登记证书.pdf", PDF, Purpose.filing_materials, world.application_id)
            with world.as_(world.owner) as actor:
                submitting.submit_application(
                    actor=actor, application_id=world.application_id, idempotency_key="one", now=now
                )
            world.drain()
            with world.as_(world.officer) as actor:
                accepting.accept_application(
                    actor=actor, application_id=world.application_id, expected_version=None, now=now
                )
            world.drain()
        assert world.seen().state == "accepted"

    def publicise(self, day: date) -> None:
        """Everything but one item is recommended, publicised, and after the last day in incubation."""
        world = self.world
        with self.on(day) as now:
            world.recommend(now=now, except_for=3)
            with world.as_(world.competent) as actor:
                row = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
                publicity.publish_publicity(actor=actor, publicity_id=row.id, now=now)
                due_at = row.due_at
            world.drain()
        assert due_at is not None
        with world.people.as_system():
            assert publicity_jobs.end_publicities(now=due_at) == 1
        assert world.seen().state == "incubating"

    def sign(self, day: date) -> None:
        """The owner signs the commitment."""
        world = self.world
        with self.on(day) as now, world.as_(world.owner) as actor:
            application = panel_application(world)
            sign_commitment(
                actor=actor, application=application, opened_sha256=render_commitment(application).sha256,
                signatory_name="张三", capacity="legal_representative", now=now,
            )  # fmt: skip

    def hand_in_bank(self, day: date, item_id: uuid.UUID, *, key: str) -> None:
        """Upload, check, submit, deliver and accept one item's bank."""
        world = self.world
        with self.on(day) as now:
            upload_id = self.file(f"题库{key}.xlsx", good_bank(), Purpose.question_bank, item_id)
            with world.as_(world.owner) as actor:
                dossier = submit_dossier(
                    actor=actor, kind="question_bank", subject_id=item_id, upload_ids=[upload_id],
                    idempotency_key=key, now=now,
                )  # fmt: skip
                dossier_id = dossier.id
            world.drain()
            with world.as_(world.competent) as actor:
                task = db.session.scalars(select(ReviewTask).where(ReviewTask.dossier_id == dossier_id)).one()
                reviews.decide_review(actor=actor, task_id=task.id, decision="accept", now=now)

    def bank_panel(self, day: date) -> uuid.UUID:
        """A question-bank panel for all banks that were accepted."""
        world = self.world
        with self.on(day) as now:
            world.add_experts(BANK_TYPES, by=world.competent, now=now)
            ready = [item.id for item in world.seen().items if item.bank_state == "accepted_for_panel"]
            panel_id = world.seat_panel("question_bank", by=world.competent, items=ready, now=now)
            world.drain()
            return panel_id

    def vote(self, day: date, panel_id: uuid.UUID, verdict: str, *, but: dict[uuid.UUID, str] | None = None) -> None:
        """All sheets in, and the leader's opinion; `but` where an item differs."""
        votes = {str(item_id): vote for item_id, vote in (but or {}).items()}
        with self.on(day) as now:
            self.world.fill_sheets(panel_id, vote=verdict, now=now, votes=votes)
            self.world.give_opinion(panel_id, verdict=verdict, now=now, comment="见评估意见", votes=votes)

    def conclude(self, day: date, panel_id: uuid.UUID, item_ids: list[uuid.UUID]) -> None:
        """Give effect to the conclusion on some items."""
        with self.on(day) as now, self.world.as_(self.world.competent) as actor:
            for item_id in item_ids:
                acceptance.conclude_bank(actor=actor, panel_id=panel_id, item_id=item_id, now=now)

    def before_panel(self, panel_id: uuid.UUID) -> list[uuid.UUID]:
        """The items that a panel has not concluded."""
        with self.world.people.as_system():
            query = select(PanelItem.item_id).where(PanelItem.panel_id == panel_id, PanelItem.concluded_at.is_(None))
            return list(db.session.scalars(query.order_by(PanelItem.position)))

    def announce_and_file(self, day: date, code: str) -> None:
        """Report, announcement, report to the ministry, code and receipt."""
        world = self.world
        with self.on(day) as now:
            with world.as_(world.competent) as actor:
                reporting.send_report(
                    actor=actor,
                    application_ids=[world.application_id],
                    title="结果上报",
                    reference="",
                    note="",
                    now=now,
                )
            assert world.seen().state == "pending_announcement"
            with world.as_(world.department) as actor:
                row = announcing.draft_announcement(
                    actor=actor, title="2026年第一批公布", application_ids=[world.application_id], now=now
                )
                announcing.publish_announcement(actor=actor, announcement_id=row.id, now=now)
                announcing.record_ministry_report(
                    actor=actor, announcement_id=row.id, reported_on=day, document_no="鲁人社报〔2026〕1号", note="",
                    now=now,
                )  # fmt: skip
            world.drain()
        with self.on(day + timedelta(days=1)) as now, world.as_(world.competent) as actor:
            issuing.assign_code(actor=actor, application_id=world.application_id, code=code, now=now)
            issuing.issue_receipt(actor=actor, application_id=world.application_id, now=now)
        world.drain()


def make_occupations() -> list[uuid.UUID]:
    """The catalogue's occupations, as everybody sees them."""
    return list(db.session.scalars(select(Occupation.id).order_by(Occupation.code.desc())))


def panel_application(world: World) -> Application:
    """The application with organisation and items, in the running scope."""
    found = find_current_application(world.organisation_id)
    assert found is not None
    return found


def begin(app: Flask, people: People, drain: Callable[[], int], *, level: str) -> Journey:
    """An organisation that has only registered."""
    city = "370200"
    organisation_id = people.organisation(city=city, level=level)
    owner = people.member(organisation_id)
    world = World(
        app=app, people=people, drain=drain, city=city, level=level, organisation_id=organisation_id,
        application_id=uuid.UUID(int=0), owner=owner, officer=people.official(city),
        department=people.official("370000"),
    )  # fmt: skip
    return Journey(world, Sender(app.test_client(), people.bearer(owner)), clock.now())
