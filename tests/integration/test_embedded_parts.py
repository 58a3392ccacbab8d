"""What the service asks of its parts, asked of the embedded ones: so that they stand for the real ones."""

from __future__ import annotations

import email
import email.policy
import http.client
import io
import os
import smtplib
import socket
import stat
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
import pytest
import redis
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Part
from minio.error import S3Error

from app.embedded.clamd import Clamd
from app.embedded.stack import Stack
from tests.stack import EICAR

MIB = 1024 * 1024


@pytest.fixture
def store(stack: Stack) -> Minio:
    return Minio(
        urlsplit(stack.gateway.endpoint).netloc,
        stack.env["S3_ACCESS_KEY"],
        stack.env["S3_SECRET_KEY"],
        secure=False,
        region="us-east-1",
    )


@pytest.fixture
def bucket(store: Minio) -> str:
    name = f"test-{uuid4().hex[:12]}"
    store.make_bucket(name)
    return name


def ask(method: str, url: str, *, body: bytes = b"", origin: str = "", **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    sent = {"Origin": origin, **headers} if origin else headers
    connection.request(method, f"{parts.path}?{parts.query}", body=body or None, headers=sent)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def part_url(store: Minio, bucket: str, name: str, upload: str, number: int) -> str:
    return store.get_presigned_url(
        "PUT",
        bucket,
        name,
        expires=timedelta(minutes=5),
        extra_query_params={"uploadId": upload, "partNumber": str(number)},
    )


def test_a_browser_uploads_in_parts_by_presigned_urls_and_reads_the_etags(
    stack: Stack, store: Minio, bucket: str
) -> None:
    upload = store._create_multipart_upload(bucket, "file", {})
    blocks = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"end"]
    etags = []
    for number, block in enumerate(blocks, 1):
        answer = ask("PUT", part_url(store, bucket, "file", upload, number), body=block, origin=stack.public_url)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == stack.public_url
        assert "etag" in answer.headers["Access-Control-Expose-Headers"].lower()
        etags.append(answer.headers["ETag"].strip('"'))

    listed = store._list_parts(bucket, "file", upload).parts
    assert [(part.part_number, part.etag.strip('"'), part.size) for part in listed] == [
        (number, etag, len(block)) for number, (etag, block) in enumerate(zip(etags, blocks, strict=True), 1)
    ]
    store._complete_multipart_upload(bucket, "file", upload, [Part(n, etag) for n, etag in enumerate(etags, 1)])
    assert store.get_object(bucket, "file").read() == b"".join(blocks)


def test_only_the_service_s_own_pages_may_upload(stack: Stack, store: Minio, bucket: str) -> None:
    url = store.presigned_put_object(bucket, "file")
    asks = {"Access-Control-Request-Method": "PUT"}
    own = ask("OPTIONS", url, origin=stack.public_url, **asks)
    assert own.headers["Access-Control-Allow-Origin"] == stack.public_url
    local = stack.public_url.replace("127.0.0.1", "localhost")
    assert ask("OPTIONS", url, origin=local, **asks).headers["Access-Control-Allow-Origin"] == local
    assert ask("OPTIONS", url, origin="http://evil.example", **asks).headers["Access-Control-Allow-Origin"] is None


def test_a_wrong_etag_completes_nothing(store: Minio, bucket: str) -> None:
    upload = store._create_multipart_upload(bucket, "file", {})
    ask("PUT", part_url(store, bucket, "file", upload, 1), body=b"x" * 100)
    with pytest.raises(S3Error, match="InvalidPart"):
        store._complete_multipart_upload(bucket, "file", upload, [Part(1, "0" * 32)])
    with pytest.raises(S3Error, match="NoSuchKey"):
        store.stat_object(bucket, "file")


def test_an_aborted_upload_is_gone(store: Minio, bucket: str) -> None:
    upload = store._create_multipart_upload(bucket, "file", {})
    url = part_url(store, bucket, "file", upload, 1)
    assert ask("PUT", url, body=b"x" * 100).status == 200
    store._abort_multipart_upload(bucket, "file", upload)
    assert ask("PUT", url, body=b"x" * 100).status == 404
    with pytest.raises(S3Error, match="NoSuchUpload"):
        store._list_parts(bucket, "file", upload)


def test_an_expired_or_altered_url_is_refused(store: Minio, bucket: str) -> None:
    url = store.presigned_put_object(bucket, "file")
    assert ask("PUT", url.replace("/file?", "/other?"), body=b"x").status == 403
    signed_long_ago = url.replace(url.split("X-Amz-Date=")[1][:8], "20200101")
    assert ask("PUT", signed_long_ago, body=b"x").status == 403


def test_a_submitted_file_is_copied_to_the_bureau_s_bucket(store: Minio, bucket: str) -> None:
    bureau = f"bureau-{uuid4().hex[:12]}"
    store.make_bucket(bureau)
    block = os.urandom(6 * MIB)
    store.put_object(bucket, "file", io.BytesIO(block), len(block))
    store.copy_object(bureau, "copy", CopySource(bucket, "file"))
    store.remove_object(bucket, "file")
    assert store.get_object(bureau, "copy").read() == block


def test_a_download_carries_the_name_that_was_asked_for(store: Minio, bucket: str) -> None:
    store.put_object(bucket, "key", io.BytesIO(b"x"), 1)
    asked = f"attachment; filename*=UTF-8''{quote('题库,第1版.xlsx')}"
    url = store.presigned_get_object(bucket, "key", response_headers={"response-content-disposition": asked})
    assert ask("GET", url).headers["Content-Disposition"] == asked


def test_web_and_worker_own_nothing_and_cannot_step_round_row_security(stack: Stack) -> None:
    with psycopg.connect(stack.env["SUPERUSER_DATABASE_URL"]) as connection:
        roles = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin from pg_roles"
            " where rolname like 'sheping_%' order by 1"
        ).fetchall()
        owner = connection.execute(
            "select pg_get_userbyid(datdba) from pg_database where datname = 'sheping'"
        ).fetchone()
        fsync = connection.execute("show fsync").fetchone()
    assert roles == [(f"sheping_{name}", False, False, False, False, True) for name in ("owner", "web", "worker")]
    assert owner == ("sheping_owner",)
    assert fsync == ("on",)
    for url in ("DATABASE_URL", "WORKER_DATABASE_URL"):
        with (
            psycopg.connect(stack.env[url]) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("create table mine (id int)")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_enters_the_database_without_the_password(stack: Stack, password: str) -> None:
    port = stack.postgres.port
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", password=password, dbname="sheping")


def test_the_queue_asks_for_its_password_and_writes_to_disk(stack: Stack) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=stack.valkey.port).ping()
    client = redis.Redis.from_url(stack.env["REDIS_URL"])
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    client.close()


def test_a_mail_arrives_as_a_file(stack: Stack, mail_folder: Path) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "材料提交提醒", "no-reply@sheping.example", "a@example.org"
    mail.set_content("还有7天")
    before = set(mail_folder.glob("*.eml"))
    with smtplib.SMTP("127.0.0.1", stack.mail.port, timeout=5) as client:
        client.send_message(mail)
    (path,) = set(mail_folder.glob("*.eml")) - before
    kept = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert kept["Subject"] == "材料提交提醒"
    assert "还有7天" in kept.get_content()
    path.unlink()


def test_data_and_secrets_are_closed_to_other_users(stack: Stack) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in stack.data_dir.iterdir()}
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


def test_the_scanner_finds_the_test_virus_in_a_stream(clamd: Clamd) -> None:
    def scan(content: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", clamd.port), timeout=10) as connection:
            connection.sendall(b"zINSTREAM\0" + len(content).to_bytes(4) + content + bytes(4))
            return connection.recv(200)

    assert scan(EICAR) == b"stream: Eicar-Test-Signature.UNOFFICIAL FOUND\0"
    assert scan(b"harmless") == b"stream: OK\0"
