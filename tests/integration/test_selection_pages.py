"""The pages of selection: officers, experts and the public, with what each may see and do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.experts.models import Expert
from app.lifecycle.panels.models import Panel, PanelMember, ScoreSheet
from app.lifecycle.publicity.models import Objection, Publicity
from app.lifecycle.publicity.services import clear_publicity
from tenants import events
from tenants.accounts import throttle
from tenants.scope import SYSTEM_ACTOR
from tests.factories.people import People, Person
from tests.factories.selection import World, make_world
from uploads.models import Dossier, DossierFile, Upload

HTMX = {"HX-Request": "true"}


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def browser(world: World, person: Person) -> FlaskClient:
    """A browser of this person; an expert's membership is looked up first."""
    from tenants.models import Membership

    if person.membership_id is None:
        with world.people.as_system():
            membership = db.session.scalar(select(Membership.id).where(Membership.user_id == person.user_id))
        person = Person(person.user_id, membership, person.email, person.name, person.role)
    return world.people.sign_in(world.app.test_client(), person)


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def the_panel(world: World) -> uuid.UUID:
    with world.people.as_system():
        return db.session.scalars(select(Panel.id).order_by(Panel.created_at.desc())).first()  # type: ignore[return-value]


def test_an_officer_and_experts_take_a_case_from_acceptance_to_publicity(world: World) -> None:
    officer = browser(world, world.officer)
    case = f"/bureau/cases/{world.application_id}"
    assert "组建评估组" in officer.get(case).text
    panel_url = officer.post(f"{case}/panel").headers["Location"]
    page = officer.get(panel_url).text
    assert all(name in page for name in ("专家0", "专家1", "专家2"))
    short = officer.post(f"{panel_url}/form", data={"version": version(page)})
    assert short.status_code == 422
    assert "3—5名成员" in short.text
    invited = officer.post(
        f"{panel_url}/invite", data={"version": version(page), "expert": [str(one) for one in world.expert_ids]}
    )
    assert invited.status_code == 303
    late = officer.post(f"{panel_url}/draw", data={"version": version(page), "count": "1"})
    assert "已于" in late.text, "the second officer is told when it changed"
    panel_id = the_panel(world)
    world.drain()

    for expert in world.experts:
        desk = browser(world, expert)
        assert panel_url.rsplit("/", 1)[1] in desk.get("/expert/").text
        sealed = desk.get(f"/expert/panels/{panel_id}").text
        assert "请先确认是否需要回避" in sealed
        assert "材料</h2>" not in sealed
        assert desk.post(f"/expert/panels/{panel_id}/accept").status_code == 422
        assert desk.post(f"/expert/panels/{panel_id}/accept", data={"no_conflict": "yes"}).status_code == 303
    page = officer.get(panel_url).text
    with world.people.as_system():
        leader = db.session.scalars(select(PanelMember.id).where(PanelMember.user_id == world.experts[0].user_id)).one()
    assert (
        officer.post(f"{panel_url}/leader", data={"version": version(page), "member": str(leader)}).status_code == 303
    )
    for step in ("form", "start"):
        page = officer.get(panel_url).text
        assert officer.post(f"{panel_url}/{step}", data={"version": version(page)}).status_code == 303, step
    today = clock.today().isoformat()
    entry = {"method": "site_visit", "held_on": today, "people": "全体成员", "place": "青岛", "minutes": "已察看"}
    assert officer.post(f"{panel_url}/methods", data=entry).status_code == 303

    for expert in world.experts:
        score(world, browser(world, expert), panel_id)
    world.drain()
    page = officer.get(panel_url).text
    assert "意见收齐" in page
    assert "80.0" in page

    leads = browser(world, world.experts[0])
    page = leads.get(f"/expert/panels/{panel_id}").text
    opinion = {"version": version(page[page.index('id="opinion"') :]), "opinion": "条件具备,予以推荐。"}
    opinion |= {f"verdict-{one}": "recommend" for one in world.item_ids(panel_id)}
    assert leads.post(f"/expert/panels/{panel_id}/opinion", data=opinion).status_code == 303
    assert (
        officer.post(f"{panel_url}/conclude", data={"version": version(officer.get(panel_url).text)}).status_code == 303
    )

    page = officer.get(case).text
    items = [item.id for item in world.seen().items]
    decisions = {f"decision-{one}": "yes" for one in items} | {"version": version(page)}
    refused = officer.post(f"{case}/recommend", data=decisions | {f"decision-{items[0]}": "no"})
    assert refused.status_code == 422
    assert "须填写理由" in refused.text
    # R64: the remarks the panel left out are named before the decision, and those still empty after it; never a gate.
    assert "评估组意见中未写明" in page
    remarks = {"remark-industry_authority": "行业内公认"}
    assert officer.post(f"{case}/recommend", data=decisions | remarks).status_code == 303
    assert "推荐意见中未填写:产业代表性、评价专业性" in officer.get(case).text
    assert officer.post(f"{case}/publicity").status_code == 303
    assert world.seen().state == "recommended"
    for address in ("/bureau/cases", "/bureau/panels?show=concluded", "/bureau/experts", "/bureau/publicity"):
        assert officer.get(address).status_code == 200, address


def score(world: World, desk: FlaskClient, panel_id: uuid.UUID) -> None:
    """Fill and sign the sheet through its page: blanks are named, saving goes on by itself."""
    page = desk.get(f"/expert/panels/{panel_id}/sheets").text
    sheet = re.search(rf"/expert/panels/{panel_id}/sheets/([0-9a-f-]+)", page)
    assert sheet is not None
    address = sheet[0]
    part = desk.post(address, data={"version": version(page), "score-S1": "80"}, headers=HTMX)
    assert part.status_code == 200
    assert "还有" in part.text
    blank = desk.post(f"/expert/panels/{panel_id}/submit", data={"signed": "yes"})
    assert blank.status_code == 422
    assert "设施设备" in blank.text
    full = {"version": version(part.text), **{f"score-S{n}": "80" for n in range(1, 6)}}
    full |= {f"gate-{n}": "yes" for n in range(4)} | {f"vote-{one}": "recommend" for one in world.item_ids(panel_id)}
    assert desk.post(address, data=full).status_code == 303
    old = desk.post(address, data=full, headers=HTMX)
    assert old.status_code == 422, "an older window must not overwrite"
    assert desk.post(f"/expert/panels/{panel_id}/submit").status_code == 422, "unsigned"
    assert desk.post(f"/expert/panels/{panel_id}/submit", data={"signed": "yes"}).status_code == 303


def test_the_public_reads_objects_and_follows_by_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    world.assess("selection", now=now)
    world.recommend(now=now)
    officer = browser(world, world.officer)
    case = f"/bureau/cases/{world.application_id}"
    officer.post(f"{case}/publicity")
    with world.people.as_system():
        publicity_id = db.session.scalars(select(Publicity.id)).one()
    address, visitor = f"/bureau/publicity/{publicity_id}", world.app.test_client()
    assert visitor.get(f"/publicity/{publicity_id}").status_code == 404, "not published yet"
    page = officer.get(address).text
    early = officer.post(
        f"{address}/publish", data={"version": version(page), "planned_end_on": clock.today().isoformat()}
    )
    assert early.status_code == 422
    assert "不少于5个工作日" in early.text
    assert officer.post(f"{address}/publish", data={"version": version(page)}).status_code == 303
    world.drain()

    assert world.seen().state == "in_publicity"
    assert "测试职业技能评价中心" in visitor.get("/publicity").text
    page = visitor.get(f"/publicity/{publicity_id}").text
    assert "第5个工作日" in page
    assert "李某" not in page
    words = {"name": "李某", "contact": "13900000000", "statement": "设备清单与实际不符"}
    missing = visitor.post(f"/publicity/{publicity_id}/objections", data=words | {"name": ""})
    assert missing.status_code == 422
    assert "设备清单与实际不符" in missing.text, "what was typed stays"
    lodged = visitor.post(f"/publicity/{publicity_id}/objections", data=words).text
    code = re.search(r'id="query-code">([^<]+)<', lodged)
    assert code is not None
    world.drain()
    assert world.seen().state == "publicity_objection"
    found = visitor.post("/objections", data={"code": code[1].lower()})
    assert "收到" in found.text
    assert visitor.post("/objections", data={"code": "AAAA-BBBB-CCCC"}).status_code == 422
    for name, again in (("OBJECT_BY_PLACE", f"/publicity/{publicity_id}/objections"), ("ASK_BY_PLACE", "/objections")):
        with monkeypatch.context() as patch:
            patch.setattr(throttle, name, replace(getattr(throttle, name), times=1))
            flood = visitor.post(again, data=words | {"code": code[1]})
        assert flood.status_code == 422
        assert "分钟后再试" in flood.text
    owner = browser(world, world.owner)
    assert "李某" not in owner.get(f"/publicity/{publicity_id}").text

    with world.people.as_system():
        objection_id = db.session.scalars(select(Objection.id)).one()
    desk = f"/bureau/objections/{objection_id}"
    assert "李某" in officer.get(desk).text
    assert browser(world, world.people.official("370100")).get(desk).status_code == 404
    for step, data in (
        ("accept", {}),
        ("investigate", {"inquiry": "现场核对一致"}),
        ("decide", {"upheld": "no", "reason": "查无实据"}),
        ("reply", {"reply": "经核查,异议不成立。"}),
    ):
        answer = officer.post(f"{desk}/{step}", data=data | {"version": version(officer.get(desk).text)})
        assert answer.status_code == 303, (step, answer.text[:2000])
    assert "经核查,异议不成立" in visitor.post("/objections", data={"code": code[1]}).text
    assert world.seen().state == "in_publicity"
    assert officer.get("/bureau/objections?show=all").status_code == 200


def test_the_bureau_watches_incubation_and_an_expert_opens_a_bank_with_a_purpose(world: World) -> None:
    now = clock.now()
    world.assess("selection", now=now)
    world.recommend(now=now)
    officer = browser(world, world.officer)
    officer.post(f"/bureau/cases/{world.application_id}/publicity")
    with world.people.as_system():
        row = db.session.scalars(select(Publicity)).one()
        publicity_id = row.id
    address = f"/bureau/publicity/{publicity_id}"
    officer.post(f"{address}/publish", data={"version": version(officer.get(address).text)})
    with world.people.as_system():
        due_at = db.session.get_one(Publicity, publicity_id).due_at
        assert due_at is not None
        clear_publicity(actor=SYSTEM_ACTOR, publicity_id=publicity_id, now=due_at)
        db.session.commit()
    board = officer.get("/bureau/incubation").text
    assert "承诺书未签" in board
    one = f"/bureau/incubation/{world.application_id}"
    guidance = {"held_on": clock.today().isoformat(), "topic": "题库编制培训"}
    assert officer.post(f"{one}/guidance", data=guidance).status_code == 303
    assert "题库编制培训" in officer.get(one).text

    file_id = put_bank(world)
    item = world.seen().items[0]
    panel_url = officer.post(f"{one}/panel", data={"item": str(item.id)}).headers["Location"]
    with world.people.as_system():
        db.session.execute(update(Panel).where(Panel.kind == "question_bank").values(state="dissolved"))
        db.session.commit()
    assert officer.get(panel_url).status_code == 200
    world.add_experts([["method_expert"], ["content_expert"], ["practitioner_expert"]], now=now)
    panel_id = world.seat_panel("question_bank", items=[item.id], now=now)
    desk = browser(world, world.experts[0])
    page = desk.get(f"/expert/panels/{panel_id}").text
    assert "电工题库.xlsx" in page
    whole = f"/expert/panels/{panel_id}/files/{file_id}"
    assert desk.post(whole, data={"purpose": "评估题目质量"}).status_code == 422, "a bank is read on the screen"
    opens = f"/expert/panels/{panel_id}/banks/{file_id}"
    assert desk.post(opens, data={"purpose": " "}).status_code == 422
    assert desk.post(opens, data={"purpose": "评估题目质量"}).status_code == 303
    outsider = browser(world, world.people.expert())
    assert outsider.post(opens, data={"purpose": "x"}).status_code == 404
    with world.as_(world.owner):
        (seen,) = [
            event for event in events.list_for_organisation(world.organisation_id) if event.name == "bank_opened"
        ]
        assert seen.data["reason"] == "评估题目质量"
    assert desk.get(f"/expert/panels/{panel_id}/sheets").status_code == 200
    with world.people.as_system():
        db.session.execute(update(Panel).where(Panel.id == panel_id).values(state="concluded"))
        db.session.commit()
    assert "电工题库.xlsx" not in desk.get(f"/expert/panels/{panel_id}").text, "the bank is sealed again"
    assert desk.post(opens, data={"purpose": "再看一次"}).status_code == 404
    with world.people.as_system():
        assert db.session.scalars(select(ScoreSheet.item_id)).all().count(item.id) == 1


def put_bank(world: World) -> uuid.UUID:
    """A delivered, accepted bank of the first item: rows only, no bytes."""
    with world.people.as_system():
        application = db.session.get_one(Application, world.application_id)
        item = db.session.scalars(
            select(ApplicationItem).where(ApplicationItem.application_id == application.id).order_by("position")
        ).first()
        assert item is not None
        item.state, item.bank_state = "bank_submitted", "accepted_for_panel"
        now = clock.now()
        upload = Upload(
            id=uuid.uuid4(), organisation_id=application.organisation_id, created_by=world.owner.user_id,
            purpose="question_bank", subject_id=item.id, name="电工题库.xlsx", declared_size=10, part_size=10,
            bucket="b", key=uuid.uuid4().hex, multipart_id="m", state="checked", created_at=now, expires_at=now,
        )  # fmt: skip
        dossier = Dossier(
            id=uuid.uuid4(), number=f"D-{uuid.uuid4().hex[:8]}", organisation_id=application.organisation_id,
            authority_code=item.authority_code, kind="question_bank", subject_id=item.id, title="电工 题库",
            idempotency_key="k", manifest={}, manifest_sha256="0" * 64, submitted_by=world.owner.user_id,
            submitted_at=now, state="accepted",
        )  # fmt: skip
        db.session.add_all([upload, dossier])
        db.session.flush()
        file = DossierFile(
            id=uuid.uuid4(), dossier_id=dossier.id, upload_id=upload.id, organisation_id=application.organisation_id,
            authority_code=item.authority_code, position=1, name=upload.name, size=10, sha256="0" * 64, sm3="0" * 64,
            type="xlsx", mime="application/octet-stream", scan="skipped", source_bucket="b", source_key="k",
            bureau_bucket="some-bucket", bureau_key="k",
        )  # fmt: skip
        db.session.add(file)
        db.session.commit()
        return file.id


def test_the_pool_is_kept_by_its_own_authority(world: World) -> None:
    officer = browser(world, world.officer)
    form = {"name": "王专家", "email": "wang@example.com", "types": ["technical_expert"], "occupations": "6-31-1-3"}
    made = officer.post("/bureau/experts/new", data=form)
    assert made.status_code == 303, made.text[:2000]
    address = made.headers["Location"]
    page = officer.get(address).text
    assert "6-31-01-03" in page
    again = officer.post("/bureau/experts/new", data=form)
    assert again.status_code == 422
    assert "已有邮箱" in again.text
    assert officer.post(f"{address}/absences", data={"from_on": "2026-12-02", "to_on": "2026-12-01"}).status_code == 422
    assert officer.post(f"{address}/absences", data={"from_on": "2026-12-01", "to_on": "2026-12-02"}).status_code == 303
    jinan = browser(world, world.people.official("370100"))
    assert jinan.get(address).status_code == 404
    department = browser(world, world.department)
    assert department.get(address).status_code == 200
    stolen = department.post(address, data=form | {"version": version(page)})
    assert stolen.status_code == 422, "the department reads a city's experts and changes none"
    assert officer.post(f"{address}/retire", data={"version": version(officer.get(address).text)}).status_code == 303
    with world.people.as_system():
        assert db.session.scalar(select(Expert.retired_at).where(Expert.email == "wang@example.com")) is not None
