"""Plans, the catalogue and calls: the services' refusals, the clock, and what each side's pages show."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.db import db
from app.lifecycle.calls import jobs, queries, services
from app.lifecycle.calls.models import Call
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.catalogue.queries import find_occupations
from app.lifecycle.sheets import read_rows, write_workbook
from app.rules.core import Refusal
from app.web.errors import refusal_text
from tenants.events import Event
from tests.factories import calls as make
from tests.factories.people import People

XLSX = (
    ("职业编码", 10), ("职业名称", 10), ("工种", 10), ("等级", 10), ("重点方向", 10),
)  # fmt: skip


def _sheet(*rows: tuple[str, ...]) -> bytes:
    return write_workbook(title="职业", columns=XLSX, rows=rows)


def _catalogue(system: Flask) -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in db.session.scalars(select(Occupation).order_by(Occupation.code))]


# Calls --------------------------------------------------------------------------------------------------------------


def test_only_a_complete_call_is_published_and_only_by_the_department(system: Flask, people: People) -> None:
    department, bureau = people.official("370000").actor, people.official("370200").actor
    now = clock.now()
    call = make.drafted(department, now)
    with pytest.raises(Refusal) as refused:
        services.publish_call(actor=bureau, call=call, now=now)
    assert (refused.value.code, refused.value.rule) == ("call_only_by_department", "R10")
    call.sections = {**call.sections, "assessment_process": " "}
    with pytest.raises(Refusal) as refused:
        services.publish_call(actor=department, call=call, now=now)
    assert refused.value.code == "call_incomplete"
    assert "评估流程" in str(refused.value)
    call.sections = dict(make.SECTIONS)
    services.publish_call(actor=department, call=call, now=now)
    assert call.state == "published"
    with pytest.raises(Refusal) as refused:
        services.edit_call(actor=department, call_id=call.id, content=make.content(now), expected_version=None, now=now)
    assert refused.value.code == "call_not_draft"


def test_the_clock_opens_and_closes_and_may_sleep_through_both(system: Flask, people: People) -> None:
    department, now = people.official("370000").actor, clock.now()
    soon = make.drafted(department, now, batch_no=1, opens_in=1, days=30)
    slept = make.drafted(department, now - timedelta(days=40), batch_no=2, opens_in=1, days=30)
    for call in (soon, slept):
        services.publish_call(actor=department, call=call, now=now)
    db.session.commit()
    jobs.follow_calls()
    states = {call.batch_no: call.state for call in db.session.scalars(select(Call))}
    assert states == {1: "published", 2: "closed"}
    names = list(db.session.scalars(select(Event.name).where(Event.subject_id == str(slept.id)).order_by(Event.id)))
    assert names[-2:] == ["call_opened", "call_closed"]
    jobs.follow_calls()
    assert len(list(db.session.scalars(select(Event.name).where(Event.subject_id == str(slept.id))))) == len(names)


def test_the_second_officer_is_told(system: Flask, people: People) -> None:
    department, now = people.official("370000").actor, clock.now()
    call = make.drafted(department, now)
    seen = call.version
    services.edit_call(actor=department, call_id=call.id, content=make.content(now), expected_version=seen, now=now)
    with pytest.raises(Refusal) as refused:
        services.edit_call(actor=department, call_id=call.id, content=make.content(now), expected_version=seen, now=now)
    assert refused.value.code == "changed_meanwhile"
    assert refused.value.params["at"]
    assert (refused.value.params["event"], refused.value.params["by"]) == ("call_changed", "department/officer")
    with system.test_request_context("/"):
        assert "修改了征集通告(省人社厅 · 经办员)" in refusal_text(refused.value)


def test_cancelling_needs_a_reason(system: Flask, people: People) -> None:
    department, now = people.official("370000").actor, clock.now()
    call = make.opened(department, now)
    with pytest.raises(Refusal) as refused:
        services.cancel_call(actor=department, call_id=call.id, reason=" ", expected_version=None, now=now)
    assert refused.value.code == "reason_missing"
    services.cancel_call(actor=department, call_id=call.id, reason="政策调整", expected_version=None, now=now)
    assert call.state == "cancelled"
    with pytest.raises(Refusal):
        services.conclude_call(actor=department, call_id=call.id, expected_version=None, now=now)


def test_a_draft_is_nobodys_but_the_departments(app: Flask, client: FlaskClient, people: People) -> None:
    department, now = people.official("370000"), clock.now()
    with people.as_system():
        draft = make.drafted(department.actor, now, batch_no=1)
        public = make.opened(department.actor, now, batch_no=2)
        db.session.commit()
        draft_id, public_id, title = draft.id, public.id, draft.title
    assert client.get(f"/calls/{draft_id}").status_code == 404
    assert title not in client.get("/calls").text
    page = client.get(f"/calls/{public_id}")
    assert page.status_code == 200
    assert make.SECTIONS["applicant_scope"] in page.text
    people.sign_in(client, department)
    assert client.get(f"/province/calls/{draft_id}").status_code == 200
    assert client.get(f"/calls/{draft_id}").status_code == 404


def test_from_plan_to_published_call_in_the_browser_without_scripts(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    bureau, department = people.official("370200"), people.official("370000")
    with people.as_system():
        occupation = make.add_occupations()[0].id
        db.session.commit()
    people.sign_in(client, bureau)
    plan_url = client.post("/bureau/plans").headers["Location"]
    given = {"title": "青岛2026年计划", "year": "2026", "quota": "5", "levels": ["level_3"], "rationale": "产业需要"}
    refused = client.post(plan_url, data={**given, "version": "1", "then": "confirm"})
    assert refused.status_code == 422
    assert "职业范围" in refused.text
    added = client.post(f"{plan_url}/occupations", data={"occupation_id": str(occupation), "version": "1"})
    assert added.status_code == 303
    assert client.post(plan_url, data={**given, "version": "2", "then": "confirm"}).status_code == 303
    assert "确定" in client.get(plan_url).text

    people.sign_in(client, department)
    call_url = client.post("/province/calls/new").headers["Location"]
    page = client.get(call_url).text
    assert "青岛2026年计划" in page
    assert "发布前还需补全" in page
    plan_id = plan_url.rsplit("/", 1)[1]
    assert client.post(f"{call_url}/plans", data={"plan_id": plan_id, "version": "1"}).status_code == 303
    assert "电工" in client.get(call_url).text
    form = {
        "title": "2026年第1批", "year": "2026", "batch_no": "1", "doc_no": "鲁人社函〔2026〕1号",
        "apply_open_at": "2026-12-01T09:00", "apply_close_on": "2026-12-31", "complete_by": "2027-12-31",
        **make.SECTIONS,
    }  # fmt: skip
    early = client.post(f"{call_url}/publish", data={"version": "2"})
    assert early.status_code == 422
    assert "申报主体范围" in early.text
    backwards = client.post(call_url, data={**form, "complete_by": "2026-12-30", "version": "2"})
    assert backwards.status_code == 422
    assert "完成时限不能早于申报截止日期" in backwards.text
    assert 'value="2026-12-30"' in backwards.text
    assert client.post(call_url, data={**form, "complete_by": "", "version": "2"}).status_code == 303
    assert "<li>完成时限(日期)</li>" in client.get(call_url).text
    undated = client.post(f"{call_url}/publish", data={"version": "3"})
    assert undated.status_code == 422
    assert "还缺完成时限的日期" in undated.text
    assert client.post(call_url, data={**form, "version": "3"}).status_code == 303
    assert client.post(f"{call_url}/publish", data={"version": "4"}).status_code == 303
    with people.as_system():
        call = db.session.scalars(select(Call)).one()
        assert call.state == "published"
        assert [row["code"] for row in call.priority] == ["6-31-01-03"]
        assert call.apply_close_at is not None
        assert call.apply_close_at.astimezone(clock.SHANGHAI).isoformat() == "2027-01-01T00:00:00+08:00"
    assert drain() > 0
    people.sign_in(client, bureau)
    assert "2026年第1批" in client.get("/account/inbox").text
    assert client.get(plan_url).status_code == 200


def test_a_city_neither_sees_nor_touches_anothers_plan(app: Flask, client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official("370200"))
    plan_url = client.post("/bureau/plans").headers["Location"]
    people.sign_in(client, people.official("370100"))
    assert client.get(plan_url).status_code == 404
    assert client.post(plan_url, data={"version": "1"}).status_code == 404
    assert plan_url not in client.get("/bureau/plans").text
    people.sign_in(client, people.official("370000"))
    assert client.get(plan_url).status_code == 200
    stolen = client.post(f"{plan_url}/withdraw", data={"version": "1", "reason": "x"})
    assert stolen.status_code == 422
    assert "另一部门" in stolen.text


# The catalogue ------------------------------------------------------------------------------------------------------


def test_an_import_shows_faults_by_row_and_column_and_changes_nothing_before_it_is_confirmed(
    app: Flask, client: FlaskClient, people: People
) -> None:
    people.sign_in(client, people.official("370000"))
    data = _sheet(
        ("６－３１－１－３", "电工", "维修电工、送变电工", "三级、四级", "急需紧缺"),
        ("6-31-01", "缺组", "", "", ""),
        ("3-01-04-02", "城市管理网格员", "", "九级", ""),
        ("=1+1", "公式", "", "", ""),
    )
    sent = client.post("/province/catalogue/import", data={"file": (io.BytesIO(data), "目录.xlsx")})
    assert sent.status_code == 303
    page = client.get(sent.headers["Location"]).text
    assert all(text in page for text in ("6-31-01-03", "维修电工、送变电工", "等级无法识别"))
    with people.as_system():
        assert db.session.scalars(select(Occupation)).all() == []
    assert client.post(sent.headers["Location"]).status_code == 303
    assert client.post(sent.headers["Location"]).status_code == 422
    with people.as_system():
        rows = db.session.scalars(select(Occupation)).all()
        assert [(row.code, row.levels, row.tags) for row in rows] == [
            ("6-31-01-03", ["level_4", "level_3"], ["urgent_shortage"])
        ]
    exported = client.get("/province/catalogue/export.xlsx")
    assert read_rows(exported.data, "x.xlsx")[1][:2] == ["6-31-01-03", "电工"]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.xlsx", "空的"),
        (b"PK\x03\x04broken", "a.xlsx", "无法读取"),
        ("甲,乙\n1,2\n".encode("gb18030"), "a.csv", "缺少标题"),
        (b"\x00\x01\x02", "a.csv", "不是可以读取的表格"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    app: Flask, client: FlaskClient, people: People, data: bytes, name: str, said: str
) -> None:
    people.sign_in(client, people.official("370000"))
    answer = client.post("/province/catalogue/import", data={"file": (io.BytesIO(data), name)})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("typed", ["6-31-01-03", "６－３１－１－３", "6-31-1-3", "电工", "6-31"])
def test_an_occupation_is_found_by_code_or_name(system: Flask, typed: str) -> None:
    make.add_occupations()
    assert [row.name for row in find_occupations(typed)] == ["电工"]


def test_a_workbook_never_carries_a_formula() -> None:
    import zipfile

    data = write_workbook(title="表", columns=(("名称", 10),), rows=[('=HYPERLINK("http://x")',), ("+1",), ("@a",)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert [row[0] for row in read_rows(data, "x.xlsx")[1:]] == ['=HYPERLINK("http://x")', "+1", "@a"]


def test_counting_unfinished_applications_of_a_call(system: Flask, people: People) -> None:
    call = make.opened(people.official("370000").actor, clock.now())
    assert queries.count_unfinished(call.id) == 0
