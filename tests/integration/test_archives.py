"""A dossier as one ZIP: whole and verifiable, only for those who may open its files, each download written down."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.db import db
from tenants.events import Event
from tenants.scope import Role
from tests.factories.files import Sender
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_uploads_intake import good_bank, workbook
from uploads.archiving import ChangedInStore
from uploads.models import DossierFile, ReviewTask

NAMES = ("自评表.xlsx", "佐证 材料:一.xlsx", "佐证 材料:一.xlsx")


@dataclass
class Handed:
    """A self-assessment and a bank, delivered to Qingdao."""

    app: Flask
    people: People
    owner: Person
    officer: Person
    work: Callable[[], int]
    dossier_id: str = ""
    bank_id: str = ""

    def get(self, person: Person, path: str) -> Any:
        return self.people.sign_in(self.app.test_client(), person).get(path)

    def task_of(self, dossier_id: str) -> uuid.UUID:
        with self.people.as_system():
            return db.session.scalars(select(ReviewTask.id).where(ReviewTask.dossier_id == uuid.UUID(dossier_id))).one()

    def downloads(self) -> list[Event]:
        with self.people.as_system():
            query = select(Event).where(Event.name == "dossier_file_downloaded").order_by(Event.id)
            return list(db.session.scalars(query))


@pytest.fixture
def handed(app: Flask, people: People, worker_app: Flask) -> Handed:
    owner = people.member(people.organisation(), Role.owner)
    assert owner.organisation_id is not None
    work, lifecycle = runner(worker_app), Lifecycle(people)
    cycle_id = lifecycle.renewal(owner.organisation_id, code="S000037000182")
    incubatee = lifecycle.incubatee(owner.organisation_id, signer=owner.actor)
    sender = Sender(app.test_client(), people.bearer(owner))
    made = Handed(app, people, owner, people.official("370200"), work)

    def hand_in(kind: str, subject: uuid.UUID, files: list[tuple[str, bytes]]) -> str:
        ids = [sender.upload(name, content, purpose=kind, subject=subject) for name, content in files]
        work()
        answer = sender.client.post(
            "/api/v1/dossiers",
            json={"kind": kind, "subject_id": str(subject), "upload_ids": ids},
            headers=sender.headers | {"Idempotency-Key": uuid.uuid4().hex},
        )
        assert answer.status_code == 201, answer.text
        work()
        return str(answer.get_json()["id"])

    files = [(name, workbook([[str(number)]], ["指标"])) for number, name in enumerate(NAMES)]
    made.dossier_id = hand_in("self_assessment", cycle_id, files)
    made.bank_id = hand_in("question_bank", incubatee.item_ids[0], [("题库.xlsx", good_bank())])
    return made


def _check_whole(data: bytes, dossier_id: str) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        told = json.loads(archive.read("manifest.json"))
        lines = archive.read("SHA256SUMS").decode().splitlines()
        sums = {path: expected for expected, _, path in (line.partition("  ") for line in lines)}
        for path, expected in sums.items():
            assert hashlib.sha256(archive.read(path)).hexdigest() == expected
        for file in told["files"]:
            if file["included"]:
                content = archive.read(file["path"])
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
                assert hashlib.new("sm3", content).hexdigest() == file["sm3"]
        assert told["submission_manifest"]["sha256"] == sums["submission-manifest.json"]
        page = archive.read("index.html").decode()
        assert told["number"] in page
        assert "<script" not in page
        return dict(told)


def test_both_sides_take_the_same_files_away_and_each_is_written_down(handed: Handed) -> None:
    task = handed.task_of(handed.dossier_id)
    for person, path in (
        (handed.officer, f"/bureau/reviews/{task}/archive.zip"),
        (handed.owner, f"/org/dossiers/{handed.dossier_id}.zip"),
    ):
        answer = handed.get(person, path)
        assert answer.status_code == 200
        data = answer.data
        assert int(answer.headers["Content-Length"]) == len(data)
        told = _check_whole(data, handed.dossier_id)
        assert [file["path"] for file in told["files"]] == [
            "files/01-自评表.xlsx",
            "files/02-佐证 材料_一.xlsx",
            "files/03-佐证 材料_一.xlsx",
        ]
    rows = handed.downloads()
    assert [(row.actor_kind, row.data["name_of_file"], row.data["purpose"]) for row in rows] == [
        (side, name, "archive") for side in ("bureau", "organisation") for name in NAMES
    ]


def test_a_bank_is_listed_with_its_hash_but_its_bytes_stay_where_they_are(handed: Handed) -> None:
    answer = handed.get(handed.officer, f"/bureau/reviews/{handed.task_of(handed.bank_id)}/archive.zip")
    told = _check_whole(answer.data, handed.bank_id)
    (file,) = told["files"]
    assert (file["included"], file["path"], file["name"]) == (False, None, "题库.xlsx")
    assert file["sha256"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("files/")]
    assert handed.downloads() == []


def test_nobody_else_finds_them(handed: Handed) -> None:
    task = handed.task_of(handed.dossier_id)
    assert handed.owner.organisation_id is not None
    colleague = handed.people.member(handed.owner.organisation_id, Role.viewer)
    stranger, elsewhere = handed.people.member(handed.people.organisation()), handed.people.official("370100")
    own, theirs = f"/org/dossiers/{handed.dossier_id}.zip", f"/bureau/reviews/{task}/archive.zip"
    statuses = {
        (who, path): handed.get(person, path).status_code
        for who, person in (("colleague", colleague), ("stranger", stranger), ("elsewhere", elsewhere))
        for path in (own, theirs)
    }
    assert statuses.pop(("colleague", own)) == 200
    assert set(statuses.values()) == {404}


def test_a_file_that_was_changed_in_the_store_is_never_handed_over_as_whole(handed: Handed) -> None:
    with handed.people.as_system():
        db.session.execute(update(DossierFile).where(DossierFile.name == NAMES[0]).values(sha256="0" * 64))
        db.session.commit()
    with pytest.raises(ChangedInStore):
        assert not handed.get(handed.owner, f"/org/dossiers/{handed.dossier_id}.zip").data
