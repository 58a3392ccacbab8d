"""A forgotten password, a changed one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import psycopg.sql
import pytest
from flask.testing import FlaskClient

from app import clock
from app.db import db
from tenants.models import User
from tests.factories.letters import letters_to
from tests.factories.people import People, Person
from tests.integration.accounts_world import PASSWORD, give_password, same_to_the_eye, sign_in

NEW = "seven green bicycles"


@pytest.fixture
def person(people: People) -> Person:
    return give_password(people, people.member(people.organisation()))


@pytest.fixture
def reset_link(client: FlaskClient, person: Person, drain: Callable[[], int], mail_folder: Path) -> Callable[[], str]:
    def ask() -> str:
        client.post("/password/forgot", data={"email": person.email})
        drain()
        return letters_to(person.email, mail_folder)[-1].link("/password/reset/")

    return ask


def _signs_in(client: FlaskClient, person: Person, password: str) -> bool:
    return sign_in(client.application.test_client(), person.email, password).status_code == 303


def test_a_reset_ends_all_sessions_and_opens_the_door(
    client: FlaskClient, person: Person, reset_link: Callable[[], str], drain: Callable[[], int], mail_folder: Path
) -> None:
    browser = client.application.test_client()
    sign_in(browser, person.email)
    for _ in range(5):
        sign_in(client, person.email, "wrong wrong wrong")
    link = reset_link()
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200, "looking uses nothing up"
    weak = client.post(link, data={"password": "1234567890"})
    assert weak.status_code == 422
    assert "这个密码太常见" in weak.text
    assert client.post(link, data={"password": NEW}).status_code == 303
    assert browser.get("/account/profile").status_code == 303
    assert _signs_in(client, person, NEW), "and the throttle does not keep its owner out"
    assert not _signs_in(client, person, PASSWORD)
    assert client.post(link, data={"password": "third good password"}).status_code == 410
    drain()
    assert letters_to(person.email, mail_folder)[-1].subject == "您的密码已更改"


def test_one_reset_uses_up_every_link(client: FlaskClient, reset_link: Callable[[], str]) -> None:
    first, second = reset_link(), reset_link()
    assert client.post(second, data={"password": NEW}).status_code == 303
    assert client.post(first, data={"password": "third good password"}).status_code == 410


def test_a_link_lives_an_hour(client: FlaskClient, reset_link: Callable[[], str]) -> None:
    link = reset_link()
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        answer = client.get(link)
    assert answer.status_code == 410
    assert "这个链接已过期" in answer.text


def test_a_link_of_one_purpose_serves_no_other(client: FlaskClient, reset_link: Callable[[], str]) -> None:
    token = reset_link().rsplit("/", 1)[1]
    assert client.post(f"/email/confirm/{token}").status_code == 410


def test_the_answer_is_the_same_for_an_unknown_address(
    client: FlaskClient, person: Person, drain: Callable[[], int], mail_folder: Path
) -> None:
    pages = []
    for email in (person.email, "nobody@example.cn"):
        answer = client.post("/password/forgot", data={"email": email}, follow_redirects=True)
        pages.append(same_to_the_eye(answer, email))
    drain()
    assert pages[0] == pages[1]
    assert letters_to("nobody@example.cn", mail_folder) == []


def test_asking_is_throttled_for_known_and_unknown_alike(client: FlaskClient, person: Person) -> None:
    for email in (person.email, "nobody@example.cn"):
        answers = [client.post("/password/forgot", data={"email": email}).status_code for _ in range(5)]
        assert answers == [303, 303, 303, 303, 422]


def test_changing_keeps_this_browser_and_ends_the_others(client: FlaskClient, person: Person) -> None:
    other = client.application.test_client()
    sign_in(client, person.email)
    sign_in(other, person.email)
    wrong = client.post("/account/password", data={"current": "not the one", "password": NEW})
    assert "当前密码不正确" in wrong.text
    same = client.post("/account/password", data={"current": PASSWORD, "password": PASSWORD})
    assert "与当前密码相同" in same.text
    assert client.post("/account/password", data={"current": PASSWORD, "password": NEW}).status_code == 303
    assert client.get("/account/profile").status_code == 200
    assert other.get("/account/profile").status_code == 303
    assert _signs_in(client, person, NEW)


def test_guessing_the_current_password_is_counted(client: FlaskClient, person: Person) -> None:
    sign_in(client, person.email)
    for _ in range(5):
        client.post("/account/password", data={"current": "not the one", "password": NEW})
    right = client.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert right.status_code == 422
    assert "请等 15 分钟后再试" in right.text


def test_a_reset_confirms_the_address(
    client: FlaskClient, people: People, person: Person, reset_link: Callable[[], str]
) -> None:
    give_password(people, person, confirmed=False)
    client.post(reset_link(), data={"password": NEW})
    with people.as_system():
        assert db.session.get_one(User, person.user_id).email_confirmed_at is not None


def test_tokens_are_kept_as_hashes_only(
    people: People, reset_link: Callable[[], str], stack_env: dict[str, str]
) -> None:
    token = reset_link().rsplit("/", 1)[1]
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"]) as connection:
        for table in ("one_time_tokens", "outbox", "events", "notices"):
            query = psycopg.sql.SQL("select count(*) from {} t where t::text like %s")
            rows = connection.execute(query.format(psycopg.sql.Identifier(table)), (f"%{token}%",))
            assert rows.fetchone() == (0,), table
