"""The commitment: only the signatory signs, only the text that was opened, and once (R28)."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app import clock
from app.db import db
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.incubation.models import AnnexTemplate, Commitment
from app.lifecycle.incubation.queries import render_commitment
from app.lifecycle.incubation.services import sign_commitment
from app.outbox import OutboxMessage
from app.rules.core import Refusal
from tenants import scope
from tenants.accounts.passwords import hash_password
from tenants.events import Event
from tenants.models import Organisation, SignInAttempt, User
from tenants.scope import Role
from tests.factories.lifecycle import Incubatee, Lifecycle
from tests.factories.people import People, Person

PASSWORD = "correct-horse-of-taishan"
URL = "/org/commitment"


class Desk:
    """An incubatee, its people, and the page as each of them sees it."""

    def __init__(self, app: Flask, people: People) -> None:
        self.app, self.people = app, people
        organisation_id = people.organisation()
        self.owner = self.person(organisation_id, Role.owner)
        self.editor = self.person(organisation_id, Role.editor)
        self.made: Incubatee = Lifecycle(people).incubatee(organisation_id)

    def person(self, organisation_id: uuid.UUID, role: Role) -> Person:
        person = self.people.member(organisation_id, role)
        with self.people.as_system():
            db.session.execute(
                update(User).where(User.id == person.user_id).values(password_hash=hash_password(PASSWORD))
            )
            db.session.commit()
        return person

    def browser(self, person: Person | None = None) -> FlaskClient:
        return self.people.sign_in(self.app.test_client(), person or self.owner)

    def form(self, **changes: str) -> dict[str, str]:
        """What a person sends who has read the text as it stands now."""
        with self.people.as_system():
            application = self._application()
            opened = render_commitment(application).sha256
        given = {
            "opened_sha256": opened,
            "signatory_name": "王建国",
            "capacity": "legal_representative",
            "password": PASSWORD,
            "agree": "y",
        }
        return given | changes

    def _application(self) -> Application:
        application = db.session.get_one(Application, self.made.application_id)
        db.session.refresh(application, ["items", "organisation"])
        return application

    def commitments(self) -> list[Commitment]:
        with self.people.as_system():
            query = select(Commitment).where(Commitment.application_id == self.made.application_id)
            return list(db.session.scalars(query))

    def change(self, statement: Any) -> None:
        with self.people.as_system():
            db.session.execute(statement)
            db.session.commit()


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, people)


def test_signing_keeps_text_hash_time_address_and_person(desk: Desk) -> None:
    answer = desk.browser().post(URL, data=desk.form(), headers={"User-Agent": "Firefox test"})
    assert (answer.status_code, answer.headers["Location"]) == (303, URL)
    (signed,) = desk.commitments()
    assert (signed.state, signed.signatory_name, signed.signatory_capacity) == (
        "signed",
        "王建国",
        "legal_representative",
    )
    assert signed.body_sha256 == desk.form()["opened_sha256"]
    assert "91370200" in signed.body
    assert (signed.signed_by, signed.ip, signed.user_agent) == (desk.owner.user_id, "127.0.0.1", "Firefox test")
    with desk.people.as_system():
        deadline = find_deadline("commitment_sign_due", desk.made.application_id)
        assert deadline is not None
        assert deadline.state == "met"
        event = db.session.scalars(select(Event).where(Event.name == "commitment_signed")).one()
        assert (event.rule, event.data["sha256"]) == ("R28", signed.body_sha256)
        assert "王建国" not in str(event.data)
        told = set(db.session.scalars(select(OutboxMessage.args["kind"].astext)))
        assert {"commitment_signed", "commitment_received"} <= told


def test_the_page_then_shows_the_evidence_to_everyone_of_the_organisation(desk: Desk) -> None:
    desk.browser().post(URL, data=desk.form())
    page = desk.browser(desk.editor).get(URL).text
    assert desk.commitments()[0].body_sha256 in page
    assert "王建国" in page
    assert "签署承诺书</button>" not in page


def test_an_editor_reads_but_cannot_sign(desk: Desk) -> None:
    browser = desk.browser(desk.editor)
    page = browser.get(URL).text
    assert "需由签署人签署" in page
    assert 'name="opened_sha256"' not in page
    assert browser.post(URL, data=desk.form()).status_code == 403
    assert desk.commitments() == []


def test_the_service_refuses_an_editor_whatever_the_page_did(desk: Desk) -> None:
    opened = desk.form()["opened_sha256"]
    with desk.app.app_context(), scope.use(desk.editor.actor.scope):
        with pytest.raises(Refusal) as refused:
            sign_commitment(
                actor=desk.editor.actor,
                application=desk._application(),
                opened_sha256=opened,
                signatory_name="李敏",
                capacity="authorised_signatory",
                now=clock.now(),
            )
        db.session.rollback()
    assert (refused.value.code, refused.value.rule) == ("not_a_signatory", "R28")


def test_an_outsider_finds_nothing_to_sign(desk: Desk) -> None:
    stranger = desk.people.member(desk.people.organisation())
    assert "现在没有需要签署的承诺书" in desk.browser(stranger).get(URL).text
    assert desk.browser(stranger).post(URL, data=desk.form(password="x" * 12)).status_code == 422
    officer = desk.people.official("370200")
    assert desk.browser(officer).get(URL).status_code == 404
    assert desk.commitments() == []


@pytest.mark.parametrize("what", ["name", "items", "dates"])
def test_a_text_that_changed_since_it_was_opened_must_be_read_again(desk: Desk, what: str) -> None:
    opened = desk.form()
    changes = {
        "name": update(Organisation).where(Organisation.id == desk.owner.organisation_id).values(name="改名后的中心"),
        "items": update(ApplicationItem)
        .where(ApplicationItem.id == desk.made.item_ids[0])
        .values(work_type="维修电工"),
        "dates": update(Application)
        .where(Application.id == desk.made.application_id)
        .values(incubation_due_on=Application.incubation_due_on - 1),
    }
    desk.change(changes[what])
    answer = desk.browser().post(URL, data=opened)
    assert answer.status_code == 422
    assert "承诺书文本在您打开之后已更新" in answer.text
    assert "依据:二(二)2" in answer.text
    assert desk.form()["opened_sha256"] in answer.text, "the new text is there to be read"
    assert 'value="王建国"' in answer.text, "what was typed is kept"
    assert "checked" not in answer.text.partition('name="agree"')[2][:80], "and has to be confirmed afresh"
    assert desk.commitments() == []
    assert desk.browser().post(URL, data=desk.form()).status_code == 303


def test_a_new_version_of_the_annex_changes_the_text(desk: Desk) -> None:
    opened = desk.form()
    with desk.people.as_system():
        first = db.session.scalars(select(AnnexTemplate).where(AnnexTemplate.kind == "commitment")).one()
        newer = AnnexTemplate(
            kind="commitment",
            version=2,
            source="official",
            official=True,
            body=first.body + "八、新条款。",
            created_at=clock.now(),
        )
        db.session.add(newer)
        db.session.commit()
        newer_id = newer.id
    try:
        answer = desk.browser().post(URL, data=opened)
        assert answer.status_code == 422
        assert "八、新条款。" in answer.text
        assert "依据通知起草,待官方附件替换</div>" not in answer.text
    finally:
        with desk.people.as_system():
            db.session.delete(db.session.get_one(AnnexTemplate, newer_id))
            db.session.commit()


def test_a_wrong_password_signs_nothing_and_is_counted(desk: Desk) -> None:
    answer = desk.browser().post(URL, data=desk.form(password="not-my-password"))
    assert answer.status_code == 422
    assert "密码不正确" in answer.text
    assert "not-my-password" not in answer.text
    assert desk.commitments() == []
    with desk.people.as_system():
        assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 1


def test_after_five_wrong_passwords_even_the_right_one_waits(desk: Desk) -> None:
    browser = desk.browser()
    for _ in range(5):
        browser.post(URL, data=desk.form(password="not-my-password"))
    answer = browser.post(URL, data=desk.form())
    assert answer.status_code == 422
    assert desk.commitments() == []


def test_blank_fields_are_named_beside_the_form(desk: Desk) -> None:
    answer = desk.browser().post(URL, data={"opened_sha256": "x"})
    assert answer.status_code == 422
    for sentence in ("请填写签署人姓名。", "请选择签署身份。", "请输入登录密码。", "请阅读全文后勾选。"):
        assert sentence in answer.text
    assert desk.commitments() == []


def test_an_unconfirmed_address_cannot_sign(desk: Desk) -> None:
    desk.change(update(User).where(User.id == desk.owner.user_id).values(email_confirmed_at=None))
    answer = desk.browser().post(URL, data=desk.form())
    assert answer.status_code == 422
    assert "请先确认您的邮箱" in answer.text
    assert desk.commitments() == []


def test_the_second_tab_sees_it_signed(desk: Desk) -> None:
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    second = desk.browser().post(URL, data=desk.form(), follow_redirects=True)
    assert second.status_code == 200
    assert "承诺书已经签署" in second.text
    assert len(desk.commitments()) == 1


def test_two_at_the_same_moment_make_one_commitment(desk: Desk) -> None:
    forms, answers = [desk.form(), desk.form()], []
    browsers = [desk.browser(), desk.browser()]
    ready = threading.Barrier(2)

    def press(browser: FlaskClient, form: dict[str, str]) -> None:
        ready.wait()
        answers.append(browser.post(URL, data=form).status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(browsers, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303, 303]
    assert [row.state for row in desk.commitments()] == ["signed"]
    with desk.people.as_system():
        assert len(db.session.scalars(select(Event).where(Event.name == "commitment_signed")).all()) == 1


def test_what_was_signed_stays_as_it_was_read(desk: Desk) -> None:
    desk.browser().post(URL, data=desk.form())
    before = desk.commitments()[0].body
    desk.change(update(Organisation).where(Organisation.id == desk.owner.organisation_id).values(name="改名后的中心"))
    assert desk.commitments()[0].body == before
    page = desk.browser().get(URL).text
    assert "承诺书文本或机构名称已变更" in page
    assert "改名后的中心" not in page.partition('id="signed-text"')[2].partition("</details>")[0]
