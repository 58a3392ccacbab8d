"""The boards and the page of a single deadline, as every side sees them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta

import openpyxl
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines import explaining
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import set_deadline
from app.rules import clocks
from app.rules.clocks import end_of_day
from tenants.scope import SYSTEM_ACTOR
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People

CITY, OTHER = "370200", "370100"
NOW = datetime(2026, 9, 24, 10, tzinfo=SHANGHAI)


def _add(organisation_id: uuid.UUID, kind: str, start: date, *, city: str = CITY, label: str = "SQ-1") -> uuid.UUID:
    computed = clocks.date_of(kind, start, load_calendar(), load_settings(city))
    deadline = set_deadline(
        actor=SYSTEM_ACTOR, clock=computed, subject_type="other", subject_id=uuid.uuid4(), subject_label=label,
        organisation_id=organisation_id, authority_code=city, link="/org", now=NOW,
    )  # fmt: skip
    return deadline.id


@contextmanager
def _statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        # The demo's clock is asked once a second, whatever the page does.
        if "demo_clock" not in statement and "set_config" not in statement:
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_days_of_a_count_are_told_one_by_one(system: Flask, people: People) -> None:
    organisation_id = people.organisation()
    publicity = db.session.get_one(Deadline, _add(organisation_id, "publicity_end", date(2026, 9, 24)))
    computed = explaining.clock_of(publicity, load_calendar(), load_settings(CITY))
    assert computed is not None
    days = {
        day.on: day
        for month in explaining.months_of(computed, load_calendar())
        for week in month.weeks
        for day in week
        if day is not None
    }
    # The oracle of R23: over the Mid-Autumn and National Day holidays to Friday, 9 October.
    assert [on.isoformat() for on, day in days.items() if day.due] == ["2026-10-09"]
    assert days[date(2026, 9, 24)].kind == "start"
    assert (days[date(2026, 9, 25)].kind, days[date(2026, 9, 25)].name) == ("holiday", "中秋节")
    assert days[date(2026, 10, 1)].name == "国庆节"
    assert [day.number for day in days.values() if day.number] == [1, 2, 3, 4, 5]
    assert days[date(2026, 10, 10)].kind == "outside"
    incubation = db.session.get_one(Deadline, _add(organisation_id, "incubation_due", date(2026, 1, 15)))
    computed = explaining.clock_of(incubation, load_calendar(), load_settings(CITY))
    assert computed is not None
    numbers = [
        day.number
        for month in explaining.months_of(computed, load_calendar())
        for week in month.weeks
        for day in week
        if day is not None and day.number is not None
    ]
    # Every calendar day counts, holidays too.
    assert numbers == list(range(1, 181))
    incubation.due_on += timedelta(days=3)
    assert explaining.clock_of(incubation, load_calendar(), load_settings(CITY)) is None


@pytest.mark.parametrize("kind", sorted(clocks.KINDS))
def test_every_kind_has_its_explanation(system: Flask, people: People, kind: str) -> None:
    deadline = db.session.get_one(Deadline, _add(people.organisation(), kind, date(2026, 9, 24)))
    computed = explaining.clock_of(deadline, load_calendar(), load_settings(CITY))
    assert computed is not None
    months = explaining.months_of(computed, load_calendar())
    assert sum(day is not None and day.due for month in months for week in month.weeks for day in week) == 1


def test_a_board_is_one_bureau_s_and_the_department_sees_all(app: Flask, client: FlaskClient, people: People) -> None:
    mine, theirs = people.organisation(name="甲评价中心"), people.organisation(city=OTHER, name="=2+5 乙中心")
    with people.as_system(), clock.frozen(NOW):
        first = _add(mine, "publicity_end", date(2026, 9, 24), label="GS-1")
        _add(mine, "bank_submit_by", date(2026, 10, 25), label="电工 三级")
        other = _add(theirs, "supplement_due", date(2026, 9, 24), city=OTHER, label="SQ-9")
        db.session.commit()
    with clock.frozen(NOW):
        people.sign_in(client, people.official(CITY))
        page = client.get("/bureau/deadlines").text
        assert "甲评价中心" in page
        assert "乙中心" not in page
        assert "公示末日" in client.get("/bureau/deadlines?on=2026-10-09").text.partition("</form>")[2]
        assert "题库提交期限</a>" not in client.get("/bureau/deadlines?kind=publicity_end").text.partition("<table")[2]
        assert "没有符合条件" in client.get("/bureau/deadlines?q=%25").text
        assert client.get(f"/bureau/deadlines/{first}").status_code == 200
        assert client.get(f"/bureau/deadlines/{other}").status_code == 404
        assert client.get("/province/deadlines").status_code == 404
        assert client.get("/bureau/deadlines?officer=none&show=week").status_code == 200
        assert client.get("/bureau/deadlines?officer=x&on=nonsense&kind=lunch&show=z&cursor=%%").status_code == 200
        people.sign_in(client, people.official("370000"))
        province = client.get("/province/deadlines").text
        assert "甲评价中心" in province
        assert "乙中心" in province
        narrowed = client.get(f"/province/deadlines?authority={OTHER}").text
        assert "甲评价中心" not in narrowed.partition("<table")[2]
        why = client.get(f"/province/deadlines/{first}").text
        assert "国庆节" in why
        assert "第5个工作日" in why
        book = openpyxl.load_workbook(io.BytesIO(client.get("/province/deadlines.xlsx").data))
        cells = [[cell.value for cell in row] for row in book.active.iter_rows(min_row=2)]
        assert {row[5] for row in cells} == {"甲评价中心", "=2+5 乙中心"}
        assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
        outsider = people.member(theirs)
        people.sign_in(client, outsider)
        assert client.get(f"/org/deadlines/{other}").status_code == 200
        assert client.get(f"/org/deadlines/{first}").status_code == 404
        assert "补正期限" in client.get("/org/deadlines").text
        assert client.get("/org/deadlines.xlsx").status_code == 200


def test_a_full_board_takes_no_more_queries_than_an_empty_one(app: Flask, client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official(CITY))
    with _statements(app) as empty:
        assert client.get("/bureau/deadlines").status_code == 200
    with people.as_system():
        for _ in range(8):
            Lifecycle(people).incubatee(people.organisation(), items=5)
        total = len(db.session.scalars(select(Deadline.id)).all())
    assert total > 50
    with _statements(app) as full:
        page = client.get("/bureau/deadlines").text
    assert len(full) <= len(empty) + 1, "officers' names are asked for where there are cases"
    assert 'rel="next"' in page
    following = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(following)
    assert second.status_code == 200
    assert 'id="load"' not in second.text


def test_the_board_reads_its_page_by_its_index(system: Flask, people: People, stack_env: dict[str, str]) -> None:
    organisation_id = people.organisation()
    db.session.execute(
        text(
            """insert into deadlines (id, kind, subject_type, subject_id, subject_label, organisation_id,
                      authority_code, rule, starts_on, due_on, due_at, provisional, set_at, state, link)
               select gen_random_uuid(), 'incubation_due', 'x', gen_random_uuid(), 'l', :org,
                      case when n % 17 = 0 then '370200' else '370100' end, 'R27', '2020-01-01', '2026-01-01',
                      '2020-01-01'::timestamptz + n * interval '1 minute', false, now(),
                      case when n % 20 = 0 then 'open' else 'met' end, '/' from generate_series(1, 20000) n"""
        ),
        {"org": organisation_id},
    )
    db.session.commit()
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("analyze deadlines")
    # For so few open rows a sort is nearly as cheap, and either may win: what must be is an index in the list's order.
    db.session.execute(text("set local enable_sort = off"))
    plan = db.session.scalars(
        text(
            "explain select id from deadlines where authority_code = '370200' and state in ('open', 'missed')"
            " order by due_at, id limit 51"
        )
    ).all()
    assert any("ix_deadlines_board" in line for line in plan), plan
    plan = db.session.scalars(
        text("explain select id from deadlines where state in ('open', 'missed') order by due_at, id limit 51")
    ).all()
    assert any("ix_deadlines_province" in line for line in plan), plan


def test_at_risk_is_what_has_used_its_time(app: Flask, client: FlaskClient, people: People) -> None:
    organisation_id = people.organisation()
    with people.as_system():
        slow = clocks.date_of("incubation_due", date(2026, 4, 10), load_calendar(), load_settings(CITY))
        for label, computed in (
            ("用了很久", slow),
            ("刚刚开始", replace(slow, starts_on=date(2026, 9, 20))),
            ("本周到期", replace(slow, due_on=date(2026, 9, 26), due_at=end_of_day(date(2026, 9, 26)))),
        ):
            set_deadline(
                actor=SYSTEM_ACTOR, clock=computed, subject_type="other", subject_id=uuid.uuid4(),
                subject_label=label, organisation_id=organisation_id, authority_code=CITY, link="/org", now=NOW,
            )  # fmt: skip
        db.session.commit()
    people.sign_in(client, people.official(CITY))
    with clock.frozen(NOW):
        page = client.get("/bureau/deadlines?show=risk").text.partition("<table")[2]
    assert "用了很久" in page
    assert "刚刚开始" not in page
    assert "本周到期" not in page
