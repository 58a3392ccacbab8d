"""Submit → in the bureau's inbox for 500 dossiers, against 500 no-op RQ jobs on the same workers.

The flood before a closing date: 500 dossiers have been submitted while their bureau had paused its intake; the clock
runs from the moment it opens to the last task in its inbox, through everything: outbox, relay, the copy into the
bureau's bucket, states, events and notices. The yardstick runs from the first enqueueing of a job that does nothing to
the end of the last one, on the same two `sheping worker` processes. Mails wait meanwhile, for both.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlparse

from minio import Minio
from redis import Redis
from rq import Queue
from sqlalchemy import func, select, text

from app import clock
from app.db import db
from app.lifecycle.submissions import services
from app.outbox import OutboxMessage
from tenants import scope
from tenants.models import Organisation
from tenants.scope import SYSTEM, Role
from tests.benchmarks.rows import Row
from tests.benchmarks.world import World, running
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People, Person
from uploads.models import ReviewTask, Upload, UploadState

DOSSIERS = 500
WORKERS = 2
PER_ORGANISATION = 50
BUREAU = "370200"
ROUNDS = 3
FILE_BYTES = 20_000
LIMIT_SECONDS = 300


@dataclass(frozen=True)
class _Ready:
    owner: Person
    item_id: uuid.UUID
    upload_id: uuid.UUID


def measure(dossiers: int = DOSSIERS, rounds: int = ROUNDS) -> list[Row]:
    """The row `inbox`: dossiers a second against jobs a second, medians of the rounds."""
    with running() as world:
        redis = Redis.from_url(world.settings.redis_url)
        world.start_workers(WORKERS, "bureaus", "default", "intake")
        people = People(world.app)
        people.official(BUREAU)
        ours, theirs = [], []
        for _ in range(rounds):
            ready = _prepare(world, people, dossiers)
            _pause(world, True)
            for one in ready:
                _submit(world, one)
            _wait(lambda: _waiting(world, "default", "intake") == 0)
            theirs.append(_no_ops(redis, dossiers))
            before = _tasks(world)
            began = time.perf_counter()
            _pause(world, False)
            _wait(lambda before=before: _tasks(world) == before + dossiers)
            ours.append(time.perf_counter() - began)
        value, peer = (dossiers / median(seconds) for seconds in (ours, theirs))
        return [Row.of_rates("inbox", value, "1/s", peer, dossiers)]


def _no_ops(redis: Redis, count: int) -> float:
    queue = Queue("default", connection=redis, serializer="json")
    began = time.perf_counter()
    for _ in range(count):
        queue.enqueue("os.getpid", result_ttl=0)
    _wait(lambda: len(queue) == 0 and queue.started_job_registry.count == 0)
    return time.perf_counter() - began


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not done in {LIMIT_SECONDS} seconds")
        time.sleep(0.02)


def _prepare(world: World, people: People, dossiers: int) -> list[_Ready]:
    """As many items of several organisations, each with a checked file in the store."""
    ready: list[_Ready] = []
    for start in range(0, dossiers, PER_ORGANISATION):
        owner = people.member(people.organisation(city=BUREAU), Role.owner)
        assert owner.organisation_id is not None
        count = min(PER_ORGANISATION, dossiers - start)
        incubatee = Lifecycle(people).incubatee(owner.organisation_id, items=count, signer=owner.actor)
        with world.app.app_context(), scope.use(SYSTEM):
            bucket = db.session.get_one(Organisation, owner.organisation_id).bucket
            uploads = [_upload(owner, item_id, bucket) for item_id in incubatee.item_ids]
            db.session.add_all(uploads)
            db.session.flush()
            _put(world, bucket, [upload.key for upload in uploads])
            ready += [_Ready(owner, upload.subject_id, upload.id) for upload in uploads if upload.subject_id]
            db.session.commit()
    return ready


def _upload(owner: Person, item_id: uuid.UUID, bucket: str) -> Upload:
    now, content = clock.now(), bytes(FILE_BYTES)
    return Upload(
        id=uuid.uuid4(),
        organisation_id=owner.organisation_id,
        created_by=owner.user_id,
        purpose="question_bank",
        subject_id=item_id,
        name="题库.pdf",
        declared_size=FILE_BYTES,
        part_size=8 << 20,
        bucket=bucket,
        key=uuid.uuid4().hex,
        multipart_id="none",
        state=UploadState.checked,
        size=FILE_BYTES,
        sha256=hashlib.sha256(content).hexdigest(),
        sm3=hashlib.new("sm3", content).hexdigest(),
        type="pdf",
        mime="application/pdf",
        scan="skipped",
        reasons=[],
        created_at=now,
        expires_at=now,
    )


def _put(world: World, bucket: str, keys: list[str]) -> None:
    parsed = urlparse(world.settings.s3_endpoint)
    settings = world.settings
    client = Minio(parsed.netloc, settings.s3_access_key, settings.s3_secret_key, secure=parsed.scheme == "https")
    if not client.bucket_exists(bucket):
        client.make_bucket(bucket)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: client.put_object(bucket, key, io.BytesIO(bytes(FILE_BYTES)), FILE_BYTES), keys))


def _submit(world: World, one: _Ready) -> None:
    with world.app.app_context(), scope.use(SYSTEM):
        services.submit_dossier(
            actor=one.owner.actor,
            kind="question_bank",
            subject_id=one.item_id,
            upload_ids=[one.upload_id],
            idempotency_key=uuid.uuid4().hex,
            now=clock.now(),
        )
        db.session.commit()


def _pause(world: World, paused: bool) -> None:
    with world.app.app_context(), scope.use(SYSTEM):
        statement = text("update authorities set paused_at = case when :paused then now() end where code = :code")
        db.session.execute(statement, {"paused": paused, "code": BUREAU})
        db.session.commit()


def _waiting(world: World, *queues: str) -> int:
    """Rows that could run now; those put off to a later time are not waited for."""
    with world.app.app_context(), scope.use(SYSTEM):
        query = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.queue.in_(queues))
        ready = query.where(OutboxMessage.state.in_(("pending", "enqueued")), OutboxMessage.available_at <= func.now())
        return db.session.scalar(ready) or 0


def _tasks(world: World) -> int:
    with world.app.app_context(), scope.use(SYSTEM):
        return db.session.scalar(select(func.count()).select_from(ReviewTask)) or 0


if __name__ == "__main__":
    from tests.benchmarks.rows import show

    show(measure(int(os.environ.get("DOSSIERS", DOSSIERS)), int(os.environ.get("ROUNDS", ROUNDS))))
