"""Reports, announcements and the directory: who may, what is frozen, what the public sees (R4, R7, R33, R35, R36)."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import ProgrammingError

from app import clock
from app.db import db
from app.lifecycle.announcements import services
from app.lifecycle.announcements.models import Announcement
from app.lifecycle.announcements.queries import get_announcement
from app.lifecycle.announcements.services import digest
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.calls.models import Call
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.directory.services import derive_directory
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod
from app.lifecycle.sheets import read_rows
from app.rules.core import Refusal
from app.web.public import directory
from tenants import scope
from tenants.models import Organisation
from tenants.scope import PUBLIC
from tests.factories import calls as make
from tests.factories.people import People, Person

ITEMS = (("6-31-01-03", "电工", "level_3", "bank_passed"), ("6-31-01-03", "电工", "level_4", "naturally_eliminated"))


def passed(people: People, department: Person, *, city: str = "370200", level: str = "municipal") -> uuid.UUID:
    """An application that has passed with one of two items, held by its authority."""
    owner = people.member(people.organisation(city=city, level=level))
    with people.as_system():
        now = clock.now()
        call = db.session.scalar(select(Call)) or make.opened(department.actor, now)
        holder = "370000" if level == "provincial" else city
        row = Application(
            id=uuid.uuid4(),
            number=f"SQ-{uuid.uuid4().hex[:8]}",
            organisation_id=owner.organisation_id,
            authority_code=holder,
            city_code=city,
            call_id=call.id,
            level=level,
            state="acceptance_passed",
            submitted_at=now,
            created_at=now,
            version=1,
        )
        db.session.add(row)
        db.session.flush()
        for position, (code, name, skill, state) in enumerate(ITEMS, start=1):
            db.session.add(
                ApplicationItem(
                    application_id=row.id,
                    organisation_id=owner.organisation_id,
                    authority_code=holder,
                    city_code=city,
                    position=position,
                    occupation_code=code,
                    occupation_name=name,
                    skill_level=skill,
                    state=state,
                )
            )
        db.session.commit()
        return row.id


def _report(client: FlaskClient, people: People, person: Person, *ids: uuid.UUID) -> str:
    people.sign_in(client, person)
    answer = client.post("/bureau/reports", data={"application": [str(one) for one in ids], "title": "结果上报"})
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["Location"]


def _state(people: People, application_id: uuid.UUID) -> str:
    with people.as_system():
        return db.session.get_one(Application, application_id).state


def test_from_two_cities_reports_to_one_public_frozen_list(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    department, qingdao, jinan = (people.official(code) for code in ("370000", "370200", "370100"))
    first, second = passed(people, department), passed(people, department, city="370100")
    provincial = passed(people, department, level="provincial")
    _report(client, people, qingdao, first)
    assert client.post("/bureau/reports", data={"application": [str(second)], "title": "x"}).status_code == 422
    _report(client, people, jinan, second)
    _report(client, people, department, provincial)

    draft = client.post(
        "/province/announcements", data={"title": "2026年第一批公布", "application": [str(first), str(second)]}
    ).headers["Location"]
    listed = client.get(draft).text
    assert "电工" in listed
    public = draft.replace("/province/", "/")
    visitor = app.test_client()
    assert visitor.get(public).status_code == 404
    assert client.get(f"{draft}/preview").status_code == 200
    seen = re.search(r'name="seen" value="(\d+)"', listed)
    assert seen is not None
    both = {"title": "2026年第一批公布", "application": [str(first), str(second)], "seen": seen[1]}
    assert client.post(draft, data=both).status_code == 303
    for second_officer in (draft, f"{draft}/publish"):
        late = client.post(second_officer, data=both)
        assert late.status_code == 422
        assert "修改了公布名单(省人社厅 · 经办员)" in late.text
    assert client.post(f"{draft}/publish").status_code == 303
    page = visitor.get(public)
    assert page.status_code == 200
    assert page.text.count("6-31-01-03") == 2
    assert [row[6] for row in read_rows(visitor.get(f"{public}.xlsx").data, "x.xlsx")[1:]] == ["电工", "电工"]
    assert [_state(people, one) for one in (first, second, provincial)] == [
        "announced", "announced", "pending_announcement",
    ]  # fmt: skip
    with people.as_system():
        counted = select(ApplicationItem.state, func.count()).group_by(ApplicationItem.state)
        states = {state: count for state, count in db.session.execute(counted)}
        assert states == {"announced": 2, "naturally_eliminated": 3, "listed_for_announcement": 1}
        row = db.session.scalars(select(Announcement)).one()
        frozen = get_announcement(row.id)
        assert frozen is not None
        assert row.content_sha256 == digest(frozen.entries)
        db.session.execute(update(Organisation).values(name="改名后的单位"))
        db.session.commit()
    assert "改名后的单位" not in visitor.get(public).text
    assert client.post(draft, data={"title": "x", "application": [str(first)]}).status_code == 422
    assert client.post(f"{draft}/publish").status_code == 422
    drain()
    people.sign_in(client, qingdao)
    assert "省厅已统一公布" in client.get("/account/inbox").text


def test_a_correction_supersedes_and_the_ministry_is_recorded(app: Flask, client: FlaskClient, people: People) -> None:
    department, qingdao = people.official("370000"), people.official("370200")
    first = passed(people, department)
    _report(client, people, qingdao, first)
    people.sign_in(client, department)
    given = {"title": "公布", "application": [str(first)]}
    draft = client.post("/province/announcements", data=given).headers["Location"]
    client.post(f"{draft}/publish")
    assert client.post(f"{draft}/correct", data={"correction": " "}).status_code == 422
    second = client.post(f"{draft}/correct", data={"correction": "更正机构名称"}).headers["Location"]
    assert client.post(f"{second}/publish").status_code == 303
    visitor = app.test_client()
    old = visitor.get(draft.replace("/province/", "/")).text
    assert "本版本已被更正版本替代" in old
    assert "更正机构名称" in visitor.get(second.replace("/province/", "/")).text
    assert visitor.get("/announcements").text.count("/announcements/") == 1
    missing = client.post(f"{second}/ministry", data={"reported_on": "2026-12-01"})
    assert missing.status_code == 422
    today = clock.now().astimezone(clock.SHANGHAI).date()
    given = {"document_no": "鲁人社函3号"}
    ahead = client.post(f"{second}/ministry", data=given | {"reported_on": str(today + timedelta(days=1))})
    assert ahead.status_code == 422
    assert "报送日期应在公布日期" in ahead.text
    done = client.post(f"{second}/ministry", data=given | {"reported_on": str(today)})
    assert done.status_code == 303
    assert "鲁人社函3号" in client.get(second).text
    assert "鲁人社函3号" not in visitor.get(second.replace("/province/", "/")).text


def test_a_returned_report_must_come_again_before_anything_is_announced(
    app: Flask, client: FlaskClient, people: People
) -> None:
    department, qingdao = people.official("370000"), people.official("370200")
    first = passed(people, department)
    report = _report(client, people, qingdao, first)
    refused = client.post(f"{report}/return", data={"reason": "x"})
    assert refused.status_code == 422
    people.sign_in(client, department)
    assert client.post(f"{report}/return", data={"reason": ""}).status_code == 422
    assert client.post(f"{report}/return", data={"reason": "请附会议纪要"}).status_code == 303
    early = client.post("/province/announcements", data={"title": "公布", "application": [str(first)]})
    assert early.status_code == 422
    assert "上报" in early.text
    people.sign_in(client, qingdao)
    assert "请附会议纪要" in client.get(report).text
    _report(client, people, qingdao, first)
    people.sign_in(client, people.official("370100"))
    assert client.get(report).status_code == 404


def test_only_the_department_announces(system: Flask, people: People) -> None:
    with pytest.raises(Refusal) as refused:
        services.draft_announcement(
            actor=people.official("370200").actor, title="公布", application_ids=[uuid.uuid4()], now=clock.now()
        )
    assert (refused.value.code, refused.value.rule) == ("announcement_only_by_department", "R35")


# The directory ------------------------------------------------------------------------------------------------------


def filed(people: People, code: str, *, city: str = "370200", name: str = "") -> uuid.UUID:
    """A filing with two items, valid for three years from this January."""
    organisation_id = people.organisation(city=city, name=name)
    with people.as_system():
        now = clock.now()
        filing = Filing(
            id=uuid.uuid4(), organisation_id=organisation_id, authority_code=city, institution_code=code,
            state="active", created_at=now,
        )  # fmt: skip
        db.session.add(filing)
        db.session.flush()
        common = {"filing_id": filing.id, "organisation_id": organisation_id, "authority_code": city}
        years = {"valid_from": date(2026, 1, 1), "valid_to": date(2028, 12, 31)}
        db.session.add(FilingPeriod(**common, **years, period_no=1, state="current"))
        for position, skill in enumerate(("level_3", "level_4"), start=1):
            db.session.add(
                FiledItem(**common, position=position, occupation_code="6-31-01-03", occupation_name="电工",
                          skill_level=skill, state="active")
            )  # fmt: skip
        db.session.commit()
        return filing.id


def test_the_directory_follows_filings_and_keeps_history(
    app: Flask, client: FlaskClient, people: People, tmp_path: Path
) -> None:
    gone = filed(people, "S000037990001", name="青岛示例评价中心")
    filed(people, "S000037990002", city="370100", name="济南示例评价中心")
    with people.as_system():
        assert derive_directory(now=clock.now()) == 4
        db.session.commit()
        assert derive_directory(now=clock.now()) == 0
        db.session.rollback()
    page = client.get("/directory")
    assert "青岛示例评价中心" in page.text
    assert "济南示例评价中心" in page.text
    for query, found in (
        ("q=济南", "济南示例评价中心"), ("q=S000037990002", "济南示例评价中心"), ("city=370100", "济南示例评价中心"),
    ):  # fmt: skip
        text = client.get(f"/directory?{query}").text
        assert found in text
        assert "青岛示例评价中心" not in text
    assert "青岛示例评价中心" in client.get("/directory?occupation=电工&skill=level_3&level=municipal").text
    assert "没有符合条件" in client.get("/directory?occupation=焊工").text

    with people.as_system():
        db.session.execute(update(Filing).where(Filing.id == gone).values(state="revoked"))
        db.session.commit()
        left = clock.now()
        assert derive_directory(now=left) == 2
        db.session.commit()
        assert derive_directory(now=left + timedelta(days=3)) == 0, "the day of leaving must not move"
        db.session.rollback()
    assert "青岛示例评价中心" not in client.get("/directory").text
    assert "青岛示例评价中心" in client.get("/directory?show=history").text
    assert "撤销备案" in client.get("/directory/S000037990001").text
    rows = read_rows(client.get("/directory.xlsx?show=history").data, "x.xlsx")
    assert {row[13] for row in rows[1:] if len(row) > 13} == {"撤销备案", ""}
    assert client.get("/directory/S000000000000").status_code == 404
    everything = _pages(client, "show=history", tmp_path)
    assert "共2家机构、4项" in everything
    assert "撤销备案" in everything
    assert "三级/高级工、四级/中级工" in everything, "the levels of an occupation stand together"
    today = _pages(client, "city=370100&q=示例", tmp_path)
    assert "济南示例评价中心" in today
    assert "青岛示例评价中心" not in today
    assert "现行目录；机构：示例；所在市：济南市" in today
    assert "查询时间" in today


def _pages(client: FlaskClient, query: str, tmp_path: Path) -> str:
    """The text of the directory's PDF for a search, without line ends."""
    answer = client.get(f"/directory.pdf?{query}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    file = tmp_path / "directory.pdf"
    file.write_bytes(answer.data)
    told = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True, text=True).stdout
    return told.replace("\n", "")


def test_pages_of_the_directory_are_bounded(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, people: People
) -> None:
    filed(people, "S000037990004")
    with people.as_system():
        derive_directory(now=clock.now())
        db.session.commit()
    monkeypatch.setattr(directory, "MOST_ON_PAPER", 1)
    refused = client.get("/directory.pdf")
    assert refused.status_code == 422
    assert "下载表格" in refused.text
    monkeypatch.undo()
    answers = [client.get("/directory.pdf?q=没有").status_code for _ in range(directory.PDFS.times)]
    assert answers == [200] * (directory.PDFS.times - 1) + [429]


def test_the_public_cannot_write_the_directory(app: Flask, people: People) -> None:
    filed(people, "S000037990003")
    with people.as_system():
        derive_directory(now=clock.now())
        db.session.commit()
    with app.app_context(), scope.use(PUBLIC):
        assert len(db.session.scalars(select(DirectoryEntry)).all()) == 2
        assert db.session.scalars(select(Filing)).all() == []
        with pytest.raises(ProgrammingError):
            db.session.execute(update(DirectoryEntry).values(organisation_name="x"))
        db.session.rollback()
