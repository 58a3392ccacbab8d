"""Handing in, delivering and deciding: the whole way on real parts, and every way of doing it wrong or twice."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import clock
from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.submissions import manifest, queries, services
from app.outbox import OutboxMessage
from app.rules.core import Refusal
from tenants import scope
from tenants.events import Event
from tenants.scope import Role
from tests.factories.files import Sender, pdf
from tests.factories.lifecycle import Incubatee, Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_uploads_intake import good_bank, workbook
from uploads.errors import PartDown
from uploads.models import Dossier, DossierFile, ReviewTask
from uploads.store import ObjectStore

API = "/api/v1"


@dataclass
class World:
    """An incubatee in Qingdao with a signed commitment, and the officers of its bureau."""

    app: Flask
    people: People
    lifecycle: Lifecycle
    owner: Person
    officer: Person
    sender: Sender
    incubatee: Incubatee
    work: Callable[[], int]

    @property
    def item(self) -> uuid.UUID:
        return self.incubatee.item_ids[0]

    def checked_bank(self, item: uuid.UUID | None = None, name: str = "题库.xlsx") -> str:
        """A bank uploaded for an item and checked."""
        upload_id = self.sender.upload(name, good_bank(), subject=item or self.item)
        self.work()
        return upload_id

    def submit(self, uploads: list[str], *, key: str = "", sender: Sender | None = None, **body: Any) -> Any:
        """`POST /dossiers`: the answer."""
        by = sender or self.sender
        given = {"kind": "question_bank", "subject_id": str(self.item), "upload_ids": uploads} | body
        headers = by.headers | {"Idempotency-Key": key or uuid.uuid4().hex}
        return by.client.post(f"{API}/dossiers", json=given, headers=headers)

    def submitted(self) -> str:
        """A dossier of one bank, handed in; its id."""
        answer = self.submit([self.checked_bank()])
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def as_person(self, person: Person | None = None) -> Sender:
        return Sender(self.app.test_client(), self.people.bearer(person or self.officer))

    def inbox(self, person: Person | None = None) -> list[dict[str, Any]]:
        by = self.as_person(person)
        answer = by.client.get(f"{API}/reviews", headers=by.headers)
        assert answer.status_code == 200, answer.text
        return list(answer.get_json()["items"])

    def decide(self, task_id: str, person: Person | None = None, **body: Any) -> Any:
        by = self.as_person(person)
        return by.client.post(f"{API}/reviews/{task_id}/decision", json=body, headers=by.headers)

    def dossier(self, dossier_id: str) -> dict[str, Any]:
        return dict(self.sender.client.get(f"{API}/dossiers/{dossier_id}", headers=self.sender.headers).get_json())

    def bank_state(self, item: uuid.UUID | None = None) -> tuple[str, str]:
        with self.people.as_system():
            row = db.session.get_one(ApplicationItem, item or self.item)
            return row.state, row.bank_state


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    """Runs what waits in the queues, mails excepted."""
    return runner(worker_app)


@pytest.fixture
def world(app: Flask, people: People, work: Callable[[], int]) -> World:
    owner = people.member(people.organisation(), Role.owner)
    assert owner.organisation_id is not None
    lifecycle = Lifecycle(people)
    incubatee = lifecycle.incubatee(owner.organisation_id, signer=owner.actor)
    sender = Sender(app.test_client(), people.bearer(owner))
    return World(app, people, lifecycle, owner, people.official("370200"), sender, incubatee, work)


def _count(model: type, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


# The way of one dossier ----------------------------------------------------------------------------------------------


def test_a_bank_reaches_exactly_its_bureau_and_is_accepted(world: World, worker_app: Flask) -> None:
    upload_id = world.checked_bank()
    assert world.bank_state() == ("incubating", "check_passed")
    answer = world.submit([upload_id])
    assert answer.status_code == 201, answer.text
    receipt = answer.get_json()
    assert receipt["state"] == "submitted"
    assert receipt["number"].startswith(f"D{clock.today():%Y%m%d}-370200-")
    assert world.bank_state() == ("bank_submitted", "submitted")
    world.work()
    assert world.dossier(receipt["id"])["state"] == "delivered"
    assert world.bank_state() == ("bank_submitted", "dispatched")
    tasks = world.inbox()
    assert [(task["number"], task["state"]) for task in tasks] == [(receipt["number"], "waiting")]
    assert world.inbox(world.people.official("370100")) == []
    decided = world.decide(tasks[0]["id"], decision="accept", version=tasks[0]["version"])
    assert (decided.status_code, decided.get_json()["state"]) == (200, "accepted")
    assert world.bank_state() == ("bank_submitted", "accepted_for_panel")
    shown = world.dossier(receipt["id"])
    assert [event["name"] for event in shown["events"]] == [
        "dossier_submitted",
        "dossier_delivered",
        "dossier_accepted",
    ]
    assert [event["role"] for event in shown["events"]] == ["owner", "system", "officer"]
    assert world.officer.name not in json.dumps(shown, ensure_ascii=False)


def test_the_bureaus_copy_has_the_same_bytes(world: World, worker_app: Flask) -> None:
    dossier_id = world.submitted()
    world.work()
    store: ObjectStore = worker_app.extensions["sheping_store"]
    with world.people.as_system():
        file = db.session.scalars(select(DossierFile).where(DossierFile.dossier_id == uuid.UUID(dossier_id))).one()
        assert file.bureau_bucket is not None
        assert file.bureau_bucket.endswith("-bureau-370200")
        assert file.bureau_key is not None
        copied = b"".join(store.stream(file.bureau_bucket, file.bureau_key))
        original = b"".join(store.stream(file.source_bucket, file.source_key))
    assert copied == original


def test_the_manifest_is_what_its_hash_says(world: World) -> None:
    dossier_id = world.submitted()
    with world.people.as_system():
        dossier = db.session.get_one(Dossier, uuid.UUID(dossier_id))
        assert manifest.digest(dossier.manifest) == dossier.manifest_sha256
        assert dossier.manifest["files"][0]["name"] == "题库.xlsx"
        changed = dossier.manifest | {"title": "别的"}
        assert manifest.digest(changed) != dossier.manifest_sha256


def test_the_web_role_cannot_change_what_was_handed_in(world: World) -> None:
    dossier_id = world.submitted()
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        with pytest.raises(Exception, match="permission denied"):
            db.session.execute(text("update dossiers set manifest_sha256 = 'x' where id = :id"), {"id": dossier_id})
        db.session.rollback()
        with pytest.raises(Exception, match="permission denied"):
            db.session.execute(text("update dossier_files set sha256 = 'x' where dossier_id = :id"), {"id": dossier_id})
        db.session.rollback()
    with world.app.app_context(), scope.use(world.owner.actor.scope):
        changed = db.session.execute(text("update dossiers set state = 'accepted' where id = :id"), {"id": dossier_id})
        assert changed.rowcount == 0  # type: ignore[attr-defined]
        db.session.rollback()


# Doing it twice ------------------------------------------------------------------------------------------------------


def test_the_same_request_again_is_the_same_dossier(world: World) -> None:
    upload_id = world.checked_bank()
    first = world.submit([upload_id], key="one")
    again = world.submit([upload_id], key="one")
    other_tab = world.submit([upload_id], key="two")
    world.work()
    late = world.submit([upload_id], key="one")
    ids = {answer.get_json()["id"] for answer in (first, again, other_tab, late)}
    assert len(ids) == 1
    assert {answer.status_code for answer in (first, again, other_tab, late)} == {201}
    with world.people.as_system():
        assert _count(Dossier) == 1
        assert _count(ReviewTask) == 1


def test_the_same_key_for_other_files_is_refused(world: World) -> None:
    first, second = world.checked_bank(), world.checked_bank(name="题库二.xlsx")
    assert world.submit([first], key="one").status_code == 201
    answer = world.submit([second], key="one")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")


def test_another_set_while_one_is_open_is_refused_with_its_number(world: World) -> None:
    first, second = world.checked_bank(), world.checked_bank(name="题库二.xlsx")
    number = world.submit([first]).get_json()["number"]
    answer = world.submit([second])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "dossier_open")
    assert number in answer.get_json()["detail"]


@pytest.mark.parametrize("same_key", [True, False])
def test_two_requests_at_the_same_moment_make_one_dossier(world: World, same_key: bool) -> None:
    upload_id = world.checked_bank()
    barrier, answers = threading.Barrier(4), []

    def click(number: int) -> None:
        sender = Sender(world.app.test_client(), world.sender.headers)
        barrier.wait()
        answers.append(world.submit([upload_id], key="same" if same_key else f"key{number}", sender=sender))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4, [answer.text for answer in answers]
    assert len({answer.get_json()["number"] for answer in answers}) == 1
    with world.people.as_system():
        assert _count(Dossier) == 1
        assert _count(OutboxMessage, OutboxMessage.function == services.DELIVER) == 1


def test_a_violation_of_the_open_index_is_turned_into_the_dossier_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock on the subject, the unique index still lets only one through."""
    upload_id = uuid.UUID(world.checked_bank())
    number = world.submit([str(upload_id)], key="first").get_json()["number"]
    answers: Iterator[Dossier | None] = iter([None])
    real = queries.find_open_dossier
    monkeypatch.setattr(queries, "find_open_dossier", lambda kind, subject: next(answers, real(kind, subject)))
    monkeypatch.setattr("app.lifecycle.submissions.banks.BankSubject.check_submit", lambda self, **given: None)
    with world.app.app_context(), scope.use(world.owner.actor.scope):
        dossier = services.submit_dossier(
            actor=world.owner.actor,
            kind="question_bank",
            subject_id=world.item,
            upload_ids=[upload_id],
            idempotency_key="second",
            now=clock.now(),
        )
        assert dossier.number == number
        db.session.rollback()


def test_delivering_twice_makes_one_task(world: World) -> None:
    from app.lifecycle.submissions.jobs import deliver

    dossier_id = world.submitted()
    world.work()
    with world.people.as_system():
        deliver(dossier_id=dossier_id)
        db.session.commit()
        assert _count(ReviewTask) == 1
        assert _count(Event, Event.name == "dossier_delivered") == 1


# What may not be handed in -------------------------------------------------------------------------------------------


def test_without_a_signed_commitment_a_bank_is_refused_citing_r28(world: World) -> None:
    owner = world.people.member(world.people.organisation(), Role.owner)
    assert owner.organisation_id is not None
    incubatee = world.lifecycle.incubatee(owner.organisation_id)
    sender = Sender(world.app.test_client(), world.people.bearer(owner))
    upload_id = sender.upload("题库.xlsx", good_bank(), subject=incubatee.item_ids[0])
    world.work()
    answer = world.submit([upload_id], sender=sender, subject_id=str(incubatee.item_ids[0]))
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], problem["rule"]) == (422, "commitment_not_signed", "R28")
    assert problem["clause"]
    world.lifecycle.sign(incubatee.application_id, owner.actor)
    assert world.submit([upload_id], sender=sender, subject_id=str(incubatee.item_ids[0])).status_code == 201


def test_after_the_incubation_nothing_is_taken_any_more(world: World) -> None:
    upload_id = world.checked_bank()
    with clock.frozen(clock.now() + timedelta(days=141)):
        answer = world.submit([upload_id])
        assert (answer.status_code, answer.get_json()["code"]) == (422, "incubation_over")
        assert answer.get_json()["rule"] == "R27"
        created = world.sender.create("新.xlsx", 10, subject=world.item)
        assert (created.status_code, created.get_json()["code"]) == (422, "incubation_over")


def test_unchecked_rejected_removed_and_foreign_files_are_named(world: World) -> None:
    other_item = world.incubatee.item_ids[1]
    elsewhere = world.checked_bank(other_item, "别项.xlsx")
    rejected = world.sender.upload("坏.xlsx", b"Rar!\x1a\x07\x01\x00" + bytes(50), subject=world.item)
    world.work()
    unchecked = world.sender.upload("未检.xlsx", good_bank(), subject=world.item)
    receiving = world.sender.create("未完.xlsx", 10, subject=world.item).get_json()["id"]
    removed = world.sender.upload("移除.xlsx", good_bank(), subject=world.item)
    world.sender.client.delete(f"{API}/uploads/{removed}", headers=world.sender.headers)
    stranger = world.people.member(world.people.organisation(), Role.owner)
    foreign = Sender(world.app.test_client(), world.people.bearer(stranger)).upload("外.xlsx", good_bank())
    for uploads, code, named in (
        ([elsewhere], "file_elsewhere", "别项.xlsx"),
        ([rejected], "file_rejected", "坏.xlsx"),
        ([unchecked], "file_unchecked", "未检.xlsx"),
        ([receiving], "file_unchecked", "未完.xlsx"),
        ([removed], "upload_unknown", ""),
        ([foreign], "upload_unknown", ""),
        ([str(uuid.uuid4())], "upload_unknown", ""),
    ):
        problem = world.submit(uploads).get_json()
        assert problem["code"] == code, problem
        assert named in problem["detail"]
    with world.people.as_system():
        assert _count(Dossier) == 0


def test_blocking_findings_stop_a_bank_with_their_rows(world: World) -> None:
    rows = [["单选题", f"题干{n}内容", "A", "甲", "乙", "丙", "丁"] for n in range(6)]
    rows[2][2] = ""
    upload_id = world.sender.upload("缺答案.xlsx", workbook(rows), subject=world.item)
    world.work()
    assert world.bank_state() == ("incubating", "check_failed")
    problem = world.submit([upload_id]).get_json()
    assert problem["code"] == "bank_checks_block"
    assert "缺答案.xlsx" in problem["detail"]
    assert "C03" in problem["detail"]
    assert "第 4 行" in problem["detail"]


def test_an_item_of_another_organisation_is_unknown(world: World) -> None:
    stranger = world.people.member(world.people.organisation(), Role.owner)
    sender = Sender(world.app.test_client(), world.people.bearer(stranger))
    answer = world.submit([world.checked_bank()], sender=sender)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "subject_unknown")
    viewer = world.people.member(world.owner.organisation_id, Role.viewer)  # type: ignore[arg-type]
    assert world.submit([], sender=Sender(world.app.test_client(), world.people.bearer(viewer))).status_code == 403


def test_what_is_no_dossier_is_not_handed_in(world: World) -> None:
    answer = world.submit([world.checked_bank()], kind="guidance")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "kind_not_open")


def test_a_submitted_file_cannot_be_removed_nor_another_be_added(world: World) -> None:
    upload_id = world.checked_bank()
    world.submit([upload_id])
    removed = world.sender.client.delete(f"{API}/uploads/{upload_id}", headers=world.sender.headers)
    assert (removed.status_code, removed.get_json()["code"]) == (409, "file_submitted")
    created = world.sender.create("新.xlsx", 10, subject=world.item)
    assert (created.status_code, created.get_json()["code"]) == (422, "bank_locked")


# Deadlines, events, notices ------------------------------------------------------------------------------------------


def test_the_deadline_is_met_by_submission_and_reopened_by_a_return(world: World) -> None:
    def state() -> str:
        with world.people.as_system():
            deadline = find_deadline("bank_submit_by", world.item)
            assert deadline is not None
            return deadline.state

    assert state() == "open"
    world.submitted()
    assert state() == "met"
    world.work()
    world.decide(world.inbox()[0]["id"], decision="return", reason="第12行缺少答案")
    assert state() == "open"


def test_a_return_needs_a_reason_which_the_organisation_reads(world: World) -> None:
    dossier_id = world.submitted()
    world.work()
    task = world.inbox()[0]
    bare = world.decide(task["id"], decision="return", reason="   ")
    assert (bare.status_code, bare.get_json()["code"]) == (422, "reason_missing")
    assert world.decide(task["id"], decision="return", reason="第12行缺少答案").status_code == 200
    assert world.dossier(dossier_id)["reason"] == "第12行缺少答案"
    assert world.bank_state() == ("incubating", "drafting")
    with world.people.as_system():
        told = db.session.scalars(
            select(OutboxMessage.args).where(OutboxMessage.function == "tenants.notices.write")
        ).all()
        returned = [args for args in told if args["kind"] == "dossier_returned"]
    assert [(args["params"]["reason"], args["statutory"]) for args in returned] == [("第12行缺少答案", True)]


def test_after_a_return_it_is_handed_in_anew(world: World) -> None:
    first = world.submitted()
    world.work()
    world.decide(world.inbox()[0]["id"], decision="return", reason="请补齐")
    better = world.checked_bank(name="题库第二版.xlsx")
    second = world.submit([better])
    assert second.status_code == 201, second.text
    world.work()
    assert world.dossier(first)["state"] == "returned"
    assert world.bank_state() == ("bank_submitted", "dispatched")
    assert [task["state"] for task in world.inbox()] == ["waiting", "returned"]


def test_the_second_officer_is_told_what_the_first_did(world: World) -> None:
    world.submitted()
    world.work()
    task = world.inbox()[0]
    colleague = world.people.official("370200")
    assert world.decide(task["id"], decision="return", reason="缺答案", version=task["version"]).status_code == 200
    late = world.decide(task["id"], colleague, decision="accept", version=task["version"])
    assert (late.status_code, late.get_json()["code"]) == (409, "changed_meanwhile")
    assert "退回" in late.get_json()["detail"]
    assert "缺答案" in late.get_json()["detail"]
    again = world.decide(task["id"], decision="return", reason="缺答案")
    assert again.status_code == 200, "the same officer's double click is no conflict"


def test_a_version_read_before_an_assignment_is_stale(world: World) -> None:
    world.submitted()
    world.work()
    task = world.inbox()[0]
    colleague = world.people.official("370200")
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        services.assign_review(
            actor=world.officer.actor, task_id=uuid.UUID(task["id"]), assignee_id=colleague.user_id, now=clock.now()
        )
        db.session.commit()
    late = world.decide(task["id"], decision="accept", version=task["version"])
    assert (late.status_code, late.get_json()["code"]) == (409, "changed_meanwhile")
    assert world.decide(task["id"], decision="accept", version=task["version"] + 1).status_code == 200


def test_a_task_is_assigned_only_within_its_authority(world: World) -> None:
    world.submitted()
    world.work()
    task_id = uuid.UUID(world.inbox()[0]["id"])
    stranger = world.people.official("370100")
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        with pytest.raises(Refusal, match="没有找到这位经办人"):
            services.assign_review(
                actor=world.officer.actor, task_id=task_id, assignee_id=stranger.user_id, now=clock.now()
            )
        db.session.rollback()
    with world.app.app_context(), scope.use(stranger.actor.scope):
        with pytest.raises(Refusal) as refused:
            services.open_review(actor=stranger.actor, task_id=task_id, now=clock.now())
        assert refused.value.code == "task_unknown"
        db.session.rollback()
    assert world.decide(str(task_id), stranger, decision="accept").status_code == 404


def test_opening_is_an_event_and_a_bank_stays_sealed_before_its_panel(world: World) -> None:
    dossier_id = world.submitted()
    world.work()
    task_id = uuid.UUID(world.inbox()[0]["id"])
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        for _ in range(2):
            services.open_review(actor=world.officer.actor, task_id=task_id, now=clock.now())
        task = queries.get_task(task_id)
        assert task is not None
        asked = {"task_id": task_id, "file_id": task.dossier.files[0].id, "purpose": "核验", "now": clock.now()}
        db.session.commit()
        with pytest.raises(Refusal) as refused:
            services.record_download(actor=world.officer.actor, **asked)
        assert refused.value.code == "not_case_officer"
        services.assign_review(
            actor=world.officer.actor, task_id=task_id, assignee_id=world.officer.user_id, now=clock.now()
        )
        db.session.commit()
        with pytest.raises(Refusal) as refused:
            services.record_download(actor=world.officer.actor, **asked)
        assert refused.value.code == "bank_sealed"
        db.session.rollback()
    names = [event["name"] for event in world.dossier(dossier_id)["events"]]
    assert names == ["dossier_submitted", "dossier_delivered", "review_opened", "review_assigned"]


# Delivery that fails -------------------------------------------------------------------------------------------------


def test_while_the_store_is_down_the_delivery_waits_and_shows_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dossier_id = world.submitted()

    def down(self: ObjectStore, *place: str) -> None:
        raise PartDown("object_store", "connection refused")

    monkeypatch.setattr(ObjectStore, "copy", down)
    world.work()
    assert world.bank_state() == ("bank_submitted", "dispatch_failed")
    assert world.inbox() == []
    monkeypatch.undo()
    world.work()
    assert world.dossier(dossier_id)["state"] == "delivered"
    assert world.bank_state() == ("bank_submitted", "dispatched")
    assert len(world.inbox()) == 1


def test_a_delivery_that_fails_for_good_is_seen_by_both_sides_and_retried_by_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier_id = world.submitted()

    def broken(self: ObjectStore, *place: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(ObjectStore, "copy", broken)
    for _ in range(6):
        world.work()
    assert world.dossier(dossier_id)["state"] == "dead_letter"
    assert world.bank_state() == ("bank_submitted", "dead_letter")
    with world.people.as_system():
        told = db.session.scalars(
            select(OutboxMessage.args).where(OutboxMessage.function == "tenants.notices.write")
        ).all()
    assert {"delivery_failed", "delivery_failed_officer"} <= {args["kind"] for args in told}
    monkeypatch.undo()
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        failed = queries.list_undelivered("370200")
        assert [str(dossier.id) for dossier in failed] == [dossier_id]
        db.session.rollback()
    with world.app.app_context(), scope.use(world.owner.actor.scope):
        for _ in range(2):
            services.retry_delivery(actor=world.owner.actor, dossier_id=uuid.UUID(dossier_id), now=clock.now())
        db.session.commit()
    world.work()
    assert world.dossier(dossier_id)["state"] == "delivered"
    assert world.bank_state() == ("bank_submitted", "dispatched")
    assert len(world.inbox()) == 1


def test_officers_are_told_once_of_what_arrived_together(world: World) -> None:
    banks = {item: world.checked_bank(item) for item in world.incubatee.item_ids}
    for item, upload_id in banks.items():
        assert world.submit([upload_id], subject_id=str(item)).status_code == 201
    start = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    with clock.frozen(start):
        world.work()
    with clock.frozen(start + timedelta(minutes=1)):
        world.work()
    with world.people.as_system():
        told = db.session.scalars(
            select(OutboxMessage.args).where(OutboxMessage.function == "tenants.notices.write")
        ).all()
    arrived = [args["params"] for args in told if args["kind"] == "dossiers_arrived"]
    assert [(params["count"], len(params["dossiers"]), params["more"]) for params in arrived] == [(3, 3, 0)]


# Renewals ------------------------------------------------------------------------------------------------------------


@dataclass
class Renewing:
    """A filed organisation of Jinan whose self-assessment is due."""

    world: World
    sender: Sender
    cycle_id: uuid.UUID

    def upload(self, name: str = "自评报告.pdf") -> str:
        content = pdf()
        upload_id = self.sender.upload(name, content, purpose="self_assessment", subject=self.cycle_id)
        self.world.work()
        return upload_id

    def submit(self, uploads: list[str]) -> Any:
        return self.world.submit(uploads, sender=self.sender, kind="self_assessment", subject_id=str(self.cycle_id))

    def state(self) -> str:
        with self.world.people.as_system():
            return db.session.get_one(RenewalCycle, self.cycle_id).state

    def deadline(self, kind: str) -> str | None:
        with self.world.people.as_system():
            deadline = find_deadline(kind, self.cycle_id)
            return deadline.state if deadline else None


@pytest.fixture
def renewing(world: World) -> Renewing:
    owner = world.people.member(world.people.organisation(city="370100"), Role.owner)
    assert owner.organisation_id is not None
    cycle_id = world.lifecycle.renewal(owner.organisation_id, code="S000037000181")
    return Renewing(world, Sender(world.app.test_client(), world.people.bearer(owner)), cycle_id)


def test_a_self_assessment_goes_to_the_authority_that_filed_it(renewing: Renewing) -> None:
    upload_id = renewing.upload()
    assert renewing.state() == "self_assessing"
    assert renewing.submit([upload_id]).status_code == 201
    assert renewing.state() == "applied"
    assert renewing.deadline("renewal_apply_close") == "met"
    renewing.world.work()
    assert renewing.world.inbox() == []
    tasks = renewing.world.inbox(renewing.world.people.official("370100"))
    assert [task["kind"] for task in tasks] == ["self_assessment"]


def test_a_returned_renewal_is_supplemented_in_its_own_time(renewing: Renewing) -> None:
    officer = renewing.world.people.official("370100")
    renewing.submit([renewing.upload()])
    renewing.world.work()
    task = renewing.world.inbox(officer)[0]
    refused = renewing.world.decide(task["id"], officer, decision="return", reason=" ")
    assert (refused.status_code, refused.get_json()["code"], refused.get_json()["rule"]) == (
        422,
        "reason_missing",
        "R49",
    )
    assert renewing.world.decide(task["id"], officer, decision="return", reason="请补充佐证").status_code == 200
    assert renewing.state() == "supplement_requested"
    assert renewing.deadline("supplement_due") == "open"
    again = renewing.submit([renewing.upload("补充.pdf")])
    assert again.status_code == 201, again.text
    assert renewing.state() == "applied"
    assert renewing.deadline("supplement_due") == "met"
    renewing.world.work()
    task = renewing.world.inbox(officer)[0]
    assert renewing.world.decide(task["id"], officer, decision="return", reason="仍缺一份").status_code == 200
    assert renewing.deadline("supplement_due") == "open", "owed anew after the second return"
    assert renewing.submit([renewing.upload("再补.pdf")]).status_code == 201
    assert renewing.deadline("supplement_due") == "met"


def test_after_the_close_a_renewal_is_refused_citing_r50(renewing: Renewing) -> None:
    upload_id = renewing.upload()
    with clock.frozen(clock.now() + timedelta(days=60)):
        answer = renewing.submit([upload_id])
    assert (answer.status_code, answer.get_json()["code"], answer.get_json()["rule"]) == (422, "renewal_closed", "R50")


# Inbox ---------------------------------------------------------------------------------------------------------------


def test_the_inbox_is_filtered_counted_and_paged(world: World) -> None:
    numbers = []
    for item in world.incubatee.item_ids:
        answer = world.submit([world.checked_bank(item, f"{item}.xlsx")], subject_id=str(item))
        numbers.append(answer.get_json()["number"])
        world.work()
    officer = world.as_person()

    def page(query: str) -> dict[str, Any]:
        answer = officer.client.get(f"{API}/reviews?{query}", headers=officer.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    first = page("limit=2")
    second = page(f"limit=2&cursor={first['next_cursor']}")
    assert [task["number"] for task in first["items"] + second["items"]] == numbers[::-1]
    assert second["next_cursor"] is None
    assert [task["number"] for task in page(f"q={numbers[1][-6:]}")["items"]] == [numbers[1]]
    assert page("state=accepted")["items"] == []
    assert len(page("kind=question_bank")["items"]) == 3
    assert page("kind=self_assessment")["items"] == []
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        assert queries.count_inbox("370200")["waiting"] == 3
        db.session.rollback()


def test_a_page_of_the_inbox_takes_a_fixed_number_of_queries(world: World) -> None:
    from sqlalchemy import event

    for item in world.incubatee.item_ids:
        world.submit([world.checked_bank(item, f"{item}.xlsx")], subject_id=str(item))
    world.work()
    statements: list[str] = []
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        note = lambda conn, cursor, statement, *rest: statements.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            tasks = queries.list_inbox("370200", wanted=queries.InboxFilter())
            assert [(task.dossier.title, task.organisation.name, task.assignee) for task in tasks]
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        db.session.rollback()
    assert len([one for one in statements if "set_config" not in one]) == 1
