"""Documents from their number to their file: gapless numbers, sealing after the commit, what waits, who may read."""

from __future__ import annotations

import dataclasses
import subprocess
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from app import clock
from app.db import db
from app.documents import jobs, keys, making, queries, services, settings, texts, verifying
from app.documents.models import Document, DocumentFile, DocumentSeries
from app.documents.settings import DocumentSettings
from app.documents.verifying import Verification
from app.rules.core import Refusal
from tenants import scope
from tenants.scope import SYSTEM, SYSTEM_ACTOR, Actor, Role, ScopeKind
from tests.factories import time_authority
from tests.factories.people import People

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BUREAU = Actor(ScopeKind.bureau, authority_code="370200", role=Role.officer, name="经办")


def _issue(actor: Actor = SYSTEM_ACTOR, kind: str = "receipt", **changes: object) -> Document:
    given: dict[str, object] = {
        "kind": kind, "authority_code": "370200", "organisation_id": None, "subject_type": "filing", "subject_id": "1",
        "data": services.sample(kind), "actor": actor, "now": NOW,
    }  # fmt: skip
    return services.issue(**(given | changes))  # type: ignore[arg-type]


def _file(app: Flask, document: Document) -> bytes:
    newest = queries.newest_file(document)
    assert newest is not None
    return b"".join(app.extensions["sheping_store"].stream(newest.bucket, newest.key))


def _verify(pdf: bytes) -> Verification:
    chosen = settings.current()
    return verifying.verify(
        pdf,
        roots=keys.trust_roots(chosen, with_demo=True),
        find=lambda code: verifying.find_known(code, now=clock.now()),
    )


@pytest.fixture
def chosen(worker_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DocumentSettings]:
    """Change the settings of documents for this test."""

    def change(**changes: object) -> DocumentSettings:
        with worker_app.app_context():
            changed = dataclasses.replace(settings.current(), **changes)  # type: ignore[arg-type]
        monkeypatch.setitem(worker_app.config, "DOCUMENTS", changed)
        return changed

    return change


def test_from_number_to_verified_file(system: Flask, drain: Callable[[], int]) -> None:
    first = _issue()
    assert (first.number, first.state) == ("青人社评备〔2026〕1号", "awaiting")
    identity = first.id
    db.session.commit()
    drain()
    document = queries.get_document(identity)
    assert document is not None
    assert (document.state, document.problem, document.pages, len(document.files)) == ("issued", "", 1, 1)
    pdf = _file(system, document)
    result = _verify(pdf)
    assert (result.valid, result.state, result.number) == (True, "valid", document.number)
    assert result.signer == document.signer

    renewal = _issue(kind="renewal_receipt", supersedes=document)
    db.session.commit()
    result = _verify(pdf)
    assert (result.valid, result.state) == (True, "renewed"), "genuine, but it does not stand any more"
    with pytest.raises(Refusal) as caught:
        services.revoke(actor=SYSTEM_ACTOR, document=document, reason="再撤销", now=NOW)
    assert caught.value.code == "document_ended"
    services.revoke(actor=SYSTEM_ACTOR, document=renewal, reason="信息有误,已另行出具", now=NOW)
    db.session.commit()
    drain()
    assert db.session.get(Document, renewal.id).sha256, "a document that lost its standing still gets its file"
    assert _verify(_file(system, renewal)).state == "revoked"


def test_a_file_must_be_the_one_that_was_stored(system: Flask, drain: Callable[[], int]) -> None:
    """A second sealing of the same data is whole and trusted, and still not the document."""
    identity = _issue().id
    db.session.commit()
    drain()
    document = db.session.get(Document, identity)
    assert document is not None
    twin = making.make(
        kind=document.kind, title=document.title, number=document.number, reference=document.reference,
        authority_code="370200", issued_on=document.issued_on, data=document.data, settings=settings.current(),
    )  # fmt: skip
    result = _verify(twin.pdf)
    assert (result.whole, result.valid, result.reason) == (True, False, verifying.PROBLEMS["other_file"])
    stranger = making.make(
        kind=document.kind, title=document.title, number="青人社评备〔2026〕99号",
        reference=f"370200-HZ-2026-0099-{'0' * 20}", authority_code="370200", issued_on=document.issued_on,
        data=document.data, settings=settings.current(),
    )  # fmt: skip
    assert _verify(stranger.pdf).reason == verifying.PROBLEMS["number_unknown"]


def test_numbers_are_gapless_under_concurrency(worker_app: Flask) -> None:
    """Twenty threads draw four each and roll back every fourth: what is committed is 1 to 60 without a hole."""
    barrier, faults = threading.Barrier(20), []

    def draw(thread: int) -> None:
        try:
            with worker_app.app_context(), scope.use(SYSTEM):
                barrier.wait()
                for turn in range(4):
                    _issue(subject_id=f"{thread}-{turn}", kind="refusal_notice")
                    if (thread + turn) % 4:
                        db.session.commit()
                    else:
                        db.session.rollback()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            faults.append(error)

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with worker_app.app_context(), scope.use(SYSTEM):
        serials = list(db.session.scalars(select(Document.serial).order_by(Document.serial)))
        assert serials == list(range(1, 61))
        next_year = _issue(kind="refusal_notice", now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
        other_city = _issue(kind="refusal_notice", authority_code="370100")
        assert (next_year.number, other_city.number) == ("青人社评不受〔2027〕1号", "济人社评不受〔2026〕1号")
        assert len(next_year.code) == 20
        db.session.rollback()


def test_the_same_data_gives_the_same_text(system: Flask, drain: Callable[[], int], tmp_path: Path) -> None:
    """Typeset again from what the row keeps, a document says what its file says."""
    identity, twin = _issue().id, _issue()
    assert db.session.get(Document, identity).data_sha256 == twin.data_sha256  # type: ignore[union-attr]
    db.session.commit()
    drain()
    document = db.session.get(Document, identity)
    assert document is not None
    again = making.pages_of(
        kind=document.kind, title=document.title, number=document.number, reference=document.reference,
        authority_code="370200", issued_on=document.issued_on, data=document.data, settings=settings.current(),
    )  # fmt: skip
    told = []
    for number, pdf in enumerate((_file(system, document), again.pdf)):
        file = tmp_path / f"{number}.pdf"
        file.write_bytes(pdf)
        told.append(subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True).stdout)
    # The seal's own letters stand in the sealed file besides; without them the two are the same.
    assert told[1].strip()
    assert set(told[1].decode().split()) <= set(told[0].decode().split())


def test_refused_before_a_number_is_drawn(system: Flask) -> None:
    for change in ({"uscc": ""}, {"organisation": "青岛𠮷野家公司"}):
        with pytest.raises(Refusal):
            _issue(data=services.sample("receipt") | change)
    assert db.session.scalar(select(func.count()).select_from(DocumentSeries)) == 0


def test_edited_texts_reach_new_documents_only(system: Flask) -> None:
    before = _issue()
    body = "兹准予{organisation}备案,机构代码{institution_code},自{valid_from}至{valid_to}。"
    saved = texts.save_text(actor=SYSTEM_ACTOR, kind="receipt", part="body", body=body, now=NOW)
    after = _issue()
    assert saved.version == 1
    assert after.data["parts"]["body"].startswith("兹准予青岛海韵")
    assert after.data["part_versions"] == {"body": 1, "duties": 0}
    assert not before.data["parts"]["body"].startswith("兹准予")
    with pytest.raises(Refusal) as caught:
        texts.save_text(actor=BUREAU, kind="receipt", part="body", body=body, now=NOW)
    assert caught.value.code == "document_texts_by_department"


def test_a_bad_key_waits_with_its_reason_and_is_tried_again(
    system: Flask, drain: Callable[[], int], chosen: Callable[..., DocumentSettings], tmp_path: Path
) -> None:
    good = settings.current()
    chosen(keys=tmp_path)
    identity = _issue().id
    db.session.commit()
    drain()
    document = db.session.get(Document, identity)
    assert document is not None
    assert (document.state, document.sha256) == ("awaiting", None)
    assert "370200.p12" in document.problem
    assert queries.count_progress([identity]) == (1, 0, 1)
    system.config["DOCUMENTS"] = good
    assert jobs.retry_waiting() == 0, "not at once again"
    _age(identity)
    assert jobs.retry_waiting() == 1
    drain()
    db.session.expire_all()
    assert (document.state, document.problem) == ("issued", "")
    assert queries.count_progress([identity]) == (1, 1, 0)


def test_what_fails_for_good_is_said_and_tried_again(
    system: Flask, drain: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = _issue().id
    db.session.commit()
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "make", lambda **given: 1 / 0)
        for _ in range(5):
            drain()
    document = db.session.get(Document, identity)
    assert document is not None
    assert (document.state, document.sha256) == ("awaiting", None)
    assert "自动重试" in document.problem
    _age(identity)
    assert jobs.retry_waiting() == 1
    drain()
    db.session.expire_all()
    assert (document.state, document.problem) == ("issued", "")


def _age(identity: uuid.UUID) -> None:
    db.session.execute(
        update(Document).where(Document.id == identity).values(tried_at=datetime.now(UTC) - timedelta(hours=1))
    )
    db.session.commit()


def test_timestamp_now_or_later(
    system: Flask, drain: Callable[[], int], chosen: Callable[..., DocumentSettings], tmp_path: Path
) -> None:
    with time_authority.running(tmp_path) as authority:
        chosen(tsa_url=authority.url, trust=(authority.root,), tsa_timeout=5)
        at_once = _issue().id
        db.session.commit()
        drain()
        document = db.session.get(Document, at_once)
        assert document is not None
        assert (document.timestamp_state, authority.answered) == ("done", 1)
        assert _verify(_file(system, document)).timestamped

        authority.is_up = False
        later = _issue().id
        db.session.commit()
        drain()
        document = db.session.get(Document, later)
        assert document is not None
        assert (document.state, document.timestamp_state) == ("issued", "awaiting")
        assert "503" in document.problem
        without = _file(system, document)
        assert (_verify(without).valid, _verify(without).timestamped) == (True, False)

        authority.is_up = True
        _age(later)
        assert jobs.retry_waiting() == 1
        drain()
        db.session.expire_all()
        assert (document.timestamp_state, document.problem) == ("done", "")
        with_time = _file(system, document)
        assert with_time != without
        assert len(with_time) == len(without)
        assert (_verify(with_time).valid, _verify(with_time).timestamped) == (True, True)
        assert _verify(without).valid, "who has the first file has a genuine one"
        revisions = select(func.count()).select_from(DocumentFile).where(DocumentFile.document_id == later)
        assert db.session.scalar(revisions) == 2

        chosen(trust=())
        untrusted = _issue().id
        db.session.commit()
        drain()
        document = db.session.get(Document, untrusted)
        assert document is not None
        assert document.timestamp_state == "awaiting", "a time from an authority we do not trust is none"
        assert "DOCUMENT_TRUST" in document.problem


def test_who_reads_what(people: People, app: Flask, worker_app: Flask, drain: Callable[[], int]) -> None:
    mine, other = people.organisation(), people.organisation()
    with people.as_system():
        receipt = _issue(organisation_id=mine, subject_id="a").id
        opinion = _issue(organisation_id=mine, kind="panel_opinion", subject_id="b").id
        notice = _issue(kind="publicity_notice", subject_id="c").id
        db.session.commit()
    drain()

    def seen(actor: Actor) -> set[uuid.UUID]:
        with app.app_context(), scope.use(actor.scope):
            found = {row.id for row in queries.list_documents()}
            files = set(db.session.scalars(select(DocumentFile.document_id)))
            db.session.remove()
        assert files == found
        return found

    assert seen(people.member(mine).actor) == {receipt, notice}
    assert seen(people.member(other).actor) == {notice}
    assert seen(people.official("370200").actor) == {receipt, opinion, notice}
    assert seen(people.official("370100").actor) == {notice}
    assert seen(people.official("370000").actor) == {receipt, opinion, notice}
    assert seen(scope.PUBLIC_ACTOR) == {notice}
    assert seen(people.expert().actor) == {notice}


def test_what_the_web_role_may_not_do(people: People, app: Flask) -> None:
    official = people.official("370200")
    organisation = people.organisation()
    with app.app_context(), scope.use(official.actor.scope):
        document = _issue(official.actor, subject_id="d")
        db.session.commit()
        forbidden = (
            "update documents set data = '{}'",
            "update documents set number = 'x'",
            "update document_series set last = 99",
            "insert into document_series values ('370200', 'HZ', 2030, 1)",
            "delete from documents",
            "update document_texts set body = 'x'",
        )
        for statement in forbidden:
            with pytest.raises(DBAPIError):
                db.session.execute(text(statement))
            db.session.rollback()
        with pytest.raises(DBAPIError):
            _issue(official.actor, authority_code="370100")
        db.session.rollback()
        services.revoke(actor=official.actor, document=queries.get_document(document.id), reason="有误", now=NOW)  # type: ignore[arg-type]
        db.session.commit()
        db.session.remove()
    member = people.member(organisation)
    with app.app_context(), scope.use(member.actor.scope):
        with pytest.raises(DBAPIError):
            _issue(member.actor, organisation_id=organisation)
        db.session.rollback()
        own = _issue(member.actor, kind="commitment", organisation_id=organisation)
        db.session.commit()
        again = _issue(member.actor, kind="commitment", organisation_id=organisation, supersedes=own)
        db.session.commit()
        assert (own.state, again.state) == ("superseded", "awaiting")
        db.session.remove()
