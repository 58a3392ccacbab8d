"""The intake of real files: what each kind of bad file is told, what is kept, and that nothing stays behind."""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from flask import Flask
from sqlalchemy import text

from app.db import db
from tenants import scope
from tenants.scope import SYSTEM, Role
from tests.factories.files import Sender
from tests.factories.outbox import runner
from tests.factories.people import People
from tests.stack import EICAR
from uploads import scanner
from uploads.errors import PartDown
from uploads.store import ObjectStore

RAR = b"Rar!\x1a\x07\x01\x00" + bytes(200)
HEADER = ["题型", "题干", "答案", "选项A", "选项B", "选项C", "选项D"]
SECRET = "机密试题内容"


def workbook(rows: list[list[str]], header: list[str] | None = None) -> bytes:
    """An .xlsx of one sheet."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("理论")
    for number, row in enumerate([header or HEADER, *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def good_bank(count: int = 12) -> bytes:
    """A bank without faults."""
    rows = [
        ["单选题", f"第{n}题的题干内容是什么", "ABCD"[n % 4], f"甲{n}", f"乙{n}", f"丙{n}", f"丁{n}"]
        for n in range(count)
    ]
    return workbook(rows)


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def lying_zip() -> bytes:
    """A zip whose member is larger than both of its headers say."""
    content = bytearray(zipped(a__txt=b"x" * 5000))
    true, false = (5000).to_bytes(4, "little"), (50).to_bytes(4, "little")
    assert content.count(true) == 2
    return bytes(content.replace(true, false))


def encrypted_workbook() -> bytes:
    """What Excel writes under a password: an OLE file whose stream is called EncryptedPackage."""
    out = io.BytesIO()
    book = xlwt.Workbook()
    book.add_sheet("a").write(0, 0, "b")
    book.save(out)
    content = bytearray(out.getvalue())
    entry = content.index("Workbook".encode("utf-16-le"))
    name = "EncryptedPackage".encode("utf-16-le")
    content[entry : entry + 64] = name.ljust(64, b"\0")
    content[entry + 64 : entry + 66] = (len(name) + 2).to_bytes(2, "little")
    return bytes(content)


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    """Runs what waits in the queues, mails excepted."""
    return runner(worker_app)


@pytest.fixture
def sender(app: Flask, people: People) -> Sender:
    return Sender(app.test_client(), people.bearer(people.member(people.organisation(), Role.editor)))


@pytest.fixture
def check(sender: Sender, work: Callable[[], int]) -> Callable[..., dict[str, Any]]:
    """Upload a file, run the workers, answer its status."""

    def run(name: str, content: bytes, *, purpose: str = "question_bank") -> dict[str, Any]:
        upload_id = sender.upload(name, content, purpose=purpose)
        work()
        return sender.status(upload_id)

    return run


def test_a_good_bank_is_counted_hashed_and_checked(check: Callable[..., dict[str, Any]]) -> None:
    content = good_bank(12)
    status = check("题库.xlsx", content)
    assert (status["state"], status["type"], status["reasons"]) == ("checked", "xlsx", [])
    assert status["size"] == len(content)
    assert status["sha256"] == hashlib.sha256(content).hexdigest()
    assert status["sm3"] == hashlib.new("sm3", content).hexdigest()
    assert status["scan"] == "skipped"
    assert status["report"]["questions"] == 12
    assert status["report"]["by_type"]["single_choice"] == 12
    assert status["report"]["blocking"] is False


def test_empty_stems_and_answers_are_listed_with_their_rows(check: Callable[..., dict[str, Any]]) -> None:
    rows = [["单选题", f"题干{n}内容", "A", "甲", "乙", "丙", "丁"] for n in range(6)]
    rows[1][1] = ""
    rows[4][2] = ""
    report = check("题库.xlsx", workbook(rows))["report"]
    assert report["empty_stems"] == {"count": 1, "rows": [{"sheet": "理论", "row": 3}]}
    assert report["empty_answers"] == {"count": 1, "rows": [{"sheet": "理论", "row": 6}]}
    assert report["errors_by_check"]["C03"] == 2
    assert report["blocking"] is True


def test_a_csv_bank_in_gb18030_is_read(check: Callable[..., dict[str, Any]]) -> None:
    lines = [",".join(HEADER), *(f"单选题,第{n}题题干,A,甲,乙,丙,丁" for n in range(5))]
    status = check("题库.csv", "\r\n".join(lines).encode("gb18030"))
    assert (status["state"], status["type"], status["report"]["questions"]) == ("checked", "csv", 5)


def test_no_word_of_a_question_reaches_the_database(check: Callable[..., dict[str, Any]], worker_app: Flask) -> None:
    rows = [
        ["单选题", f"{SECRET}一", "", "甲", "乙", "丙", "丁"],
        ["单选题", "", f"{SECRET}答案", "甲", "乙", "丙", "丁"],
        ["单选题", f"{SECRET}二", f"{SECRET}BC", "甲", "乙", "丙", "丁"],
        ["判断题", f"{SECRET}三", f"{SECRET}大概", "", "", "", ""],
        [f"{SECRET}题型", f"{SECRET}四", "A", f"{SECRET}选项", f"{SECRET}选项", "", ""],
        ["多选题", f"{SECRET}五", f"{SECRET}无", "甲", "乙", "丙", "丁"],
        ["单选题", f"{SECRET}六", "A", "甲", "乙", "丙", "丁"],
        ["单选题", f"{SECRET}六", "B", "甲", "乙", "丙", "丁"],
    ]
    status = check("题库.xlsx", workbook(rows))
    assert len(status["report"]["findings"]) >= 6
    with worker_app.app_context(), scope.use(SYSTEM):
        tables = ("uploads", "events", "outbox", "notices")
        for table in tables:
            count = text(f"select count(*) from {table} t where t::text like :what")
            assert db.session.scalar(count, {"what": f"%{SECRET}%"}) == 0, table


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("题库.xlsx", RAR, "renamed", "RAR 压缩包。请解开压缩包"),
        ("题库.xlsx", b"%PDF-1.7\n%%EOF\n", "renamed", "PDF 文件"),
        ("题库.pdf", good_bank(), "renamed", "Excel 工作簿"),
        ("题库.xlsx", b"\x00\x01\x02" * 300, "renamed", "无法识别"),
        ("题库.xls", b"<html><table><tr><td>1</td></tr></table></html>", "renamed", "另存为 .xlsx"),
        ("题库.xlsx", good_bank()[:-600], "truncated", "重新导出"),
        ("题库.pdf", b"%PDF-1.7\n" + b"x" * 5000, "truncated", "结尾缺失"),
        ("题库.zip", zipped(a__txt=b"hello")[:-10], "truncated", "重新导出"),
        ("题库.zip", lying_zip(), "archive_size_lie", "重新打包"),
        ("题库.zip", zipped(inner__zip=zipped(a__txt=b"x")), "archive_nested", "解开"),
        ("题库.zip", zipped(**{"../../etc/passwd": b"x"}), "archive_traversal", "重新打包"),
        ("题库.zip", zipped(bomb__txt=bytes(60 * 1024 * 1024)), "archive_ratio", "压缩炸弹"),
        ("题库.xlsx", workbook([["1", "2"]], header=["甲", "乙"]), "bank_c01", "题目表头"),
    ],
)
def test_a_bad_file_is_rejected_with_what_to_do(
    check: Callable[..., dict[str, Any]], name: str, content: bytes, code: str, words: str
) -> None:
    status = check(name, content)
    assert status["state"] == "rejected"
    assert [reason["code"] for reason in status["reasons"]][:1] == [code]
    assert words in status["reasons"][0]["message"]
    assert status["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_password_protected_workbook_is_rejected(check: Callable[..., dict[str, Any]]) -> None:
    status = check("题库.xlsx", encrypted_workbook())
    assert (status["state"], status["reasons"][0]["code"]) == ("rejected", "encrypted")
    assert "密码" in status["reasons"][0]["message"]


def test_pictures_and_nested_archives_are_fine_outside_banks(check: Callable[..., dict[str, Any]]) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(100) + b"IEND\xaeB`\x82"
    assert check("场地.png", png, purpose="self_assessment")["state"] == "checked"
    nested = zipped(inner__zip=zipped(a__txt=b"x"))
    assert check("佐证.zip", nested, purpose="self_assessment")["state"] == "checked"
    assert check("场地.png", png[:60], purpose="self_assessment")["reasons"][0]["code"] == "truncated"


def test_running_the_check_again_changes_nothing(sender: Sender, worker_app: Flask, work: Callable[[], int]) -> None:
    from uploads.intake import run_intake

    upload_id = sender.upload("题库.xlsx", good_bank())
    work()
    before = sender.status(upload_id)
    with worker_app.app_context(), scope.use(SYSTEM):
        run_intake(upload_id=upload_id)
        db.session.commit()
        events = db.session.scalar(
            text("select count(*) from events where name = 'upload_checked' and subject_id = :id"), {"id": upload_id}
        )
    assert sender.status(upload_id) == before
    assert events == 1


def test_no_temporary_file_stays(check: Callable[..., dict[str, Any]], worker_app: Flask) -> None:
    folder: Path = worker_app.config["SHEPING"].home / "tmp"
    check("题库.xlsx", good_bank())
    check("题库.xlsx", RAR)
    assert list(folder.iterdir()) == []


def test_while_the_store_is_down_the_check_waits(
    sender: Sender, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = sender.upload("题库.xlsx", good_bank())

    def down(self: ObjectStore, bucket: str, key: str) -> Any:
        raise PartDown("object_store", "connection refused")

    monkeypatch.setattr(ObjectStore, "stream", down)
    work()
    assert sender.status(upload_id)["state"] == "checking"
    monkeypatch.undo()
    work()
    assert sender.status(upload_id)["state"] == "checked"


def test_while_the_scanner_is_down_the_file_waits_and_says_so(
    sender: Sender, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = sender.upload("题库.xlsx", good_bank())

    def down(path: Path, url: str) -> str:
        raise PartDown("scanner", "connection refused")

    monkeypatch.setattr(scanner, "scan", down)
    work()
    status = sender.status(upload_id)
    assert (status["state"], status["scan"]) == ("checking", "waiting")
    assert "病毒扫描" in status["note"]
    monkeypatch.undo()
    work()
    status = sender.status(upload_id)
    assert (status["state"], status["scan"], status["note"]) == ("checked", "skipped", None)


def test_a_check_that_fails_five_times_says_so_and_can_be_retried(
    sender: Sender, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch, worker_app: Flask
) -> None:
    upload_id = sender.upload("题库.xlsx", good_bank())

    def broken(path: Path, name: str, purpose: str) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr("uploads.intake.examine", broken)
    for _ in range(6):
        work()
    status = sender.status(upload_id)
    assert (status["state"], status["reasons"][0]["code"]) == ("rejected", "check_failed")
    assert "重新检查" in status["reasons"][0]["message"]
    monkeypatch.undo()
    answer = sender.client.post(f"/api/v1/uploads/{upload_id}/recheck", headers=sender.headers)
    assert (answer.status_code, answer.get_json()["state"]) == (202, "received")
    work()
    assert sender.status(upload_id)["state"] == "checked"
    again = sender.client.post(f"/api/v1/uploads/{upload_id}/recheck", headers=sender.headers)
    assert (again.status_code, again.get_json()["code"]) == (422, "recheck_useless")


def test_an_object_that_vanished_is_told(sender: Sender, work: Callable[[], int], worker_app: Flask) -> None:
    from uploads.models import Upload

    upload_id = sender.upload("题库.xlsx", good_bank())
    with worker_app.app_context(), scope.use(SYSTEM):
        row = db.session.get_one(Upload, uuid.UUID(upload_id))
        worker_app.extensions["sheping_store"].remove(row.quarantine, row.key)
        db.session.rollback()
    work()
    assert sender.status(upload_id)["reasons"][0]["code"] == "object_missing"


def test_a_virus_is_found_by_a_real_scanner(clamd: Any, tmp_path: Path) -> None:
    infected = tmp_path / "a.pdf"
    infected.write_bytes(b"%PDF-1.4\n" + EICAR + b"\n%%EOF")
    assert scanner.scan(infected, clamd.url).startswith("infected:")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.4\n%%EOF")
    assert scanner.scan(tmp_path / "b.pdf", clamd.url) == "clean"
    with pytest.raises(PartDown):
        scanner.scan(infected, "tcp://127.0.0.1:1")


def test_an_infected_file_is_rejected(check: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "scan", lambda path, url: "infected:Eicar-Test")
    status = check("题库.xlsx", good_bank())
    assert (status["state"], status["reasons"][0]["code"]) == ("rejected", "infected")
    assert "Eicar-Test" in status["reasons"][0]["message"]
    assert status["report"] is None
