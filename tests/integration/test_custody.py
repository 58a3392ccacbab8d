"""Custody on real parts: what lies in the store, who gets a key, how a sealed file is read, rotated and destroyed."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import os
import re
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import urllib3
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from app import clock
from app.cli import Context
from app.cli.main import sheping
from app.config import MIB, Config
from app.db import db
from app.lifecycle import retention
from app.lifecycle.applications.models import ApplicationItem
from app.outbox import OutboxMessage
from app.web.files.streaming import as_download
from tenants import scope
from tenants.events import Event
from tenants.models import Authority
from tenants.scope import SYSTEM, Role, Scope, ScopeKind
from tests.factories.files import Sender, pdf
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_uploads_intake import good_bank, workbook
from uploads import scanner, sweeping
from uploads.custody import cipher, keys, masters, purging, reading, rotation
from uploads.custody.models import CustodyKey, DownloadLink, PurgeRecord, StoredObject
from uploads.models import DossierFile, ReviewTask, Upload
from uploads.store import ObjectGone, ObjectStore
from uploads.transfer import download_link, quarantine_of

NAME = "题库,电工“三级”.xlsx"


@dataclasses.dataclass
class Kit:
    """One organisation with an item in incubation, its bureau's officer, and the workers."""

    app: Flask
    worker_app: Flask
    people: People
    owner: Person
    officer: Person
    item: uuid.UUID
    sender: Sender
    work: Callable[[], int]

    @property
    def store(self) -> ObjectStore:
        store: ObjectStore = self.worker_app.extensions["sheping_store"]
        return store

    def check(self, name: str, content: bytes, **more: Any) -> uuid.UUID:
        """Uploaded and through the intake."""
        upload_id = self.sender.upload(name, content, **more)
        self.work()
        return uuid.UUID(upload_id)

    def deliver(self, content: bytes) -> uuid.UUID:
        """A bank handed in and delivered; the id of its upload."""
        upload_id = self.check(NAME, content, subject=self.item)
        body = {"kind": "question_bank", "subject_id": str(self.item), "upload_ids": [str(upload_id)]}
        headers = self.sender.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.sender.client.post("/api/v1/dossiers", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        self.work()
        return upload_id

    def places(self) -> list[tuple[str, str]]:
        """Where sealed objects lie, the organisation's first."""
        query = select(StoredObject.bucket, StoredObject.key).order_by(StoredObject.authority_code.nullsfirst())
        return [(row.bucket, row.key) for row in db.session.execute(query)]

    def stored(self, bucket: str, key: str) -> bytes:
        return b"".join(self.store.stream(bucket, key))

    def link(self) -> str:
        """Where the officer is sent once a download of the one file was allowed and written down."""
        with self.app.app_context(), scope.use(self.officer.actor.scope):
            file = db.session.scalars(select(DossierFile)).one()
            address = download_link(actor=self.officer.actor, store=self.store, file=file, now=clock.now())
            db.session.commit()
            return address

    def file_address(self) -> str:
        """Where the officer clicks on the first file."""
        with self.as_system():
            task, file = db.session.scalars(select(ReviewTask)).one(), db.session.scalars(select(DossierFile)).first()
            assert file is not None
            return f"/bureau/reviews/{task.id}/files/{file.id}"

    def as_system(self) -> Any:
        return self.people.as_system()


@pytest.fixture
def kit(app: Flask, worker_app: Flask, people: People) -> Kit:
    owner = people.member(people.organisation(), Role.owner)
    assert owner.organisation_id is not None
    incubatee = Lifecycle(people).incubatee(owner.organisation_id, signer=owner.actor)
    sender = Sender(app.test_client(), people.bearer(owner))
    officer = people.official("370200")
    return Kit(app, worker_app, people, owner, officer, incubatee.item_ids[0], sender, runner(worker_app))


@pytest.fixture
def configured(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings of both applications for one test."""

    def change(**values: Any) -> None:
        settings: Config = kit.app.config["SHEPING"]
        for app in (kit.app, kit.worker_app):
            monkeypatch.setitem(app.config, "SHEPING", dataclasses.replace(settings, **values))

    return change


# At rest ------------------------------------------------------------------------------------------------------------


def test_nothing_plain_lies_in_the_store_and_a_delivery_copies_the_ciphertext(kit: Kit) -> None:
    content = good_bank()
    upload_id = kit.deliver(content)
    with kit.as_system():
        own, copy = kit.places()
        assert copy[0].endswith("-bureau-370200")
        assert kit.stored(*own) == kit.stored(*copy)
        assert len(kit.stored(*own)) == cipher.sealed_size(len(content))
        for start in range(0, len(content) - 32, 997):
            assert content[start : start + 32] not in kit.stored(*own)
        wrapped = list(db.session.scalars(select(StoredObject.wrapped)))
        assert len(set(wrapped)) == 2, "the data key is wrapped for each holder"
        upload, file = db.session.get_one(Upload, upload_id), db.session.scalars(select(DossierFile)).one()
        for found in (upload, file):
            assert reading.is_sealed(found)
            assert b"".join(reading.open_stream(found)) == content
        with reading.plain_copy(file) as opened:
            assert (opened.size, opened.sha256, opened.sm3) == (file.size, file.sha256, file.sm3)
        assert upload.quarantine is None
        with pytest.raises(ObjectGone):
            kit.store.size_of(quarantine_of(upload.bucket), upload.key)


def test_with_encryption_off_files_are_plain_and_sealed_ones_stay_readable(
    kit: Kit, configured: Callable[..., None]
) -> None:
    content = pdf()
    sealed = kit.check("一.pdf", content, purpose="self_assessment")
    configured(custody_encryption=False)
    bank = good_bank()
    plain = kit.deliver(bank)
    with kit.as_system():
        upload = db.session.get_one(Upload, plain)
        assert (upload.sealed, upload.quarantine) == (False, None)
        assert kit.stored(upload.bucket, upload.key) == bank
        file = db.session.scalars(select(DossierFile)).one()
        assert b"".join(reading.open_stream(file)) == bank
        assert b"".join(reading.open_stream(db.session.get_one(Upload, sealed))) == content
    location = kit.link()
    assert "X-Amz-Expires=60" in location
    assert urllib3.request("GET", location).data == bank


def test_what_is_changed_in_the_store_is_not_served(kit: Kit) -> None:
    kit.deliver(good_bank())
    with kit.as_system():
        bucket, key = kit.places()[1]
    stored = bytearray(kit.stored(bucket, key))
    stored[len(stored) // 2] ^= 1
    kit.store.put(bucket, key, [bytes(stored)], len(stored))
    client = kit.people.sign_in(kit.app.test_client(), kit.officer)
    answer = client.get(kit.link())
    assert answer.status_code == 500
    assert b"PK" not in answer.data[:4]


# Keys ---------------------------------------------------------------------------------------------------------------


def _visible(kit: Kit, asked: Scope, *, naming: uuid.UUID | None = None) -> tuple[int, int]:
    """How many objects' and how many holders' keys the web role sees in a scope."""
    with kit.app.app_context(), scope.use(asked):
        if naming is not None:
            db.session.execute(select(func.set_config("sheping.object", str(naming), True)))
        counted = [db.session.scalar(select(func.count()).select_from(model)) for model in (StoredObject, CustodyKey)]
        db.session.rollback()
        return counted[0] or 0, counted[1] or 0


def test_the_web_role_reads_only_the_key_of_a_file_it_may_read(kit: Kit) -> None:
    kit.deliver(good_bank())
    with kit.as_system():
        own, copy = db.session.scalars(select(StoredObject).order_by(StoredObject.authority_code.nullsfirst())).all()
        own_id, copy_id = own.id, copy.id
    owner, officer = kit.owner.actor.scope, kit.officer.actor.scope
    strangers = [
        kit.people.member(kit.people.organisation()).actor.scope,
        kit.people.official("370100").actor.scope,
        kit.people.official("370000").actor.scope,
        kit.people.expert().actor.scope,
        Scope(ScopeKind.public),
    ]
    assert _visible(kit, owner) == (1, 0)
    assert _visible(kit, owner, naming=own_id) == (1, 1)
    assert _visible(kit, owner, naming=copy_id) == (1, 0)
    assert _visible(kit, officer) == (1, 0)
    assert _visible(kit, officer, naming=copy_id) == (1, 1)
    assert _visible(kit, officer, naming=own_id) == (1, 0)
    for stranger in strangers:
        for naming in (None, own_id, copy_id):
            assert _visible(kit, stranger, naming=naming) == (0, 0)
    with kit.app.app_context(), scope.use(officer):
        for statement in (
            "delete from custody_objects",
            "update custody_keys set version = 9",
            "insert into custody_links (id) select gen_random_uuid() from custody_keys for update",
            "delete from purge_records",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                db.session.execute(text(statement))
            db.session.rollback()


def test_rotation_wraps_anew_without_rewriting_and_goes_on_where_it_was_cut_off(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {kit.check(f"{n}.pdf", pdf(n), purpose="self_assessment"): pdf(n) for n in (1, 2, 3)}
    monkeypatch.setattr(rotation, "BATCH", 2)
    real, calls = rotation._move_batch, []

    def cut_off(holder: keys.Holder) -> int:
        if calls:
            raise SystemExit("killed")
        calls.append(holder)
        return real(holder)

    holder = keys.Holder(organisation_id=kit.owner.organisation_id)
    with kit.as_system():
        before = {place: kit.stored(*place) for place in kit.places()}
        monkeypatch.setattr(rotation, "_move_batch", cut_off)
        with pytest.raises(SystemExit):
            rotation.rotate_holder(holder, now=clock.now())
        db.session.rollback()
        states = select(CustodyKey.version, CustodyKey.state).order_by(CustodyKey.version)
        assert [tuple(row) for row in db.session.execute(states)] == [(1, "retiring"), (2, "active")]
        _all_open(contents)
        monkeypatch.setattr(rotation, "_move_batch", real)
        assert rotation.rotate_holder(holder, now=clock.now()) == rotation.Rotated(holder, 2, 1)
        assert [tuple(row) for row in db.session.execute(states)] == [(1, "destroyed"), (2, "active")]
        assert {place: kit.stored(*place) for place in kit.places()} == before
        _all_open(contents)
        names = select(Event.name).where(Event.subject_type == "custody").order_by(Event.id)
        assert list(db.session.scalars(names)) == ["custody_rotation_started", "custody_key_rotated"]
        assert rotation.find_holder("370200") == keys.Holder(authority_code="370200")
        assert rotation.rotate_holder(keys.Holder(authority_code="370200"), now=clock.now()) is None


def _all_open(contents: dict[uuid.UUID, bytes]) -> None:
    for upload_id, content in contents.items():
        assert b"".join(reading.open_stream(db.session.get_one(Upload, upload_id))) == content


def test_a_new_master_key_takes_over_and_the_old_one_can_go(kit: Kit, configured: Callable[..., None]) -> None:
    content = pdf()
    upload_id = kit.check("一.pdf", content, purpose="self_assessment")
    settings: Config = kit.worker_app.config["SHEPING"]
    new = masters.generate(2)
    configured(custody_keys=f"{new},{settings.custody_keys}")
    with kit.as_system():
        assert rotation.rotate_master(now=clock.now()) == 1
        assert rotation.rotate_master(now=clock.now()) == 0
    configured(custody_keys=new)
    with kit.as_system():
        _all_open({upload_id: content})
        assert ("wrapped by master 2", "1 keys") in list(rotation.describe())


def test_the_command_line_says_and_does_it(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.check("一.pdf", pdf(), purpose="self_assessment")

    def custody(*words: str) -> Result:
        context = Context(lambda role: kit.worker_app)
        return CliRunner().invoke(sheping, ["custody", *words], obj=context, standalone_mode=False)

    said = custody("status")
    assert said.exception is None
    assert "encryption: on" in said.output
    assert "uploads: 1 sealed, 0 plain" in said.output
    assert f"{kit.owner.organisation_id}: key 2, 1 objects wrapped anew" in custody("rotate", "--all").output
    assert "0 keys" in custody("rotate", "--master").output
    assert custody("rotate", "--tenant", "370200").output == "370200: has no key yet\n"
    assert "nobody has the code" in str(custody("rotate", "--tenant", "x").exception)
    assert isinstance(custody("rotate").exception, click.UsageError)
    assert "0 banks are due; nothing was destroyed" in custody("purge", "--dry-run").output
    assert "0 banks and 0 removed files destroyed" in custody("purge").output
    assert masters.parse(custody("new-key").output).newest == 2
    broken = dataclasses.replace(kit.worker_app.config["SHEPING"], custody_keys=masters.generate(9))
    monkeypatch.setitem(kit.worker_app.config, "SHEPING", broken)
    keys._opened.clear()
    assert "NOT CONFIGURED" in custody("status").output
    assert "missing" in str(custody("status").exception)
    assert "lacks master key 1" in str(custody("rotate", "--all").exception or "")


# Downloads ----------------------------------------------------------------------------------------------------------


def test_a_download_is_plain_named_and_once_for_one_person(kit: Kit) -> None:
    content = good_bank()
    kit.deliver(content)
    client = kit.people.sign_in(kit.app.test_client(), kit.officer)
    location = kit.link()
    assert re.fullmatch(r"/files/[\w-]{40,}", location)
    colleague = kit.people.sign_in(kit.app.test_client(), kit.people.official("370200"))
    assert colleague.get(location).status_code == 422
    assert client.head(location).status_code == 405
    answer = client.get(location)
    assert (answer.status_code, answer.data) == (200, content)
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "filename*=UTF-8''%E9%A2%98%E5%BA%93%2C%E7%94%B5%E5%B7%A5" in answer.headers["Content-Disposition"]
    again = client.get(location)
    assert again.status_code == 422
    assert "只能使用一次" in again.text
    with kit.as_system():
        assert location.rpartition("/")[2] not in str(
            [link.token_hash for link in db.session.scalars(select(DownloadLink))]
        )
        db.session.execute(update(DownloadLink).values(used_at=None, expires_at=clock.now()))
        db.session.commit()
    assert client.get(location).status_code == 422


def test_a_large_file_is_opened_in_constant_memory(kit: Kit) -> None:
    size = 48 * MIB
    content = pdf(filler=os.urandom(size))
    upload_id = kit.check("大.pdf", content, purpose="self_assessment")
    with kit.as_system():
        upload = db.session.get_one(Upload, upload_id)
        tracemalloc.start()
        answer = as_download(reading.open_stream(upload), name=upload.name, mime="application/pdf", subject=upload_id)
        read = sum(len(piece) for piece in answer.response)
        answer.close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (read, answer.headers["Content-Length"]) == (len(content), str(len(content)))
    assert peak < 8 * MIB


# Quarantine ---------------------------------------------------------------------------------------------------------


def test_what_is_rejected_goes_and_its_reason_stays_unless_it_may_be_checked_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = kit.check("一.pdf", b"%PDF-1.7\n%%EOF", purpose="self_assessment")
    monkeypatch.setattr(scanner, "scan", _too_large)
    retryable = kit.check("二.pdf", pdf(), purpose="self_assessment")
    with kit.as_system():
        gone, kept = db.session.get_one(Upload, rejected), db.session.get_one(Upload, retryable)
        assert (gone.state, gone.reasons[0]["code"], gone.quarantine) == ("rejected", "pdf_corrupt", None)
        with pytest.raises(ObjectGone):
            kit.store.size_of(quarantine_of(gone.bucket), gone.key)
        assert kept.quarantine is not None
        assert kit.store.size_of(kept.quarantine, kept.key) == kept.size
        assert db.session.scalar(select(func.count()).where(StoredObject.upload_id == rejected)) == 0
    monkeypatch.undo()
    answer = kit.sender.client.post(f"/api/v1/uploads/{retryable}/recheck", headers=kit.sender.headers)
    assert answer.status_code == 202
    kit.work()
    with kit.as_system():
        _all_open({retryable: pdf()})


def _too_large(path: object, url: str) -> str:
    raise scanner.TooLargeToScan


def test_the_sweeps_heal_what_a_lost_job_left(kit: Kit) -> None:
    upload_id = kit.check("一.pdf", pdf(), purpose="self_assessment")
    with kit.as_system():
        upload = db.session.get_one(Upload, upload_id)
        quarantine, key = quarantine_of(upload.bucket), upload.key
        upload.quarantine = quarantine
        db.session.commit()
        kit.store.put(quarantine, key, [b"left"], 4)
        kit.store.put(quarantine, "orphan", [b"left"], 4)
        assert sweeping.sweep_quarantine() == 0, "too young to be called left"
        assert sweeping.sweep_quarantine(now=clock.now() + timedelta(hours=2)) == 1
        assert sweeping.sweep_orphans() == 0
        multipart_id = kit.store.start_multipart(quarantine, "unfinished")
        assert sweeping.sweep_orphans(now=clock.real_now() + timedelta(days=3)) >= 1
        for gone in (key, "orphan"):
            with pytest.raises(ObjectGone):
                kit.store.size_of(quarantine, gone)
        with pytest.raises(ObjectGone):
            kit.store.list_parts(quarantine, "unfinished", multipart_id)


@pytest.mark.parametrize("contact", ["", "security@bureau.example"])
def test_a_virus_is_told_to_the_owner_and_to_the_security_contact(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, contact: str
) -> None:
    with kit.as_system():
        db.session.execute(update(Authority).where(Authority.code == "370200").values(security_email=contact))
        db.session.commit()
    monkeypatch.setattr(scanner, "scan", lambda path, url: "infected:Eicar-Test")
    upload_id = kit.check("一.pdf", pdf(), purpose="self_assessment")
    with kit.as_system():
        mails = [
            dict(row.args) for row in db.session.scalars(select(OutboxMessage).where(OutboxMessage.queue == "mail"))
        ]
        assert db.session.get_one(Upload, upload_id).quarantine is None
        db.session.execute(update(Authority).where(Authority.code == "370200").values(security_email=""))
        db.session.commit()
    told = [mail for mail in mails if mail.get("kind") == "upload_infected"]
    assert [mail["organisation_id"] for mail in told] == [str(kit.owner.organisation_id)]
    if contact:
        assert [mail["to"] for mail in mails if "to" in mail] == [contact]
    else:
        leads = [mail for mail in mails if mail.get("kind") == "upload_infected_security"]
        assert [(mail["authority_code"], mail["roles"]) for mail in leads] == [("370200", ["lead"])]


# Limits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"max_daily_files": 1}, "daily_files_reached"),
        ({"max_daily_bytes": 1500}, "daily_bytes_reached"),
        ({"max_stored_bytes": 1500}, "storage_full"),
    ],
)
def test_an_organisation_has_its_limits(
    kit: Kit, configured: Callable[..., None], limit: dict[str, int], code: str
) -> None:
    configured(**limit)
    assert kit.sender.create("一.pdf", 1000, purpose="self_assessment").status_code == 201
    refused = kit.sender.create("二.pdf", 1000, purpose="self_assessment")
    assert (refused.status_code, refused.get_json()["code"]) == (422, code)
    other = kit.people.member(kit.people.organisation())
    sender = Sender(kit.app.test_client(), kit.people.bearer(other))
    assert sender.create("一.pdf", 1000, purpose="self_assessment").status_code == 201


# Secrecy ------------------------------------------------------------------------------------------------------------


def test_no_word_of_a_question_leaves_the_sealed_file(
    kit: Kit, mail_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the upload to the officer's page: not in logs, mails, metrics, any table, nor plain in any bucket."""
    stems = [f"机密题干{n}之内容" for n in range(12)]
    options = [f"绝密选项{n}" for n in range(12)]
    rows = [["单选题", stem, "ABCD"[n % 4], options[n], "乙", "丙", "丁"] for n, stem in enumerate(stems)]
    # Faults make the checks talk: an answer that is none, and one question twice.
    rows += [["单选题", stems[0], "绝密答案", "甲", "乙", "丙", "丁"], rows[1]]
    everything = runner(kit.worker_app, without=())
    content = workbook(rows)
    kit.check(NAME, content, subject=kit.item)
    kit.deliver(workbook(rows[:12]))
    everything()
    client = kit.people.sign_in(kit.app.test_client(), kit.officer)
    client.get(client.get(kit.file_address()).headers.get("Location", "/"))
    metrics = kit.app.test_client().get("/metrics").text
    written = capfd.readouterr()
    mails = [
        str(part.get_content())
        for path in mail_folder.glob("*.eml")
        for part in email.message_from_bytes(path.read_bytes(), policy=email.policy.default).walk()
        if part.get_content_maintype() == "text"
    ]
    assert "job_done" in written.out + written.err, "the logs were looked at"
    with kit.as_system():
        names = list(db.session.scalars(text("select tablename from pg_tables where schemaname = 'public'")))
        tables = [str(db.session.execute(text(f'select t::text from "{name}" t')).all()) for name in names]
        objects = b"".join(kit.stored(*place) for place in kit.places())
    places = {
        "log": written.out + written.err,
        "mails": "\n".join(mails),
        "metrics": metrics,
        "tables": "\n".join(tables),
    }
    for secret in ("机密题干", "绝密"):
        assert secret.encode() not in objects
        for place, said in places.items():
            assert secret not in said, place
            assert secret.encode("unicode_escape").decode() not in said, place


# The end ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ended(kit: Kit) -> uuid.UUID:
    """A delivered bank whose item was eliminated; the upload's id."""
    upload_id = kit.deliver(good_bank())
    with kit.as_system():
        db.session.get_one(ApplicationItem, kit.item).state = "naturally_eliminated"
        db.session.commit()
    return upload_id


def test_a_bank_is_destroyed_when_its_time_is_over_and_that_is_certified(kit: Kit, ended: uuid.UUID) -> None:
    now = clock.now()
    with kit.as_system():
        _events_of_application(kit, at=now)
        places = kit.places()
        assert list(retention.list_due(now=now + timedelta(days=364))) == []
        later = now + timedelta(days=366)
        due = list(retention.list_due(now=later))
        assert [(one.item.id, len(one.uploads), len(one.files)) for one in due] == [(kit.item, 1, 1)]
        sha256 = due[0].uploads[0].sha256
        assert len(retention.purge_due(by="测试", now=later)) == 1
        assert retention.purge_due(by="测试", now=later) == []
        assert kit.places() == [], "the keys are gone with the transaction"
        record = db.session.scalars(select(PurgeRecord)).one()
        assert (record.rule, record.files[0]["sha256"], record.files[0]["copies"]) == ("R65", sha256, 2)
        file = db.session.scalars(select(DossierFile)).one()
        with pytest.raises(ObjectGone):
            reading.open_stream(file)
    kit.work()
    for place in places:
        with pytest.raises(ObjectGone):
            kit.store.size_of(*place)
    with kit.as_system():
        told = db.session.scalars(select(Event).where(Event.name == "files_purged")).one()
        assert (told.organisation_id, told.data["hashes"]) == (kit.owner.organisation_id, [sha256])
        documents = text("select count(*) from documents where kind = 'purge_certificate' and subject_id = :id")
        assert db.session.scalar(documents, {"id": str(record.id)}) == 1
    address = f"/custody/purges/{record.id}"
    for person in (kit.owner, kit.officer):
        client = kit.people.sign_in(kit.app.test_client(), person)
        assert address in client.get("/custody/purges").text
        shown = client.get(address)
        assert (shown.status_code, sha256 in shown.text) == (200, True)
    for stranger in (kit.people.member(kit.people.organisation()), kit.people.official("370100")):
        client = kit.people.sign_in(kit.app.test_client(), stranger)
        assert address not in client.get("/custody/purges").text
        assert client.get(address).status_code == 404


def test_a_lead_names_the_security_contact(kit: Kit) -> None:
    client = kit.people.sign_in(kit.app.test_client(), kit.people.official("370200", Role.lead))
    refused = client.post("/custody/contact", data={"email": "nobody"})
    assert (refused.status_code, "不是邮箱地址" in refused.text) == (422, True)
    assert client.post("/custody/contact", data={"email": " Sec@Bureau.example "}).status_code == 303
    assert 'value="sec@bureau.example"' in client.get("/custody/contact").text
    assert client.post("/custody/contact", data={"email": ""}).status_code == 303
    officer = kit.people.sign_in(kit.app.test_client(), kit.officer)
    assert officer.post("/custody/contact", data={"email": "a@b.cn"}).status_code == 403


def _events_of_application(kit: Kit, *, at: Any) -> None:
    """The factory makes records without their history: give the application one."""
    from tenants import events
    from tenants.scope import SYSTEM_ACTOR

    item = db.session.get_one(ApplicationItem, kit.item)
    events.record(
        "item_eliminated", actor=SYSTEM_ACTOR, now=at, subject_type="application", subject_id=item.application_id
    )
    db.session.commit()


def test_without_its_key_a_file_is_locked_for_ever(kit: Kit) -> None:
    upload_id = kit.check("一.pdf", pdf(), purpose="self_assessment")
    with kit.as_system():
        upload = db.session.get_one(Upload, upload_id)
        with kit.worker_app.app_context(), scope.use(SYSTEM):
            db.session.query(StoredObject).delete()
            db.session.commit()
        assert kit.store.size_of(upload.bucket, upload.key) > 0
        with pytest.raises(reading.Locked):
            reading.open_stream(upload)


def test_the_copy_of_a_file_destroyed_before_is_destroyed_with_its_item(kit: Kit, ended: uuid.UUID) -> None:
    now = clock.now()
    with kit.as_system():
        _events_of_application(kit, at=now)
        upload = db.session.scalars(select(Upload)).one()
        upload.removed_at = upload.created_at - timedelta(days=60)
        db.session.commit()
        assert purging.purge_removed(now=now) == 1
        (copy,) = kit.places()
        assert len(retention.purge_due(by="测试", now=now + timedelta(days=366))) == 1
        assert kit.places() == []
        record = db.session.scalars(select(PurgeRecord)).one()
        assert [(one["name"], one["copies"]) for one in record.files] == [(upload.name, 1)]
    kit.work()
    with pytest.raises(ObjectGone):
        kit.store.size_of(*copy)


def test_files_taken_away_are_destroyed_after_their_time(kit: Kit) -> None:
    upload_id = kit.check("一.pdf", pdf(), purpose="self_assessment")
    answer = kit.sender.client.delete(f"/api/v1/uploads/{upload_id}", headers=kit.sender.headers)
    assert answer.status_code == 204
    with kit.as_system():
        (place,) = kit.places()
        assert purging.purge_removed(now=clock.now() + timedelta(days=29)) == 0
        assert purging.purge_removed(now=clock.now() + timedelta(days=31)) == 1
        assert kit.places() == []
    kit.work()
    with pytest.raises(ObjectGone):
        kit.store.size_of(*place)
