"""The object store: MinIO or any S3, one bucket a tenant and one a bureau; keys are random, names stay in the database.

Bytes go from the browser straight to the store by pre-signed part addresses (design.md section 3). minio-py keeps its
multipart calls private for its own `put_object`; they are the same S3 operations, so we use them here and only here
(docs/decisions/0002-multipart-through-minio.md). Every failure to reach the store is a PartDown.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlparse

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Part
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from app.config import Config
from uploads.errors import PartDown
from uploads.naming import disposition_of

REGION = "us-east-1"
CHUNK = 1024 * 1024
PUT_PART = 8 * 1024 * 1024
PUT_PARALLEL = 2
MOVING_SECONDS, ASKING_SECONDS, PROBE_SECONDS = 120, 15, 5
"""How long an answer may take: a copy of gigabytes, what a person waits for, whether it is up at all."""
# S3 copies up to 5 GiB in one call; MAX_UPLOAD_BYTES stays below.
_GONE = {"NoSuchUpload", "NoSuchKey", "NoSuchBucket"}
_WRONG_PARTS = {
    "InvalidPart",
    "InvalidPartOrder",
    "EntityTooSmall",
    "MalformedXML",
    "InvalidRequest",
    "InvalidArgument",
}


class ObjectGone(Exception):
    """The upload or the object is not in the store (any more)."""


class WrongParts(Exception):
    """The parts named at completion are not the parts the store received."""


@dataclass(frozen=True)
class StoredPart:
    """A part the store has: its number from 1, ETag without quotes, size in bytes."""

    number: int
    etag: str
    size: int


def _pool(*, read: float, retries: int) -> urllib3.PoolManager:
    """Connections that wait `read` seconds for an answer and try again so often."""
    return urllib3.PoolManager(
        maxsize=32,
        timeout=urllib3.Timeout(connect=3, read=read),
        retries=urllib3.Retry(total=retries, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
    )


class ObjectStore:
    """One client for our own calls and one that signs with the host the browser uses."""

    def __init__(self, endpoint: str, public_endpoint: str, access_key: str, secret_key: str) -> None:
        moving = _pool(read=MOVING_SECONDS, retries=2)
        # Moves bytes or has them moved; asks something small while a person waits; only looks whether it is up.
        self._inner = self._client(endpoint, access_key, secret_key, moving)
        self._asking = self._client(endpoint, access_key, secret_key, _pool(read=ASKING_SECONDS, retries=1))
        self._probe = self._client(endpoint, access_key, secret_key, _pool(read=PROBE_SECONDS, retries=0))
        self._outer = self._client(public_endpoint, access_key, secret_key, moving)
        self._known_buckets: set[str] = set()

    @classmethod
    def from_config(cls, settings: Config) -> ObjectStore:
        """The store of these settings; nothing is contacted yet."""
        return cls(
            settings.s3_endpoint or "http://127.0.0.1:9000",
            settings.s3_public_endpoint or "http://127.0.0.1:9000",
            settings.s3_access_key,
            settings.s3_secret_key,
        )

    @staticmethod
    def _client(endpoint: str, access_key: str, secret_key: str, pool: urllib3.PoolManager) -> Minio:
        parsed = urlparse(endpoint)
        return Minio(
            parsed.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=parsed.scheme == "https",
            region=REGION,
            http_client=pool,
        )

    def ping(self) -> None:
        """Ask the store for something small. Raises PartDown when it does not answer."""
        with _reaching():
            self._probe.bucket_exists("sheping-ping")

    def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it is there."""
        if bucket in self._known_buckets:
            return
        with _reaching():
            try:
                if not self._asking.bucket_exists(bucket):
                    self._asking.make_bucket(bucket)
            except S3Error as error:
                if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise
        self._known_buckets.add(bucket)

    def start_multipart(self, bucket: str, key: str) -> str:
        """Begin a multipart upload; answers its id."""
        self.ensure_bucket(bucket)
        with _reaching():
            return self._asking._create_multipart_upload(bucket, key, {"Content-Type": "application/octet-stream"})

    def part_url(self, bucket: str, key: str, multipart_id: str, number: int, *, seconds: int) -> str:
        """The address to which the browser PUTs part `number`; signed locally, the store is not asked."""
        return self._outer.get_presigned_url(
            "PUT",
            bucket,
            key,
            expires=timedelta(seconds=seconds),
            extra_query_params={"uploadId": multipart_id, "partNumber": str(number)},
        )

    def list_parts(self, bucket: str, key: str, multipart_id: str) -> list[StoredPart]:
        """The parts the store has so far, by number. Raises ObjectGone."""
        parts: list[StoredPart] = []
        marker = ""
        while True:
            with _reaching():
                page = self._asking._list_parts(bucket, key, multipart_id, part_number_marker=marker)
            parts += [StoredPart(part.part_number, part.etag.strip('"'), part.size or 0) for part in page.parts]
            if not page.is_truncated:
                return sorted(parts, key=lambda part: part.number)
            marker = str(page.next_part_number_marker)

    def complete_multipart(self, bucket: str, key: str, multipart_id: str, parts: list[tuple[int, str]]) -> None:
        """Join the parts into the object. Raises WrongParts, ObjectGone."""
        with _reaching():
            self._inner._complete_multipart_upload(
                bucket, key, multipart_id, [Part(number, etag) for number, etag in sorted(parts)]
            )

    def abort_multipart(self, bucket: str, key: str, multipart_id: str) -> None:
        """Throw the parts away; one already gone is fine."""
        _unless_gone(lambda: self._asking._abort_multipart_upload(bucket, key, multipart_id))

    def size_of(self, bucket: str, key: str) -> int:
        """The object's size in bytes. Raises ObjectGone."""
        with _reaching():
            return int(self._asking.stat_object(bucket, key).size or 0)

    def stream(self, bucket: str, key: str) -> Iterator[bytes]:
        """The object's bytes in pieces of at most CHUNK. Raises ObjectGone, PartDown."""
        with _reaching():
            response = self._inner.get_object(bucket, key)
            try:
                yield from response.stream(CHUNK)
            finally:
                response.close()
                response.release_conn()

    def put(self, bucket: str, key: str, pieces: Iterable[bytes], size: int) -> None:
        """Write an object of exactly `size` bytes as it comes, in bounded memory. It appears whole or not at all."""
        self.ensure_bucket(bucket)
        with _reaching():
            # Beyond `part_size` minio-py sends parts in threads of its own and gives up what it began when one fails.
            self._inner.put_object(
                bucket,
                key,
                cast(BinaryIO, _Pieces(pieces)),
                length=size,
                part_size=PUT_PART,
                num_parallel_uploads=PUT_PARALLEL,
            )

    def list_keys(self, bucket: str, *, before: datetime) -> Iterator[str]:
        """The keys of the objects in a bucket that were last written before an instant; none where it is not there."""
        try:
            with _reaching():
                for item in self._inner.list_objects(bucket, recursive=True):
                    if item.object_name and item.last_modified and item.last_modified < before:
                        yield item.object_name
        except ObjectGone:
            return

    def drop_unfinished(self, bucket: str, *, before: datetime) -> int:
        """Give up the multipart uploads that were begun before an instant; returns how many."""
        try:
            with _reaching():
                found = self._inner._list_multipart_uploads(bucket).uploads
        except ObjectGone:
            return 0
        stale = [
            (one.object_name, one.upload_id)
            for one in found
            if one.upload_id and (one.initiated_time is None or one.initiated_time < before)
        ]
        for key, multipart_id in stale:
            self.abort_multipart(bucket, key, multipart_id)
        return len(stale)

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str) -> None:
        """Copy inside the store, no byte passing through us; writing the same key again is harmless."""
        self.ensure_bucket(bucket)
        # minio-py's own copy first asks for the size, to split objects over 5 GiB, which MAX_UPLOAD_BYTES forbids.
        headers: Any = CopySource(source_bucket, source_key).gen_copy_headers()
        with _reaching():
            answer = self._inner._execute("PUT", bucket, key, headers=headers)
        # S3 may begin to answer 200 while it copies, and end with an error.
        if b"<Error" in (answer.data or b""):
            raise PartDown("object_store", f"copy failed: {answer.data[:300]!r}")

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object; one already gone is fine."""
        _unless_gone(lambda: self._inner.remove_object(bucket, key))

    def download_url(self, bucket: str, key: str, *, name: str, mime: str, seconds: int) -> str:
        """A short-lived address that downloads the object under its own name, never shows it in the browser."""
        return self._outer.get_presigned_url(
            "GET",
            bucket,
            key,
            expires=timedelta(seconds=seconds),
            response_headers={
                "response-content-disposition": disposition_of(name),
                "response-content-type": mime,
            },
        )

    def save_all(self, folder: Path, *, prefix: str) -> int:
        """Write every object of our buckets below `folder` as bucket/key; answers how many."""
        count = 0
        with _reaching():
            for bucket in self._inner.list_buckets():
                if not bucket.name.startswith(prefix):
                    continue
                for item in self._inner.list_objects(bucket.name, recursive=True):
                    self._inner.fget_object(bucket.name, item.object_name, str(folder / bucket.name / item.object_name))
                    count += 1
        return count

    def load_all(self, folder: Path) -> int:
        """Put back every object that `save_all` wrote; answers how many."""
        count = 0
        for path in sorted(folder.rglob("*")) if folder.exists() else []:
            if path.is_file():
                bucket, *key = path.relative_to(folder).parts
                self.ensure_bucket(bucket)
                with _reaching():
                    self._inner.fput_object(bucket, "/".join(key), str(path))
                count += 1
        return count


class _Pieces(io.RawIOBase):
    """An iterator of bytes as the file that minio-py reads from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, fewer only at the end: minio-py would join smaller answers one by one."""
        wanted = PUT_PART if size is None or size < 0 else size
        taken: list[memoryview] = []
        while wanted:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            taken.append(self._rest[:wanted])
            wanted -= len(taken[-1])
            self._rest = self._rest[len(taken[-1]) :]
        return b"".join(taken)


def _unless_gone(call: Callable[[], Any]) -> None:
    try:
        with _reaching():
            call()
    except ObjectGone:
        return


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in _GONE:
            raise ObjectGone(str(error.code)) from error
        if error.code in _WRONG_PARTS:
            raise WrongParts(str(error.code)) from error
        raise PartDown("object_store", f"{error.code}: {error.message}") from error
    except (urllib3.exceptions.HTTPError, InvalidResponseError, ServerError, MinioException, OSError) as error:
        raise PartDown("object_store", f"{type(error).__name__}: {error}") from error
