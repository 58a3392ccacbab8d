"""Rectification on real PostgreSQL: served, counted, answered, overdue, reassessed once (R58, R59; rules.md B13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import ProgrammingError

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.documents.models import Document
from app.lifecycle.deadlines.calendar import load_calendar
from app.lifecycle.deadlines.editing import request_run
from app.lifecycle.deadlines.models import ClockRun, Deadline, Setting
from app.lifecycle.deadlines.recomputing import Recomputation
from app.lifecycle.deadlines.services import mark_missed
from app.lifecycle.exits.queries import find_exit_of_filing
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod
from app.lifecycle.panels import forming
from app.lifecycle.rectifications import concluding, queries, reporting, services
from app.lifecycle.rectifications.jobs import follow_rectifications
from app.lifecycle.rectifications.models import Rectification, RectificationDefect
from app.lifecycle.rectifications.services import Defect
from app.lifecycle.renewals import ending, grading
from app.lifecycle.renewals.jobs import follow_renewals
from app.lifecycle.renewals.models import RenewalCycle
from app.outbox import OutboxMessage
from app.rules.core import Refusal
from tenants import scope
from tenants.events import Event
from tenants.scope import SYSTEM_ACTOR, Actor, Role
from tests.factories.files import Sender, pdf
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.factories.rectifying import DEFECTS, issue_to

CITY, DAY = "370200", timedelta(days=1)


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


ISSUED = date(2027, 1, 29)
TAKEN = date(2027, 1, 31)
DUE = date(2027, 3, 1)


@dataclass
class World:
    """A filed organisation of Qingdao whose renewal was graded unqualified, its owner and its bureau's officer."""

    app: Flask
    people: People
    owner: Person
    officer: Person
    cycle_id: uuid.UUID
    row_id: uuid.UUID

    @contextmanager
    def as_(self, person: Person) -> Iterator[Actor]:
        with self.app.app_context(), scope.use(person.actor.scope):
            yield person.actor
            db.session.commit()

    def take(self, day: date = TAKEN) -> None:
        with self.as_(self.owner) as actor:
            services.take_notice(actor=actor, rectification_id=self.row_id, now=at(day))

    def answers(self, *texts: str) -> dict[uuid.UUID, str]:
        return {defect.id: answer for defect, answer in zip(self.row().defects, texts, strict=False)}

    def report(self, now: datetime, *texts: str) -> None:
        given = self.answers(*(texts or ("已逐批补齐督导报告。", "已按新标准更新题库。")))
        with self.as_(self.owner) as actor:
            reporting.submit_report(actor=actor, rectification_id=self.row_id, answers=given, now=now)

    def follow(self, now: datetime) -> int:
        with self.people.as_system():
            mark_missed(actor=SYSTEM_ACTOR, now=now)
            db.session.commit()
            return follow_rectifications(now=now)

    def row(self) -> Rectification:
        with self.people.as_system():
            row = queries.get_rectification(self.row_id)
            assert row is not None
            return row

    def deadline(self) -> tuple[str, date] | None:
        with self.people.as_system():
            found = db.session.scalar(select(Deadline).where(Deadline.subject_id == self.row_id))
            return (found.state, found.due_on) if found else None

    def states(self) -> tuple[str, str, str]:
        with self.people.as_system():
            cycle = db.session.get_one(RenewalCycle, self.cycle_id)
            filing = db.session.get_one(Filing, cycle.filing_id)
            return db.session.get_one(Rectification, self.row_id).state, cycle.state, filing.state

    def events(self) -> list[str]:
        with self.people.as_system():
            query = select(Event.name).where(Event.subject_id == str(self.row_id)).order_by(Event.id)
            return list(db.session.scalars(query))

    def told(self, kind: str) -> list[dict[str, object]]:
        with self.people.as_system():
            query = select(OutboxMessage).where(OutboxMessage.function == "tenants.notices.write")
            rows = db.session.scalars(query.order_by(OutboxMessage.id))
            return [dict(row.args) for row in rows if row.args["kind"] == kind]


def make(app: Flask, people: People, *, issued: date = ISSUED, defects: tuple[Defect, ...] = DEFECTS) -> World:
    owner, officer = people.member(people.organisation(city=CITY), Role.owner), people.official(CITY)
    assert owner.organisation_id is not None
    cycle_id = Lifecycle(people).renewal(owner.organisation_id, code=f"S000037{owner.user_id.int % 10**6:06d}")
    row_id = issue_to(app, people, officer, cycle_id, now=at(issued), defects=defects)
    return World(app, people, owner, officer, cycle_id, row_id)


@pytest.fixture
def world(app: Flask, people: People) -> World:
    return make(app, people)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    db.session.rollback()
    return caught.value.code


def load_next(world: World, day: date) -> date:
    with world.people.as_system():
        return load_calendar().next_workday(day + DAY)


# Issue and delivery -------------------------------------------------------------------------------------------------


def test_a_notice_lists_its_defects_and_is_a_document_before_any_day_is_counted(world: World) -> None:
    row = world.row()
    assert (row.state, row.due_on, [(one.position, one.indicator) for one in row.defects]) == (
        "issued",
        None,
        [(1, "质量管控"), (2, "题库建设")],
    )
    assert world.deadline() is None, "the month counts from delivery"
    (letter,) = world.told("rectification_issued")
    assert (letter["rule"], letter["statutory"], letter["link"]) == ("R58", True, "/org/rectification")
    with world.people.as_system():
        document = db.session.scalars(select(Document).where(Document.kind == "rectification_notice")).one()
        assert (document.subject_id, document.organisation_id) == (str(world.row_id), world.owner.organisation_id)
        assert document.data["defects"] == [f"({one.indicator}){one.text}" for one in DEFECTS]
        assert document.data["due_on"] == ""
        assert document.number.endswith("〔2027〕1号")
    assert world.events() == ["rectification_issued", "document_numbered"]


@pytest.mark.parametrize(
    ("defects", "code"),
    [
        ((), "defects_missing"),
        ((Defect("  "),), "defects_missing"),
        ((Defect("问题"),) * 31, "defects_too_many"),
        ((Defect("问" * 501),), "defect_too_long"),
    ],
)
def test_a_notice_without_defects_is_refused(
    app: Flask, people: People, defects: tuple[Defect, ...], code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        make(app, people, defects=defects)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("delivered", "due"),
    [
        (date(2027, 1, 31), date(2027, 3, 1)),
        (date(2026, 11, 30), date(2026, 12, 30)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(2026, 9, 1), date(2026, 10, 8)),
    ],
    ids=["clamped, then rolled over a Sunday", "plain", "leap year", "rolled over the national holiday"],
)
def test_one_calendar_month_from_delivery(app: Flask, people: People, delivered: date, due: date) -> None:
    world = make(app, people, issued=delivered)
    world.take(delivered)
    assert world.deadline() == ("open", due)
    row = world.row()
    assert (row.state, row.delivered_on, row.delivered_how, row.due_on) == ("delivered", delivered, "read", due)
    assert row.delivered_by == world.owner.user_id
    world.take(delivered + DAY)
    assert world.deadline() == ("open", due), "read again it counts no anew"
    assert world.events()[-1] == "rectification_delivered"


def test_the_officer_records_service_by_other_means(world: World) -> None:
    step = {"rectification_id": world.row_id, "now": at(date(2027, 2, 3))}

    def record(day: date, how: str = "post", proof: str = "EMS 1234") -> None:
        services.record_delivery(actor=officer, delivered_on=day, how=how, proof=proof, **step)  # type: ignore[arg-type]

    with world.as_(world.officer) as officer:
        assert refused(lambda: record(ISSUED - DAY)) == "delivery_date_wrong"
        assert refused(lambda: record(date(2027, 2, 4))) == "delivery_date_wrong"
        assert refused(lambda: record(TAKEN, how="read")) == "delivery_way_unknown"
        assert refused(lambda: record(TAKEN, proof=" ")) == "delivery_note_missing"
        record(TAKEN)
    assert world.deadline() == ("open", DUE)
    assert world.row().delivery_note == "EMS 1234"
    with world.as_(world.officer) as officer:
        assert refused(lambda: record(TAKEN)) == "rectification_delivered"
    world.take()
    assert world.row().delivered_how == "post", "what was served is not served again by being read"
    (told,) = world.told("renewal_step")
    assert (told["statutory"], told["params"]["due_on"]) == (True, DUE.isoformat())  # type: ignore[index]


def test_where_the_setting_says_so_the_month_counts_from_issue(app: Flask, people: People) -> None:
    with people.as_system():
        value = {"value": "issued_on"}
        db.session.add(
            Setting(
                id=uuid.uuid4(), key="rectification_basis", authority_code="370000", value=value, changed_at=clock.now()
            )
        )
        db.session.commit()
    world = make(app, people)
    assert world.deadline() == ("open", DUE)
    assert world.row().delivered_how == "issue"
    with people.as_system():
        document = db.session.scalars(select(Document).where(Document.kind == "rectification_notice")).one()
        assert document.data["due_on"] == DUE.isoformat()


def test_published_holidays_move_the_last_day_and_an_overdue_one_runs_again(world: World) -> None:
    world.take()
    after = at(DUE + DAY, 1)
    assert world.follow(after) == 1
    assert world.states()[0] == "overdue"
    with world.people.as_system():
        loaded = load_calendar()
        holidays = {date(2027, 3, 1): False, date(2027, 3, 2): False}
        published = replace(loaded, days={**loaded.days, **holidays})
        run = request_run(cause="calendar", title="测试", authority_code="370000", now=after)
        run_id = run.id
        db.session.commit()
        work = Recomputation(db.session.get_one(ClockRun, run_id), now=after, calendar=published)
        work.begin()
        work.work()
    assert world.deadline() == ("open", date(2027, 3, 3))
    assert world.follow(after) == 1
    assert world.states()[0] == "delivered"
    assert world.follow(after) == 0
    world.report(at(date(2027, 3, 3), 23, 59))
    assert world.states()[0] == "report_submitted"


# The report ---------------------------------------------------------------------------------------------------------


def test_a_report_answers_every_defect_and_meets_the_deadline(world: World) -> None:
    with world.as_(world.owner) as actor:
        early = lambda: reporting.save_answers(  # noqa: E731
            actor=actor, rectification_id=world.row_id, answers={}, now=at(ISSUED)
        )
        assert refused(early) == "rectification_not_open"
    world.take()
    now = at(date(2027, 2, 20))
    with world.as_(world.owner) as actor:
        kept = world.answers("正在补齐。")
        reporting.save_answers(actor=actor, rectification_id=world.row_id, answers=kept, now=now)
    assert [defect.answer for defect in world.row().defects] == ["正在补齐。", ""]
    with world.as_(world.owner) as actor:
        half = lambda: reporting.submit_report(  # noqa: E731
            actor=actor, rectification_id=world.row_id, answers=world.answers("已补齐。", " "), now=now
        )
        assert refused(half) == "defects_unanswered"
    world.report(now)
    assert world.states() == ("report_submitted", "rectifying", "renewal_due")
    assert world.deadline() == ("met", DUE)
    with world.as_(world.owner) as actor:
        again = lambda: reporting.submit_report(  # noqa: E731
            actor=actor, rectification_id=world.row_id, answers={}, now=now
        )
        assert refused(again) == "rectification_not_open"
    (_, task) = world.told("case_task")
    assert (task["authority_code"], task["link"]) == (CITY, f"/bureau/rectifications/{world.row_id}")


def test_a_report_after_the_month_is_refused_with_the_clause(world: World) -> None:
    world.take()
    with pytest.raises(Refusal) as caught:
        world.report(at(DUE + DAY, 0, 0))
    assert (caught.value.code, caught.value.rule) == ("rectification_over", "R58")


def test_two_defects_in_the_same_words_are_two_to_answer(app: Flask, people: People) -> None:
    world = make(app, people, defects=(Defect("同样的问题"), Defect("同样的问题")))
    world.take()
    with pytest.raises(Refusal) as caught:
        world.report(at(date(2027, 2, 2)), "已整改。", " ")
    assert caught.value.params["defects"] == "2. 同样的问题"


def test_files_are_for_a_defect_and_reach_the_bureau_with_the_report(
    world: World, worker_app: Flask, app: Flask
) -> None:
    work = runner(worker_app)
    first = world.row().defects[0].id
    sender = Sender(app.test_client(), world.people.bearer(world.owner))
    early = sender.create("督导报告.pdf", 10, purpose="rectification_report", subject=first)
    assert early.get_json()["code"] == "rectification_not_open"
    today = clock.today()
    with world.people.as_system():
        db.session.execute(update(Rectification).values(issued_on=today - 2 * DAY))
        db.session.commit()
    world.take(today)
    upload_id = sender.upload("督导报告.pdf", pdf(), purpose="rectification_report", subject=first)
    with pytest.raises(Refusal) as caught:
        world.report(clock.now())
    assert caught.value.code == "file_unchecked"
    work()
    beside = sender.client.post(
        "/api/v1/dossiers",
        json={"kind": "rectification_report", "subject_id": str(world.row_id), "upload_ids": [upload_id]},
        headers=sender.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )
    assert beside.get_json()["code"] == "report_with_files"
    world.report(clock.now())
    assert [one.name for one in map(lambda file: type("F", (), file), world.row().defects[0].files)] == ["督导报告.pdf"]
    work()
    bureau = Sender(app.test_client(), world.people.bearer(world.officer))
    (task,) = bureau.client.get("/api/v1/reviews", headers=bureau.headers).get_json()["items"]
    refusal = bureau.client.post(
        f"/api/v1/reviews/{task['id']}/decision",
        json={"decision": "accept", "version": task["version"]},
        headers=bureau.headers,
    )
    assert refusal.get_json()["code"] == "decided_on_rectification"
    with world.as_(world.officer) as officer:
        concluding.start_reassessment(actor=officer, rectification_id=world.row_id, now=clock.now())
    (task,) = bureau.client.get("/api/v1/reviews", headers=bureau.headers).get_json()["items"]
    assert task["state"] == "accepted"


# The clock ----------------------------------------------------------------------------------------------------------


def test_without_a_report_it_is_overdue_the_day_after_and_nothing_else_happens_by_itself(world: World) -> None:
    world.take()
    assert world.follow(at(DUE, 23, 59)) == 0
    assert world.follow(at(DUE + DAY, 0, 1)) == 1
    assert world.follow(at(DUE + DAY, 0, 1)) == 0
    assert world.states() == ("overdue", "rectifying", "renewal_due")
    assert world.deadline() == ("missed", DUE)
    assert world.follow(at(DUE + 60 * DAY)) == 0
    assert world.states()[:2] == ("overdue", "rectifying"), "the authority records the result, not the clock (R59)"


def test_a_notice_nobody_took_never_runs_out_and_both_sides_are_asked_after_it(world: World) -> None:
    """R58: without delivery no month runs, so that somebody has to see to it every five working days."""
    fifth = ISSUED
    for _ in range(5):
        fifth = load_next(world, fifth)
    assert world.follow(at(fifth)) == 0
    assert world.follow(at(fifth + DAY, 0, 1)) == 1
    assert world.follow(at(fifth + DAY, 9)) == 0, "asked once"
    (letter,), (task,) = world.told("rectification_untaken"), world.told("rectification_untaken_officer")
    assert (letter["organisation_id"], letter["rule"], letter["statutory"], letter["link"]) == (
        str(world.owner.organisation_id), "R58", True, "/org/rectification",
    )  # fmt: skip
    assert (task["authority_code"], task["link"]) == (CITY, f"/bureau/rectifications/{world.row_id}")
    assert world.follow(at(ISSUED + 400 * DAY)) == 1
    assert len(world.told("rectification_untaken")) == 2
    assert world.states()[0] == "issued"
    with world.as_(world.officer) as officer:
        begin = lambda: concluding.start_reassessment(  # noqa: E731
            actor=officer, rectification_id=world.row_id, now=at(ISSUED + 400 * DAY)
        )
        assert refused(begin) == "rectification_not_delivered"


def test_crossing_the_end_of_the_period_the_filing_is_held(world: World) -> None:
    world.take()
    with world.people.as_system():
        valid_to = db.session.scalars(select(FilingPeriod.valid_to)).one()
        follow_renewals(now=at(valid_to + DAY, 0, 6))
    assert world.states()[1:] == ("rectifying", "expired_pending_assessment")


# Reassessment -------------------------------------------------------------------------------------------------------


def test_no_reassessment_before_the_report_or_the_month(world: World) -> None:
    world.take()
    with world.as_(world.officer) as officer:
        running = lambda: concluding.start_reassessment(  # noqa: E731
            actor=officer, rectification_id=world.row_id, now=at(DUE, 23, 59)
        )
        assert refused(running) == "rectification_running"
        cycle = ending.locked_cycle(world.cycle_id, actor=officer)
        panel = lambda: forming.create_renewal_panel(  # noqa: E731
            actor=officer, cycle=cycle, kind="reassessment", now=at(DUE)
        )
        assert refused(panel) == "panel_too_early"


def begin(world: World, now: datetime) -> None:
    with world.as_(world.officer) as officer:
        concluding.start_reassessment(actor=officer, rectification_id=world.row_id, now=now)


def result(world: World, grade: str, reason: str, now: datetime, *, without_report: bool = False) -> None:
    with world.as_(world.officer) as officer:
        grading.record_reassessment(
            actor=officer,
            cycle_id=world.cycle_id,
            grade=grade,
            reason=reason,
            without_report=without_report,
            now=now,
        )


def test_overdue_the_authority_records_it_as_unqualified(world: World) -> None:
    world.take()
    now = at(DUE + DAY)
    for reason, code in (("未报", "rectification_not_overdue"), (" ", "suggestion_missing")):
        with pytest.raises(Refusal) as caught:
            result(world, "unqualified", reason, at(DUE), without_report=True)
        assert caught.value.code == code
    world.follow(now)
    result(world, "unqualified", "逾期未提交整改报告", now, without_report=True)
    assert_removed(world, now)
    assert world.deadline() == ("cancelled", DUE)


def test_overdue_it_may_be_reassessed_even_before_the_clock_came_by(world: World) -> None:
    world.take()
    begin(world, at(DUE + DAY, 0, 1))
    assert world.states()[0] == "reassessing"
    assert world.events()[-2:] == ["rectification_overdue", "rectification_reassessing"]
    with pytest.raises(Refusal) as caught:
        begin(world, at(DUE + DAY, 0, 2))
    assert caught.value.code == "panel_exists", "there is one reassessment"


def assert_removed(world: World, now: datetime) -> None:
    assert world.states() == ("unqualified", "not_renewed", "removed_unqualified")
    with world.people.as_system():
        filing_id = db.session.get_one(RenewalCycle, world.cycle_id).filing_id
        case = find_exit_of_filing(filing_id)
        assert case is not None
        assert (case.cause, case.state, case.removed_on) == ("unqualified", "closing", now.date())
        assert set(db.session.scalars(select(FiledItem.state))) == {"ended_with_filing"}
        assert db.session.scalars(select(FilingPeriod.grade)).one() == "unqualified"


# Who may ------------------------------------------------------------------------------------------------------------


def test_each_side_sees_its_own_and_the_database_keeps_the_organisation_to_its_part(world: World) -> None:
    stranger = world.people.member(world.people.organisation(city=CITY), Role.owner)
    elsewhere = world.people.official("370100")
    for outsider in (stranger, elsewhere):
        with world.as_(outsider):
            assert queries.get_rectification(world.row_id) is None
            assert db.session.scalars(select(RectificationDefect)).all() == []
    with world.as_(stranger) as actor:
        assert (
            refused(lambda: services.take_notice(actor=actor, rectification_id=world.row_id, now=at(TAKEN)))
            == "rectification_unknown"
        )
    with world.as_(elsewhere) as actor:
        assert (
            refused(lambda: concluding.start_reassessment(actor=actor, rectification_id=world.row_id, now=at(DUE)))
            == "rectification_unknown"
        )
    with world.as_(world.owner):
        for wording in ("state = 'qualified'", "state = 'overdue', delivered_on = now(), due_on = now()"):
            with pytest.raises(ProgrammingError, match="row-level security"):
                db.session.execute(text(f"update rectifications set {wording}"))
            db.session.rollback()
        done = db.session.execute(text("update rectification_defects set answer = 'x'"))
        assert done.rowcount == 0, "no answer before the notice is taken"
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.session.execute(text("update rectification_defects set wording = 'x'"))
        db.session.rollback()


# The pages ----------------------------------------------------------------------------------------------------------

HTML = {"Accept": "text/html"}


def shown(client: FlaskClient, url: str, *, hx: bool = False) -> str:
    answer = client.get(url, headers=HTML | ({"HX-Request": "true"} if hx else {}))
    assert answer.status_code == 200, (url, answer.status_code)
    return str(answer.text)


def test_the_organisation_takes_the_notice_writes_and_loses_nothing_it_wrote(world: World) -> None:
    first, second = (defect.id for defect in world.row().defects)
    with clock.frozen(at(TAKEN)):
        tenant = world.people.sign_in(world.app.test_client(), world.owner)
        assert "待签收" in shown(tenant, "/org")
        assert "/org/rectification" in shown(tenant, "/org/renewal")
        before = shown(tenant, "/org/rectification")
        assert DEFECTS[0].text not in before, "reading it is its delivery"
        assert tenant.post("/org/rectification/take").status_code == 303
        page = shown(tenant, "/org/rectification")
        assert all(defect.text in page for defect in DEFECTS)
        assert "2027年3月1日" in page
        home = shown(tenant, "/org")
        assert "待提交整改报告" in home
        assert "提交自查自评和续期申请" not in home
        assert "为什么是这一天" in page
    with clock.frozen(at(date(2027, 2, 20))):
        tenant = world.people.sign_in(world.app.test_client(), world.owner)
        half = {f"answer-{first}": "已补齐。", f"answer-{second}": "", "then": "submit"}
        refused_page = tenant.post("/org/rectification", data=half)
        assert refused_page.status_code == 422
        assert "还有1项问题未说明整改情况" in refused_page.text
        assert "已补齐。" in refused_page.text
        assert tenant.post("/org/rectification", data=half | {"then": ""}).status_code == 303
        assert "已填写 1 / 2 项" in shown(tenant, "/org")
        assert "还没有佐证材料" in shown(tenant, f"/org/rectification?files={first}", hx=True)
        assert tenant.get(f"/org/rectification?files={uuid.uuid4()}").status_code == 404
        assert tenant.post(f"/org/rectification/files/{uuid.uuid4()}/remove", data=half).status_code == 404
        done = tenant.post("/org/rectification", data=half | {f"answer-{second}": "已更新。"})
        assert done.status_code == 303
        twice = half | {f"answer-{second}": "已更新。"}
        assert tenant.post("/org/rectification", data=twice).status_code == 303, "a double click hands in once"
        page = shown(tenant, "/org/rectification")
        assert "整改报告已提交" in page
        assert "<textarea" not in page
        again = tenant.post("/org/rectification", data=half)
        assert again.status_code == 422
        assert "当前没有待提交的整改报告" in again.text
    assert world.states()[0] == "report_submitted"


def test_after_the_month_the_page_says_so_and_takes_nothing(world: World) -> None:
    world.take()
    with clock.frozen(at(DUE + DAY, 0, 0)):
        tenant = world.people.sign_in(world.app.test_client(), world.owner)
        page = shown(tenant, "/org/rectification")
        assert "整改期限已满" in page
        assert "<textarea" not in page
        late = tenant.post("/org/rectification", data={"then": "submit"})
        assert late.status_code == 422
        assert "不能再提交" in late.text
        assert "R58" in late.text


def test_the_bureau_serves_it_and_is_led_to_the_next_step(world: World) -> None:
    with clock.frozen(at(date(2027, 2, 3))):
        bureau = world.people.sign_in(world.app.test_client(), world.officer)
        assert "尚未送达" in shown(bureau, "/bureau/rectifications")
        url = f"/bureau/rectifications/{world.row_id}"
        assert "登记送达" in shown(bureau, url)
        assert url in shown(bureau, f"/bureau/renewals/{world.cycle_id}")
        wrong = {"delivered_on": "2027-01-31", "how": "", "proof": "回证12号", "version": "1"}
        answer = bureau.post(f"{url}/delivery", data=wrong)
        assert answer.status_code == 422
        assert "请选择送达方式" in answer.text
        assert "回证12号" in answer.text
        assert bureau.post(f"{url}/delivery", data=wrong | {"how": "direct"}).status_code == 303
        assert "没有提交整改报告" in shown(bureau, url)
    world.follow(at(DUE + DAY, 1))
    with clock.frozen(at(DUE + DAY)):
        bureau = world.people.sign_in(world.app.test_client(), world.officer)
        page = shown(bureau, url)
        assert "直接认定仍不合格" in page
        assert "逾期未报" in shown(bureau, "/bureau/rectifications?state=overdue")
        assert "没有符合条件" in shown(bureau, "/bureau/rectifications?state=issued")
        assert bureau.post(f"{url}/reassess", data={"version": "1"}).status_code == 422
        assert bureau.post(f"{url}/reassess", data={"version": str(world.row().version)}).status_code == 303
        assert "进入评估组" in shown(bureau, url)
        stranger = world.people.sign_in(world.app.test_client(), world.people.official("370100"))
        assert stranger.get(url).status_code == 404
        department = world.people.sign_in(world.app.test_client(), world.people.official("370000"))
        assert "组建重新评估" not in shown(department, url)


def test_the_list_asks_as_much_for_three_as_for_one(app: Flask, people: People) -> None:
    worlds = [make(app, people)]
    with worlds[0].as_(worlds[0].officer):
        one = counted(lambda: [len(row.defects) for row in queries.list_rectifications(CITY, state="live")])
    worlds += [make(app, people), make(app, people)]
    with worlds[0].as_(worlds[0].officer):
        rows = queries.list_rectifications(CITY, state="live", limit=2)
        rest = queries.list_rectifications(CITY, state="live", after=(rows[-1].issued_at, rows[-1].id))
        assert {row.id for row in (*rows, *rest)} == {world.row_id for world in worlds}
        db.session.expunge_all()
        three = counted(lambda: [len(row.defects) for row in queries.list_rectifications(CITY, state="live")])
    assert three == one


def counted(ask: Callable[[], object]) -> int:
    """How many statements that takes."""
    seen: list[str] = []

    def note(_1: object, _2: object, statement: str, *_: object) -> None:
        # Who asks is said once a transaction, whichever comes first in it.
        if "set_config" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)
