"""The demo's data: made through the services, by relative dates, once."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app import clock
from app.cli import CommandFailed, Context
from app.cli.demo import demo_group
from app.db import db
from app.demo import accounts
from app.demo.seed import seed
from app.documents.services import RENDER
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.filings.models import Filing, FilingPeriod
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.renewals.models import RenewalCycle
from app.outbox import OutboxMessage
from app.rules import clocks, uscc
from app.rules.filing import CODE_PATTERN
from app.rules.routing import CITIES
from app.rules.states import ApplicationState
from tenants import events
from tenants.accounts.passwords import check_password, verify_password
from tenants.models import Authority, Membership, Organisation, User

MOMENTS = [
    datetime(2026, 11, 23, 18, 30, tzinfo=UTC),
    datetime(2026, 10, 5, 4, 0, tzinfo=UTC),
    datetime(2027, 2, 28, 15, 59, tzinfo=UTC),
    datetime(2028, 2, 29, 16, 1, tzinfo=UTC),
]


@pytest.fixture
def seeded(system: Flask) -> datetime:
    now = MOMENTS[0]
    assert seed(now=now, bucket_prefix="t")
    db.session.flush()
    return now


@pytest.mark.parametrize("now", MOMENTS, ids=lambda moment: f"{moment:%Y-%m-%d}")
def test_it_can_be_made_on_any_day(system: Flask, now: datetime) -> None:
    assert seed(now=now, bucket_prefix="t")
    today = now.astimezone(clock.SHANGHAI).date()
    application = db.session.scalars(select(Application)).one()
    assert application.incubation_start_on == today - timedelta(days=6)
    due = clocks.incubation_due(application.incubation_start_on, load_calendar(), load_settings())
    assert application.incubation_due_on == due.due_on
    first, second = db.session.scalars(select(FilingPeriod).order_by(FilingPeriod.period_no))
    assert (second.valid_from - first.valid_to).days == 1
    assert clocks.filing_end(second.valid_from, load_calendar(), load_settings()).due_on == second.valid_to
    cycle = db.session.scalars(select(RenewalCycle)).one()
    assert 45 <= (cycle.apply_close_on - today).days <= 60
    assert list(events.verify()) == [], "the trail is whole"


def test_the_incubatee_has_three_items_and_nothing_signed(seeded: datetime) -> None:
    application = db.session.scalars(select(Application).options(selectinload(Application.items))).one()
    items = [(item.occupation_code, item.skill_level, item.bank_state) for item in application.items]
    assert items == [
        ("6-31-01-03", "level_3", "not_started"),
        ("6-31-01-03", "level_4", "not_started"),
        ("3-01-04-02", "level_4", "not_started"),
    ]
    assert application.state == "incubating"
    assert db.session.scalar(select(func.count()).select_from(Commitment)) == 0


def test_the_filed_one_is_filed_in_the_other_city(seeded: datetime) -> None:
    filing = db.session.scalars(select(Filing)).one()
    assert filing.state == "renewal_due"
    assert CODE_PATTERN.match(filing.institution_code or "")
    cities = set(db.session.scalars(select(Organisation.authority_code)))
    assert (filing.authority_code, cities) == ("370100", {"370100", "370200"})


def test_every_deadline_is_there_with_its_rule(seeded: datetime) -> None:
    query = select(Deadline.kind, Deadline.rule, func.count()).where(Deadline.state == "open")
    rows = db.session.execute(query.group_by(Deadline.kind, Deadline.rule))
    assert sorted(rows.all()) == [
        ("bank_submit_by", "R29", 3),
        ("commitment_sign_due", "R28", 1),
        ("filing_end", "R45", 1),
        ("incubation_due", "R27", 1),
        ("renewal_apply_close", "R49", 1),
    ]


def test_people_have_their_roles_and_the_printed_password(seeded: datetime) -> None:
    stored = {user.email: user for user in db.session.scalars(select(User))}
    roles = dict(
        db.session.execute(select(User.email, Membership.role).join(Membership, Membership.user_id == User.id)).all()
    )
    for row in accounts.describe():
        assert verify_password(stored[str(row["email"])].password_hash, str(row["password"]))
        assert roles[str(row["email"])] == row["role"]
        assert stored[str(row["email"])].email_confirmed_at is not None


def test_the_bureaus_can_be_reached(seeded: datetime) -> None:
    for code in ("370100", "370200", "370000"):
        authority = db.session.get_one(Authority, code)
        assert re.fullmatch(r"05\d\d-\d{7}", authority.phone)
        assert authority.email.endswith(".demo")
        assert authority.security_email.endswith(".demo")


def test_made_twice_it_is_there_once(seeded: datetime) -> None:
    counted = select(func.count()).select_from(Organisation)
    assert db.session.scalar(counted) == 2
    assert not seed(now=seeded + timedelta(days=3), bucket_prefix="t")
    assert db.session.scalar(counted) == 2


def test_the_whole_province_stands_in_every_state(system: Flask) -> None:
    assert seed(now=MOMENTS[1], bucket_prefix="t", full=True)
    states = set(db.session.scalars(select(Application.state)))
    assert states == set(ApplicationState)
    assert set(db.session.scalars(select(Application.city_code))) == set(CITIES)
    national_day = db.session.scalars(select(Publicity).where(Publicity.published_on == date(2026, 9, 24))).one()
    assert (national_day.state, national_day.planned_end_on) == ("open", date(2026, 10, 9)), "it runs over the holiday"
    for organisation in db.session.scalars(select(Organisation)):
        assert uscc.check_uscc(organisation.uscc) == organisation.uscc
    due = db.session.scalars(select(Deadline).where(Deadline.kind == "rectification_due")).one()
    assert (due.state, due.rule) == ("open", "R58")
    waiting = db.session.scalars(select(OutboxMessage.function).where(OutboxMessage.state != "done")).all()
    assert set(waiting) <= {RENDER}, "nobody is mailed about the past"
    assert list(events.verify()) == [], "the trail is whole"
    assert not seed(now=MOMENTS[1] + timedelta(hours=1), bucket_prefix="t", full=True)


def test_codes_and_password_pass_the_rules() -> None:
    for organisation in accounts.ORGANISATIONS:
        assert uscc.check_uscc(organisation.uscc) == organisation.uscc
        assert uscc.area_hint(organisation.uscc) == organisation.city
    for person in accounts.PEOPLE:
        check_password(accounts.PASSWORD, personal=(person.email, person.name))


def test_accounts_are_printed_for_people_and_for_programs() -> None:
    printed = CliRunner().invoke(demo_group, ["accounts", "--json"])
    rows = json.loads(printed.output)
    assert {tuple(sorted(row)) for row in rows} == {("authority", "email", "organisation", "password", "role")}
    assert sorted({row["role"] for row in rows}) == ["editor", "expert", "lead", "officer", "owner", "viewer"]
    assert len({row["organisation"] for row in rows if row["organisation"]}) == 2
    assert {row["authority"] for row in rows if row["role"] == "lead"} == {
        "青岛市人力资源和社会保障局",
        "济南市人力资源和社会保障局",
    }
    told = CliRunner().invoke(demo_group, ["accounts"]).output
    assert accounts.PASSWORD in told
    assert "owner@lanhai.demo" in told


def test_outside_a_demo_nothing_is_seeded(worker_app: Flask) -> None:
    settings = worker_app.config["SHEPING"]
    worker_app.config["SHEPING"] = type(settings)(**{**settings.__dict__, "demo": False})
    try:
        refused = CliRunner().invoke(demo_group, ["seed"], obj=Context(lambda role: worker_app))
        assert isinstance(refused.exception, CommandFailed)
        assert "not a demo" in str(refused.exception)
    finally:
        worker_app.config["SHEPING"] = settings
