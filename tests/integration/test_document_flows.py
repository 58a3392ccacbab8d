"""Documents at each place of the procedure, who sees them, the bound case, and receipts by the hundred."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app import clock
from app.db import db
from app.documents import keys, verifying
from app.documents import queries as document_queries
from app.documents import settings as document_settings
from app.documents.models import Document
from app.lifecycle.applications import accepting
from app.lifecycle.applications.accepting import Asked
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.filings.issuing import DIRECTORY
from app.lifecycle.filings.models import Receipt, ReceiptBatchLine
from app.lifecycle.publicity import services as publicity
from app.lifecycle.publicity.models import Publicity
from app.outbox import OutboxMessage
from tenants import scope
from tenants.scope import Role
from tests.factories.announced import announce
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.journey import Journey, begin

CASE_KINDS = [
    "acceptance_notice", "panel_opinion", "publicity_notice", "commitment", "bank_opinion", "announcement_list",
    "receipt",
]  # fmt: skip


def _documents(people: People, **wanted: object) -> list[Document]:
    with people.as_system():
        query = select(Document).order_by(Document.created_at, Document.number)
        rows = list(db.session.scalars(query.filter_by(**wanted)))
        db.session.expunge_all()
        return rows


def _to_filed(journey: Journey) -> None:
    world = journey.world
    journey.plan_and_call(date(2026, 3, 2))
    journey.apply(date(2026, 3, 10))
    with journey.on(date(2026, 3, 20)) as now:
        world.add_experts(now=now)
        world.assess("selection", now=now)
    journey.publicise(date(2026, 4, 1))
    journey.sign(date(2026, 4, 15))
    for number, item in enumerate(world.seen().items[:3]):
        journey.hand_in_bank(date(2026, 6, 1), item.id, key=str(number))
    panel_id = journey.bank_panel(date(2026, 6, 10))
    journey.vote(date(2026, 6, 20), panel_id, "pass")
    journey.conclude(date(2026, 6, 21), panel_id, journey.before_panel(panel_id))
    journey.announce_and_file(date(2026, 7, 20), "S000037000072")


def test_from_acceptance_to_receipt_each_step_leaves_its_document(
    app: Flask, people: People, drain: Callable[[], int]
) -> None:
    journey = begin(app, people, drain, level="municipal")
    world = journey.world
    _to_filed(journey)
    rows = _documents(people)
    assert sorted(row.kind for row in rows) == sorted(CASE_KINDS)
    assert {row.state for row in rows} == {"issued"}
    assert {row.kind: row.authority_code for row in rows}["announcement_list"] == "370000"
    with people.as_system():
        receipt = db.session.scalars(select(Receipt)).one()
    told = next(row for row in rows if row.kind == "receipt")
    assert (told.data["valid_from"], told.data["valid_to"]) == (
        receipt.valid_from.isoformat(),
        receipt.valid_to.isoformat(),
    )
    assert len(told.data["items"]) == len(receipt.items)

    owner, officer = (people.sign_in(app.test_client(), one) for one in (world.owner, world.officer))
    _check_who_sees(app, people, journey, rows)
    _check_bound_case(owner, officer, journey, rows)

    reissued = officer.post(f"/bureau/cases/{world.application_id}/receipt/reissue", data={"reason": "名称变更"})
    assert reissued.status_code == 303
    drain()
    states = {row.number: row.state for row in _documents(people, kind="receipt")}
    assert states.pop(told.number) == "superseded"
    assert list(states.values()) == ["issued"]
    with people.as_system():
        assert sorted(db.session.scalars(select(Receipt.state))) == ["current", "superseded"]
    page = owner.get("/org/renewal").text
    assert all(number in page for number in (told.number, *states))
    assert "已被替代" in page


def _check_who_sees(app: Flask, people: People, journey: Journey, rows: list[Document]) -> None:
    world = journey.world
    clients = {
        "owner": people.sign_in(app.test_client(), world.owner),
        "officer": people.sign_in(app.test_client(), world.officer),
        "department": people.sign_in(app.test_client(), world.department),
        "elsewhere": people.sign_in(app.test_client(), people.official("370100")),
        "stranger": people.sign_in(app.test_client(), people.member(people.organisation(), Role.owner)),
        "expert": people.sign_in(app.test_client(), world.experts[0]),
        "public": app.test_client(),
    }
    open_to_all = {"publicity_notice", "announcement_list"}
    not_for_owner = {"panel_opinion", "bank_opinion"}
    for row in rows:
        got = {who: client.get(f"/case-documents/{row.id}.pdf").status_code for who, client in clients.items()}
        everyone = row.kind in open_to_all
        expected = dict.fromkeys(clients, 200 if everyone else 404)
        expected |= {"officer": 200, "department": 200}
        expected["owner"] = 404 if row.kind in not_for_owner else 200
        assert got == expected, row.kind
    inside = {"owner": 200, "officer": 200, "department": 200, "elsewhere": 404, "stranger": 404, "expert": 404}
    for path in (f"/case-documents/of/{world.application_id}", f"/case-documents/case/{world.application_id}.pdf"):
        got = {who: client.get(path).status_code for who, client in clients.items() if who != "public"}
        assert got == inside, path
    receipt = next(row for row in rows if row.kind == "receipt")
    assert clients["owner"].post(f"/case-documents/{receipt.id}/retry").status_code == 404
    assert clients["elsewhere"].post(f"/case-documents/{receipt.id}/retry").status_code == 404
    shown = clients["officer"].get(f"/bureau/cases/{world.application_id}").text
    assert all(row.number in shown for row in rows)
    mine = clients["owner"].get(f"/org/applications/{world.application_id}").text
    assert {row.kind for row in rows if row.number in mine} == set(CASE_KINDS) - not_for_owner


def _check_bound_case(owner: FlaskClient, officer: FlaskClient, journey: Journey, rows: list[Document]) -> None:
    path = f"/case-documents/case/{journey.world.application_id}.pdf"
    for client, hidden in ((officer, set()), (owner, {"panel_opinion", "bank_opinion"})):
        wanted = [row for row in rows if row.kind not in hidden]
        with pikepdf.open(io.BytesIO(client.get(path).data)) as book:
            with book.open_outline() as outline:
                labels = [str(item.title) for item in outline.root]
            assert labels[0] == "卷宗摘要"
            assert sorted(labels[1:]) == sorted(f"{row.title} {row.number}" for row in wanted)
            assert "/AcroForm" not in book.Root
            kept = {hashlib.sha256(spec.get_file().read_bytes()).hexdigest() for spec in book.attachments.values()}
            assert kept == {row.sha256 for row in wanted}, "the signed originals, whole"


def test_supplement_refusal_and_a_void_publicity(app: Flask, people: People, drain: Callable[[], int]) -> None:
    journey = begin(app, people, drain, level="municipal")
    world = journey.world
    journey.plan_and_call(date(2026, 3, 2))
    journey.apply(date(2026, 3, 10))
    with journey.on(date(2026, 3, 20)) as now:
        world.add_experts(now=now)
        world.assess("selection", now=now)
        world.recommend(now=now)
        with world.as_(world.officer) as actor:
            row = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
            publicity.publish_publicity(actor=actor, publicity_id=row.id, now=now)
            row_id = row.id
        with world.as_(world.officer) as actor:
            publicity.void_publicity(actor=actor, publicity_id=row_id, reason="名称有误", now=now)
        with world.as_(world.officer) as actor:
            again = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
            publicity.publish_publicity(actor=actor, publicity_id=again.id, now=now)
            live_id = again.id
    drain()
    notices = {row.subject_id: row for row in _documents(people, kind="publicity_notice")}
    assert (notices[str(row_id)].state, notices[str(row_id)].state_reason) == ("revoked", "名称有误")
    assert notices[str(live_id)].state == "issued"
    with people.as_system():
        frozen = db.session.get_one(Publicity, live_id)
        assert notices[str(live_id)].data["to_on"] == str(frozen.planned_end_on)
    assert notices[str(live_id)].number in app.test_client().get(f"/publicity/{live_id}").text


def test_what_an_applicant_is_told_before_acceptance(app: Flask, people: People, drain: Callable[[], int]) -> None:
    made = [_submitted(people) for _ in range(2)]
    officer = people.official("370200")
    now = clock.now()
    with app.app_context(), _as(officer):
        accepting.request_supplement(
            actor=officer.actor, application_id=made[0], asked=[Asked("items", "请补充设备型号")], note="一次性告知",
            expected_version=None, now=now,
        )  # fmt: skip
        accepting.refuse_application(
            actor=officer.actor, application_id=made[1], reason="不在征集范围。\n登记机关不属本市。",
            expected_version=None, now=now,
        )  # fmt: skip
        db.session.commit()
    drain()
    (supplement,), (refusal,) = _documents(people, kind="supplement_notice"), _documents(people, kind="refusal_notice")
    assert any("请补充设备型号" in point for point in supplement.data["points"])
    assert supplement.data["due_on"] > clock.today().isoformat()
    assert refusal.data["reasons"] == ["不在征集范围。", "登记机关不属本市。"]
    assert {supplement.state, refusal.state} == {"issued"}


def _as(person: Person) -> AbstractContextManager[None]:
    return scope.use(person.actor.scope)


def _submitted(people: People) -> uuid.UUID:
    organisation_id = people.organisation()
    made = Lifecycle(people).incubatee(organisation_id)
    with people.as_system():
        db.session.execute(
            update(Application)
            .where(Application.id == made.application_id)
            .values(state="submitted", submitted_at=clock.now(), incubation_start_on=None, incubation_due_on=None)
        )
        db.session.commit()
    return made.application_id


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    return runner(worker_app)


def test_a_batch_issues_each_receipt_and_says_which_it_could_not(
    app: Flask, people: People, work: Callable[[], int]
) -> None:
    made = announce(people, [people.organisation() for _ in range(4)])
    officer = people.sign_in(app.test_client(), people.official("370200"))
    page = officer.get("/bureau/receipts").text
    assert all(f"S000037{number:06d}" in page for number in range(1, 5))
    assert officer.post("/bureau/receipts", data={}).status_code == 422
    begun = officer.post("/bureau/receipts", data={"application": [str(one) for one in made]})
    assert begun.status_code == 303
    address = begun.headers["Location"]
    assert "every 1s" in officer.get(address).text
    with people.as_system():
        spoilt = update(ApplicationItem).where(ApplicationItem.application_id == made[1])
        db.session.execute(spoilt.values(state="withdrawn"))
        db.session.commit()
    work()
    shown = officer.get(address).text
    assert 'value="3" max="4"' in shown
    assert "1 家未成功" in shown
    assert "every 1s" not in shown
    numbers = [row.number for row in _documents(people, kind="receipt")]
    assert len(numbers) == 3
    assert [number.rpartition("〕")[2] for number in sorted(numbers)] == ["1号", "2号", "3号"], "gapless"
    with people.as_system():
        restored = update(ApplicationItem).where(ApplicationItem.application_id == made[1])
        db.session.execute(restored.values(state="announced"))
        db.session.commit()
    elsewhere = people.sign_in(app.test_client(), people.official("370100"))
    for path, method in ((address, "GET"), (f"{address}/retry", "POST")):
        assert elsewhere.open(path, method=method).status_code == 404
    assert officer.post(f"{address}/retry").status_code == 303
    work()
    assert 'value="4" max="4"' in officer.get(address, headers={"HX-Request": "true"}).text
    with people.as_system():
        assert set(db.session.scalars(select(ReceiptBatchLine.state))) == {"issued"}
        refreshed = select(OutboxMessage.state).where(OutboxMessage.function == DIRECTORY)
        assert list(db.session.scalars(refreshed)) == ["done", "done"], (
            "the directory follows a batch, not each receipt"
        )
        assert db.session.scalar(select(func.count(func.distinct(DirectoryEntry.institution_code)))) == 4


def test_a_hundred_receipts_are_gapless_and_each_one_valid(
    app: Flask, people: People, work: Callable[[], int], worker_app: Flask
) -> None:
    """R38 at its real size: one request begins them, the workers number, typeset, seal and store each."""
    made = announce(people, [people.organisation() for _ in range(100)])
    officer = people.sign_in(app.test_client(), people.official("370200"))
    begun = officer.post("/bureau/receipts", data={"application": [str(one) for one in made]})
    assert begun.status_code == 303
    address = begun.headers["Location"]
    assert 'value="0" max="100"' in officer.get(address).text
    work()
    shown = officer.get(address).text
    assert 'value="100" max="100"' in shown
    assert "every 1s" not in shown
    rows = _documents(people, kind="receipt")
    assert sorted(row.serial for row in rows) == list(range(1, 101))
    assert len({row.data["institution_code"] for row in rows}) == 100
    with people.as_system():
        roots = keys.trust_roots(document_settings.current(), with_demo=True)
        for row in rows:
            newest = document_queries.newest_file(row)
            assert newest is not None
            pdf = b"".join(worker_app.extensions["sheping_store"].stream(newest.bucket, newest.key))
            told = verifying.verify(pdf, roots=roots, find=lambda code: verifying.find_known(code, now=clock.now()))
            assert (told.valid, told.state, told.number) == (True, "valid", row.number), told.reason
