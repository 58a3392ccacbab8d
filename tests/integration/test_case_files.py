"""Photos of a panel's methods, proofs of display, guidance papers, what comes with an objection (R20, R23, R25, R26).

Each as the authority that keeps the record, its colleague, another bureau, the department, the applicant, an expert of
the panel and of none, and the public.
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, text, update

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.embedded.clamd import Clamd
from app.lifecycle.incubation import acceptance
from app.lifecycle.panels import assessing
from app.lifecycle.publicity import attachments, services
from app.lifecycle.publicity.models import Objection
from app.outbox import OutboxMessage
from tenants import scope
from tenants.accounts import throttle
from tenants.events import Event
from tenants.models import Authority, Membership
from tenants.notices import Notice
from tenants.scope import SYSTEM_ACTOR, Role, Scope, ScopeKind
from tenants.tokens import hash_token
from tests.factories.files import Sender, jpeg, pdf
from tests.factories.people import People, Person
from tests.factories.selection import World, make_world
from tests.stack import EICAR
from uploads.custody.models import StoredObject
from uploads.models import Upload
from uploads.reasons import text_of
from uploads.store import ObjectGone, ObjectStore

RECORDS = "/api/v1/case-files"
WORDS = {"name": "李某", "contact": "13900000000", "statement": "设备清单与实际不符"}


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def browser(world: World, person: Person) -> FlaskClient:
    if person.membership_id is None:
        with world.people.as_system():
            membership = db.session.scalar(select(Membership.id).where(Membership.user_id == person.user_id))
        person = Person(person.user_id, membership, person.email, person.name, person.role)
    return world.people.sign_in(world.app.test_client(), person)


def sender(world: World, person: Person) -> Sender:
    return Sender(world.app.test_client(), world.people.bearer(person), RECORDS)


def log_method(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """A panel at work with one entry in its log; both ids."""
    panel_id = world.seat_panel("selection", now=clock.now())
    with world.as_(world.officer) as actor:
        entry = assessing.log_method(
            actor=actor, panel_id=panel_id, method="site_visit", held_on=clock.now().astimezone(SHANGHAI).date(),
            place="实训楼", people="全体成员", minutes="", now=clock.now(),
        )  # fmt: skip
        return panel_id, entry.id


def publish(world: World) -> uuid.UUID:
    world.assess("selection", now=clock.now() - timedelta(days=1))
    world.recommend(now=clock.now())
    with world.as_(world.competent) as actor:
        publicity = services.schedule_publicity(actor=actor, application_id=world.application_id, now=clock.now())
        services.publish_publicity(actor=actor, publicity_id=publicity.id, planned_end_on=None, now=clock.now())
        return publicity.id


def row(world: World, upload_id: str) -> Upload:
    with world.people.as_system():
        found = db.session.get_one(Upload, uuid.UUID(upload_id))
        db.session.expunge_all()
        return found


def test_a_photo_of_the_methods_log_is_the_handling_bureaus_alone(world: World) -> None:
    panel_id, entry = log_method(world)
    sends = sender(world, world.officer)
    photo = jpeg(640, 480)
    upload_id = sends.upload("现场 照片,1.jpg", photo, purpose="panel_method", subject=entry)
    assert sends.status(upload_id)["state"] == "received"
    world.drain()
    stored = row(world, upload_id)
    assert (stored.state, stored.type, stored.sealed) == ("checked", "jpeg", True)
    assert (stored.organisation_id, stored.authority_code, stored.quarantine) == (None, "370200", None)
    with world.people.as_system():
        key = db.session.scalars(select(StoredObject).where(StoredObject.upload_id == stored.id)).one()
        assert (key.organisation_id, key.authority_code) == (None, "370200")

    page = f"/bureau/panels/{panel_id}"
    colleague = browser(world, world.people.official("370200"))
    shown = colleague.get(page).text
    assert "现场 照片,1.jpg" in shown
    assert f"/bureau/files/{upload_id}/thumbnail" in shown
    small = colleague.get(f"/bureau/files/{upload_id}/thumbnail")
    assert small.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(small.data)) as picture:
        assert picture.size == (320, 240)
    link = colleague.get(f"/bureau/files/{upload_id}")
    assert link.status_code == 303
    assert colleague.get(link.location).data == photo
    assert colleague.get(link.location).status_code == 422, "the link works once"
    assert "下载了附件" in colleague.get(page).text

    file, thumb = f"/bureau/files/{upload_id}", f"/bureau/files/{upload_id}/thumbnail"
    listed = f"/bureau/records/panel_method/{entry}/files"
    for outsider in (world.people.official("370100"), world.department):
        client = browser(world, outsider)
        assert [client.get(one).status_code for one in (file, thumb)] == [404, 404], outsider.email
        assert sender(world, outsider).create("a.jpg", 9, purpose="panel_method", subject=entry).status_code == 404
    assert browser(world, world.people.official("370100")).get(listed).status_code == 404
    for stranger in (world.owner, world.experts[0]):
        assert [browser(world, stranger).get(one).status_code for one in (file, thumb, listed)] == [404, 404, 404]
    anonymous = world.app.test_client()
    assert anonymous.get(file).status_code == 303, "to the sign-in page"
    visible = select(func.count()).select_from(Upload).where(Upload.id == stored.id)
    outside = world.people.expert()
    for asker, count in (
        (world.owner.actor.scope, 0),
        (outside.actor.scope, 0),
        (world.experts[0].actor.scope, 1),
        (Scope(ScopeKind.public), 0),
    ):
        with world.app.app_context(), scope.use(asker):
            assert db.session.scalar(visible) == count, asker
            assert db.session.scalar(text("select count(*) from custody_objects")) == count, asker
    with world.people.as_system():
        events = db.session.scalars(select(Event).where(Event.name.like("case_file_%")).order_by(Event.id)).all()
        assert [one.name for one in events] == ["case_file_added", "case_file_downloaded"]
        assert {one.organisation_id for one in events} == {None}, "the applicant reads neither the file nor its name"


def test_the_minutes_name_the_photos_and_a_concluded_panel_is_closed(world: World) -> None:
    panel_id, entry = log_method(world)
    sends = sender(world, world.officer)
    first = sends.upload("签到表.pdf", pdf(), purpose="panel_method", subject=entry)
    second = sends.upload("多余.pdf", pdf(2), purpose="panel_method", subject=entry)
    world.drain()
    officer = browser(world, world.officer)
    assert officer.post(f"/bureau/files/{second}/remove").status_code == 303
    assert officer.get(f"/bureau/files/{second}").status_code == 404
    answer = officer.get(f"/bureau/panels/{panel_id}/minutes.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    words = [str(cell.value) for line in sheet.iter_rows() for cell in line if cell.value]
    assert any("签到表.pdf" in one and row(world, first).sha256 in one for one in words)  # type: ignore[operator]
    assert not any("多余.pdf" in one for one in words)
    world.fill_sheets(panel_id, vote="recommend", now=clock.now())
    world.give_opinion(panel_id, verdict="recommend", now=clock.now())
    with world.as_(world.officer) as actor:
        assessing.conclude_panel(actor=actor, panel_id=panel_id, now=clock.now())
    late = sends.create("补.jpg", 9, purpose="panel_method", subject=entry)
    assert (late.status_code, late.get_json()["code"]) == (422, "panel_not_at_work")
    assert officer.post(f"/bureau/files/{first}/remove").status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("坏.jpg", b"\xff\xd8\xff\xe0" + bytes(300) + b"\xff\xd9", "picture_unreadable"),
        ("文档.jpg", pdf(), "renamed"),
    ],
)
def test_what_cannot_be_shown_is_rejected_with_a_sentence(world: World, name: str, content: bytes, code: str) -> None:
    panel_id, entry = log_method(world)
    upload_id = sender(world, world.officer).upload(name, content, purpose="panel_method", subject=entry)
    world.drain()
    stored = row(world, upload_id)
    assert (stored.state, stored.reasons[0]["code"]) == ("rejected", code)
    shown = browser(world, world.officer).get(f"/bureau/panels/{panel_id}").text
    assert text_of(stored.reasons[0]) in shown
    assert browser(world, world.officer).get(f"/bureau/files/{upload_id}").status_code == 422


@pytest.mark.parametrize(
    ("limit", "code"),
    [({"max_daily_files": 1}, "daily_files_reached"), ({"max_daily_bytes": 1500}, "daily_bytes_reached")],
)
def test_an_authoritys_records_have_a_daily_limit_too(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int], code: str
) -> None:
    monkeypatch.setitem(world.app.config, "SHEPING", replace(world.app.config["SHEPING"], **limit))
    _, entry = log_method(world)
    sends = sender(world, world.officer)
    assert sends.create("一.jpg", 1000, purpose="panel_method", subject=entry).status_code == 201
    refused = sends.create("二.jpg", 1000, purpose="panel_method", subject=entry)
    assert (refused.status_code, refused.get_json()["code"]) == (422, code)


def test_an_organisation_cannot_send_files_for_an_authoritys_record(world: World) -> None:
    _, entry = log_method(world)
    owner = Sender(world.app.test_client(), world.people.bearer(world.owner))
    for subject in (entry, None):
        answer = owner.create("a.jpg", 9, purpose="panel_method", subject=subject)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "kind_not_open")
    refused = sender(world, world.officer).create("a.xlsx", 9, purpose="panel_method", subject=entry)
    assert refused.get_json()["code"] == "extension_not_allowed"
    assert sender(world, world.officer).create("a.pdf", 9, purpose="objection", subject=entry).status_code == 404


def test_proofs_of_display_and_guidance_papers_go_the_same_way(world: World) -> None:
    publicity_id = publish(world)
    sends = sender(world, world.officer)
    proof = sends.upload("网页截图.png", _png(), purpose="publicity_proof", subject=publicity_id)
    world.drain()
    officer = browser(world, world.officer)
    page = officer.get(f"/bureau/publicity/{publicity_id}").text
    assert "网页截图.png" in page
    assert f"/bureau/files/{proof}/thumbnail" in page
    assert "网页截图" not in world.app.test_client().get(f"/publicity/{publicity_id}").text
    with world.people.as_system():
        due = services.queries.get_publicity(publicity_id).due_at  # type: ignore[union-attr]
        assert due is not None
        services.clear_publicity(actor=SYSTEM_ACTOR, publicity_id=publicity_id, now=due + timedelta(seconds=1))
        db.session.commit()
    with world.as_(world.officer) as actor:
        entry = acceptance.log_guidance(
            actor=actor, application_id=world.application_id, topic="题库编制", now=due + timedelta(days=1),
            held_on=clock.now().astimezone(SHANGHAI).date(),
        ).id  # fmt: skip
    sent = _docx()
    paper = sends.upload("指导记录.docx", sent, purpose="guidance", subject=entry)
    world.drain()
    assert row(world, paper).state == "checked"
    assert "指导记录.docx" in officer.get(f"/bureau/incubation/{world.application_id}").text
    stranger = browser(world, world.people.official("370100"))
    assert stranger.get(f"/bureau/records/guidance/{entry}/files").status_code == 404
    # Whoever was guided reads the paper and nothing else of the authority's; another organisation finds nothing.
    guided, other = browser(world, world.owner), browser(world, world.people.member(world.people.organisation()))
    address = f"/org/guidance-files/{paper}"
    assert address in guided.get(f"/org/applications/{world.application_id}").text
    link = guided.get(address)
    assert link.status_code == 303
    assert guided.get(link.location).data == sent
    assert "下载了附件" in guided.get(f"/org/applications/{world.application_id}").text
    assert "下载了附件" in officer.get(f"/bureau/cases/{world.application_id}").text
    assert [other.get(address).status_code, guided.get(f"/org/guidance-files/{proof}").status_code] == [404, 404]
    assert "网页截图.png" not in stranger.get(f"/bureau/records/publicity_proof/{publicity_id}/files").text


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (120, 80), (255, 0, 0, 90)).save(out, "PNG")
    return out.getvalue()


def _docx() -> bytes:
    import docx

    out = io.BytesIO()
    docx.Document().save(out)
    return out.getvalue()


# Objections ---------------------------------------------------------------------------------------------------------


def visitor_of(world: World, publicity_id: uuid.UUID) -> Sender:
    return Sender(world.app.test_client(), {}, f"/api/v1/publicities/{publicity_id}/files")


def code_of(page: str) -> str:
    found = re.search(r'id="query-code">([^<]+)<', page)
    assert found is not None
    return found[1]


def test_an_objector_attaches_files_that_only_the_handling_bureau_reads(world: World) -> None:
    publicity_id = publish(world)
    visitor, other = visitor_of(world, publicity_id), visitor_of(world, publicity_id)
    assert visitor.client.get(f"/publicity/{publicity_id}").status_code == 200
    cookie = visitor.client.get_cookie("sheping_session")
    assert cookie is not None
    upload_id = visitor.upload("证据.pdf", pdf(), purpose="objection")
    # Files chosen together are begun with the same cookie, before any answer could change it.
    visitor.client.set_cookie("sheping_session", cookie.value)
    spoiled = visitor.upload("改名.png", pdf(), purpose="objection")
    extra = visitor.upload("多余.pdf", pdf(3), purpose="objection")
    assert other.client.get(f"{other.base}/{upload_id}").status_code == 404, "another visitor"
    page = f"/publicity/{publicity_id}"
    officer = browser(world, world.officer)
    assert officer.get(f"/bureau/files/{upload_id}").status_code == 404, "nobody's before it is lodged"
    typed = visitor.client.post(f"{page}/files/{extra}/remove", data=WORDS).text
    assert "设备清单与实际不符" in typed, "what was typed stays"
    assert "多余.pdf" not in typed
    missing = visitor.client.post(f"{page}/objections", data=WORDS | {"name": ""})
    assert missing.status_code == 422
    assert "证据.pdf" in missing.text, "what was uploaded stays"
    assert "证据.pdf" not in other.client.get(page).text

    lodged = visitor.client.post(f"{page}/objections", data=WORDS).text
    assert "证据.pdf" in lodged
    world.drain()
    assert row(world, upload_id).state == "checked"
    assert row(world, spoiled).state == "rejected"
    with world.people.as_system():
        objection_id = db.session.scalars(select(Objection.id)).one()
    desk = officer.get(f"/bureau/objections/{objection_id}").text
    assert "证据.pdf" in desk
    assert "内容却是" in desk, "the reason why one was not taken"
    assert "多余.pdf" not in desk
    link = officer.get(f"/bureau/files/{upload_id}")
    assert officer.get(link.location).data == pdf()
    assert "下载了附件" in officer.get(f"/bureau/objections/{objection_id}").text
    file, listed = f"/bureau/files/{upload_id}", f"/bureau/objections/{objection_id}/files"
    assert [browser(world, world.people.official("370100")).get(one).status_code for one in (file, listed)] == [404] * 2
    assert browser(world, world.department).get(file).status_code == 404
    for stranger in (world.owner, world.experts[0]):
        assert [browser(world, stranger).get(one).status_code for one in (file, listed)] == [404, 404]

    found = world.app.test_client().post("/objections", data={"code": code_of(lodged)}).text
    assert "证据.pdf" in found
    assert "内容却是" in found
    assert "/bureau/files" not in found
    assert "证据.pdf" not in visitor.client.get(page).text, "the next objection begins without files"
    assert visitor.client.get(f"{visitor.base}/{upload_id}").status_code == 404


def test_a_lodged_objection_takes_no_more_files_and_is_not_lodged_twice(world: World) -> None:
    publicity_id = publish(world)
    visitor = visitor_of(world, publicity_id)
    begun = visitor.create("晚到.pdf", len(pdf()), purpose="objection").get_json()
    cookie = visitor.client.get_cookie("sheping_session")
    assert cookie is not None
    first = visitor.client.post(f"/publicity/{publicity_id}/objections", data=WORDS)
    assert first.status_code == 200
    # The same click again, from before the answer came: the ticket is still in this cookie.
    visitor.client.set_cookie("sheping_session", cookie.value)
    again = visitor.client.post(f"/publicity/{publicity_id}/objections", data=WORDS)
    assert (again.status_code, code_of(again.text)) == (200, code_of(first.text))
    visitor.client.set_cookie("sheping_session", cookie.value)
    late = visitor.complete(begun["id"], visitor.send(begun, pdf()))
    assert (late.status_code, late.get_json()["code"]) == (409, "objection_lodged")
    more = visitor.create("再来.pdf", 9, purpose="objection")
    assert (more.status_code, more.get_json()["code"]) == (409, "objection_lodged")
    with world.people.as_system():
        assert db.session.scalar(select(func.count()).select_from(Objection)) == 1


def form_of(page: str) -> dict[str, str]:
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found is not None
    return {"form": found[1]}


def test_one_form_sent_twice_is_one_objection_and_shows_the_same_receipt(world: World) -> None:
    publicity_id = publish(world)
    client, page = world.app.test_client(), f"/publicity/{publicity_id}"
    form = form_of(client.get(page).text)
    # A second tab shows the same form; both are sent, one after the other.
    assert form_of(client.get(page).text) == form
    first = client.post(f"{page}/objections", data=WORDS | form)
    second = client.post(f"{page}/objections", data=WORDS | form)
    assert (first.status_code, second.status_code) == (200, 200)
    number = re.search(r"YY-[\w-]+", first.text)
    assert number is not None
    assert number[0] in second.text
    assert code_of(second.text) == code_of(first.text)
    found = world.app.test_client().post("/objections", data={"code": code_of(first.text)}).text
    assert number[0] in found
    anew = form_of(client.get(page).text)
    assert anew != form
    assert client.post(f"{page}/objections", data=WORDS | anew).status_code == 200
    with world.people.as_system():
        assert db.session.scalar(select(func.count()).select_from(Objection)) == 2
        db.session.execute(update(Objection).values(received_at=clock.now() - timedelta(minutes=11)))
        db.session.commit()
    late = client.post(f"{page}/objections", data=WORDS | form)
    assert (late.status_code, "query-code" in late.text) == (422, False)
    assert "已经提交" in late.text


def test_the_limits_of_an_objectors_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    publicity_id = publish(world)
    visitor = visitor_of(world, publicity_id)
    for name, size, code in (
        ("a.zip", 9, "extension_not_allowed"),
        ("a.xlsx", 9, "extension_not_allowed"),
        ("a.pdf", 20 * 1024 * 1024 + 1, "file_too_large"),
        ("a.pdf", 0, "file_empty"),
    ):
        assert visitor.create(name, size, purpose="objection").get_json()["code"] == code
    for number in range(5):
        assert visitor.create(f"{number}.pdf", 9, purpose="objection").status_code == 201
    assert visitor.create("6.pdf", 9, purpose="objection").get_json()["code"] == "too_many_case_files"
    monkeypatch.setattr(throttle, "OBJECT_FILE_BY_PLACE", replace(throttle.OBJECT_FILE_BY_PLACE, times=1))
    flood = visitor_of(world, publicity_id).create("a.pdf", 9, purpose="objection")
    assert (flood.status_code, flood.get_json()["code"]) == (422, "too_many_attempts")
    nowhere = Sender(world.app.test_client(), {}, f"/api/v1/publicities/{uuid.uuid4()}/files")
    monkeypatch.undo()
    assert nowhere.create("a.pdf", 9, purpose="objection").status_code == 404


def test_what_was_never_lodged_is_swept_after_a_day(world: World) -> None:
    publicity_id = publish(world)
    kept, left = visitor_of(world, publicity_id), visitor_of(world, publicity_id)
    lodged = kept.upload("证据.pdf", pdf(), purpose="objection")
    orphan = left.upload("没交.pdf", pdf(2), purpose="objection")
    assert kept.client.post(f"/publicity/{publicity_id}/objections", data=WORDS).status_code == 200
    world.drain()
    with world.people.as_system():
        assert attachments.sweep_unlodged(actor=SYSTEM_ACTOR, now=clock.now() + timedelta(hours=23)) == 0
        assert attachments.sweep_unlodged(actor=SYSTEM_ACTOR, now=clock.now() + timedelta(hours=25)) == 1
    world.drain()
    assert row(world, orphan).removed_at is not None
    assert row(world, lodged).removed_at is None


def test_the_database_itself_binds_a_visitor_to_the_ticket(world: World) -> None:
    publicity_id = publish(world)
    visitor = visitor_of(world, publicity_id)
    upload_id = visitor.upload("证据.pdf", pdf(), purpose="objection")
    ticket = row(world, upload_id).ticket_hash
    assert ticket is not None
    count = select(func.count()).select_from(Upload).where(Upload.ticket_hash.is_not(None))
    wrong = Scope(ScopeKind.gate, gate_keys=(hash_token("another"),))
    for asker, seen in (
        (Scope(ScopeKind.gate, gate_keys=(ticket,)), 1),
        (wrong, 0),
        (Scope(ScopeKind.gate), 0),
        (world.officer.actor.scope, 0),
        (world.people.official("370200", Role.lead).actor.scope, 0),
        (world.owner.actor.scope, 0),
        (Scope(ScopeKind.public), 0),
    ):
        with world.app.app_context(), scope.use(asker):
            assert db.session.scalar(count) == seen, asker


# The alarm ----------------------------------------------------------------------------------------------------------


def _told(world: World, kind: str) -> list[dict[str, Any]]:
    return [dict(row.args) for row in db.session.scalars(select(OutboxMessage)) if row.args.get("kind") == kind]


@pytest.mark.parametrize("contact", ["security@bureau.example", ""])
@pytest.mark.parametrize("purpose", ["panel_method", "objection", "exit_data"])
def test_a_virus_anywhere_is_told_to_both_sides_and_nothing_of_it_stays(
    world: World, worker_app: Flask, clamd: Clamd, monkeypatch: pytest.MonkeyPatch, purpose: str, contact: str
) -> None:
    """The real scanner: its owner hears of it where an owner has an account, and the authority always does."""
    settings = replace(worker_app.config["SHEPING"], clamd_url=clamd.url)
    monkeypatch.setitem(worker_app.config, "SHEPING", settings)
    with world.people.as_system():
        db.session.execute(update(Authority).where(Authority.code == "370200").values(security_email=contact))
        db.session.commit()
    if purpose == "panel_method":
        sends, subject = sender(world, world.officer), log_method(world)[1]
    elif purpose == "objection":
        sends, subject = visitor_of(world, publish(world)), None
    else:
        sends, subject = Sender(world.app.test_client(), world.people.bearer(world.owner)), None
    upload_id = sends.upload("材料.pdf", pdf(filler=EICAR), purpose=purpose, subject=subject)
    place = row(world, upload_id)
    assert place.quarantine is not None
    world.drain()
    stored = row(world, upload_id)
    assert (stored.state, stored.scan, stored.quarantine) == ("rejected", "infected", None)
    store: ObjectStore = worker_app.extensions["sheping_store"]
    for bucket in (place.quarantine, place.bucket):
        with pytest.raises(ObjectGone):
            store.size_of(bucket, place.key)
    assert sends.status(upload_id)["reasons"][0]["code"] == "infected"
    with world.people.as_system():
        owner = {"panel_method": [world.officer.user_id], "exit_data": [world.owner.user_id], "objection": []}
        noticed = select(Notice.user_id).where(Notice.kind == "upload_infected")
        assert list(db.session.scalars(noticed)) == owner[purpose]
        mails = [row.args["to"] for row in db.session.scalars(select(OutboxMessage)) if "virus" in row.args]
        leads = [(one["authority_code"], one["roles"]) for one in _told(world, "upload_infected_security")]
        assert (mails, leads) == (([contact], []) if contact else ([], [("370200", ["lead"])]))
        db.session.execute(update(Authority).where(Authority.code == "370200").values(security_email=""))
        db.session.commit()
