"""The public page that checks documents, and the department's page for their texts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.db import db
from app.documents import queries, services
from app.documents.models import Document
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.filings.models import FiledItem, Filing
from app.web.public import verify
from tenants.scope import SYSTEM_ACTOR, Role
from tests.factories.people import People

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def issued(people: People, drain: Callable[[], int], worker_app: Flask) -> tuple[str, bytes]:
    """A receipt's reference and its file."""
    with people.as_system():
        document = services.issue(
            kind="receipt", authority_code="370200", organisation_id=None, subject_type="filing", subject_id="1",
            data=services.sample("receipt"), actor=SYSTEM_ACTOR, now=NOW,
        )  # fmt: skip
        reference, identity = document.reference, document.id
        db.session.commit()
    drain()
    with people.as_system():
        document = db.session.get(Document, identity)
        assert document is not None
        newest = queries.newest_file(document)
        assert newest is not None
        pdf = b"".join(worker_app.extensions["sheping_store"].stream(newest.bucket, newest.key))
    return reference, pdf


def _send(client: FlaskClient, pdf: bytes) -> tuple[int, str]:
    # Encoded here: the test client keeps a large body in a temporary file of its own.
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(pdf), "回执.pdf")})
    answer = client.post("/verify", data=body, content_type=f"multipart/form-data; boundary={boundary}")
    return answer.status_code, answer.get_data(as_text=True)


def test_anybody_sees_how_a_document_stands(client: FlaskClient, issued: tuple[str, bytes], people: People) -> None:
    reference, _ = issued
    page = client.get(f"/verify/{reference}")
    assert page.status_code == 200
    shown = page.get_data(as_text=True)
    assert "现行有效" in shown
    assert "青人社评备〔2026〕1号" in shown
    assert "S370200000123" in shown, "what a receipt grants"
    assert "2026年11月23日(周一) 至 2029年11月22日(周四)" in shown
    by_code = client.get(f"/verify?code={reference.rpartition('-')[2].lower()}", follow_redirects=True)
    assert "现行有效" in by_code.get_data(as_text=True)
    with people.as_system():
        document = queries.find_by_code(reference.rpartition("-")[2])
        assert document is not None
        services.revoke(actor=SYSTEM_ACTOR, document=document, reason="信息有误", now=NOW)
        db.session.commit()
    shown = client.get(f"/verify/{reference}").get_data(as_text=True)
    assert "已撤销" in shown
    assert "信息有误" in shown


def test_the_number_without_its_code_finds_nothing(client: FlaskClient, issued: tuple[str, bytes]) -> None:
    reference, _ = issued
    head, _, code = reference.rpartition("-")
    wrong = "0" * 20 if code != "0" * 20 else "1" * 20
    for guess in (f"{head}-{wrong}", head, f"370200-HZ-2026-0002-{code}", "x", "%00"):
        assert client.get(f"/verify/{guess}").status_code == 404, guess


def test_guessing_is_throttled(client: FlaskClient, issued: tuple[str, bytes]) -> None:
    answers = {client.get(f"/verify/370200-HZ-2026-0001-{number:020d}").status_code for number in range(10, 30)}
    assert answers == {404}
    assert client.get(f"/verify/370200-HZ-2026-0001-{'9' * 20}").status_code == 429
    assert verify.MISSES.times == 20


def test_a_dropped_file_is_checked_and_not_kept(
    client: FlaskClient, issued: tuple[str, bytes], worker_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, pdf = issued
    status, shown = _send(client, pdf)
    assert status == 200
    assert "文件真实、完整" in shown
    assert "现行有效" in shown
    _, shown = _send(client, pdf[:5000] + b"\0" + pdf[5001:])
    assert "文件没有通过查验" in shown
    assert "文件真实、完整" not in shown
    # What Werkzeug puts a larger file of a form into, on disk: not for us.
    monkeypatch.delattr("werkzeug.formparser.SpooledTemporaryFile")
    status, shown = _send(client, pdf + b" " * 2_000_000)
    assert status == 200, "a large file is held in memory and not in the temporary folder"
    assert "文件没有通过查验" in shown
    status, shown = _send(client, pdf + b" " * 5_000_000)
    assert status == 413
    assert "文件超过4 MB" in shown
    assert _send(client, b"hello")[1].count("这不是PDF文件") == 1
    assert client.post("/verify", data={}).status_code == 422


def test_left_the_directory(client: FlaskClient, issued: tuple[str, bytes], people: People) -> None:
    organisation = people.organisation()
    with people.as_system():
        _directory_entry(organisation, None)
        _directory_entry(organisation, date(2026, 11, 20))
        db.session.commit()
    assert "现行有效" in client.get(f"/verify/{issued[0]}").get_data(as_text=True), "one item of its is still there"
    with people.as_system():
        db.session.execute(update(DirectoryEntry).values(left_on=date(2026, 11, 21)))
        db.session.commit()
    shown = client.get(f"/verify/{issued[0]}").get_data(as_text=True)
    assert "机构已移出目录" in shown
    assert "2026年11月21日" in shown


def _directory_entry(organisation_id: uuid.UUID, left_on: date | None) -> None:
    filing = Filing(
        id=uuid.uuid4(), organisation_id=organisation_id, authority_code="370200", state="revoked", created_at=NOW
    )
    db.session.add(filing)
    db.session.flush()
    item = FiledItem(
        id=uuid.uuid4(), filing_id=filing.id, organisation_id=organisation_id, authority_code="370200", position=1,
        occupation_code="6-31-01-03", occupation_name="电工", skill_level="level_3", state="ended_with_filing",
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    db.session.add(
        DirectoryEntry(
            filed_item_id=item.id, filing_id=filing.id, institution_code="S370200000123",
            organisation_name="测试机构", uscc="91370200MA3TEST04X", level="municipal", city_code="370200",
            city_name="青岛市", occupation_code="6-31-01-03", occupation_name="电工", skill_level="level_3",
            valid_from=date(2023, 11, 1), valid_to=date(2026, 10, 31), entered_on=date(2023, 11, 1), left_on=left_on,
            derived_at=NOW,
        )
    )  # fmt: skip
    db.session.flush()


def test_the_department_edits_and_previews_texts(client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official("370000", Role.lead))
    assert "社会培训评价组织备案回执" in client.get("/province/documents").get_data(as_text=True)
    assert client.get("/province/documents/receipt").status_code == 200
    assert client.get("/province/documents/nothing").status_code == 404
    preview = client.get("/province/documents/receipt/preview")
    assert (preview.mimetype, preview.data[:5]) == ("application/pdf", b"%PDF-")
    body = "兹准予{organisation}备案,机构代码{institution_code},自{valid_from}至{valid_to}。"
    shown = client.post("/province/documents/receipt/preview", data={"part": "body", "body": body})
    assert shown.data[:5] == b"%PDF-"
    wrong = client.post("/province/documents/receipt", data={"part": "body", "body": body + "{password}"})
    assert wrong.status_code == 422
    assert "不能使用变量" in wrong.get_data(as_text=True)
    assert "{password}" in wrong.get_data(as_text=True), "what was typed is kept"
    saved = client.post("/province/documents/receipt", data={"part": "body", "body": body})
    assert saved.status_code == 303
    again = client.get("/province/documents/receipt").get_data(as_text=True)
    assert "兹准予" in again
    assert "第 1 版" in again


def test_a_bureau_does_not_edit_the_provinces_texts(client: FlaskClient, people: People) -> None:
    people.sign_in(client, people.official("370200"))
    assert client.get("/province/documents").status_code == 404
    assert client.post("/province/documents/receipt", data={"part": "body", "body": "x"}).status_code == 404
