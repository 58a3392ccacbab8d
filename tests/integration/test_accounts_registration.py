"""An organisation registers; its owner confirms the address."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.db import db
from app.rules.core import Refusal
from tenants.accounts import gate
from tenants.accounts.confirmation import require_confirmed
from tenants.events import Event
from tenants.models import Authority, Membership, Organisation, User
from tenants.scope import Actor, ScopeKind
from tests.factories.letters import letters_to
from tests.factories.people import People, credit_code
from tests.integration.accounts_world import PASSWORD, give_password, registration, sign_in

USCC = credit_code(7_001_001)


def _organisations(people: People) -> list[Organisation]:
    with people.as_system():
        return list(db.session.scalars(select(Organisation)))


def test_a_tenant_is_made_with_its_owner_and_an_event(client: FlaskClient, people: People) -> None:
    answer = client.post("/register", data=registration(f" {USCC.lower()} ", "Wang@Example.cn"))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/register/done"
    assert "wang@example.cn" in client.get("/register/done").text.lower()
    with people.as_system():
        organisation = db.session.scalars(select(Organisation)).one()
        member = db.session.scalars(select(Membership)).one()
        user = db.session.scalars(select(User)).one()
        event = db.session.scalars(select(Event).where(Event.name == "organisation_registered")).one()
    assert organisation.uscc == USCC
    assert (organisation.authority_code, organisation.filing_level) == ("370200", "municipal")
    assert (user.email, user.email_confirmed_at, user.password_hash[:9]) == ("wang@example.cn", None, "$argon2id")
    assert (member.user_id, member.organisation_id, member.role) == (user.id, organisation.id, "owner")
    assert event.organisation_id == organisation.id
    assert "wang@example.cn" not in str(event.data), "the department reads the trail"


def test_a_full_width_code_is_normalised(client: FlaskClient, people: People) -> None:
    wide = USCC.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHJKLMNPQRTUWXY"})
    client.post("/register", data=registration(wide, "wang@example.cn"))
    assert [one.uscc for one in _organisations(people)] == [USCC]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (USCC[:15] + "I" + USCC[16:], "第16位是字母“I”"),
        (USCC[:17], "应为18位,现为17位"),
        ("91350200MA2Y1JXR9G", "第13、14位“1J”应为“J1”"),
        ("92" + credit_code(7, head="92370200")[2:], "个体工商户"),
    ],
)
def test_a_wrong_code_says_where(client: FlaskClient, people: People, code: str, words: str) -> None:
    answer = client.post("/register", data=registration(code, "wang@example.cn"))
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="王建国"' in answer.text, "what was typed stays"
    assert PASSWORD not in answer.text
    assert _organisations(people) == []


def test_everything_wrong_is_told_at_once(client: FlaskClient) -> None:
    data = registration("123", "nonsense", password="1234567890") | {"name": " ", "city_code": ""}
    page = client.post("/register", data=data).text
    for words in ("请填写单位名称", "现为3位", "请选择登记机关所在市", "请填写有效的邮箱地址", "这个密码太常见"):
        assert words in page


def test_the_same_code_twice_names_whom_to_ask_and_nobody_else(client: FlaskClient, people: People) -> None:
    client.post("/register", data=registration(USCC, "wang@example.cn"))
    with people.as_system():
        bureau = db.session.get_one(Authority, "370200")
        bureau.phone, bureau.email = "0532-00000001", "bureau@example.cn"
        db.session.commit()
    answer = client.post("/register", data=registration(USCC, "li@example.cn", owner_name="李四"))
    assert answer.status_code == 422
    assert "青岛市人力资源和社会保障局(0532-00000001、bureau@example.cn)" in answer.text
    assert "wang@example.cn" not in answer.text
    assert len(_organisations(people)) == 1
    with people.as_system():
        assert db.session.scalar(select(User.id).where(User.email == "li@example.cn")) is None


def test_a_registration_sent_twice_is_one(
    client: FlaskClient, people: People, drain: Callable[[], int], mail_folder: Path
) -> None:
    data = registration(USCC, "double@example.cn")
    assert [client.post("/register", data=data).status_code for _ in range(2)] == [303, 303]
    drain()
    assert len(_organisations(people)) == 1
    assert [letter.subject for letter in letters_to("double@example.cn", mail_folder)] == ["请确认您的邮箱"]
    guess = client.post("/register", data=data | {"password": "a guess by somebody else"})
    assert guess.status_code == 422


def test_invisible_characters_are_dropped(client: FlaskClient, people: People) -> None:
    client.post("/register", data=registration(USCC, "wang@example.cn", name="青岛\x00 海蓝\u200b  “评价”,中心😀"))
    assert [one.name for one in _organisations(people)] == ["青岛 海蓝 “评价”,中心😀"]


def test_two_registrations_at_once_make_one_tenant(app: Flask, people: People, stack_env: dict[str, str]) -> None:
    """The second looks before the first has committed, and waits on the unique code."""
    answers: list[TestResponse] = []

    def register() -> None:
        answers.append(app.test_client().post("/register", data=registration(USCC, "li@example.cn")))

    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"]) as first:
        first.execute(
            "insert into organisations (id, name, uscc, org_type, registration_authority, registration_city_code,"
            " authority_code, bucket, created_at)"
            " values (%s, '先到者', %s, 'enterprise', '局', '370200', '370200', 'bucket-of-the-first', now())",
            (uuid.uuid4(), USCC),
        )
        second = threading.Thread(target=register)
        second.start()
        _wait_for_lock(stack_env)
        first.commit()
        second.join(timeout=30)
    assert [answer.status_code for answer in answers] == [422]
    assert "该统一社会信用代码已注册" in answers[0].text
    assert [one.name for one in _organisations(people)] == ["先到者"]


def _wait_for_lock(stack_env: dict[str, str]) -> None:
    deadline = time.monotonic() + 20
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%organisations%'"
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as watch:
        while watch.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < deadline, "the second registration never reached the unique code"
            time.sleep(0.05)


def test_a_taken_address_answers_as_a_new_one_does(
    client: FlaskClient, people: People, drain: Callable[[], int], mail_folder: Path
) -> None:
    client.post("/register", data=registration(USCC, "wang@example.cn"))
    drain()
    other = client.application.test_client()
    answer = other.post(
        "/register", data=registration(credit_code(7_001_002), "wang@example.cn", password="another good one 9")
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/register/done")
    drain()
    assert len(_organisations(people)) == 1
    newest = letters_to("wang@example.cn", mail_folder)[-1]
    assert newest.subject == "您已有社评通账号"
    assert "青岛海蓝职业技能评价中心" in newest.text
    assert sign_in(other, "wang@example.cn", "another good one 9").status_code == 422, "the password stays the owner's"


def test_a_doubtful_city_is_confirmed_first(client: FlaskClient, people: People) -> None:
    data = registration(USCC, "wang@example.cn", city_code="370600")
    answer = client.post("/register", data=data)
    assert answer.status_code == 422
    assert "显示登记机关在青岛市,您选的是烟台市" in answer.text
    assert client.post("/register", data=data | {"doubts_confirmed": "y"}).status_code == 303
    with people.as_system():
        event = db.session.scalars(select(Event).where(Event.name == "organisation_registered")).one()
        assert event.data["doubts"] == ["registration_area_mismatch"]


def test_a_private_non_enterprise_is_one_by_affiliation_too(client: FlaskClient, people: People) -> None:
    code = credit_code(7_001_003, head="52370200")
    data = registration(code, "wang@example.cn", org_type="private_non_enterprise", affiliation="municipal")
    assert client.post("/register", data=data).status_code == 303
    assert [one.affiliation for one in _organisations(people)] == ["private_non_enterprise"]
    wrong = registration(USCC, "li@example.cn", affiliation="private_non_enterprise")
    assert "只适用于类型为民办非企业的单位" in client.post("/register", data=wrong).text


@pytest.mark.parametrize(
    ("head", "words"),
    [("91370000", ["企业", 'selected value="370100"']), ("52371200", ['selected value="370100"', "可申请市级"]),
     ("91110000", ["代码中的登记机关不在山东省"])],
)  # fmt: skip
def test_the_code_fills_in_what_it_says(client: FlaskClient, head: str, words: list[str]) -> None:
    page = client.get("/register/hints", query_string={"uscc": credit_code(11, head=head)}).text
    for word in words:
        assert word in page


def test_what_was_chosen_is_not_overwritten(client: FlaskClient) -> None:
    query = {"uscc": USCC, "city_code": "370600", "org_type": "school", "affiliation": "provincial"}
    page = client.get("/register/hints", query_string=query).text
    assert 'id="city-slot"' not in page
    assert "显示登记机关在青岛市" in page
    assert "可申请省级,也可申请市级" in page


def test_the_address_is_confirmed_by_a_press_not_by_looking(
    client: FlaskClient, people: People, drain: Callable[[], int], mail_folder: Path
) -> None:
    client.post("/register", data=registration(USCC, "wang@example.cn"))
    drain()
    link = letters_to("wang@example.cn", mail_folder)[-1].link("/email/confirm/")
    with people.as_system():
        user = db.session.scalars(select(User)).one()
    actor = Actor(ScopeKind.account, user.id)

    def is_confirmed() -> bool:
        with people.as_system():
            return db.session.get_one(User, user.id).email_confirmed_at is not None

    scanner = client.application.test_client()
    assert [scanner.get(link).status_code for _ in range(2)] == [200, 200]
    assert not is_confirmed()
    with client.application.app_context(), gate.as_person(user.id), pytest.raises(Refusal) as refused:
        require_confirmed(actor)
    assert refused.value.code == "email_not_confirmed"
    assert client.post(link).status_code == 303
    assert is_confirmed()
    with client.application.app_context(), gate.as_person(user.id):
        require_confirmed(actor)
    again = client.post(link)
    assert again.status_code == 410
    assert "已经用过" in again.text


def test_an_old_link_is_explained_and_a_new_one_sent(
    client: FlaskClient, people: People, drain: Callable[[], int], mail_folder: Path
) -> None:
    client.post("/register", data=registration(USCC, "wang@example.cn"))
    drain()
    link = letters_to("wang@example.cn", mail_folder)[-1].link("/email/confirm/")
    sign_in(client, "wang@example.cn")
    with clock.frozen(clock.now() + timedelta(days=3, minutes=1)):
        answer = client.post(link)
    assert answer.status_code == 410
    assert "这个链接已过期" in answer.text
    assert client.post("/email/resend").status_code == 303
    drain()
    newer = letters_to("wang@example.cn", mail_folder)[-1].link("/email/confirm/")
    assert newer != link
    assert client.post(newer).status_code == 303


def test_resending_is_throttled(client: FlaskClient, people: People) -> None:
    person = give_password(people, people.member(people.organisation()), confirmed=False)
    people.sign_in(client, person)
    assert "请确认邮箱" in client.get("/account/profile").text
    for _ in range(4):
        client.post("/email/resend")
    client.post("/email/resend")
    assert "邮件发送得过于频繁,请等 60 分钟后再试" in client.get("/account/profile").text


def test_a_person_with_an_account_registers_another_organisation(client: FlaskClient, people: People) -> None:
    person = people.member(people.organisation())
    people.sign_in(client, person)
    data = registration(USCC, "", name="第二家评价中心")
    answer = client.post(
        "/register", data={k: v for k, v in data.items() if k not in {"email", "password", "owner_name"}}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/start")
    assert "第二家评价中心" in client.get("/members").text, "the session acts for the new one now"
    with people.as_system():
        roles = db.session.scalars(select(Membership.role).where(Membership.user_id == person.user_id)).all()
    assert roles == ["owner", "owner"]


def test_a_visitor_sees_only_what_they_name(app: Flask, people: People) -> None:
    people.organisation()
    person = people.nobody()
    with app.app_context():
        with gate.opened("no-such-code", user_id=uuid.uuid4()):
            assert db.session.scalars(select(Organisation)).all() == []
            assert db.session.scalars(select(User)).all() == []
        with gate.opened(person.email):
            assert db.session.scalars(select(User.id)).all() == [person.user_id]
        with pytest.raises(ValueError, match="line break"), gate.opened(f"x\n{person.email}"):
            pass
        db.session.remove()
