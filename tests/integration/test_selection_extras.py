"""Beside the way of one case: tables to take along, a batch of publicities, one occupation at a time."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.catalogue.models import Occupation
from app.lifecycle.panels import assessing
from app.lifecycle.publicity import services
from app.lifecycle.publicity.models import Publicity
from tenants.models import Organisation
from tests.factories import calls as make
from tests.factories.files import Sender
from tests.factories.people import People, credit_code
from tests.factories.selection import World, make_world
from tests.integration.journey import PDF
from uploads.models import Dossier, ReviewTask


def opened(app: Flask, people: People, drain: Callable[[], int], *, batch: int | None = None) -> World:
    return make_world(app, people, drain, now=clock.now() - timedelta(days=30), batch=batch)


def test_minutes_and_matrix_go_along_as_tables(app: Flask, people: People, drain: Callable[[], int]) -> None:
    world = opened(app, people, drain)
    world.add_experts(now=clock.now())
    panel_id = world.seat_panel("selection", now=clock.now())
    with world.as_(world.officer) as actor:
        assessing.log_method(
            actor=actor, panel_id=panel_id, method="site_visit", held_on=clock.today(), place="=申报单位",
            people="全体成员", minutes="察看场地", now=clock.now(),
        )  # fmt: skip
    world.fill_sheets(panel_id, vote="recommend", now=clock.now(), score=70)
    world.give_opinion(panel_id, verdict="recommend", now=clock.now())
    client = people.sign_in(app.test_client(), world.officer)
    url = f"/bureau/panels/{panel_id}"
    assert f"{url}/matrix.xlsx" in client.get(url).text
    matrix = CalamineWorkbook.from_filelike(io.BytesIO(client.get(f"{url}/matrix.xlsx").data)).get_sheet_by_index(0)
    rows = matrix.to_python()
    assert sorted(rows[0][-5:-2]) == ["专家0", "专家1", "专家2"]
    assert rows[-1][1] == "加权平均"
    assert rows[-1][3:] == [70.0, 70.0, 70.0, 70.0, 0.0]
    minutes = client.get(f"{url}/minutes.csv")
    assert minutes.data.startswith("﻿日期,事项".encode())
    assert ",'=申报单位," in minutes.data.decode("utf-8-sig"), "no cell is a formula"
    assert "推荐" in minutes.text
    assert client.get(f"{url}/matrix.exe").status_code == 404
    elsewhere = people.sign_in(app.test_client(), people.official("370100"))
    assert elsewhere.get(f"{url}/matrix.xlsx").status_code == 404


def test_a_batch_is_published_whole_or_not_at_all(app: Flask, people: People, drain: Callable[[], int]) -> None:
    worlds = [opened(app, people, drain) for _ in range(2)]
    officer = worlds[0].officer
    drawn_up: list[uuid.UUID] = []
    for world in worlds:
        with people.as_system():
            db.session.get_one(Application, world.application_id).state = "recommended"
            mine = ApplicationItem.application_id == world.application_id
            db.session.execute(update(ApplicationItem).where(mine).values(state="recommended"))
            db.session.commit()
        with world.as_(officer) as actor:
            drawn_up.append(
                services.schedule_publicity(actor=actor, application_id=world.application_id, now=clock.now()).id
            )
    client = people.sign_in(app.test_client(), officer)
    assert client.get("/bureau/publicity").text.count('name="publicity"') == 2
    none = client.post("/bureau/publicity/publish", data={})
    assert none.status_code == 422
    early = {"publicity": [str(one) for one in drawn_up], "planned_end_on": clock.today().isoformat()}
    refused = client.post("/bureau/publicity/publish", data=early)
    assert refused.status_code == 422
    assert "所选各项均未发布" in refused.text
    assert "不少于5个工作日" in refused.text
    with people.as_system():
        assert set(db.session.scalars(select(Publicity.state))) == {"scheduled"}
    done = client.post("/bureau/publicity/publish", data=early | {"planned_end_on": ""})
    assert done.status_code == 303, done.text
    with people.as_system():
        rows = db.session.scalars(select(Publicity)).all()
        assert {(row.state, row.planned_end_on) for row in rows} == {("open", rows[0].planned_end_on)}
        assert all(services.digest(row) == row.content_sha256 for row in rows)


@pytest.fixture
def department(people: People, client: FlaskClient) -> FlaskClient:
    return people.sign_in(client, people.official("370000"))


def test_one_occupation_is_added_changed_retired_and_brought_back(department: FlaskClient, people: People) -> None:
    new = {"code": "6-31-1-3", "edition": "2022", "name": "电工", "levels": "三级、四级", "tags": "急需紧缺"}
    wrong = department.post("/province/catalogue/new", data=new | {"levels": "九级", "code": "六"})
    assert wrong.status_code == 422
    assert "等级无法识别" in wrong.text
    made = department.post("/province/catalogue/new", data=new)
    assert made.status_code == 303
    url = made.location
    assert department.post("/province/catalogue/new", data=new).status_code == 422, "the code is there"
    assert department.post(url, data=new).status_code == 422, "nothing changed"
    changed = department.post(
        url, data=new | {"levels": "三级、四级、五级", "code": "1-01-01-01"}, follow_redirects=True
    )
    assert "更改记录" in changed.text
    with people.as_system():
        row = db.session.scalars(select(Occupation)).one()
        assert (row.code, row.levels, row.tags) == (
            "6-31-01-03", ["level_5", "level_4", "level_3"], ["urgent_shortage"],
        )  # fmt: skip
    assert department.post(f"{url}/retire", data={"reason": ""}).status_code == 422
    department.post(f"{url}/retire", data={"reason": "大典修订"})
    assert "没有符合条件的职业" in department.get("/province/catalogue?q=6-31-01-03").text
    assert "已停用" in department.get("/province/catalogue?show=all").text
    back = department.post(f"{url}/return", follow_redirects=True).text
    for title in ("增加了职业", "更改了职业", "停用了职业", "恢复了职业", "大典修订"):
        assert title in back


def test_a_city_does_not_edit_the_catalogue(app: Flask, people: People) -> None:
    with people.as_system():
        (row, _) = make.add_occupations()
        row_id = row.id
        db.session.commit()
    client = people.sign_in(app.test_client(), people.official("370200"))
    assert client.get(f"/province/catalogue/{row_id}").status_code == 404
    assert client.post(f"/province/catalogue/{row_id}/retire", data={"reason": "x"}).status_code == 404


def test_a_letter_takes_its_scan_to_the_department(
    app: Flask, client: FlaskClient, people: People, drain: Callable[[], int]
) -> None:
    with people.as_system():
        organisation_id = people.organisation()
        db.session.get_one(Organisation, organisation_id).affiliation = "national_branch"
        db.session.commit()
    owner = people.member(organisation_id)
    people.sign_in(client, owner)
    given = {
        "national_name": "全国示例评价中心", "national_uscc": credit_code(77, head="91110000"),
        "letter_no": "评联函7号", "letter_on": clock.today().isoformat(),
    }  # fmt: skip
    url = client.post("/org/consultations", data=given).location
    row_id = uuid.UUID(url.rpartition("/")[2])
    sender = Sender(app.test_client(), people.bearer(owner))
    sender.upload("来函.pdf", PDF, purpose="consultation", subject=row_id)
    drain()
    assert "来函.pdf" in client.get(f"{url}?part=files").text
    assert client.post(url, data=given | {"then": "send"}).status_code == 303
    drain()
    department = people.sign_in(app.test_client(), people.official("370000"))
    page = department.get(f"/province/consultations/{row_id}").text
    assert "来函.pdf" in page
    review = re.search(r'href="(/bureau/[^"]+)">来函文件', page)
    assert review is not None
    assert "来函.pdf" in department.get(review[1]).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    answer = {
        "version": version[1],
        "answer": "agree",
        "reply_no": "鲁人社函1号",
        "replied_on": clock.today().isoformat(),
    }
    assert department.post(f"/province/consultations/{row_id}", data=answer).status_code == 303
    with people.as_system():
        assert db.session.scalars(select(ReviewTask.state)).all() == ["accepted"]
        assert db.session.scalars(select(Dossier.state)).all() == ["accepted"]
    removed = client.post(f"{url}/files/{uuid.uuid4()}/remove")
    assert removed.status_code == 404
