"""Uploading: names, sizes, parts, completion, resuming, giving up, removing; each as owner, colleague and outsider."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import clock
from app.config import MIB
from app.outbox import OutboxMessage
from tenants import scope
from tenants.scope import SYSTEM, Role
from tests.factories.files import Sender, put
from tests.factories.people import People, Person
from uploads import transfer
from uploads.models import Upload

EIGHT = 8 * MIB


@pytest.fixture
def owner(people: People) -> Person:
    return people.member(people.organisation(), Role.owner)


@pytest.fixture
def sender(app: Flask, people: People, owner: Person) -> Sender:
    return Sender(app.test_client(), people.bearer(owner))


def _row(worker_app: Flask, upload_id: str) -> Upload:
    from app.db import db

    with worker_app.app_context(), scope.use(SYSTEM):
        row = db.session.get(Upload, upload_id)
        assert row is not None
        return row


def _intake_rows(worker_app: Flask) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from app.db import db

    with worker_app.app_context(), scope.use(SYSTEM):
        query = select(OutboxMessage).where(OutboxMessage.queue == "intake")
        return [dict(row.args) for row in db.session.scalars(query)]


def test_a_file_of_three_parts_is_received_and_queued_for_its_check(sender: Sender, worker_app: Flask) -> None:
    content = bytes(range(256)) * (17 * MIB // 256)
    created = sender.create("题库.xlsx", len(content))
    assert created.status_code == 201
    ticket = created.get_json()
    assert ticket["part_size"] == EIGHT
    assert [part["number"] for part in ticket["parts"]] == [1, 2, 3]
    assert sender.status(ticket["id"])["state"] == "receiving"
    completed = sender.complete(ticket["id"], sender.send(ticket, content))
    assert completed.status_code == 202
    assert completed.get_json()["state"] == "received"
    assert _intake_rows(worker_app) == [{"upload_id": ticket["id"]}]


def test_completing_twice_gives_the_same_answer_and_one_check(sender: Sender, worker_app: Flask) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    parts = sender.send(ticket, b"hello")
    first, second = sender.complete(ticket["id"], parts), sender.complete(ticket["id"], parts)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert len(_intake_rows(worker_app)) == 1


def test_completion_that_died_before_its_commit_is_repaired_by_repeating_it(sender: Sender, worker_app: Flask) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    parts = sender.send(ticket, b"hello")
    row = _row(worker_app, ticket["id"])
    store = worker_app.extensions["sheping_store"]
    store.complete_multipart(row.quarantine, row.key, row.multipart_id, [(1, parts[0]["etag"])])
    assert sender.complete(ticket["id"], parts).status_code == 202


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\桌面\\题库 (1).xlsx", "题库 (1).xlsx"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ('电工,"三级"😀.xlsx', '电工,"三级"😀.xlsx'),
        ("e\u0301lectricien\x00\r\n.pdf", "électricien.pdf"),
        ("\u202ecod.zip", "cod.zip"),
        ("  两端空白.docx ", "两端空白.docx"),
        ("字" * 251 + ".csv", "字" * 251 + ".csv"),
        ("👩\u200d🏭.PDF", "👩\u200d🏭.PDF"),
        ("坏\ud800名.pdf", "坏名.pdf"),
    ],
)
def test_names_are_kept_as_people_wrote_them_without_paths_and_control_characters(
    sender: Sender, name: str, kept: str
) -> None:
    created = sender.create(name, 10)
    assert created.status_code == 201, created.text
    assert sender.status(created.get_json()["id"])["name"] == kept


@pytest.mark.parametrize(
    ("name", "size", "purpose", "status", "code"),
    [
        ("题库.xlsx", 0, "question_bank", 422, "file_empty"),
        ("题库.xlsx", -5, "question_bank", 422, "file_empty"),
        ("题库.xlsx", 2048 * MIB + 1, "question_bank", 413, "file_too_large"),
        ("题库.rar", 10, "question_bank", 422, "extension_not_allowed"),
        ("照片.jpg", 10, "question_bank", 422, "extension_not_allowed"),
        ("没有扩展名", 10, "self_assessment", 422, "extension_not_allowed"),
        ("字" * 252 + ".csv", 10, "question_bank", 422, "name_too_long"),
        ("..", 10, "question_bank", 422, "name_missing"),
        ("目录/", 10, "question_bank", 422, "name_missing"),
        ("a.xlsx", 10, "homework", 422, "bad_input"),
    ],
)
def test_what_cannot_be_uploaded_is_refused_in_words(
    sender: Sender, name: str, size: int, purpose: str, status: int, code: str
) -> None:
    answer = sender.create(name, size, purpose=purpose)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


def test_the_refusal_of_a_large_file_names_the_limit(sender: Sender) -> None:
    detail = sender.create("大.zip", 5 * 1024 * MIB).get_json()["detail"]
    assert "5.00 GB" in detail
    assert "2.00 GB" in detail


def test_pictures_are_taken_for_a_self_assessment(sender: Sender) -> None:
    assert sender.create("场地.JPG", 10, purpose="self_assessment").status_code == 201


def test_the_largest_file_stays_within_a_thousand_parts() -> None:
    from uploads import naming

    assert naming.part_size_for(2048 * MIB, EIGHT) == EIGHT
    size = 50 * 1024 * MIB
    assert len(naming.part_sizes(size, naming.part_size_for(size, EIGHT))) <= naming.MAX_PARTS
    assert naming.part_size_for(1, 1) == naming.MIN_PART
    assert sum(naming.part_sizes(17 * MIB + 3, EIGHT)) == 17 * MIB + 3


def test_wrong_etags_are_named_and_the_upload_goes_on(sender: Sender) -> None:
    content = b"x" * (9 * MIB)
    ticket = sender.create("a.pdf", len(content)).get_json()
    parts = sender.send(ticket, content)
    wrong = [parts[0], {"number": 2, "etag": '"00000000000000000000000000000000"'}]
    answer = sender.complete(ticket["id"], wrong)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "wrong_parts")
    assert "第 2 个分片" in answer.get_json()["detail"]
    assert sender.status(ticket["id"])["state"] == "receiving"
    assert sender.complete(ticket["id"], parts).status_code == 202


@pytest.mark.parametrize("numbers", [[1], [1, 2, 2], [2], [1, 2, 3]])
def test_missing_and_surplus_parts_are_refused(sender: Sender, numbers: list[int]) -> None:
    content = b"x" * (9 * MIB)
    ticket = sender.create("a.pdf", len(content)).get_json()
    etags = {part["number"]: part["etag"] for part in sender.send(ticket, content)}
    parts = [{"number": number, "etag": etags.get(number, etags[1])} for number in numbers]
    answer = sender.complete(ticket["id"], parts)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "parts_incomplete")


def test_a_part_of_the_wrong_size_is_refused_though_its_etag_is_right(sender: Sender) -> None:
    ticket = sender.create("a.pdf", 9 * MIB).get_json()
    first = put(ticket["parts"][0]["url"], b"x" * EIGHT)
    short = put(ticket["parts"][1]["url"], b"x" * 10)
    answer = sender.complete(ticket["id"], [{"number": 1, "etag": first}, {"number": 2, "etag": short}])
    assert (answer.status_code, answer.get_json()["code"]) == (422, "wrong_parts")


def test_a_broken_upload_resumes_with_the_parts_that_are_there(sender: Sender) -> None:
    content = b"y" * (17 * MIB)
    ticket = sender.create("a.pdf", len(content)).get_json()
    put(ticket["parts"][1]["url"], content[EIGHT : 2 * EIGHT])
    answer = sender.client.get(f"/api/v1/uploads/{ticket['id']}/parts", headers=sender.headers).get_json()
    assert [part["done"] for part in answer["parts"]] == [False, True, False]
    assert [part["size"] for part in answer["parts"]] == [EIGHT, EIGHT, MIB]
    parts = [
        {
            "number": part["number"],
            "etag": part["etag"] or put(part["url"], content[(part["number"] - 1) * EIGHT :][: part["size"]]),
        }
        for part in answer["parts"]
    ]
    assert sender.complete(ticket["id"], parts).status_code == 202
    assert sender.client.get(f"/api/v1/uploads/{ticket['id']}/parts", headers=sender.headers).status_code == 409


def test_after_its_time_an_upload_is_gone_and_says_what_to_do(sender: Sender, worker_app: Flask) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    parts = sender.send(ticket, b"hello")
    later = clock.now() + timedelta(hours=7)
    with clock.frozen(later):
        answer = sender.complete(ticket["id"], parts)
        assert (answer.status_code, answer.get_json()["code"]) == (410, "upload_expired")
        assert "重新选择文件" in answer.get_json()["detail"]
        store = worker_app.extensions["sheping_store"]
        with worker_app.app_context(), scope.use(SYSTEM):
            assert transfer.expire_uploads(store=store, now=later) == 1
            assert transfer.expire_uploads(store=store, now=later) == 0
        assert sender.status(ticket["id"])["state"] == "expired"
        assert sender.complete(ticket["id"], parts).status_code == 410
    row = _row(worker_app, ticket["id"])
    with pytest.raises(transfer.ObjectGone):
        store.list_parts(row.quarantine, row.key, row.multipart_id)


def test_giving_up_drops_the_parts(sender: Sender, worker_app: Flask) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    parts = sender.send(ticket, b"hello")
    for _ in range(2):
        answer = sender.client.post(f"/api/v1/uploads/{ticket['id']}/abort", headers=sender.headers)
        assert (answer.status_code, answer.get_json()["state"]) == (200, "aborted")
    answer = sender.complete(ticket["id"], parts)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "upload_aborted")
    row = _row(worker_app, ticket["id"])
    with pytest.raises(transfer.ObjectGone):
        worker_app.extensions["sheping_store"].list_parts(row.quarantine, row.key, row.multipart_id)


def test_a_complete_upload_cannot_be_given_up_but_removed(sender: Sender) -> None:
    upload_id = sender.upload("a.pdf", b"hello")
    answer = sender.client.post(f"/api/v1/uploads/{upload_id}/abort", headers=sender.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "upload_complete")
    assert sender.client.delete(f"/api/v1/uploads/{upload_id}", headers=sender.headers).status_code == 204
    assert sender.client.get(f"/api/v1/uploads/{upload_id}", headers=sender.headers).status_code == 404
    assert sender.client.delete(f"/api/v1/uploads/{upload_id}", headers=sender.headers).status_code == 404


def test_removing_a_file_still_arriving_gives_it_up(sender: Sender, worker_app: Flask) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    assert sender.client.delete(f"/api/v1/uploads/{ticket['id']}", headers=sender.headers).status_code == 204
    assert _row(worker_app, ticket["id"]).state == "aborted"


def test_a_list_is_paged_and_filtered(sender: Sender) -> None:
    made = [sender.create(f"{number}.pdf", 5).get_json()["id"] for number in range(5)]
    sender.create("other.pdf", 5, purpose="self_assessment")
    seen, cursor = [], ""
    while True:
        query = f"?purpose=question_bank&limit=2&cursor={cursor}"
        page = sender.client.get(f"/api/v1/uploads{query}", headers=sender.headers).get_json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == made


def test_too_many_uploads_at_once_are_refused(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uploads.limits.MAX_RECEIVING", 2)
    assert [sender.create("a.pdf", 5).status_code for _ in range(3)] == [201, 201, 422]


# Who may -------------------------------------------------------------------------------------------------------------


def test_a_colleague_goes_on_a_viewer_looks_and_an_outsider_finds_nothing(
    app: Flask, people: People, owner: Person, sender: Sender
) -> None:
    ticket = sender.create("a.pdf", 5).get_json()
    parts = sender.send(ticket, b"hello")
    assert owner.organisation_id is not None
    viewer = Sender(app.test_client(), people.bearer(people.member(owner.organisation_id, Role.viewer)))
    editor = Sender(app.test_client(), people.bearer(people.member(owner.organisation_id, Role.editor)))
    outsider = Sender(app.test_client(), people.bearer(people.member(people.organisation(), Role.owner)))
    officer = Sender(app.test_client(), people.bearer(people.official("370200")))
    address = f"/api/v1/uploads/{ticket['id']}"
    expected = {"viewer": 403, "outsider": 404, "officer": 404}
    for name, other in (("viewer", viewer), ("outsider", outsider), ("officer", officer)):
        assert other.complete(ticket["id"], parts).status_code == expected[name]
        assert other.client.post(f"{address}/abort", headers=other.headers).status_code == expected[name]
        assert other.client.delete(address, headers=other.headers).status_code == expected[name]
        assert other.client.get(f"{address}/parts", headers=other.headers).status_code == expected[name]
    assert viewer.create("b.pdf", 5).status_code == 403
    assert viewer.client.get(address, headers=viewer.headers).status_code == 200
    assert outsider.client.get(address, headers=outsider.headers).status_code == 404
    assert outsider.client.get("/api/v1/uploads", headers=outsider.headers).get_json()["items"] == []
    assert editor.complete(ticket["id"], parts).status_code == 202


def test_a_subject_of_another_organisation_is_unknown(sender: Sender, owner: Person) -> None:
    import uuid

    answer = sender.create("a.pdf", 5, subject=uuid.uuid4())
    assert (answer.status_code, answer.get_json()["code"]) == (404, "subject_unknown")
