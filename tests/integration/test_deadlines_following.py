"""Deadlines that the clock sets by looking at their subjects."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.calls.models import Call
from app.lifecycle.deadlines.following import follow_subjects, q1_subject
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.queries import list_changes
from app.lifecycle.deadlines.services import mark_missed, meet_deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.panels.models import Panel
from app.lifecycle.renewals.models import RenewalCycle
from tenants.scope import SYSTEM_ACTOR
from tests.factories.people import People

NOW = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
CITY = "370200"


def _call() -> Call:
    call = Call(
        id=uuid.uuid4(), year=2026, batch_no=1, title="2026年第1批", state="open", complete_by=date(2026, 11, 30),
        apply_open_at=NOW - timedelta(days=5), apply_close_at=datetime(2026, 3, 31, 17, tzinfo=SHANGHAI),
        created_at=NOW,
    )  # fmt: skip
    db.session.add(call)
    db.session.flush()
    return call


def _application(call: Call, organisation_id: uuid.UUID, *, state: str, number: str) -> Application:
    application = Application(
        id=uuid.uuid4(), number=number, organisation_id=organisation_id, authority_code=CITY, city_code=CITY,
        call_id=call.id, level="municipal", state=state, created_at=NOW,
        submitted_at=None if state == "draft" else NOW,
    )  # fmt: skip
    db.session.add(application)
    db.session.flush()
    return application


def _states() -> dict[str, tuple[str, date]]:
    db.session.expire_all()
    return {row.kind: (row.state, row.due_on) for row in db.session.scalars(select(Deadline))}


def test_a_call_sets_its_limits_and_each_step_closes_them(system: Flask, people: People) -> None:
    organisation_id = people.organisation()
    call = _call()
    application = _application(call, organisation_id, state="draft", number="SB-1")
    assert follow_subjects(now=NOW) == 1
    assert follow_subjects(now=NOW) == 0
    close = db.session.scalars(select(Deadline)).one()
    # Five in the afternoon of the last day, as the call says: not midnight.
    assert (close.kind, close.due_on, close.due_at) == ("call_close", date(2026, 3, 31), call.apply_close_at)
    assert close.case_id == application.id

    application.state, application.submitted_at = "submitted", NOW
    follow_subjects(now=NOW)
    assert _states() == {"call_close": ("met", date(2026, 3, 31)), "call_complete_by": ("open", date(2026, 11, 30))}

    panel = Panel(
        id=uuid.uuid4(), number="PG-1", kind="selection", authority_code=CITY, organisation_id=organisation_id,
        application_id=application.id, organisation_name="甲", uscc="x", level="municipal", state="forming",
        template_kind="selection", template_version="draft-1", created_at=NOW,
    )  # fmt: skip
    db.session.add(panel)
    follow_subjects(now=NOW)
    assert _states()["panel_work_due"] == ("open", date(2026, 11, 30))
    # A bank's panel is bound by the incubation instead, and follows it when that moves.
    panel.kind, application.incubation_start_on, application.incubation_due_on = (
        "question_bank", date(2026, 3, 10), date(2026, 9, 6),
    )  # fmt: skip
    follow_subjects(now=NOW)
    assert _states()["panel_work_due"] == ("open", date(2026, 9, 6))
    due = db.session.scalars(select(Deadline).where(Deadline.kind == "panel_work_due")).one()
    assert due.rule == "R29"
    assert [change.before.get("due_on") for change in list_changes(due.id)] == ["2026-11-30", None]

    panel.state, application.state = "concluded", "naturally_eliminated"
    follow_subjects(now=NOW)
    assert _states()["panel_work_due"][0] == "met"
    assert _states()["call_complete_by"][0] == "cancelled"


def test_a_period_nears_its_end_and_an_application_stops_the_automatic_exit(system: Flask, people: People) -> None:
    organisation_id = people.organisation()
    filing = Filing(
        id=uuid.uuid4(), organisation_id=organisation_id, authority_code=CITY, institution_code="S000037020001",
        state="active", created_at=NOW,
    )  # fmt: skip
    period = FilingPeriod(
        id=uuid.uuid4(), filing_id=filing.id, organisation_id=organisation_id, authority_code=CITY, period_no=1,
        valid_from=date(2023, 9, 1), valid_to=date(2026, 8, 31), state="current", exempt=False,
    )  # fmt: skip
    db.session.add_all([filing, period])
    follow_subjects(now=NOW)
    assert _states() == {
        "renewal_open_on": ("open", date(2026, 3, 4)),
        "q1_window": ("open", date(2026, 3, 31)),
    }
    cycle = RenewalCycle(
        id=uuid.uuid4(), filing_id=filing.id, period_id=period.id, organisation_id=organisation_id,
        authority_code=CITY, state="open", opened_on=date(2026, 3, 4), apply_close_on=date(2026, 7, 2),
    )  # fmt: skip
    db.session.add(cycle)
    follow_subjects(now=NOW)
    assert _states()["renewal_open_on"] == ("met", date(2026, 3, 4))
    # Nobody applied until 2 July: R50 threatens, with its own instant five minutes into the day after.
    follow_subjects(now=datetime(2026, 7, 3, 0, 1, tzinfo=SHANGHAI))
    exit_due = db.session.scalars(select(Deadline).where(Deadline.kind == "auto_exit_due")).one()
    assert exit_due.due_at == datetime(2026, 9, 1, 0, 5, tzinfo=SHANGHAI)
    cycle.state, cycle.applied_at = "applied", datetime(2026, 7, 10, tzinfo=SHANGHAI)
    follow_subjects(now=cycle.applied_at)
    assert _states()["auto_exit_due"][0] == "cancelled"


def test_each_year_has_its_window_that_closes_without_harm(system: Flask, people: People) -> None:
    organisation_id = people.organisation()
    filing = Filing(
        id=uuid.uuid4(), organisation_id=organisation_id, authority_code=CITY, institution_code="S000037020001",
        state="active", created_at=NOW,
    )  # fmt: skip
    period = FilingPeriod(
        id=uuid.uuid4(), filing_id=filing.id, organisation_id=organisation_id, authority_code=CITY, period_no=1,
        valid_from=date(2025, 6, 1), valid_to=date(2028, 5, 31), state="current", exempt=False,
    )  # fmt: skip
    db.session.add_all([filing, period])
    db.session.commit()
    closing = datetime(2026, 4, 1, tzinfo=SHANGHAI)

    def windows(now: datetime) -> list[tuple[date, str]]:
        follow_subjects(now=now)
        follow_subjects(now=now)
        assert mark_missed(actor=SYSTEM_ACTOR, now=now) == []
        rows = db.session.execute(
            select(Deadline.due_on, Deadline.state).where(Deadline.kind == "q1_window").order_by(Deadline.due_on)
        )
        return [(row.due_on, row.state) for row in rows]

    this, following, last = date(2026, 3, 31), date(2027, 3, 31), date(2028, 3, 31)
    assert windows(NOW) == [(this, "open")]
    assert windows(closing - timedelta(seconds=1)) == [(this, "open")]
    assert windows(closing) == [(this, "cancelled"), (following, "open")]
    meet_deadline(kind="q1_window", subject_id=q1_subject(filing.id, 2027), now=closing)
    # The period ends in May 2028: the window of that year is still its own, the next is not.
    after = datetime(2027, 4, 1, 1, tzinfo=SHANGHAI)
    assert windows(after) == [(this, "cancelled"), (following, "met"), (last, "open")]
    filing.state = "revoked"
    assert windows(after) == [(this, "cancelled"), (following, "met"), (last, "cancelled")]
    closed = db.session.scalars(select(Deadline).where(Deadline.due_on == this)).one()
    assert [change.reason for change in list_changes(closed.id)] == ["closed", "set"]
