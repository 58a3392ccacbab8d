"""What is killed in the middle is done once all the same: real workers, real kill -9, a real gap in Redis."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from app import outbox
from app.config import MIB, ROOT, Config
from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from app.outbox import OutboxMessage
from tenants import scope
from tenants.events import Event
from tenants.scope import SYSTEM, Role
from tests.factories.files import Sender, pdf
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People
from tests.integration.test_uploads_intake import good_bank
from uploads.custody import reading
from uploads.custody.cipher import sealed_size
from uploads.custody.models import StoredObject
from uploads.models import Dossier, DossierFile, ReviewTask, Upload
from uploads.store import ObjectGone
from uploads.transfer import quarantine_of

pytestmark = pytest.mark.chaos
SECONDS = 60
# A worker of the test's own: it stops for ever at the named place, so that it is killed exactly there.
HANG = """
import sys, time, pathlib
import uploads.store as store
mark = pathlib.Path(sys.argv[1])
real = store.ObjectStore.{name}
def hang(self, *place):
    {body}
store.ObjectStore.{name} = hang
sys.argv = ["sheping", "worker"]
from app.__main__ import main
main()
"""
HANG_READING = HANG.format(
    name="stream",
    body="""
    for number, piece in enumerate(real(self, *place)):
        yield piece
        if number == 2:
            mark.touch()
            time.sleep(600)
""",
)
HANG_COPIED = HANG.format(
    name="copy",
    body="""
    real(self, *place)
    mark.touch()
    time.sleep(600)
""",
)
HANG_SEALED = HANG.format(
    name="put",
    body="""
    real(self, *place)
    mark.touch()
    time.sleep(600)
""",
)
HANG_CLEARED = HANG.format(
    name="remove",
    body="""
    real(self, *place)
    mark.touch()
    time.sleep(600)
""",
)


@pytest.fixture
def environ(stack_env: dict[str, str]) -> dict[str, str]:
    """What a process of the service is given."""
    return {**os.environ, **stack_env, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes of a test, with their children, ended after it."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a worker and of the process it has forked for its job, which leads a group of its own."""
    for pid in (process.pid, *_children(process.pid)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def _wait(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        time.sleep(0.05)


class Kit:
    """One organisation with an item, and the means to break things."""

    def __init__(self, app: Flask, worker_app: Flask, people: People) -> None:
        self.worker_app = worker_app
        self.settings: Config = worker_app.config["SHEPING"]
        self.redis = Redis.from_url(self.settings.redis_url)
        self.redis.flushdb()
        self.work = runner(worker_app)
        owner = people.member(people.organisation(), Role.owner)
        assert owner.organisation_id is not None
        self.item_id = Lifecycle(people).incubatee(owner.organisation_id, signer=owner.actor).item_ids[0]
        self.sender = Sender(app.test_client(), people.bearer(owner))

    def relay(self) -> int:
        """What the scheduler does all the time."""
        with self.worker_app.app_context(), scope.use(SYSTEM):
            return outbox.relay(self.redis)

    def sweep(self) -> int:
        """What the scheduler does now and then, as if the rows had been waiting for long."""
        with self.worker_app.app_context(), scope.use(SYSTEM):
            return outbox.sweep(self.redis, stale_seconds=0)

    def submit(self, upload_id: str) -> str:
        body = {"kind": "question_bank", "subject_id": str(self.item_id), "upload_ids": [upload_id]}
        headers = self.sender.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.sender.client.post("/api/v1/dossiers", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def count(self, model: type, *conditions: object) -> int:
        with self.worker_app.app_context(), scope.use(SYSTEM):
            return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]


@pytest.fixture
def kit(app: Flask, worker_app: Flask, people: People) -> Kit:
    return Kit(app, worker_app, people)


def _hanging_worker(
    script: str, mark: Path, environ: dict[str, str], processes: list[subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(mark)],
        env=environ,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    processes.append(process)
    return process


def test_a_worker_killed_while_it_reads_a_file(
    kit: Kit, environ: dict[str, str], processes: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    content = pdf(filler=os.urandom(6 * MIB))
    upload_id = kit.sender.upload("大.pdf", content)
    mark = tmp_path / "reading"
    process = _hanging_worker(HANG_READING, mark, environ, processes)
    _wait("the worker to be reading", lambda: bool(kit.relay() or True) and mark.exists())
    _kill(process)
    assert kit.sender.status(upload_id)["state"] == "checking"
    _wait("the database to notice", lambda: kit.sweep() >= 1)
    kit.work()
    status = kit.sender.status(upload_id)
    assert (status["state"], status["size"]) == ("checked", len(content))
    assert kit.count(Event, Event.name == "upload_checked") == 1
    folder = kit.settings.home / "tmp"
    left = list(folder.glob("intake-*"))
    assert len(left) == 1, "a killed process cannot tidy up"
    os.utime(left[0], (0, 0))
    kit.sender.upload("下一个.pdf", pdf())
    kit.work()
    assert list(folder.glob("intake-*")) == []


def test_a_worker_killed_between_the_copy_and_the_task(
    kit: Kit, environ: dict[str, str], processes: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    upload_id = kit.sender.upload("题库.xlsx", good_bank(), subject=kit.item_id)
    kit.work()
    dossier_id = kit.submit(upload_id)
    mark = tmp_path / "copied"
    process = _hanging_worker(HANG_COPIED, mark, environ, processes)
    _wait("the worker to have copied", lambda: bool(kit.relay() or True) and mark.exists())
    _kill(process)
    assert kit.count(ReviewTask) == 0
    _wait("the database to notice", lambda: kit.sweep() >= 1)
    kit.work()
    assert kit.count(ReviewTask) == 1
    assert kit.count(Event, Event.name == "dossier_delivered") == 1
    with kit.worker_app.app_context(), scope.use(SYSTEM):
        assert db.session.get_one(Dossier, uuid.UUID(dossier_id)).state == "delivered"
        assert db.session.get_one(ApplicationItem, kit.item_id).bank_state == "dispatched"
        file = db.session.scalars(select(DossierFile)).one()
        assert hashlib.sha256(b"".join(reading.open_stream(file))).hexdigest() == file.sha256


@pytest.mark.parametrize("script", [HANG_SEALED, HANG_CLEARED], ids=["sealed", "cleared"])
def test_a_worker_killed_between_the_steps_of_keeping_a_file(
    kit: Kit, environ: dict[str, str], processes: list[subprocess.Popen[bytes]], tmp_path: Path, script: str
) -> None:
    content = good_bank()
    upload_id = uuid.UUID(kit.sender.upload("题库.xlsx", content, subject=kit.item_id))
    mark = tmp_path / "kept"
    process = _hanging_worker(script, mark, environ, processes)
    _wait("the worker to be there", lambda: bool(kit.relay() or True) and mark.exists())
    _kill(process)
    _wait("the database to notice", lambda: kit.sweep() >= 1)
    kit.work()
    assert kit.sender.status(str(upload_id))["state"] == "checked"
    assert kit.count(Event, Event.name == "upload_checked") == 1
    assert kit.count(StoredObject) == 1
    with kit.worker_app.app_context(), scope.use(SYSTEM):
        upload = db.session.get_one(Upload, upload_id)
        assert (upload.sealed, upload.quarantine) == (True, None)
        assert b"".join(reading.open_stream(upload)) == content
        store = kit.worker_app.extensions["sheping_store"]
        with pytest.raises(ObjectGone):
            store.size_of(quarantine_of(upload.bucket), upload.key)
        assert store.size_of(upload.bucket, upload.key) == sealed_size(len(content))
    for left in (kit.settings.home / "tmp").glob("intake-*"):
        left.unlink()


def test_a_lost_redis_loses_nothing(kit: Kit) -> None:
    upload_id = kit.sender.upload("题库.xlsx", good_bank(), subject=kit.item_id)
    kit.work()
    kit.submit(upload_id)
    assert kit.relay() > 0
    kit.redis.flushall()
    assert kit.sweep() > 0
    kit.work()
    assert kit.count(ReviewTask) == 1


def test_without_redis_a_person_can_still_upload_and_submit(
    kit: Kit, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Config = app.config["SHEPING"]
    broken = type(settings)(**{**settings.__dict__, "redis_url": "redis://127.0.0.1:1/0"})
    monkeypatch.setitem(app.config, "SHEPING", broken)
    upload_id = kit.sender.upload("题库.xlsx", good_bank(), subject=kit.item_id)
    kit.work()
    kit.submit(upload_id)
    kit.work()
    assert kit.count(ReviewTask) == 1


def test_two_workers_on_one_delivery_make_one_task(kit: Kit) -> None:
    import threading

    from app.lifecycle.submissions.jobs import deliver

    upload_id = kit.sender.upload("题库.xlsx", good_bank(), subject=kit.item_id)
    kit.work()
    dossier_id = kit.submit(upload_id)
    barrier, failures = threading.Barrier(2), []

    def work() -> None:
        with kit.worker_app.app_context(), scope.use(SYSTEM):
            try:
                barrier.wait()
                deliver(dossier_id=dossier_id)
                db.session.commit()
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert kit.count(ReviewTask) == 1
    assert kit.count(Event, Event.name == "dossier_delivered") == 1


def test_the_rows_of_the_outbox_are_acknowledged(kit: Kit) -> None:
    kit.sender.upload("题库.xlsx", good_bank(), subject=kit.item_id)
    kit.work()
    assert kit.count(OutboxMessage, OutboxMessage.queue == "intake", OutboxMessage.state == "done") == 1
    assert kit.count(Upload, Upload.state == "checked") == 1
