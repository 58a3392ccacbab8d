"""The pages of a periodic assessment: the authority's, the experts', the organisation's (R48–R56)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app import clock
from app.db import db
from app.documents.models import Document
from app.lifecycle.deadlines.following import follow_subjects
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.panels import assessing, forming
from app.lifecycle.rectifications.models import RectificationDefect
from app.lifecycle.renewals import self_assessing
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.core import Refusal
from tenants.models import Membership
from tenants.scope import Role
from tests.factories.people import People, Person
from tests.factories.renewing import Renewing, make_renewing

HTMX = {"HX-Request": "true"}


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> Renewing:
    made = make_renewing(app, people, drain)
    made.add_specialists()
    return made


def browser(world: Renewing, person: Person) -> FlaskClient:
    if person.membership_id is None:
        with world.people.as_system():
            membership = db.session.scalar(select(Membership.id).where(Membership.user_id == person.user_id))
        person = Person(person.user_id, membership, person.email, person.name, person.role)
    return world.people.sign_in(world.app.test_client(), person)


def missing(page: str, *words: str) -> list[str]:
    return [one for one in words if one not in page]


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "demo_clock" not in statement and "set_config" not in statement:
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_officer_is_led_from_the_application_to_the_grade(world: Renewing) -> None:
    officer, renewal = browser(world, world.officer), f"/bureau/renewals/{world.cycle_id}"
    page = officer.get(renewal).text
    assert "组建评估组" in page
    begun = officer.post(f"{renewal}/panel", data={"version": version(page)})
    assert begun.status_code == 303
    panel = begun.headers["Location"]
    assert "政策人员0" in officer.get(panel).text
    again = officer.post(f"{renewal}/panel", data={"version": version(page)})
    assert again.status_code == 422
    assert "进入评估组" in officer.get(renewal).text
    assert "定期评估" in officer.get("/bureau/panels?show=open").text
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(
            actor=actor, panel_id=uuid.UUID(panel.rpartition("/")[2]), reason="改期", now=clock.now()
        )

    panel_id = world.assess(grade="excellent")
    page = officer.get(f"/bureau/panels/{panel_id}").text
    assert [
        words for words in ("自评分", "90.0", "按加权平均,参考等次为合格", "返回续期,评定等次") if words not in page
    ] == []
    for what in ("matrix", "minutes"):
        table = officer.get(f"/bureau/panels/{panel_id}/{what}.csv")
        assert table.status_code == 200
        assert ("自评分" if what == "matrix" else "建议等次,,,优秀") in table.text
    page = officer.get(renewal).text
    assert "评估组建议等次为优秀" in page
    unlike = officer.post(f"{renewal}/grade", data={"version": version(page), "grade": "qualified"})
    assert unlike.status_code == 422
    assert "须填写理由" in unlike.text
    nothing = officer.post(f"{renewal}/grade", data={"version": version(page), "grade": "unqualified"})
    assert nothing.status_code == 422
    graded = officer.post(
        f"{renewal}/grade", data={"version": version(page), "grade": "qualified", "grade_reason": "投诉较多"}
    )
    assert graded.status_code == 303
    page = officer.get(renewal).text
    assert "发放续期备案回执" in page
    assert "投诉较多" in page
    owner = browser(world, world.owner)
    page = owner.get("/org/renewal").text
    assert missing(page, "评定等次", "合格", "投诉较多", "自查自评") == []


def test_unqualified_needs_its_defects_and_goes_into_rectification(world: Renewing) -> None:
    world.assess(grade="unqualified")
    officer, renewal = browser(world, world.officer), f"/bureau/renewals/{world.cycle_id}"
    given = {"version": version(officer.get(renewal).text), "grade": "unqualified"}
    empty = officer.post(f"{renewal}/grade", data=given)
    assert empty.status_code == 422
    assert "须列明存在的问题" in empty.text
    listed = {"defects-P3": "题库三年未更新\n\n无更新记录", "defects-": "档案不全"}
    assert officer.post(f"{renewal}/grade", data=given | listed).status_code == 303
    assert world.seen().state == "rectifying"
    with world.people.as_system():
        query = select(RectificationDefect).order_by(RectificationDefect.position)
        found = [(one.indicator, one.wording) for one in db.session.scalars(query)]
    assert found == [("题库建设", "题库三年未更新"), ("题库建设", "无更新记录"), ("", "档案不全")]
    assert "整改和重新评估" in browser(world, world.owner).get("/org/renewal").text


def test_another_authority_and_the_organisation_itself_cannot_grade(world: Renewing) -> None:
    renewal = f"/bureau/renewals/{world.cycle_id}"
    for step in ("panel", "grade"):
        stranger = browser(world, world.people.official("370100"))
        assert stranger.post(f"{renewal}/{step}", data={"version": "1"}).status_code == 404
        assert browser(world, world.owner).post(f"{renewal}/{step}").status_code == 404


def test_an_expert_reads_the_self_scores_beside_the_sheet(world: Renewing) -> None:
    panel_id = world.seat_panel()
    desk = browser(world, world.experts[0])
    page = desk.get(f"/expert/panels/{panel_id}").text
    assert missing(page, "备案情况", "电工", "自查自评") == []
    page = desk.get(f"/expert/panels/{panel_id}/sheets").text
    assert [
        words for words in ("自评分 90", "制度清单见附件一", "建议等次", "制度建设", "舆情反馈") if words not in page
    ] == []
    found = re.search(rf"/expert/panels/{panel_id}/sheets/([0-9a-f-]+)", page)
    assert found is not None
    fields = {f"score-P{number}": "75" for number in range(1, 7)} | {"vote-grade": "qualified"}
    saved = desk.post(found[0], data={"version": version(page), **fields}, headers=HTMX)
    assert "已填写完整" in saved.text
    assert browser(world, world.people.expert()).get(f"/expert/panels/{panel_id}").status_code == 404


def test_the_pages_ask_no_more_for_more_panels_and_members(world: Renewing) -> None:
    officer = browser(world, world.officer)
    panel_id = world.seat_panel()
    with statements(world.app) as few:
        officer.get(f"/bureau/renewals/{world.cycle_id}")
    with statements(world.app) as sheet:
        officer.get(f"/bureau/panels/{panel_id}")
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="改期", now=clock.now())
    world.add_specialists(5)
    panel_id = world.seat_panel()
    with statements(world.app) as many:
        officer.get(f"/bureau/renewals/{world.cycle_id}")
    with statements(world.app) as wide:
        officer.get(f"/bureau/panels/{panel_id}")
    assert len(many) == len(few)
    assert len(wide) == len(sheet)
    assert len(few) <= 30


def test_the_organisation_scores_itself_before_it_applies(world: Renewing) -> None:
    with world.people.as_system():
        cycle = db.session.get_one(RenewalCycle, world.cycle_id)
        cycle.state, cycle.self_scores, cycle.template_version = "open", {}, ""
        db.session.commit()
    owner = browser(world, world.owner)
    page = owner.get("/org/renewal").text
    assert "还有6处未填" in page
    wrong = owner.post("/org/renewal/self-assessment", data={"score-P1": "130", "note-P1": "见附件"})
    assert wrong.status_code == 422
    assert missing(wrong.text, "应在0至100之间", 'value="130"', "见附件") == []
    saved = owner.post("/org/renewal/self-assessment", data={"score-P1": "88", "score-P9": "1"}, headers=HTMX)
    assert "还有5处未填" in saved.text
    cycle = world.seen()
    assert (cycle.state, cycle.self_scores, cycle.template_version) == ("self_assessing", {"P1": 88}, "draft-1")
    with world.as_(world.owner):
        for scores, files in (({"P1": 88}, 1), (dict.fromkeys(map("P{}".format, range(1, 7)), 88), 0)):
            cycle.self_scores = scores
            with pytest.raises(Refusal) as caught:
                self_assessing.check_complete(cycle, files)
            assert caught.value.code == "self_assessment_incomplete"
        self_assessing.check_complete(cycle, 1)
    assert world.owner.organisation_id is not None
    viewer = world.people.member(world.owner.organisation_id, Role.viewer)
    assert browser(world, viewer).post("/org/renewal/self-assessment", data={}).status_code == 403
    with world.people.as_system():
        db.session.get_one(RenewalCycle, world.cycle_id).state = "under_assessment"
        db.session.commit()
    late = owner.post("/org/renewal/self-assessment", data={"score-P1": "99"})
    assert late.status_code == 422
    assert world.seen().self_scores == {"P1": 88}


def test_the_panel_has_its_limit_and_its_opinion_becomes_a_document(world: Renewing) -> None:
    panel_id = world.seat_panel()

    def limits() -> list[tuple[str, object, str]]:
        with world.people.as_system():
            follow_subjects(now=clock.now())
            query = select(Deadline).where(Deadline.kind == "panel_work_due", Deadline.subject_id == panel_id)
            return [(one.state, one.due_on, one.rule) for one in db.session.scalars(query)]

    assert limits() == [("open", world.valid_to, "R46")]
    world.score(panel_id, grade="qualified")
    with world.as_(world.officer) as actor:
        assessing.conclude_panel(actor=actor, panel_id=panel_id, now=clock.now())
    assert limits()[0][0] == "met"
    world.drain()
    with world.people.as_system():
        row = db.session.scalars(select(Document).where(Document.kind == "panel_opinion")).one()
        assert row.subject_id == str(world.filing_id)
        assert [one["item"] for one in row.data["rows"]][-1] == "综合(加权平均)"
        assert row.data["rows"][-1]["conclusion"] == "合格"
