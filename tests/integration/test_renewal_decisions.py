"""A renewal without assessment after two excellent periods, its receipt, and idle occupations (R56, R57, R60)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.documents.models import Document
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.deadlines.following import follow_subjects
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.directory.services import derive_directory
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.filings.models import Filing, FilingPeriod, Receipt
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.renewals import deciding
from app.lifecycle.renewals.deciding import Activity
from app.lifecycle.renewals.exempting import history_of
from app.lifecycle.renewals.jobs import follow_renewals
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.services import begin_renewal
from app.outbox import OutboxMessage
from app.rules import clocks
from app.rules import renewal as rules
from app.rules.core import Refusal
from tenants import scope
from tenants.models import Organisation
from tenants.scope import SYSTEM_ACTOR, Actor, Role, ScopeKind
from tests.factories.people import People, Person

CITY, DAY = "370200", timedelta(days=1)
ELECTRICIAN, GRID = "6-31-01-03", "3-01-04-02"


@dataclass
class World:
    """An organisation in its third period, with the grades of the two before it, and its bureau's officer."""

    app: Flask
    people: People
    owner: Person
    officer: Person
    cycle_id: uuid.UUID
    filing_id: uuid.UUID
    valid_to: date

    @contextmanager
    def as_officer(self) -> Iterator[Actor]:
        with self.app.app_context(), scope.use(self.officer.actor.scope):
            yield self.officer.actor
            db.session.commit()

    def state(self) -> tuple[str, str]:
        with self.people.as_system():
            cycle = db.session.get_one(RenewalCycle, self.cycle_id)
            return db.session.get_one(Filing, self.filing_id).state, cycle.state

    def deadline(self, kind: str) -> list[tuple[str, date]]:
        with self.people.as_system():
            query = select(Deadline).where(Deadline.kind == kind).order_by(Deadline.due_on)
            return [(row.state, row.due_on) for row in db.session.scalars(query)]

    def told(self, kind: str) -> list[dict[str, object]]:
        with self.people.as_system():
            # In the order they were told: without it the database gives them as they lie.
            query = select(OutboxMessage.args).where(OutboxMessage.function == "tenants.notices.write")
            rows = db.session.scalars(query.order_by(OutboxMessage.id))
            return [dict(row) for row in rows if row["kind"] == kind]


def make(app: Flask, people: People, grades: tuple[str, str]) -> World:
    owner = people.member(people.organisation(city=CITY), Role.owner)
    now = clock.now()
    third = clocks.add_years(now.astimezone(SHANGHAI).date() + timedelta(days=100), -3).replace(day=15)
    with people.as_system():
        organisation = db.session.get_one(Organisation, owner.organisation_id)
        filing = import_filing(
            actor=Actor(ScopeKind.bureau, authority_code=CITY, role=Role.officer),
            organisation=organisation,
            institution_code="S000037000099",
            items=[NewItem(ELECTRICIAN, "电工", "level_3"), NewItem(GRID, "城市管理网格员", "level_4")],
            periods=[
                *(
                    ImportedPeriod(clocks.add_years(third, -years), grade)
                    for years, grade in zip((6, 3), grades, strict=True)
                ),
                ImportedPeriod(third),
            ],
            now=now,
        )
        db.session.refresh(filing, ["organisation"])
        cycle = begin_renewal(actor=SYSTEM_ACTOR, filing=filing, now=now)
        made = World(app, people, owner, people.official(CITY), cycle.id, filing.id, filing.periods[-1].valid_to)
        db.session.commit()
    return made


@pytest.fixture
def world(app: Flask, people: People) -> World:
    return make(app, people, ("excellent", "excellent"))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    db.session.rollback()
    return caught.value.code


def test_only_two_excellent_periods_in_a_row_are_listed_as_exempt(app: Flask, people: People) -> None:
    plain = make(app, people, ("excellent", "qualified"))
    assert plain.state() == ("renewal_due", "open")
    with plain.as_officer() as officer:
        assert refused(lambda: deciding.confirm_exempt(actor=officer, cycle_id=plain.cycle_id, now=clock.now()))


def test_excellent_only_after_rectification_does_not_count(world: World) -> None:
    with world.people.as_system():
        filing = db.session.get_one(Filing, world.filing_id)
        db.session.refresh(filing, ["periods"])
        assert [period.rectified for period in history_of(filing)] == [False, False]
        second = filing.periods[1]
        db.session.add(
            RenewalCycle(
                id=uuid.uuid4(), filing_id=filing.id, period_id=second.id, organisation_id=filing.organisation_id,
                authority_code=filing.authority_code, state="renewed", opened_on=second.valid_from,
                apply_close_on=second.valid_to, grade="unqualified", reassessed_grade="excellent",
            )
        )  # fmt: skip
        db.session.flush()
        assert [period.rectified for period in history_of(filing)] == [False, True]
        assert not rules.exempt_eligible(history_of(filing), load_settings(CITY))
        db.session.rollback()


def test_an_exempt_renewal_waits_for_its_authority_and_never_falls_into_not_applied(world: World) -> None:
    assert world.state() == ("renewal_due", "exempt_eligible")
    (task,) = world.told("case_task")
    assert (task["rule"], task["authority_code"], task["link"]) == ("R57", CITY, f"/bureau/renewals/{world.cycle_id}")
    assert world.told("renewal_step") == []
    assert [state for state, _ in world.deadline("renewal_apply_close")] == ["cancelled"]
    after = clocks.end_of_day(world.valid_to) + timedelta(minutes=5)
    with world.people.as_system():
        assert follow_renewals(now=after - DAY) == 0
        assert follow_renewals(now=after) == 1
    assert world.state() == ("expired_pending_assessment", "exempt_eligible")


def test_the_receipt_renews_what_was_assessed_from_the_day_after_and_drops_what_was_idle(world: World) -> None:
    now = clock.now()
    with world.as_officer() as officer:
        deciding.confirm_exempt(actor=officer, cycle_id=world.cycle_id, now=now)
    assert world.state() == ("renewal_due", "renewal_decided")
    with world.as_officer() as officer:

        def issue(activity: dict[str, Activity]) -> object:
            return deciding.issue_renewal_receipt(actor=officer, cycle_id=world.cycle_id, activity=activity, now=now)

        assert refused(lambda: issue({ELECTRICIAN: Activity(120)})) == "activity_incomplete"
        assert refused(lambda: issue({ELECTRICIAN: Activity(0), GRID: Activity(0)})) == "nothing_to_renew"
        issue({ELECTRICIAN: Activity(120), GRID: Activity(0)})
    assert world.state() == ("active", "renewed")
    with world.as_officer() as officer:
        assert refused(lambda: issue({ELECTRICIAN: Activity(120), GRID: Activity(0)})) == "renewal_not_decided"
    with world.people.as_system():
        periods = db.session.scalars(select(FilingPeriod).order_by(FilingPeriod.period_no)).all()
        old, new = periods[-2:]
        assert (old.state, old.exempt, old.grade) == ("completed", True, None)
        assert (new.period_no, new.state, new.valid_from) == (4, "current", world.valid_to + DAY)
        new_end = clocks.add_years(world.valid_to, 3)
        assert new.valid_to == new_end
        filing = db.session.get_one(Filing, world.filing_id)
        db.session.refresh(filing, ["items"])
        assert {item.occupation_code: item.state for item in filing.items} == {
            ELECTRICIAN: "renewed",
            GRID: "not_renewed",
        }
        assert filing.institution_code == "S000037000099"
        receipt = db.session.scalars(select(Receipt)).one()
        assert (receipt.kind, receipt.state, receipt.period_id) == ("renewal", "current", new.id)
        assert [one["occupation_code"] for one in receipt.items] == [ELECTRICIAN]
        document = db.session.scalars(select(Document).where(Document.kind == "renewal_receipt")).one()
        assert document.subject_id == str(world.filing_id)
        assert document.data["dropped_items"] == ["城市管理网格员:备案期内未开展评价工作"]
        assert document.data["valid_from"] == (world.valid_to + DAY).isoformat()
        assert "连续两个备案期评估等次为优秀" in document.data["parts"]["exempt"]
        derive_directory(now=now)
        entries = {row.occupation_code: row for row in db.session.scalars(select(DirectoryEntry))}
        assert (entries[ELECTRICIAN].left_on, entries[ELECTRICIAN].valid_to) == (None, world.valid_to)
        assert (entries[GRID].left_on, entries[GRID].leave_reason) == (world.valid_to + DAY, "不予续期")
        derive_directory(now=now + timedelta(days=200))
        db.session.expire_all()
        entries = {row.occupation_code: row for row in db.session.scalars(select(DirectoryEntry))}
        assert (entries[ELECTRICIAN].valid_from, entries[ELECTRICIAN].valid_to) == (world.valid_to + DAY, new_end)
        assert (entries[GRID].left_on, entries[GRID].valid_to) == (world.valid_to + DAY, world.valid_to)
        follow_subjects(now=now)
    assert world.deadline("filing_end") == [("met", world.valid_to), ("open", new_end)]
    assert [step["rule"] for step in world.told("renewal_step")] == ["R57", "R56"]


def test_an_idle_occupation_is_kept_with_a_reason(world: World) -> None:
    now = clock.now()
    with world.as_officer() as officer:
        deciding.confirm_exempt(actor=officer, cycle_id=world.cycle_id, now=now)
        activity = {ELECTRICIAN: Activity(3), GRID: Activity(0, "新增不足半年,首批已排期")}
        deciding.issue_renewal_receipt(actor=officer, cycle_id=world.cycle_id, activity=activity, now=now)
    with world.people.as_system():
        cycle = db.session.get_one(RenewalCycle, world.cycle_id)
        assert cycle.activity[1] == {
            "occupation_code": GRID, "occupation_name": "城市管理网格员", "candidates": 0,
            "kept_reason": "新增不足半年,首批已排期",
        }  # fmt: skip
        assert len(db.session.scalars(select(Receipt)).one().items) == 2


def test_with_every_occupation_idle_nothing_is_renewed_and_the_exit_begins(world: World) -> None:
    now = clock.now()
    with world.as_officer() as officer:
        deciding.confirm_exempt(actor=officer, cycle_id=world.cycle_id, now=now)
    with world.as_officer() as officer:
        lapse = lambda reason: deciding.lapse_without_items(  # noqa: E731
            actor=officer, cycle_id=world.cycle_id, reason=reason, now=now
        )
        assert refused(lambda: lapse("")) == "reason_missing"
    with world.as_officer() as officer:
        lapse("备案期内各职业均未开展评价")
    assert world.state() == ("lapsed_no_items", "not_renewed")
    with world.people.as_system():
        case = find_exit_of_filing(world.filing_id)
        assert case is not None
        assert (case.cause, case.state) == ("no_items", "closing")
        filing = db.session.get_one(Filing, world.filing_id)
        db.session.refresh(filing, ["items"])
        assert {item.state for item in filing.items} == {"not_renewed"}
    (letter,) = world.told("exit_opened")
    assert letter["rule"] == "R60"


def test_the_authority_may_assess_nevertheless_with_a_reason_and_a_month_to_apply(world: World) -> None:
    now = clock.now()
    with world.as_officer() as officer:
        decline = lambda reason: deciding.decline_exempt(  # noqa: E731
            actor=officer, cycle_id=world.cycle_id, reason=reason, now=now
        )
        assert refused(lambda: decline(" ")) == "reason_missing"
        decline("群众举报待核实")
    assert world.state() == ("renewal_due", "open")
    ((state, due_on),) = world.deadline("renewal_apply_close")
    assert state == "open"
    assert due_on >= now.astimezone(SHANGHAI).date() + timedelta(days=30)


def test_the_pages(world: World) -> None:
    bureau = world.people.sign_in(world.app.test_client(), world.officer)
    tenant = world.people.sign_in(world.app.test_client(), world.owner)
    path = f"/bureau/renewals/{world.cycle_id}"
    assert "确认免于评估" in bureau.get(path).text
    assert "可免于评估" in tenant.get("/org/renewal").text
    assert bureau.post(f"{path}/exempt", data={"version": "0"}).status_code == 422, "an old page decides nothing"
    assert bureau.post(f"{path}/exempt", data={}).status_code == 303
    wrong = bureau.post(f"{path}/receipt", data={f"candidates-{ELECTRICIAN}": "很多", f"kept-{GRID}": "首批已排期"})
    assert (wrong.status_code, "完成评价的人数" in wrong.text, "首批已排期" in wrong.text) == (422, True, True)
    done = bureau.post(f"{path}/receipt", data={f"candidates-{ELECTRICIAN}": "12", f"candidates-{GRID}": "0"})
    assert done.status_code == 303
    assert "社会培训评价组织续期备案回执" in bureau.get(path).text
    mine = tenant.get("/org/renewal").text
    assert "社会培训评价组织续期备案回执" in mine
    assert "第 4 期" in mine
    stranger = world.people.sign_in(world.app.test_client(), world.people.official("370100"))
    assert stranger.post(f"{path}/receipt", data={}).status_code == 404
