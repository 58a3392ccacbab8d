"""Messages, profile, language, the front page and the notice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.db import db
from app.reminders.delivery import is_switched_off
from app.rules import clauses
from tenants import notices
from tenants.models import User
from tenants.notices import Notice
from tests.factories.people import People, Person


@pytest.fixture
def person(people: People) -> Person:
    return people.member(people.organisation())


@pytest.fixture
def own(client: FlaskClient, people: People, person: Person) -> FlaskClient:
    return people.sign_in(client, person)


def _write_notices(people: People, person: Person, count: int, *, link: str = "/members") -> None:
    now = clock.now()
    with people.as_system():
        for number in range(count):
            notices.write_one(
                person.user_id,
                kind="member_joined",
                now=now - timedelta(minutes=number // 2),
                link=link,
                params={"name": f"第{number}人", "role": "editor"},
                organisation_id=person.organisation_id,
            )
        db.session.commit()


def test_the_inbox_pages_through_every_notice_once(own: FlaskClient, people: People, person: Person) -> None:
    _write_notices(people, person, 45)
    seen: list[str] = []
    address: str | None = "/account/inbox"
    while address:
        page = own.get(address).text
        seen += re.findall(r"第\d+人 已加入本单位</span>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following.group(1).replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 45


def test_opening_a_notice_marks_it_and_goes_where_it_leads(own: FlaskClient, people: People, person: Person) -> None:
    _write_notices(people, person, 2)
    page = own.get("/account/inbox?show=unread").text
    first = re.findall(r"/account/inbox/([0-9a-f-]{36})", page)[0]
    assert own.get("/account/inbox").text.count("未读</span>") == 2, "looking reads nothing"
    assert own.post(f"/account/inbox/{first}").headers["Location"] == "/members"
    assert first not in own.get("/account/inbox?show=unread").text
    own.post("/account/inbox/read-all")
    assert "没有未读消息" in own.get("/account/inbox?show=unread").text
    with people.as_system():
        assert all(row.read_at for row in db.session.scalars(select(Notice)))


def test_a_notice_leads_nowhere_else(own: FlaskClient, people: People, person: Person) -> None:
    _write_notices(people, person, 1, link="https://evil.example/")
    notice_id = re.findall(r"/account/inbox/([0-9a-f-]{36})", own.get("/account/inbox").text)[0]
    assert own.post(f"/account/inbox/{notice_id}").headers["Location"] == "/account/inbox"


def test_a_notice_of_an_unknown_kind_is_still_shown(own: FlaskClient, people: People, person: Person) -> None:
    with people.as_system():
        notices.write_one(person.user_id, kind="never_heard_of", now=clock.now(), link="/", params={})
        db.session.commit()
    assert "有一条新消息" in own.get("/account/inbox").text


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "%00", "9f3c0d5a7b1e4c6d8a2f0b9c7e5d3a11"])
def test_a_spoilt_cursor_starts_from_the_top(own: FlaskClient, people: People, person: Person, cursor: str) -> None:
    _write_notices(people, person, 1)
    assert "第0人" in own.get(f"/account/inbox?cursor={cursor}").text


def test_name_and_language_are_kept(own: FlaskClient, people: People, person: Person) -> None:
    assert own.post("/account/profile", data={"name": " 王  建国 ", "locale": "en"}).status_code == 303
    with people.as_system():
        user = db.session.get_one(User, person.user_id)
        assert (user.name, user.locale) == ("王 建国", "en")
    assert '<html lang="en">' in own.get("/account/profile").text
    assert own.post("/account/profile", data={"name": " ", "locale": "zh"}).status_code == 422
    assert own.post("/account/profile", data={"name": "王", "locale": "xx"}).status_code == 422


def test_mails_that_may_be_switched_off(own: FlaskClient, people: People, person: Person) -> None:
    own.post("/account/mails", data={"mails": ["reminder"]})
    with people.as_system():
        user = db.session.get_one(User, person.user_id)
        assert not is_switched_off(user, "reminder")
        assert is_switched_off(user, "member_joined")
        assert is_switched_off(user, "dossier_delivered")
        assert not is_switched_off(user, "dossier_returned")
    page = own.get("/account/profile").text
    assert re.search(r'<input checked [^>]*value="reminder"', page)
    assert not re.search(r'<input checked [^>]*value="member_joined"', page)
    own.post("/account/mails", data={"mails": ["reminder", "member_joined", "dossier_submitted", "dossier_returned"]})
    with people.as_system():
        assert db.session.get_one(User, person.user_id).preferences["mail_off"] == []


def test_a_switched_off_mail_stays_in_the_inbox(
    own: FlaskClient, people: People, person: Person, drain: Callable[[], int]
) -> None:
    own.post("/account/mails", data={})
    _write_notices(people, person, 1)
    drain()
    with people.as_system():
        assert db.session.scalars(select(Notice.state)).all() == ["in_app_only"]
    assert "第0人" in own.get("/account/inbox").text


def test_the_language_switch_holds(client: FlaskClient) -> None:
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert '<html lang="en">' in client.get("/notice").text
    assert '<html lang="zh-CN">' in client.get("/?lang=zh").text


def test_the_notice_has_an_anchor_for_every_rule(client: FlaskClient) -> None:
    page = client.get("/notice").text
    anchors = set(re.findall(r'id="(c-[^"]+)"', page))
    assert {clause.anchor for clause in clauses.all_clauses()} - anchors == set()
    plain = re.sub(r"<[^>]+>|\s", "", page)
    missing = [
        section.id
        for section in clauses.notice_sections()
        if section.kind != "artefact" and re.sub(r"\s", "", section.text) not in plain
    ]
    assert missing == [], "the words of the notice, whole"


def test_the_front_page_names_all_seventeen(client: FlaskClient) -> None:
    page = client.get("/").text
    assert page.count("人力资源和社会保障局") >= 16
    assert "山东省人力资源和社会保障厅" in page
