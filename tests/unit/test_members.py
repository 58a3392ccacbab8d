"""What is refused inside the archives of applicants, each member by its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pikepdf
import pytest

from tests.factories import banks
from tests.factories.files import pdf
from uploads import members
from uploads.banks.archive import ArchiveLimits
from uploads.content import examine
from uploads.models import Purpose


def zipped(**named: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in named.items():
            archive.writestr(name.replace("__", "."), content)
    return memory.getvalue()


def locked_pdf() -> bytes:
    memory = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(memory, encryption=pikepdf.Encryption(owner="a", user="b"))
    return memory.getvalue()


def macro_docx() -> bytes:
    return zipped(**{"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>", "word/vbaProject.bin": b"x"})


def sound_docx() -> bytes:
    memory = io.BytesIO()
    docx.Document().save(memory)
    return memory.getvalue()


SHEET = banks.xlsx_bytes({"Sheet1": [["场地", "设备"], ["一号", "焊机"]]})
PROGRAM = b"MZ\x90\0\x03\0\0\0" + bytes(200)
RAR = b"Rar!\x1a\x07\x01\0" + bytes(50)
LOCKED = banks.ole({"EncryptedPackage": bytes(5000)})


@pytest.mark.parametrize(
    ("member", "content", "code"),
    [
        ("材料/安装程序.exe", b"anything", "member_program"),
        ("材料/照片.jpg", PROGRAM, "member_program"),
        ("材料/打开我.vbs", b"x", "member_program"),
        ("材料/备份.rar", RAR, "member_archive"),
        ("材料/其实是压缩包.pdf", RAR, "member_archive"),
        ("材料/台账.xlsm", SHEET, "member_macros"),
        ("材料/制度.docx", macro_docx(), "member_macros"),
        ("材料/名册.xlsx", LOCKED, "member_encrypted"),
        ("材料/证书.pdf", locked_pdf(), "member_pdf_password"),
        ("材料/内层.zip", zipped(**{"工具.exe": b"x"}), "member_program"),
        ("一.zip", zipped(**{"二.zip": zipped(**{"三.zip": zipped(a__txt=b"x")})}), "member_archive"),
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.self_assessment, Purpose.question_bank])
def test_a_member_is_refused_by_its_name(
    tmp_path: Path, member: str, content: bytes, code: str, purpose: Purpose
) -> None:
    path = banks.write_zip(tmp_path / "材料.zip", {"说明.txt": "说明".encode(), member: content})
    if purpose == Purpose.question_bank and member.endswith((".zip", ".rar")):
        code = "archive_nested"
    (reason,) = examine(path, "材料.zip", purpose).reasons
    assert reason["code"] == code
    assert member.split("/")[-1] in reason["params"]["problem"]


@pytest.mark.parametrize(
    "content",
    [SHEET, sound_docx(), pdf(), banks.PIXEL, b"MZ-100 is a welder", b"", zipped(a__txt=b"x"), "表".encode("gbk")],
)
def test_sound_members_pass(tmp_path: Path, content: bytes) -> None:
    path = banks.write_zip(tmp_path / "材料.zip", {"一/文件": content}, "gbk")
    assert examine(path, "材料.zip", Purpose.self_assessment).reasons == []


def test_archives_inside_are_held_to_what_is_left_of_the_limits(tmp_path: Path) -> None:
    inner = zipped(**{"大.txt": bytes(1500)})
    path = banks.write_zip(tmp_path / "材料.zip", {"a.txt": bytes(700), "内层.zip": inner})
    (reason,) = examine(path, "材料.zip", Purpose.self_assessment, limits=ArchiveLimits(max_total_bytes=3000)).reasons
    assert reason["code"] == "archive_total"
    assert "内层.zip" in reason["params"]["problem"]


def test_a_clerk_is_told_ten_at_once(tmp_path: Path) -> None:
    path = banks.write_zip(tmp_path / "材料.zip", {f"{n}.exe": b"x" for n in range(30)})
    assert len(members.find_in_members(path)) == members.MOST_TOLD


def test_nothing_of_a_member_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while it is read: a process that is killed leaves nothing behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    seen: list[list[Path]] = []
    monkeypatch.setattr(members, "find_active", lambda *args, **more: seen.append(list((tmp_path / "tmp").iterdir())))
    path = banks.write_zip(tmp_path / "材料.zip", {"名册.xlsx": SHEET})
    assert members.find_in_members(path) == []
    assert seen == [[]]
