"""What the end of a filing period does, and the tail of an exit (R46, R50, R65): on real PostgreSQL, by the clock."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.documents.models import Document
from app.lifecycle.applications.branches import take_branch_slot
from app.lifecycle.applications.models import Application
from app.lifecycle.calls.models import Call
from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.deadlines import explaining
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.editing import request_run
from app.lifecycle.deadlines.following import follow_subjects
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.recomputing import Recomputation
from app.lifecycle.deadlines.services import mark_missed
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.directory.services import derive_directory
from app.lifecycle.exits import queries, services
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.filings.models import Filing
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.renewals import ending
from app.lifecycle.renewals.jobs import follow_renewals
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.queries import find_cycle
from app.lifecycle.submissions.renewals import RenewalSubject
from app.outbox import OutboxMessage
from app.rules import clocks
from app.rules.core import Refusal
from tenants import scope
from tenants.events import Event
from tenants.models import Organisation
from tenants.scope import SYSTEM, SYSTEM_ACTOR, Actor, Role, ScopeKind
from tests.factories.files import Sender, pdf
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person

CITY, DAY = "370200", timedelta(days=1)
HTML = {"Accept": "text/html"}


@dataclass
class World:
    """A filed organisation of Qingdao whose renewal is open, its owner and its bureau's officer."""

    app: Flask
    worker: Flask
    people: People
    owner: Person
    officer: Person
    cycle_id: uuid.UUID
    filing_id: uuid.UUID
    valid_to: date
    close_on: date

    def at(self, day: date, hour: int = 9, minute: int = 0) -> datetime:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)

    @property
    def gone(self) -> datetime:
        """The instant at which the automatic exit takes effect."""
        return self.at(self.valid_to + DAY, 0, 5)

    def follow(self, now: datetime) -> int:
        """The scheduler's part at an instant."""
        with self.people.as_system():
            done = follow_renewals(now=now)
            follow_subjects(now=now)
            derive_directory(now=now)
            db.session.commit()
            return done

    def leave(self) -> uuid.UUID:
        """The automatic exit; the case's id."""
        self.follow(self.gone)
        return self.case().id

    def case(self) -> ExitCase:
        with self.people.as_system():
            case = queries.find_exit_of_filing(self.filing_id)
            assert case is not None
            return case

    def filing(self) -> Filing:
        with self.people.as_system():
            return db.session.scalars(select(Filing).where(Filing.id == self.filing_id).options()).one()

    def state(self) -> tuple[str, str]:
        with self.people.as_system():
            cycle = db.session.get_one(RenewalCycle, self.cycle_id)
            return db.session.get_one(Filing, self.filing_id).state, cycle.state

    def set_cycle(self, state: str, *, applied: bool = True) -> None:
        with self.people.as_system():
            cycle = db.session.get_one(RenewalCycle, self.cycle_id)
            cycle.state, cycle.applied_at = state, clock.now() if applied else None
            db.session.commit()

    def deadlines(self) -> dict[str, tuple[str, date]]:
        with self.people.as_system():
            query = select(Deadline).where(Deadline.organisation_id == self.owner.organisation_id)
            return {row.kind: (row.state, row.due_on) for row in db.session.scalars(query)}

    def told(self, kind: str) -> list[dict[str, object]]:
        with self.people.as_system():
            query = select(OutboxMessage).where(OutboxMessage.function == "tenants.notices.write")
            rows = db.session.scalars(query.order_by(OutboxMessage.id))
            return [dict(row.args) for row in rows if row.args["kind"] == kind]

    def events(self, subject: uuid.UUID) -> list[str]:
        with self.people.as_system():
            query = select(Event.name).where(Event.subject_id == str(subject)).order_by(Event.id)
            return list(db.session.scalars(query))

    @contextmanager
    def as_officer(self) -> Iterator[Actor]:
        with self.app.app_context(), scope.use(self.officer.actor.scope):
            yield self.officer.actor
            db.session.commit()

    def settle_all(self, case_id: uuid.UUID, now: datetime, *, but: str = "") -> None:
        with self.as_officer() as officer:
            case = queries.get_exit(case_id)
            assert case is not None
            for entry in case.entries:
                if entry.is_open and entry.key != but:
                    services.settle_entry(
                        actor=officer, case_id=case_id, entry_id=entry.id, done_on=now.date(), note="已核对", now=now
                    )


@pytest.fixture
def world(app: Flask, worker_app: Flask, people: People) -> World:
    owner = people.member(people.organisation(city=CITY), Role.owner)
    assert owner.organisation_id is not None
    cycle_id = Lifecycle(people).renewal(owner.organisation_id, code="S000037000077")
    with people.as_system():
        cycle = db.session.get_one(RenewalCycle, cycle_id)
        filing_id, close_on = cycle.filing_id, cycle.apply_close_on
        valid_to = close_on + timedelta(days=load_settings(CITY).renewal_apply_close.amount)
    return World(app, worker_app, people, owner, people.official(CITY), cycle_id, filing_id, valid_to, close_on)


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    return runner(worker_app)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    db.session.rollback()
    return caught.value.code


# The clock ----------------------------------------------------------------------------------------------------------


def test_nobody_applied_so_the_filing_leaves_by_itself_once(world: World) -> None:
    assert world.follow(world.at(world.close_on, 23, 59)) == 0
    assert world.follow(world.at(world.close_on + DAY, 0, 1)) == 1
    assert world.state() == ("renewal_due", "not_applied")
    assert world.deadlines()["auto_exit_due"] == ("open", world.valid_to + DAY)
    for instant in (world.at(world.valid_to, 23, 59), world.at(world.valid_to + DAY, 0, 4)):
        assert world.follow(instant) == 0
        assert world.state() == ("renewal_due", "not_applied"), "it may run assessments to the end of its last day"
    assert world.follow(world.gone) == 1
    assert world.follow(world.gone + timedelta(hours=3)) == 0, "again changes nothing"

    assert world.state() == ("exited_automatic", "auto_exited")
    case = world.case()
    assert (case.cause, case.state, case.removed_on) == ("automatic", "closing", world.valid_to + DAY)
    assert [entry.key for entry in case.entries] == list(load_keys(world))
    assert {entry.is_open for entry in case.entries} == {True}
    due = world.valid_to + DAY + timedelta(days=30)
    deadlines = world.deadlines()
    assert deadlines["exit_data_due"] == ("open", due)
    assert deadlines["filing_end"][0] == "cancelled"
    assert deadlines["renewal_apply_close"][0] == "cancelled"
    assert deadlines["auto_exit_due"][0] == "met"
    with world.people.as_system():
        entries = db.session.scalars(select(DirectoryEntry).where(DirectoryEntry.filing_id == world.filing_id)).all()
        assert {(entry.left_on, entry.leave_reason) for entry in entries} == {(world.valid_to + DAY, "期满自动退出")}
        filing = db.session.get_one(Filing, world.filing_id)
        db.session.refresh(filing, ["items", "periods"])
        assert {item.state for item in filing.items} == {"ended_with_filing"}
    (letter,), (task,) = world.told("exit_opened"), world.told("exit_opened_officer")
    assert (letter["rule"], letter["statutory"], letter["link"]) == ("R50", True, "/org/exit")
    assert letter["params"]["due_on"] == due.isoformat()  # type: ignore[index]
    assert (task["authority_code"], task["link"]) == (CITY, f"/bureau/exits/{case.id}")
    assert world.events(world.cycle_id) == ["renewal_opened", "renewal_not_applied", "renewal_auto_exited"]
    assert world.events(case.id) == ["exit_opened"]
    assert world.events(world.filing_id)[-1] == "filing_exited"


def load_keys(world: World) -> tuple[str, ...]:
    with world.people.as_system():
        return load_settings(CITY).exit_checklist


def test_a_scheduler_that_slept_for_weeks_does_it_in_one_go_with_the_right_day(world: World) -> None:
    assert world.follow(world.gone + timedelta(days=40)) == 2
    assert world.state() == ("exited_automatic", "auto_exited")
    assert world.case().removed_on == world.valid_to + DAY


def test_two_schedulers_at_once_make_one_exit(world: World) -> None:
    world.follow(world.at(world.close_on + DAY, 1))
    gate, done = threading.Barrier(2), []

    def run() -> None:
        with world.worker.app_context(), scope.use(SYSTEM):
            gate.wait()
            done.append(follow_renewals(now=world.gone))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1]
    with world.people.as_system():
        assert len(db.session.scalars(select(ExitCase)).all()) == 1
    assert len(world.told("exit_opened")) == 1


@pytest.mark.parametrize("state", ["applied", "supplement_requested", "under_assessment", "rectifying"])
def test_with_an_application_in_progress_it_waits_and_stays_in_the_directory(world: World, state: str) -> None:
    world.set_cycle(state)
    assert world.follow(world.gone) == 1
    assert world.follow(world.gone + DAY) == 0
    assert world.state() == ("expired_pending_assessment", state)
    with world.people.as_system():
        assert db.session.scalars(select(ExitCase)).all() == []
        assert set(db.session.scalars(select(DirectoryEntry.left_on))) == {None}
    (letter,) = world.told("filing_expired")
    assert (letter["rule"], letter["statutory"]) == ("R46", True)


def test_what_the_authority_forgot_to_open_the_clock_opens_the_day_after(people: People) -> None:
    organisation_id = people.organisation(city=CITY)
    now = clock.now()
    with people.as_system():
        organisation = db.session.get_one(Organisation, organisation_id)
        filing = import_filing(
            actor=Actor(ScopeKind.bureau, authority_code=CITY, role=Role.officer),
            organisation=organisation,
            institution_code="S000037000088",
            items=[NewItem("6-31-01-03", "电工", "level_3")],
            periods=[ImportedPeriod(clocks.add_years(now.astimezone(SHANGHAI).date() + 200 * DAY, -3) + DAY)],
            now=now,
        )
        db.session.commit()
        follow_subjects(now=now)
        opens = db.session.scalars(select(Deadline).where(Deadline.kind == "renewal_open_on")).one().due_at
        assert follow_renewals(now=opens + timedelta(hours=23)) == 0, "the first day is the authority's own"
        assert follow_renewals(now=opens + DAY) == 1
        assert follow_renewals(now=opens + DAY) == 0
        cycle = db.session.scalars(select(RenewalCycle)).one()
        assert (cycle.filing_id, cycle.state) == (filing.id, "open")
        told = db.session.scalars(select(OutboxMessage.args).where(OutboxMessage.key == f"renewal_opened:{cycle.id}"))
        assert [(one["rule"], one["statutory"]) for one in told] == [("R48", True)]


# Late, and lapsed ---------------------------------------------------------------------------------------------------


def test_an_officer_admits_a_late_application_and_no_calendar_moves_that_day(world: World) -> None:
    world.follow(world.at(world.close_on + DAY, 1))
    now, until = world.at(world.close_on + 5 * DAY), world.close_on + 20 * DAY
    with world.as_officer() as officer:

        def admit(day: date, reason: str) -> None:
            ending.admit_late(actor=officer, cycle_id=world.cycle_id, until=day, reason=reason, now=now)

        assert refused(lambda: admit(until, " ")) == "reason_missing"
        assert refused(lambda: admit(world.valid_to + DAY, "系统故障")) == "late_until_wrong"
        admit(until, "系统故障,材料已备齐")
    assert world.state() == ("renewal_due", "self_assessing")
    assert world.deadlines()["renewal_apply_close"] == ("open", until)
    with world.people.as_system():
        deadline = db.session.scalars(select(Deadline).where(Deadline.kind == "renewal_apply_close")).one()
        shown = explaining.clock_of(deadline, load_calendar(), load_settings(CITY))
        assert shown is not None
        assert [str(line) for line in shown.explanation] == [
            "准予逾期申请之日",
            "经办人准予的截止日,当日24时截止",
        ]
        run = request_run(cause="calendar", title="2027年", authority_code="370000", now=now)
        db.session.commit()
        work = Recomputation(run, now=now)
        work.begin()
        work.work()
    assert world.deadlines()["renewal_apply_close"] == ("open", until)
    assert world.follow(world.at(until + DAY, 1)) == 1, "and it closes again"
    assert world.state() == ("renewal_due", "not_applied")


def test_a_supplement_that_never_came_lapses_by_the_officer_and_then_the_filing_leaves(world: World) -> None:
    world.set_cycle("applied")
    with world.people.as_system():
        cycle = db.session.get_one(RenewalCycle, world.cycle_id)
        db.session.refresh(cycle, ["filing", "period"])
        officer = world.officer.actor
        RenewalSubject(cycle).give_back(actor=officer, reason="缺佐证", now=world.at(world.valid_to - 3 * DAY))
        db.session.commit()
    world.follow(world.gone)
    assert world.state() == ("expired_pending_assessment", "supplement_requested")
    due = world.deadlines()["supplement_due"][1]
    with world.as_officer() as officer:

        def lapse(now: datetime) -> None:
            ending.lapse_supplement(actor=officer, cycle_id=world.cycle_id, reason="逾期未补正", now=now)

        assert refused(lambda: lapse(world.at(due, 23))) == "supplement_running"
        lapse(world.at(due + DAY, 10))
    assert world.follow(world.at(due + DAY, 11)) == 1
    assert world.state() == ("exited_automatic", "auto_exited")
    assert world.case().removed_on == due + DAY, "it stood in the directory until then"


# The tail -----------------------------------------------------------------------------------------------------------


def test_the_tail_is_closed_only_when_each_line_is_done_or_waived_and_comes_out_as_a_document(world: World) -> None:
    case_id, now = world.leave(), world.gone + 5 * DAY
    world.settle_all(case_id, now, but="seals_and_receipt")
    with world.as_officer() as officer:
        case = queries.get_exit(case_id)
        assert case is not None
        (last_id,) = [entry.id for entry in case.entries if entry.is_open]
        assert refused(lambda: services.close_exit(actor=officer, case_id=case_id, now=now)) == "exit_tail_open"
        early = world.valid_to - DAY
        wrong = lambda: services.settle_entry(actor=officer, case_id=case_id, entry_id=last_id, done_on=early, now=now)  # noqa: E731
        assert refused(wrong) == "exit_done_on_wrong"
        services.settle_entry(
            actor=officer, case_id=case_id, entry_id=last_id, waive_reason="电子回执已失效,无实物", now=now
        )
        services.close_exit(actor=officer, case_id=case_id, now=now)
    with world.as_officer() as officer:
        again = lambda: services.settle_entry(actor=officer, case_id=case_id, entry_id=last_id, now=now)  # noqa: E731
        assert refused(again) == "exit_not_closing"
    case = world.case()
    assert case.state == "closed"
    assert case.period.state == "completed"
    assert world.deadlines()["exit_data_due"][0] == "met"
    with world.people.as_system():
        document = db.session.scalars(select(Document).where(Document.kind == "exit_checklist")).one()
        assert (document.subject_id, document.organisation_id) == (str(case_id), world.owner.organisation_id)
        assert document.data["left_on"] == (world.valid_to + DAY).isoformat()
        rows = {row["item"]: (row["state"], row["note"]) for row in document.data["rows"]}
        assert rows["印章、回执交回"] == ("已免除", "电子回执已失效,无实物")
        assert rows["对外公告"] == ("已完成", "已核对")
    assert world.events(case_id) == [
        "exit_opened",
        *["exit_entry_done"] * 4,
        "exit_entry_waived",
        "exit_closed",
        "document_numbered",
    ]


def test_the_organisation_hands_in_its_data_and_the_acceptance_settles_that_line(
    world: World, work: Callable[[], int]
) -> None:
    case_id = world.leave()
    with clock.frozen(world.gone + 2 * DAY):
        sender = Sender(world.app.test_client(), world.people.bearer(world.owner))
        upload = sender.upload("合规数据.pdf", pdf(), subject=case_id, purpose="exit_data")
        work()
        body = {"kind": "exit_data", "subject_id": str(case_id), "upload_ids": [upload]}
        headers = sender.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = sender.client.post("/api/v1/dossiers", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        assert world.deadlines()["exit_data_due"][0] == "met"
        work()
        bureau = Sender(world.app.test_client(), world.people.bearer(world.officer))
        (task,) = bureau.client.get("/api/v1/reviews", headers=bureau.headers).get_json()["items"]
        decision = {"decision": "return", "reason": "缺2026年数据", "version": task["version"]}
        url = f"/api/v1/reviews/{task['id']}/decision"
        assert bureau.client.post(url, json=decision, headers=bureau.headers).status_code == 200
        assert world.deadlines()["exit_data_due"][0] == "open"
        answer = sender.client.post(
            "/api/v1/dossiers", json=body, headers=sender.headers | {"Idempotency-Key": uuid.uuid4().hex}
        )
        assert answer.status_code == 201, answer.text
        work()
        tasks = bureau.client.get("/api/v1/reviews", headers=bureau.headers).get_json()["items"]
        (waiting,) = [one for one in tasks if one["state"] == "waiting"]
        url = f"/api/v1/reviews/{waiting['id']}/decision"
        decision = {"decision": "accept", "version": waiting["version"]}
        assert bureau.client.post(url, json=decision, headers=bureau.headers).status_code == 200
    entry = next(one for one in world.case().entries if one.key == "compliance_data")
    assert entry.done_on == (world.gone + 2 * DAY).date()
    assert world.deadlines()["exit_data_due"][0] == "met"


def test_data_that_never_came_is_missed_and_still_wanted(world: World) -> None:
    case_id = world.leave()
    late = world.gone + timedelta(days=31)
    with world.people.as_system():
        mark_missed(actor=SYSTEM_ACTOR, now=late)
        db.session.commit()
    assert world.deadlines()["exit_data_due"][0] == "missed"
    world.settle_all(case_id, late)
    assert world.deadlines()["exit_data_due"][0] == "met"


# Putting it right ---------------------------------------------------------------------------------------------------


def test_a_clerical_error_is_put_right_with_a_reason_and_asks_for_the_application(world: World) -> None:
    case_id, now = world.leave(), world.gone + 3 * DAY
    with world.as_officer() as officer:
        reverse = lambda reason: services.reverse_exit(actor=officer, case_id=case_id, reason=reason, now=now)  # noqa: E731
        assert refused(lambda: reverse("")) == "reason_missing"
        reverse("纸质续期申请2月1日已收,未登记")
    assert world.state() == ("expired_pending_assessment", "supplement_requested")
    world.follow(now)
    deadlines = world.deadlines()
    assert deadlines["exit_data_due"][0] == "cancelled"
    assert deadlines["supplement_due"][0] == "open"
    with world.people.as_system():
        assert set(db.session.scalars(select(DirectoryEntry.left_on))) == {None}
        assert queries.find_exit_of_filing(world.filing_id) is None
        case = queries.get_exit(case_id)
        assert case is not None
        assert (case.state, case.reverse_reason) == ("rejected", "纸质续期申请2月1日已收,未登记")
    assert world.follow(now + 20 * DAY) == 0, "the clock leaves it to the officer"
    with world.as_officer() as officer:
        ending.lapse_supplement(actor=officer, cycle_id=world.cycle_id, reason="仍未补交", now=now + 30 * DAY)
    assert world.follow(now + 30 * DAY) == 1
    assert world.case().id != case_id, "it leaves again, as another exit"


def _branch(call_id: uuid.UUID, organisation_id: uuid.UUID, number: str) -> Application:
    """A filed application of a branch of one national organisation, which holds its slot."""
    consultation = NationalConsultation(
        id=uuid.uuid4(), number=f"HS-{number}", organisation_id=organisation_id, national_name="全国示例评价中心",
        national_uscc="91110000MADEG00158", state="used", replied_on=date(2025, 1, 5), created_at=clock.now(),
    )  # fmt: skip
    application = Application(
        id=uuid.uuid4(), number=number, organisation_id=organisation_id, authority_code=CITY, city_code=CITY,
        call_id=call_id, level="municipal", state="filed", created_at=clock.now(), submitted_at=clock.now(),
    )  # fmt: skip
    db.session.add_all([consultation, application])
    db.session.flush()
    take_branch_slot(application, consultation)
    return application


def test_a_branch_that_left_frees_the_slot_of_its_national_organisation(world: World) -> None:
    """R14: one Shandong branch at a time; an exit that is put right takes the slot back only while it is free."""
    with world.people.as_system():
        stranger = world.people.organisation(city=CITY)
        call = Call(
            id=uuid.uuid4(), year=2024, batch_no=1, title="2024年第1批", state="concluded", apply_open_at=clock.now(),
            apply_close_at=clock.now() + DAY, created_at=clock.now(),
        )  # fmt: skip
        db.session.add(call)
        db.session.flush()
        call_id = call.id
        filing = db.session.get_one(Filing, world.filing_id)
        first = _branch(call_id, filing.organisation_id, "SB-1").id
        filing.application_id = first
        db.session.commit()
        assert refused(lambda: _branch(call_id, stranger, "SB-2")) == "branch_slot_taken"
    case_id, now = world.leave(), world.gone + DAY
    with world.people.as_system():
        second = _branch(call_id, stranger, "SB-3").id
        db.session.commit()
    with world.as_officer() as officer:
        reverse = lambda: services.reverse_exit(actor=officer, case_id=case_id, reason="申请已收,未登记", now=now)  # noqa: E731
        assert refused(reverse) == "branch_slot_taken"
        db.session.rollback()
    with world.people.as_system():
        db.session.get_one(Application, second).state = "withdrawn"
        db.session.commit()
    with world.as_officer():
        reverse()
    with world.people.as_system():
        assert db.session.get_one(Application, first).national_uscc == "91110000MADEG00158"


def test_a_closed_exit_and_a_strangers_are_out_of_reach(world: World) -> None:
    case_id, now = world.leave(), world.gone + DAY
    stranger = world.people.official("370100")
    with world.app.app_context(), scope.use(stranger.actor.scope):
        assert queries.get_exit(case_id) is None
        call = lambda: services.reverse_exit(actor=stranger.actor, case_id=case_id, reason="x", now=now)  # noqa: E731
        assert refused(call) == "exit_unknown"
    other = world.people.member(world.people.organisation(city=CITY))
    with world.app.app_context(), scope.use(other.actor.scope):
        assert queries.get_exit(case_id) is None
    with world.app.app_context(), scope.use(world.owner.actor.scope):
        case = queries.get_exit(case_id)
        assert case is not None
        case.state = "closed"
        with pytest.raises(StaleDataError):
            db.session.flush()
        db.session.rollback()
    world.settle_all(case_id, now)
    with world.as_officer() as officer:
        services.close_exit(actor=officer, case_id=case_id, now=now)
    with world.as_officer() as officer:
        call = lambda: services.reverse_exit(actor=officer, case_id=case_id, reason="x", now=now)  # noqa: E731
        assert refused(call) == "transition_not_allowed"


@pytest.mark.parametrize("cycle_state", ["auto_exited", "supplement_requested", "self_assessing"])
def test_whoever_left_may_hand_in_nothing_but_the_tail(world: World, cycle_state: str) -> None:
    world.leave()
    # Whatever its cycle was left in: the filing decides.
    world.set_cycle(cycle_state)
    with world.app.app_context(), scope.use(world.owner.actor.scope):
        cycle = find_cycle(world.cycle_id)
        assert cycle is not None
        subject = RenewalSubject(cycle)
        early = world.at(world.close_on, 9)
        for write in (
            lambda: subject.check_upload(now=early),
            lambda: subject.check_submit(actor=world.owner.actor, uploads=[], now=early),
        ):
            with pytest.raises(Refusal) as refusal:
                write()
            assert (refusal.value.code, refusal.value.rule) == ("filing_left", "R65")


# Pages --------------------------------------------------------------------------------------------------------------


def _get(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def test_the_pages_of_both_sides_from_the_close_to_the_closed_case(world: World) -> None:
    with clock.frozen(world.at(world.valid_to - 2 * DAY)):
        bureau = world.people.sign_in(world.app.test_client(), world.officer)
        world.follow(clock.now())
        assert "未按要求申请" in _get(bureau, "/bureau/renewals")
        renewal = _get(bureau, f"/bureau/renewals/{world.cycle_id}")
        assert "准予逾期申请" in renewal
        assert f"/bureau/renewals/{world.cycle_id}" in _get(bureau, "/bureau/exits")
        wrong = bureau.post(f"/bureau/renewals/{world.cycle_id}/admit", data={"until": "", "reason": "机构系统故障"})
        assert wrong.status_code == 422
        assert "请填写日期" in wrong.text
        assert "机构系统故障" in wrong.text, "what was typed is there again"
    case_id = world.leave()
    case = world.case()
    with clock.frozen(world.gone + DAY):
        bureau = world.people.sign_in(world.app.test_client(), world.officer)
        tenant = world.people.sign_in(world.app.test_client(), world.owner)
        assert "期满自动退出" in _get(bureau, "/bureau/exits?state=live")
        assert "没有符合条件" in _get(bureau, "/bureau/exits?state=closed")
        page = _get(bureau, f"/bureau/exits/{case_id}")
        assert "更正自动退出" in page
        assert "办结退出事项" not in page
        draft = bureau.get(f"/bureau/exits/{case_id}/draft.pdf")
        assert draft.status_code == 200
        assert draft.data.startswith(b"%PDF")
        mine = _get(tenant, "/org/exit")
        assert "本机构已退出备案" in mine
        assert "上报合规数据" in _get(tenant, "/org")
        assert "/org/exit" in _get(tenant, "/org/renewal")
        first = case.entries[0]
        url = f"/bureau/exits/{case_id}/entries/{first.id}"
        stale = bureau.post(f"{url}/waive", data={"reason": "无", "version": "99", "entry": str(first.id)})
        assert stale.status_code == 422
        empty = bureau.post(f"{url}/waive", data={"reason": "", "version": "1", "entry": str(first.id)})
        assert (empty.status_code, "须填写理由" in empty.text) == (422, True)
        done = {"done_on": (world.valid_to + DAY).isoformat(), "note": "U盘报送", "version": "1"}
        assert bureau.post(f"{url}/done", data=done).status_code == 303
        assert "U盘报送" in _get(bureau, f"/bureau/exits/{case_id}")
        assert bureau.post(f"{url}/reopen", data={"version": "2"}).status_code == 303
    world.settle_all(case_id, world.gone + DAY)
    with clock.frozen(world.gone + 2 * DAY):
        bureau = world.people.sign_in(world.app.test_client(), world.officer)
        tenant = world.people.sign_in(world.app.test_client(), world.owner)
        assert "办结退出事项" in _get(bureau, f"/bureau/exits/{case_id}")
        assert bureau.post(f"/bureau/exits/{case_id}/close", data={}).status_code == 303
        assert "退出备案收尾工作清单" in _get(bureau, f"/bureau/exits/{case_id}")
        assert "退出事项已办结" in _get(tenant, "/org/exit")
        assert "The exit is closed" in _get(tenant, "/org/exit?lang=en")
    stranger = world.people.sign_in(world.app.test_client(), world.people.official("370100"))
    assert stranger.get(f"/bureau/exits/{case_id}").status_code == 404
    assert stranger.get(f"/bureau/renewals/{world.cycle_id}").status_code == 404
