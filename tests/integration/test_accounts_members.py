"""Members and invitations, as owner, colleague and outsider; for organisations and authorities alike."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.exc import ProgrammingError

from app import clock
from app.db import db
from tenants.accounts import gate
from tenants.events import Event
from tenants.models import Invitation, Membership, User
from tenants.notices import Notice
from tenants.scope import Role
from tenants.tokens import hash_token
from tests.factories.letters import letters_to
from tests.factories.people import People, Person
from tests.integration.accounts_world import PASSWORD, give_password, sign_in

INVITED = "li@example.cn"


@pytest.fixture
def organisation(people: People) -> uuid.UUID:
    return people.organisation(name="海蓝评价中心")


@pytest.fixture
def owner(people: People, organisation: uuid.UUID) -> Person:
    return people.member(organisation)


@pytest.fixture
def as_owner(client: FlaskClient, people: People, owner: Person) -> FlaskClient:
    return people.sign_in(client, owner)


@pytest.fixture
def visitor(as_owner: FlaskClient) -> FlaskClient:
    return as_owner.application.test_client()


@pytest.fixture
def invite(as_owner: FlaskClient, drain: Callable[[], int], mail_folder: Path) -> Callable[..., str]:
    def go(email: str = INVITED, role: str = "signatory") -> str:
        answer = as_owner.post("/members/invitations", data={"email": email, "role": role})
        assert answer.status_code == 303, answer.text
        drain()
        return letters_to(email, mail_folder)[-1].link("/invitations/")

    return go


def _member(people: People, user_id: uuid.UUID) -> Membership | None:
    with people.as_system():
        query = select(Membership).where(Membership.user_id == user_id, Membership.removed_at.is_(None))
        return db.session.scalars(query).first()


def _join(visitor: FlaskClient, link: str) -> None:
    answer = visitor.post(link, data={"name": "李四", "password": PASSWORD})
    assert answer.status_code == 303, answer.text


def test_a_new_colleague_joins(
    people: People, owner: Person, organisation: uuid.UUID, invite: Callable[..., str], visitor: FlaskClient,
    drain: Callable[[], int], mail_folder: Path,
) -> None:  # fmt: skip
    link = invite()
    page = visitor.get(link).text
    assert "海蓝评价中心" in page
    assert "签署人" in page
    assert owner.name in page
    with people.as_system():
        assert db.session.scalar(select(User.id).where(User.email == INVITED)) is None, "a GET makes nobody"
    _join(visitor, link)
    assert "海蓝评价中心" in visitor.get("/members").text, "signed in at once, in the new organisation"
    with people.as_system():
        user = db.session.scalars(select(User).where(User.email == INVITED)).one()
        assert user.email_confirmed_at is not None, "the link was sent there"
        member = db.session.scalars(select(Membership).where(Membership.user_id == user.id)).one()
        assert (member.organisation_id, member.role) == (organisation, "signatory")
        names = set(db.session.scalars(select(Event.name).where(Event.organisation_id == organisation)))
    assert {"member_invited", "member_joined"} <= names
    drain()
    assert letters_to(owner.email, mail_folder)[-1].subject == "李四 已加入本单位"


def test_a_person_with_an_account_signs_in_first_then_joins(
    people: People, organisation: uuid.UUID, invite: Callable[..., str], visitor: FlaskClient
) -> None:
    expert = give_password(people, people.expert())
    link = invite(expert.email, "editor")
    assert "这个邮箱已有账号" in visitor.get(link).text
    to_sign_in = visitor.post(link)
    assert to_sign_in.headers["Location"].startswith("/sign-in?next=")
    assert sign_in(visitor, expert.email, target=link).headers["Location"] == link
    assert visitor.post(link).status_code == 303
    assert "海蓝评价中心" in visitor.get("/members").text, "the session acts for the new side"
    with people.as_system():
        query = select(Membership.role).where(Membership.user_id == expert.user_id).order_by(Membership.created_at)
        assert list(db.session.scalars(query)) == ["expert", "editor"]


def test_an_invitation_is_only_for_its_address(
    people: People, invite: Callable[..., str], visitor: FlaskClient
) -> None:
    invited, other = people.expert(), people.nobody()
    link = invite(invited.email, "owner")
    people.sign_in(visitor, other)
    assert "请先退出" in visitor.get(link).text
    answer = visitor.post(link)
    assert answer.status_code == 422
    assert _member(people, other.user_id) is None


def test_a_link_grants_its_own_role_and_side_only(
    app: Flask, people: People, organisation: uuid.UUID, invite: Callable[..., str]
) -> None:
    """By the database itself, should a view ever forget."""
    token = invite(role="viewer").rsplit("/", 1)[1]
    person, other = people.nobody(), people.organisation()
    wrong = [
        (organisation, "owner", hash_token(token)),
        (other, "viewer", hash_token(token)),
        (organisation, "viewer", "x"),
    ]
    row = {"id": uuid.uuid4(), "user_id": person.user_id, "created_at": clock.now()}
    with app.app_context():
        for side, role, key in wrong:
            with gate.opened(key, user_id=person.user_id), pytest.raises(ProgrammingError, match="row-level security"):
                db.session.execute(insert(Membership).values(row | {"organisation_id": side, "role": role}))
            db.session.rollback()
        db.session.remove()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [("accepted", "已被接受"), ("revoked", "已被撤销"), ("expired", "已过期"), ("replaced", "链接无效")],
)
def test_an_invitation_that_no_longer_works_says_why(
    people: People, invite: Callable[..., str], visitor: FlaskClient, as_owner: FlaskClient,
    drain: Callable[[], int], spoil: str, words: str,
) -> None:  # fmt: skip
    link = invite()
    with people.as_system():
        invitation_id = db.session.scalars(select(Invitation.id)).one()
    later = clock.now() + timedelta(minutes=2)
    if spoil == "accepted":
        _join(as_owner.application.test_client(), link)
    elif spoil == "revoked":
        as_owner.post(f"/members/invitations/{invitation_id}/revoke")
    elif spoil == "expired":
        later = clock.now() + timedelta(days=7, minutes=1)
    else:
        with clock.frozen(later):
            as_owner.post(f"/members/invitations/{invitation_id}/resend")
        drain()
    with clock.frozen(later):
        for answer in (visitor.get(link), visitor.post(link, data={"name": "李四", "password": PASSWORD})):
            assert answer.status_code == 410
            assert words in answer.text


def test_resending_twice_in_a_minute_sends_one_mail(
    people: People, invite: Callable[..., str], as_owner: FlaskClient, drain: Callable[[], int], mail_folder: Path
) -> None:
    invite("twice@example.cn")
    with people.as_system():
        invitation_id = db.session.scalars(select(Invitation.id)).one()
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        for _ in range(2):
            as_owner.post(f"/members/invitations/{invitation_id}/resend")
    drain()
    assert len(letters_to("twice@example.cn", mail_folder)) == 2


def test_inviting_the_same_person_again(
    people: People, invite: Callable[..., str], as_owner: FlaskClient, owner: Person
) -> None:
    invite()
    again = as_owner.post("/members/invitations", data={"email": INVITED.upper(), "role": "viewer"})
    assert "对方尚未接受" in again.text
    member = as_owner.post("/members/invitations", data={"email": owner.email, "role": "viewer"})
    assert "已是本单位成员" in member.text
    with clock.frozen(clock.now() + timedelta(days=8)):
        people.sign_in(as_owner, owner)
        fresh = as_owner.post("/members/invitations", data={"email": INVITED, "role": "viewer"})
    assert fresh.status_code == 303, "an expired one does not stand in the way"


def test_only_an_owner_manages(people: People, organisation: uuid.UUID, as_owner: FlaskClient) -> None:
    editor = people.member(organisation, Role.editor)
    outsider = people.member(people.organisation())
    as_editor = people.sign_in(as_owner.application.test_client(), editor)
    as_outsider = people.sign_in(as_owner.application.test_client(), outsider)
    assert "发送邀请" not in as_editor.get("/members").text
    wanted = {"email": INVITED, "role": "owner"}
    assert as_editor.post("/members/invitations", data=wanted).status_code == 403
    for method, client, status in (("get", as_editor, 403), ("post", as_editor, 403), ("get", as_outsider, 404)):
        assert getattr(client, method)(f"/members/{editor.membership_id}").status_code == status
    removal = as_outsider.post(f"/members/{editor.membership_id}/remove", data={"confirmed": "yes"})
    assert removal.status_code == 404
    assert as_outsider.post(f"/members/{editor.membership_id}", data={"role": "owner"}).status_code == 404
    found = _member(people, editor.user_id)
    assert found is not None
    assert found.role == "editor"


def test_another_organisations_invitation_cannot_be_touched(
    people: People, invite: Callable[..., str], as_owner: FlaskClient, visitor: FlaskClient
) -> None:
    link = invite()
    outsider = people.sign_in(as_owner.application.test_client(), people.member(people.organisation()))
    with people.as_system():
        invitation_id = db.session.scalars(select(Invitation.id)).one()
    outsider.post(f"/members/invitations/{invitation_id}/revoke")
    assert visitor.get(link).status_code == 200
    assert INVITED not in outsider.get("/members").text


def test_a_role_is_changed_and_the_person_told(
    people: People, organisation: uuid.UUID, as_owner: FlaskClient, drain: Callable[[], int], mail_folder: Path
) -> None:
    editor = people.member(organisation, Role.editor)
    assert as_owner.post(f"/members/{editor.membership_id}", data={"role": "signatory"}).status_code == 303
    found = _member(people, editor.user_id)
    assert found is not None
    assert found.role == "signatory"
    drain()
    letter = letters_to(editor.email, mail_folder)[-1]
    assert letter.subject == "您在“海蓝评价中心”的角色已变更"
    assert "现为签署人" in letter.text
    with people.as_system():
        event = db.session.scalars(select(Event).where(Event.name == "member_role_changed")).one()
        assert (event.before, event.after, event.organisation_id) == ("editor", "signatory", organisation)
    assert as_owner.post(f"/members/{editor.membership_id}", data={"role": "officer"}).status_code == 422


def test_removing_asks_first_and_works_at_once(
    people: People, organisation: uuid.UUID, as_owner: FlaskClient, drain: Callable[[], int]
) -> None:
    editor = people.member(organisation, Role.editor)
    as_editor = people.sign_in(as_owner.application.test_client(), editor)
    assert as_editor.get("/members").status_code == 200
    as_owner.post(f"/members/{editor.membership_id}/remove")
    assert as_editor.get("/members").status_code == 200, "not without the tick"
    as_owner.post(f"/members/{editor.membership_id}/remove", data={"confirmed": "yes"})
    assert as_editor.get("/members").status_code == 404
    assert as_editor.get("/account/profile").status_code == 200
    drain()
    assert "您已不再是“海蓝评价中心”的成员" in as_editor.get("/account/inbox").text
    assert "人员" in as_owner.get("/members").text


def test_the_last_owner_stays(people: People, owner: Person, organisation: uuid.UUID, as_owner: FlaskClient) -> None:
    assert "唯一的负责人" in as_owner.get(f"/members/{owner.membership_id}").text
    demoted = as_owner.post(f"/members/{owner.membership_id}", data={"role": "viewer"})
    assert "至少要有一位负责人" in demoted.text
    as_owner.post(f"/members/{owner.membership_id}/remove", data={"confirmed": "yes"})
    second = people.member(organisation)
    assert as_owner.post(f"/members/{owner.membership_id}/remove", data={"confirmed": "yes"}).status_code == 303
    assert _member(people, owner.user_id) is None
    assert _member(people, second.user_id) is not None


def test_two_owners_demoting_each_other_leave_one(
    people: People, owner: Person, organisation: uuid.UUID, as_owner: FlaskClient
) -> None:
    second = people.member(organisation)
    pairs = [(owner, second), (second, owner)]
    clients = [people.sign_in(as_owner.application.test_client(), who) for who, _ in pairs]
    barrier = threading.Barrier(2)

    def demote(client: FlaskClient, other: Person) -> None:
        barrier.wait(timeout=10)
        client.post(f"/members/{other.membership_id}", data={"role": "viewer"})

    threads = [
        threading.Thread(target=demote, args=(client, other)) for client, (_, other) in zip(clients, pairs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with people.as_system():
        query = select(Membership.role).where(Membership.organisation_id == organisation).order_by(Membership.role)
        assert list(db.session.scalars(query)) == ["owner", "viewer"]


def test_a_bureaus_lead_manages_its_officers(
    people: People, client: FlaskClient, drain: Callable[[], int], mail_folder: Path
) -> None:
    lead = people.official("370200", Role.lead)
    people.official("370300", Role.officer)
    people.sign_in(client, lead)
    page = client.get("/members").text
    assert len(re.findall(r"/members/[0-9a-f-]{36}", page)) == 1, "only Qingdao's own"
    assert client.post("/members/invitations", data={"email": INVITED, "role": "owner"}).status_code == 422
    assert client.post("/members/invitations", data={"email": INVITED, "role": "officer"}).status_code == 303
    drain()
    letter = letters_to(INVITED, mail_folder)[-1]
    assert "青岛市人力资源和社会保障局" in letter.subject
    officer = client.application.test_client()
    _join(officer, letter.link("/invitations/"))
    assert officer.get("/members").status_code == 200
    assert officer.post("/members/invitations", data={"email": "x@example.cn", "role": "lead"}).status_code == 403


def test_experts_and_people_without_a_side_have_no_members(client: FlaskClient, people: People) -> None:
    for person in (people.expert(), people.nobody()):
        assert people.sign_in(client, person).get("/members").status_code == 404


def test_a_notice_of_one_is_not_anothers(
    people: People, organisation: uuid.UUID, as_owner: FlaskClient, drain: Callable[[], int]
) -> None:
    editor = people.member(organisation, Role.editor)
    as_owner.post(f"/members/{editor.membership_id}", data={"role": "viewer"})
    drain()
    with people.as_system():
        notice = db.session.scalars(select(Notice).where(Notice.user_id == editor.user_id)).one()
    assert as_owner.post(f"/account/inbox/{notice.id}").status_code == 422
    with people.as_system():
        assert db.session.get_one(Notice, notice.id).read_at is None
