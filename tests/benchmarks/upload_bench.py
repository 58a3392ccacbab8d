"""200 MB through the product against minio's own `fput_object` of the same file to the same store in the same run.

Ours: create, PUT the parts in parallel as the browser does, complete; and on until the file is checked and kept, once
with encryption and scanning off and once with encryption on. The peak memory of the web process while it happens stands
beside it: no byte of the file passes through it.

A ratio is the median of the rounds' own ratios: in a round the two follow each other directly, first one then the other
by turns, so that a machine that is slower for a minute is so for both. Nothing of the round before may still be going
on: the store deletes a quarantined object by and by, and what it still has to delete slows down whoever comes next.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlparse

import urllib3
from minio import Minio

from app.config import MIB
from app.db import db
from tenants import scope
from tenants.scope import SYSTEM, Role
from tests.benchmarks.rows import Row
from tests.benchmarks.world import World, family_rss, running
from tests.factories.people import People
from uploads.models import Upload

SIZE = 200 * MIB
# Even, so that each goes first as often.
ROUNDS = 6
PARALLEL = 4
BUCKET = "bench-peer"


def measure(rounds: int = ROUNDS) -> list[Row]:
    """The rows `upload`, `upload_checked`, `upload_web_memory` (plain) and `upload_checked_sealed`; rates in MB/s."""
    with running(CUSTODY_ENCRYPTION="off", CLAMD_URL="") as world:
        plain = _run(world, rounds)
    with running(CUSTODY_ENCRYPTION="on", CLAMD_URL="") as world:
        sealed = _run(world, rounds)
    memory = (round(plain.peak / MIB, 1), round(plain.idle / MIB, 1))
    return [
        plain.row("upload", plain.sent),
        plain.row("upload_checked", plain.checked),
        sealed.row("upload_checked_sealed", sealed.checked),
        Row("upload_web_memory", memory[0], "MiB", memory[1], round(memory[1] / memory[0], 3), rounds),
    ]


@dataclass
class _Times:
    """Seconds of each round, and bytes resident of the web process."""

    size: int
    theirs: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    checked: list[float] = field(default_factory=list)
    idle: int = 0
    peak: int = 0

    def row(self, name: str, ours: list[float]) -> Row:
        """Medians of the rates; the ratio is the median of the rounds' ratios."""
        value, peer = (self.size / 1e6 / median(seconds) for seconds in (ours, self.theirs))
        ratio = median(their / our for their, our in zip(self.theirs, ours, strict=True))
        return Row(name, round(value, 3), "MB/s", round(peer, 3), round(ratio, 3), len(ours))


def _run(world: World, rounds: int) -> _Times:
    web = world.start_web()
    world.start_workers(2)
    people = People(world.app)
    headers = people.bearer(people.member(people.organisation(), Role.editor))
    path = world.settings.home / "200mb.pdf"
    _write_file(path)
    peer, product = _peer(world), _Product(world, headers, path)
    product.settle(product.upload())
    peer.fput_object(BUCKET, "warm-up", str(path))
    times = _Times(path.stat().st_size, idle=family_rss(web.pid))

    def send_yardstick(number: int) -> None:
        began = time.perf_counter()
        peer.fput_object(BUCKET, f"peer-{number}", str(path))
        times.theirs.append(time.perf_counter() - began)

    def send_product(number: int) -> None:
        began = time.perf_counter()
        upload_id = product.upload()
        times.sent.append(time.perf_counter() - began)
        product.wait_checked(upload_id)
        times.checked.append(time.perf_counter() - began)
        product.settle(upload_id)

    with _peak_rss(web.pid) as peak:
        for number in range(rounds):
            # By turns and with a clean disk before each: a slow moment of the machine falls on both alike.
            for send in (send_yardstick, send_product)[:: 1 if number % 2 else -1]:
                os.sync()
                send(number)
    times.peak = peak[0]
    return times


def _write_file(path: Path) -> None:
    """A PDF of one page with a long random stream, whole enough to be taken."""
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n")
        places = [0]
        filler = (SIZE // MIB - 1) * MIB
        for body in (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
            b"<</Length %d>>" % filler,
        ):
            places.append(file.tell())
            file.write(b"%d 0 obj%s" % (len(places) - 1, body))
            if len(places) == 5:
                file.write(b"stream\n")
                for _ in range(filler // MIB):
                    file.write(os.urandom(MIB))
                file.write(b"\nendstream\n")
            file.write(b"endobj\n")
        start = file.tell()
        file.write(b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places[1:]))
        file.write(b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)


def _peer(world: World) -> Minio:
    parsed = urlparse(world.settings.s3_endpoint)
    client = Minio(
        parsed.netloc,
        access_key=world.settings.s3_access_key,
        secret_key=world.settings.s3_secret_key,
        secure=parsed.scheme == "https",
    )
    client.make_bucket(BUCKET)
    return client


class _Product:
    def __init__(self, world: World, headers: dict[str, str], path: Path) -> None:
        self._world = world
        self._api = f"{world.url}/api/v1/uploads"
        self._headers = headers
        self._path = path
        self._http = urllib3.PoolManager(maxsize=PARALLEL)

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body else None
        answer = self._http.request(method, url, body=data, headers=self._headers)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {url}: {answer.status} {answer.data[:300]!r}")
        return json.loads(answer.data)

    def upload(self) -> str:
        """Create, send all parts, complete; the id."""
        body = {"name": self._path.name, "size": self._path.stat().st_size, "purpose": "self_assessment"}
        ticket = self._call("POST", self._api, body)
        with ThreadPoolExecutor(PARALLEL) as pool:
            parts = list(pool.map(lambda part: self._send(part, ticket["part_size"]), ticket["parts"]))
        self._call("POST", f"{self._api}/{ticket['id']}/complete", {"parts": parts})
        return str(ticket["id"])

    def _send(self, part: dict[str, Any], part_size: int) -> dict[str, Any]:
        with self._path.open("rb") as file:
            file.seek((part["number"] - 1) * part_size)
            answer = self._http.request("PUT", part["url"], body=file.read(part_size))
        if answer.status != 200:
            raise RuntimeError(f"part {part['number']}: {answer.status}")
        return {"number": part["number"], "etag": answer.headers["ETag"]}

    def settle(self, upload_id: str) -> None:
        """Return when nothing of this upload is still going on: checked, and gone from quarantine."""
        self.wait_checked(upload_id)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with self._world.app.app_context(), scope.use(SYSTEM):
                upload = db.session.get_one(Upload, uuid.UUID(upload_id))
                if upload.quarantine is None:
                    return
            time.sleep(0.1)
        raise RuntimeError("the quarantine was not cleared in two minutes")

    def wait_checked(self, upload_id: str) -> None:
        """Return when the file is checked; RuntimeError when it is rejected or takes two minutes."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status = self._call("GET", f"{self._api}/{upload_id}")
            if status["state"] == "checked":
                return
            if status["state"] == "rejected":
                raise RuntimeError(f"rejected: {status['reasons']}")
            time.sleep(0.05)
        raise RuntimeError("not checked in two minutes")


@contextmanager
def _peak_rss(pid: int) -> Iterator[list[int]]:
    """The largest resident size of the process and its children seen inside the block, bytes."""
    peak, over = [family_rss(pid)], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            peak[0] = max(peak[0], family_rss(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
