"""Signing in and out: what is counted, what is told, what the cookie carries."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.db import db
from tenants.accounts import passwords
from tenants.models import Membership, SignInSession, User
from tests.factories.people import People, Person
from tests.integration.accounts_world import PASSWORD, give_password, same_to_the_eye, sign_in


@pytest.fixture
def person(people: People) -> Person:
    return give_password(people, people.member(people.organisation()))


def _is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account/profile").status_code == 200


def test_signing_in_and_out(client: FlaskClient, person: Person) -> None:
    answer = sign_in(client, f" {person.email.upper()} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/start")
    assert _is_signed_in(client)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.post("/sign-out").status_code == 303
    assert not _is_signed_in(client)
    assert client.post("/sign-out").status_code == 303, "pressed twice"


def test_a_copied_cookie_is_worthless_after_signing_out(client: FlaskClient, person: Person) -> None:
    sign_in(client, person.email)
    stolen = client.get_cookie("sheping_session")
    assert stolen is not None
    client.post("/sign-out")
    thief = client.application.test_client()
    thief.set_cookie("sheping_session", stolen.value)
    assert not _is_signed_in(thief)


def test_a_session_laid_before_signing_in_does_not_survive_it(client: FlaskClient, person: Person) -> None:
    with client.session_transaction() as laid:
        laid["csrf_token"] = laid["planted"] = "by somebody else"
    sign_in(client, person.email)
    with client.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != "by somebody else"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(client: FlaskClient, person: Person) -> None:
    wrong = sign_in(client, person.email, "wrong wrong wrong")
    unknown = sign_in(client, "nobody@example.cn", "wrong wrong wrong")
    assert wrong.status_code == unknown.status_code == 422
    assert "邮箱或密码不正确" in wrong.text
    assert same_to_the_eye(wrong, person.email) == same_to_the_eye(unknown, "nobody@example.cn")


def test_the_work_is_the_same_for_an_unknown_address(
    client: FlaskClient, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bool] = []
    original = passwords._hasher.verify

    def count(stored: str, password: str) -> bool:
        verified.append(True)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_hasher", type("Counting", (), {
        "verify": staticmethod(count), "hash": passwords._hasher.hash,
        "check_needs_rehash": passwords._hasher.check_needs_rehash}))  # fmt: skip
    sign_in(client, person.email, "wrong wrong wrong")
    sign_in(client, "nobody@example.cn", "wrong wrong wrong")
    assert len(verified) == 2


def test_five_wrong_tries_close_the_door_for_a_while(
    client: FlaskClient, person: Person, stack_env: dict[str, str]
) -> None:
    for _ in range(5):
        assert "邮箱或密码不正确" in sign_in(client, person.email, "wrong wrong wrong").text
    closed = sign_in(client, person.email)
    assert closed.status_code == 422
    assert "请等 15 分钟后再试" in closed.text
    with clock.frozen(clock.now() + timedelta(days=30)):
        assert sign_in(client, person.email).status_code == 422, "the demo's clock does not open it"
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("update sign_in_attempts set at = at - interval '10 minutes'")
        assert "请等 5 分钟后再试" in sign_in(client, person.email).text
        connection.execute("update sign_in_attempts set at = at - interval '6 minutes'")
    assert sign_in(client, person.email).status_code == 303


def test_a_success_wipes_the_slate_and_others_are_not_affected(
    client: FlaskClient, people: People, person: Person
) -> None:
    colleague = give_password(people, people.member(people.organisation()))
    for _ in range(4):
        sign_in(client, person.email, "wrong wrong wrong")
    assert sign_in(client, person.email).status_code == 303
    other = client.application.test_client()
    for _ in range(4):
        assert "邮箱或密码不正确" in sign_in(other, person.email, "wrong wrong wrong").text
    assert sign_in(other, colleague.email).status_code == 303


def test_an_old_hash_is_renewed(client: FlaskClient, people: People, person: Person) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with people.as_system():
        db.session.get_one(User, person.user_id).password_hash = old
        db.session.commit()
    assert sign_in(client, person.email).status_code == 303
    with people.as_system():
        assert not passwords.needs_rehash(db.session.get_one(User, person.user_id).password_hash)


def test_a_disabled_account_stays_out(client: FlaskClient, people: People, person: Person) -> None:
    with people.as_system():
        db.session.get_one(User, person.user_id).disabled_at = clock.now()
        db.session.commit()
    assert "这个账号已停用" in sign_in(client, person.email).text
    assert not _is_signed_in(client)


@pytest.mark.parametrize("target", ["/members", "/account/inbox?show=unread", "http://localhost/members"])
def test_back_to_where_one_wanted_to_go(client: FlaskClient, person: Person, target: str) -> None:
    answer = sign_in(client, person.email, target=target)
    assert answer.headers["Location"] == target.removeprefix("http://localhost")


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/members", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "http:evil.example", "https:///evil.example", "/\t/evil.example", " //evil.example", "///evil.example",
     "http://localhost@evil.example/", "http://[", "members"],
)  # fmt: skip
def test_never_to_another_site(client: FlaskClient, person: Person, target: str) -> None:
    assert sign_in(client, person.email, target=target).headers["Location"] == "/start"


def test_an_ended_session_says_so_and_leads_back(client: FlaskClient, person: Person) -> None:
    sign_in(client, person.email)
    assert "登录后会回到刚才的页面" not in client.get("/sign-in", follow_redirects=True).text
    with clock.frozen(clock.now() + timedelta(hours=12, minutes=1)):
        answer = client.get("/account/inbox?show=unread")
        asked = urlsplit(answer.headers["Location"])
        assert (asked.path, parse_qs(asked.query)) == ("/sign-in", {"next": ["/account/inbox?show=unread"]})
        assert "登录后会回到刚才的页面" in client.get(answer.headers["Location"]).text
    fresh = client.application.test_client()
    fresh.get("/sign-in")
    assert "登录后会回到刚才的页面" not in fresh.get("/members", follow_redirects=True).text, (
        "nothing had begun that could end"
    )


def test_a_session_slides_while_it_is_used(client: FlaskClient, person: Person) -> None:
    began = clock.now()
    sign_in(client, person.email)
    for hours in (8, 16, 24):
        with clock.frozen(began + timedelta(hours=hours)):
            assert _is_signed_in(client)
    with clock.frozen(began + timedelta(hours=36, minutes=1)):
        assert not _is_signed_in(client)


def test_htmx_is_told_in_place(client: FlaskClient) -> None:
    answer = client.get("/members", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "登录已过期" in answer.text


def test_the_list_of_devices_and_ending_one(client: FlaskClient, people: People, person: Person) -> None:
    sign_in(client, person.email)
    phone = client.application.test_client()
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"
    phone.post("/sign-in", data={"email": person.email, "password": PASSWORD}, headers={"User-Agent": agent})
    page = client.get("/account/sessions").text
    assert "微信 · iPhone" in page
    assert page.count("本机</span>") == 1
    with people.as_system():
        sessions = db.session.scalars(select(SignInSession).where(SignInSession.user_id == person.user_id)).all()
    (of_phone,) = [row.id for row in sessions if "iPhone" in row.user_agent]
    outsider = people.sign_in(client.application.test_client(), people.member(people.organisation()))
    outsider.post(f"/account/sessions/{of_phone}/end")
    assert _is_signed_in(phone), "nobody ends another's session"
    client.post(f"/account/sessions/{of_phone}/end")
    assert not _is_signed_in(phone)
    assert _is_signed_in(client)


def test_signing_out_elsewhere_and_everywhere(client: FlaskClient, person: Person) -> None:
    browsers = [client.application.test_client() for _ in range(3)]
    for browser in browsers:
        sign_in(browser, person.email)
    browsers[0].post("/account/sessions/end-others")
    assert [_is_signed_in(browser) for browser in browsers] == [True, False, False]
    sign_in(browsers[1], person.email)
    browsers[0].post("/account/sessions/end-all")
    assert [_is_signed_in(browser) for browser in browsers] == [False, False, False]


def test_acting_for_another_of_ones_organisations(client: FlaskClient, people: People, person: Person) -> None:
    other = people.organisation(name="另一家评价中心")
    foreign = people.member(people.organisation())
    with people.as_system():
        membership = Membership(user_id=person.user_id, organisation_id=other, role="viewer", created_at=clock.now())
        db.session.add(membership)
        db.session.commit()
        wanted = membership.id
    sign_in(client, person.email)
    assert "另一家评价中心" in client.get("/account/switch").text
    assert "另一家评价中心" not in client.get("/members").text
    assert client.post("/account/switch", data={"membership": str(wanted)}).status_code == 303
    assert "另一家评价中心" in client.get("/members").text
    refused = client.post("/account/switch", data={"membership": str(foreign.membership_id)})
    assert refused.status_code == 422
    assert "另一家评价中心" in client.get("/members").text
    again = client.application.test_client()
    sign_in(again, person.email)
    assert "另一家评价中心" in again.get("/members").text, "the next session goes on where the last one was"
