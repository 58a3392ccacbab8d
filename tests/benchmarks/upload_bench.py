"""200 MB through the product against minio's own `fput_object` of the same file to the same store in the same run.

Ours: create, PUT the parts in parallel as the browser does, complete; and on until the file is checked. The peak
memory of the web process while it happens stands beside it: no byte of the file passes through it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlparse

import urllib3
from minio import Minio

from app.config import MIB
from tenants.scope import Role
from tests.benchmarks.rows import Row
from tests.benchmarks.world import World, family_rss, running
from tests.factories.people import People

SIZE = 200 * MIB
ROUNDS = 5
PARALLEL = 4
BUCKET = "bench-peer"


def measure(rounds: int = ROUNDS) -> list[Row]:
    """The rows `upload`, `upload_checked` and `upload_web_memory`; rates in MB/s, medians of the rounds."""
    with running() as world:
        web = world.start_web()
        world.start_workers(2)
        people = People(world.app)
        headers = people.bearer(people.member(people.organisation(), Role.editor))
        path = world.settings.home / "200mb.pdf"
        _write_file(path)
        peer = _peer(world)
        product = _Product(world, headers, path)
        product.upload()
        peer.fput_object(BUCKET, "warm-up", str(path))
        idle = family_rss(web.pid)
        ours: list[float] = []
        checked: list[float] = []
        theirs: list[float] = []

        def send_yardstick(number: int) -> None:
            began = time.perf_counter()
            peer.fput_object(BUCKET, f"peer-{number}", str(path))
            theirs.append(time.perf_counter() - began)

        def send_product(number: int) -> None:
            began = time.perf_counter()
            upload_id = product.upload()
            ours.append(time.perf_counter() - began)
            product.wait_checked(upload_id)
            checked.append(time.perf_counter() - began)

        with _peak_rss(web.pid) as peak:
            for number in range(rounds):
                # By turns and with a clean disk before each: a slow moment of the machine falls on both alike.
                for send in (send_yardstick, send_product)[:: 1 if number % 2 else -1]:
                    os.sync()
                    send(number)
        value, value_checked, yardstick = (SIZE / 1e6 / median(seconds) for seconds in (ours, checked, theirs))
        memory = (round(peak[0] / MIB, 1), round(idle / MIB, 1))
        return [
            Row.of_rates("upload", value, "MB/s", yardstick, rounds),
            Row.of_rates("upload_checked", value_checked, "MB/s", yardstick, rounds),
            Row("upload_web_memory", memory[0], "MiB", memory[1], round(memory[1] / memory[0], 3), rounds),
        ]


def _write_file(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        for _ in range(SIZE // MIB - 1):
            file.write(os.urandom(MIB))
        file.write(os.urandom(MIB - 15) + b"\n%%EOF")


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
        body = {"name": self._path.name, "size": SIZE, "purpose": "self_assessment"}
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
