"""The board, guidance, elimination with its cascade, day 181; code and receipt."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.filings import issuing
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod, Receipt
from app.lifecycle.incubation import acceptance, board, exceptions, jobs
from app.lifecycle.incubation.models import GuidanceEntry, ItemOutcome
from app.lifecycle.incubation.queries import render_commitment
from app.lifecycle.panels import forming, seats
from app.lifecycle.publicity.entering import start_incubation
from app.lifecycle.submissions.subjects import check_upload
from app.rules.core import Refusal
from tenants.scope import SYSTEM_ACTOR
from tests.factories.people import People
from tests.factories.selection import BANK_TYPES, World, make_world
from uploads.models import Purpose

# Entry on 2026-03-10: the last day is 2026-09-06, a Sunday.
NOW = datetime(2026, 3, 10, 10, tzinfo=SHANGHAI)
DAY_181 = datetime(2026, 9, 7, 0, 0, 1, tzinfo=SHANGHAI)


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=NOW - timedelta(days=40))
    with people.as_system():
        db.session.execute(update(Application).values(state="in_publicity"))
        db.session.execute(update(ApplicationItem).values(state="publicised"))
        db.session.commit()
        application = acceptance.casework.locked_case(made.application_id)
        start_incubation(actor=SYSTEM_ACTOR, application=application, publicity_last_on=date(2026, 3, 9), now=NOW)
        db.session.commit()
    return made


def set_items(world: World, *states: tuple[str, str]) -> None:
    with world.people.as_system():
        for item, (state, bank_state) in zip(world.seen().items, states, strict=True):
            db.session.execute(
                update(ApplicationItem).where(ApplicationItem.id == item.id).values(state=state, bank_state=bank_state)
            )
        db.session.commit()


def test_the_board_counts_days_and_names_the_risks(world: World) -> None:
    with world.as_(world.officer):
        (row,) = board.list_board("370200", today=date(2026, 8, 20))
        assert (row.day, row.days_left, row.risks) == (163, 17, ("banks", "unsigned"))
        assert len(row.ready.missing) == 3
        assert board.count_board("370200", today=date(2026, 9, 7)) == {"all": 1, "over": 1, "soon": 0}
    with world.as_(world.people.official("370100")):
        assert board.list_board("370100", today=date(2026, 8, 20)) == []
        assert board.list_board("370200", today=date(2026, 8, 20)) == []


def test_guidance_is_read_by_the_organisation_and_not_in_the_future(world: World) -> None:
    with world.as_(world.officer) as actor:
        give = {"actor": actor, "application_id": world.application_id, "now": NOW}
        with refused("guidance_in_future"):
            acceptance.log_guidance(held_on=date(2026, 3, 11), topic="题库编制", **give)
        acceptance.log_guidance(held_on=date(2026, 3, 10), topic="题库编制", **give)
    with world.as_(world.owner):
        assert db.session.scalars(select(GuidanceEntry.topic)).all() == ["题库编制"]


def test_eliminating_an_occupation_takes_its_levels_along(world: World) -> None:
    first, _, third = world.seen().items
    with world.as_(world.officer) as actor:
        wanted = {"actor": actor, "application_id": world.application_id, "item_id": first.id, "now": NOW}
        with refused("reason_missing"):
            acceptance.eliminate(scope="occupation", reason="", **wanted)
        gone = acceptance.eliminate(scope="occupation", reason="放弃开发", **wanted)
        assert len(gone) == 2
    assert [item.state for item in world.seen().items] == ["naturally_eliminated"] * 2 + ["incubating"]
    with world.as_(world.officer) as actor:
        acceptance.eliminate(
            actor=actor, application_id=world.application_id, scope="skill_level", item_id=third.id, reason="同上",
            now=NOW,
        )  # fmt: skip
    assert world.seen().state == "naturally_eliminated"
    with world.people.as_system():
        assert set(db.session.scalars(select(Deadline.state))) == {"cancelled"}


def test_day_181_protects_what_waits_for_the_panel_and_leaves_the_rest_to_an_officer(world: World) -> None:
    set_items(world, ("bank_submitted", "dispatched"), ("incubating", "drafting"), ("bank_passed", "passed"))
    submitted = world.seen().items[0].id
    original = board.submitted_at
    try:
        board.submitted_at = lambda ids: {submitted: NOW + timedelta(days=100)}  # type: ignore[assignment]
        with world.people.as_system():
            assert jobs.flag_overdue(now=DAY_181 - timedelta(seconds=2)) == 0
            assert jobs.flag_overdue(now=DAY_181) == 1
            assert jobs.flag_overdue(now=DAY_181) == 0
    finally:
        board.submitted_at = original
    seen = world.seen()
    assert seen.state == "incubation_overdue"
    with world.as_(world.officer) as actor:
        outcomes = board.outcomes_of(world.application_id)
        assert [acceptance.verdict_of(item, outcomes) for item in seen.items] == ["protected", "overdue", ""]
        acceptance.eliminate(
            actor=actor, application_id=world.application_id, scope="skill_level", item_id=seen.items[1].id,
            reason="期满未提交", now=DAY_181,
        )  # fmt: skip
    assert world.seen().state == "incubation_overdue", "one is still with the panel"
    set_items(world, ("bank_passed", "passed"), ("naturally_eliminated", "not_started"), ("bank_passed", "passed"))
    with world.people.as_system():
        application = acceptance.casework.locked_case(world.application_id)
        acceptance.settle_application(actor=SYSTEM_ACTOR, application=application, now=DAY_181)
        db.session.commit()
        assert application.state == "acceptance_passed"
        assert db.session.scalar(select(Deadline.state).where(Deadline.kind == "city_report_due")) == "open"


def test_the_commitment_names_only_what_entered_the_incubation(world: World) -> None:
    set_items(world, ("incubating", "not_started"), ("naturally_eliminated", "failed"), ("cancelled", "not_started"))
    with world.people.as_system():
        body = render_commitment(acceptance.casework.locked_case(world.application_id)).body
    assert body.count("电工") == 2, "what is eliminated later was promised all the same"
    assert "城市管理网格员" not in body


def test_after_the_last_day_only_an_officers_exception_opens_an_item(world: World) -> None:
    set_items(world, ("incubating", "not_started"), ("incubating", "not_started"), ("bank_passed", "passed"))
    late, other, _ = (item.id for item in world.seen().items)
    words = {"application_id": world.application_id, "item_id": late, "reason": "考评员疫病停工,附证明"}
    with world.as_(world.officer) as actor, refused("incubation_running"):
        exceptions.allow_late_hand_in(actor=actor, **words, until=date(2026, 9, 20), now=DAY_181 - timedelta(seconds=2))
    with world.people.as_system():
        assert jobs.flag_overdue(now=DAY_181) == 1
    with world.as_(world.officer) as actor, refused("exception_day_wrong"):
        exceptions.allow_late_hand_in(actor=actor, **words, until=date(2026, 10, 8), now=DAY_181)
    with world.as_(world.officer) as actor, refused("reason_missing"):
        exceptions.allow_late_hand_in(actor=actor, **{**words, "reason": " "}, until=date(2026, 9, 20), now=DAY_181)
    with world.as_(world.officer) as actor:
        exceptions.allow_late_hand_in(actor=actor, **words, until=date(2026, 9, 20), now=DAY_181)
    with world.as_(world.owner) as actor:
        last = datetime(2026, 9, 20, 23, 59, 59, tzinfo=SHANGHAI)
        check_upload(actor=actor, purpose=Purpose.question_bank, subject_id=late, now=last)
        for item_id, instant in ((other, DAY_181), (late, last + timedelta(seconds=1))):
            with refused("incubation_over"):
                check_upload(actor=actor, purpose=Purpose.question_bank, subject_id=item_id, now=instant)
    with world.as_(world.owner) as actor, pytest.raises(Refusal):
        exceptions.allow_late_hand_in(actor=actor, **words, until=date(2026, 9, 20), now=DAY_181)


def test_a_bank_panel_needs_an_accepted_bank(world: World) -> None:
    item = world.seen().items[0]
    with world.as_(world.officer) as actor, refused("bank_not_ready"):
        forming.create_panel(
            actor=actor, application_id=world.application_id, kind="question_bank", item_ids=[item.id], now=NOW
        )


def test_a_bank_panel_at_work_is_never_given_up_even_below_three(world: World) -> None:
    set_items(world, ("bank_submitted", "accepted_for_panel"), ("incubating", "not_started"), ("bank_passed", "passed"))
    item = world.seen().items[0]
    world.add_experts(BANK_TYPES, now=NOW)
    panel_id = world.seat_panel("question_bank", items=[item.id], now=NOW)
    with world.as_(world.experts[1]) as actor:
        seats.recuse(actor=actor, panel_id=panel_id, reason="曾在该单位授课", now=NOW)
    world.drain()
    with world.as_(world.officer) as actor, refused("bank_panel_at_work"):
        panel = forming.locked_panel(panel_id, actor=actor)
        assert panel.state == "forming"
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="重组", now=NOW)
    assert world.seen().items[0].bank_state == "under_assessment"


# Code and receipt ---------------------------------------------------------------------------------------------------


def announce(world: World, *, on: date) -> None:
    with world.people.as_system():
        db.session.execute(update(Application).where(Application.id == world.application_id).values(state="announced"))
        db.session.execute(
            update(ApplicationItem)
            .where(ApplicationItem.application_id == world.application_id)
            .values(state="announced", bank_state="passed")
        )
        announcement = Announcement(
            id=uuid.uuid4(), series_id=uuid.uuid4(), version=1, kind="filing", title="公布", state="published",
            created_at=NOW, published_on=on, published_at=NOW,
        )  # fmt: skip
        db.session.add(announcement)
        db.session.flush()
        db.session.add(
            AnnouncementEntry(
                announcement_id=announcement.id, position=1, application_id=world.application_id,
                organisation_name="某单位", uscc="1", level=world.level, authority_code=world.city, city_name="青岛市",
            )
        )  # fmt: skip
        db.session.commit()


def test_code_then_receipt_make_the_filing(world: World) -> None:
    with world.as_(world.officer) as actor, refused("not_announced"):
        issuing.assign_code(actor=actor, application_id=world.application_id, code="S000037000072", now=NOW)
    announce(world, on=date(2026, 3, 5))
    with world.as_(world.officer) as actor:
        step = {"actor": actor, "application_id": world.application_id, "now": NOW}
        with refused("receipt_before_code"):
            issuing.issue_receipt(**step)
        with refused("institution_code_format"):
            issuing.assign_code(code="X1", **step)
        issuing.assign_code(code=" s0000 3700 0072 ", **step)
        with refused("code_assigned"):
            issuing.assign_code(code="S000037000099", **step)
        with refused("reason_missing"):
            issuing.issue_receipt(years=5, **step)
        receipt = issuing.issue_receipt(**step)
        assert (receipt.valid_from, receipt.valid_to) == (date(2026, 3, 10), date(2029, 3, 9))
    with world.as_(world.owner):
        filing = db.session.scalars(select(Filing)).one()
        assert (filing.institution_code, filing.state) == ("S000037000072", "active")
        assert db.session.scalars(select(FilingPeriod.state)).all() == ["current"]
        assert len(db.session.scalars(select(FiledItem)).all()) == 3
        told = db.session.scalars(select(Receipt)).one()
        case = acceptance.casework.get_case(world.application_id)
        assert case is not None
        assert issuing.digest(told, filing, case.organisation, case.level) == told.content_sha256
    assert world.seen().state == "filed"


def test_a_code_of_another_city_is_never_given_again(world: World, app: Flask, drain: Callable[[], int]) -> None:
    announce(world, on=date(2026, 3, 5))
    other = make_world(app, world.people, drain, city="370100", now=NOW)
    announce(other, on=date(2026, 3, 5))
    with world.as_(world.officer) as actor:
        issuing.assign_code(actor=actor, application_id=world.application_id, code="S000037000072", now=NOW)
    with world.as_(other.officer) as actor:
        assert db.session.scalars(select(Filing)).all() == [], "nothing of the other city is visible"
        with refused("institution_code_taken"):
            issuing.assign_code(actor=actor, application_id=other.application_id, code="S000037000072", now=NOW)


def test_a_city_cannot_touch_another_citys_case(world: World) -> None:
    with world.as_(world.people.official("370100")) as actor, refused("application_unknown"):
        acceptance.eliminate(
            actor=actor, application_id=world.application_id, scope="organisation",
            item_id=world.seen().items[0].id, reason="越权", now=NOW,
        )  # fmt: skip
    with world.people.as_system():
        assert db.session.scalars(select(ItemOutcome)).all() == []
