"""The department's editors: the calendar and what it moves, configuration keys, annexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import annexes
from app.lifecycle.deadlines import editing
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import set_deadline
from app.lifecycle.incubation.models import AnnexTemplate
from app.rules import clocks
from app.rules.core import Refusal
from app.rules.settings import Span, Unit
from tests.factories.people import People

SPRING_2027 = "\n".join(f"2027-02-{day:02d} 休 春节" for day in range(5, 12)) + "\n2027-02-14 班 春节"


@pytest.fixture(autouse=True)
def _put_back(app: Flask, worker_app: Flask, stack_env: dict[str, str]) -> Iterator[None]:
    """The calendar and the annexes stay between tests: what these tests add is taken away again."""
    yield
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("""delete from calendar_days where "on" >= '2027-01-01'""")
        connection.execute("delete from annex_templates where source in ('official_annex', 'edited_by_department')")
    for one in (app, worker_app):
        one.extensions.pop("sheping_calendar", None)


def test_loading_a_year_moves_what_is_open_and_tells_whom_it_concerns(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    owner = people.member(people.organisation())
    with people.as_system():
        now = datetime(2027, 2, 1, 10, tzinfo=SHANGHAI)
        before = clocks.supplement_due(date(2027, 2, 3), load_calendar(fresh=True), load_settings())
        assert before.provisional
        set_deadline(
            actor=owner.actor,
            clock=before,
            subject_type="application",
            subject_id=owner.user_id,
            subject_label="SQ-1",
            organisation_id=owner.organisation_id,  # type: ignore[arg-type]
            authority_code="370200",
            link="/org",
            now=now,
        )
        db.session.commit()
    people.sign_in(client, people.official("370000"))
    assert "尚未载入" in client.get("/province/calendar?year=2027").text
    bad = client.post("/province/calendar", data={"year": "2027", "days": "2027-02-05 歇"})
    assert bad.status_code == 422
    assert "第1行" in bad.text
    empty = client.post("/province/calendar", data={"year": "2027", "days": "2027-02-14 班 春节"})
    assert empty.status_code == 422
    assert client.post("/province/calendar", data={"year": "2027", "days": SPRING_2027}).status_code == 303
    # Lines left out turn holidays into working days: those that no moon moves are known, and named.
    warned = client.get("/province/calendar?year=2027").text
    assert "请核对:2027年1月1日(周五)、2027年10月1日(周五)是法定节假日" in warned
    drain()
    with people.as_system():
        moved = db.session.scalars(select(Deadline)).one()
        # Five weekdays of the festival are lost, one Sunday is won.
        assert (before.due_on, moved.due_on) == (date(2027, 2, 17), date(2027, 2, 23))
        assert not moved.provisional
    people.sign_in(client, owner)
    assert "重新计算" in client.get("/account/inbox").text


def test_a_day_is_corrected_with_a_reason_and_only_by_the_department(system: Flask, people: People) -> None:
    bureau, department = people.official("370200").actor, people.official("370000").actor
    given = {"on": date(2026, 12, 31), "is_workday": False, "note": "临时", "now": clock.now()}
    with pytest.raises(Refusal) as refused:
        editing.set_day(actor=bureau, reason="x", **given)
    assert refused.value.code == "calendar_only_by_department"
    with pytest.raises(Refusal) as refused:
        editing.set_day(actor=department, reason="", **given)
    assert refused.value.code == "reason_missing"
    editing.set_day(actor=department, reason="国务院通知", **given)
    assert not load_calendar(fresh=True).is_workday(date(2026, 12, 31))


def test_settings_keep_their_floors_and_their_owners(app: Flask, client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official("370000"))
    save = "/bureau/settings/{}".format
    floor = client.post(save("publicity_min_working_days"), data={"value": "4", "reason": "x"})
    assert floor.status_code == 422
    assert "不得少于" in floor.text
    assert client.post(save("panel_min"), data={"value": "2", "reason": "x"}).status_code == 422
    assert client.post(save("supplement_due"), data={"value": "8wd", "reason": ""}).status_code == 422
    assert client.post(save("supplement_due"), data={"value": "8wd", "reason": "提速"}).status_code == 303
    assert "提速" in client.get(save("supplement_due")).text
    with people.as_system():
        assert load_settings("370200").supplement_due == Span(8, Unit.WORKING_DAY)
    people.sign_in(client, people.official("370200"))
    assert client.post(save("supplement_due"), data={"value": "5wd", "reason": "x"}).status_code == 422
    assert client.post(save("bank_submit_by"), data={"value": "40d", "reason": "评估组排期"}).status_code == 303
    with people.as_system():
        assert load_settings("370200").bank_submit_by.amount == 40
        assert load_settings("370100").bank_submit_by.amount == 30
    assert client.get(save("nothing_such")).status_code == 404


def test_an_annex_gets_a_new_version_and_never_loses_a_field(app: Flask, client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official("370000"))
    url = "/province/annexes/{}".format
    assert client.get("/province/annexes").status_code == 200
    cut = client.post(url("commitment"), data={"body": "本单位承诺。"})
    assert cut.status_code == 422
    assert "统一社会信用代码" in cut.text
    wrong = client.post(url("selection_assessment"), data={"body": "S1|评价场地|90"})
    assert wrong.status_code == 422
    areas = client.post(url("periodic_assessment"), data={"body": "P1|制度建设|100"})
    assert areas.status_code == 422
    assert "队伍建设" in areas.text
    sheet = "S1|评价场地|60|面积;证明\nS2|设施设备|40"
    assert client.post(url("selection_assessment"), data={"body": sheet, "official": "1"}).status_code == 303
    again = client.post(url("selection_assessment"), data={"body": sheet, "official": "1"})
    assert again.status_code == 422
    with people.as_system():
        current = annexes.current_sheet("selection_assessment")
        assert (current.version, current.official) == ("v1", True)
        assert [(one.code, one.weight, one.prompts) for one in current.indicators] == [
            ("S1", 60, ("面积", "证明")), ("S2", 40, ()),
        ]  # fmt: skip
        assert annexes.sheet_of_version("selection_assessment", "draft-1").version == "draft-1"
        versions = select(AnnexTemplate.version).where(AnnexTemplate.kind == "selection_assessment")
        assert db.session.scalars(versions).all() == [1]
    people.sign_in(client, people.official("370200"))
    assert client.get("/province/annexes").status_code == 404
