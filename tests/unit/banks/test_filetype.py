"""What strangers send: told by content, refused by name, never able to hurt the reader."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
import xlwt

from tests.factories import banks
from uploads.banks.archive import ArchiveLimits, check_archive
from uploads.banks.filetype import FileKind, sniff
from uploads.banks.inspection import inspect_path


def bank(path: Path) -> Path:
    return banks.simple_bank(path, [banks.single(n) for n in range(3)])


def test_kinds_by_content(tmp_path: Path) -> None:
    banks.write_xls(tmp_path / "a.pdf", {"S": [["a"]]})
    bank(tmp_path / "b.doc")
    banks.write_docx(tmp_path / "c.xlsx", ["x"])
    banks.write_zip(tmp_path / "d.xlsx", {"题库.txt": b"x"})
    (tmp_path / "e.xlsx").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(40))
    (tmp_path / "f.csv").write_bytes("题干,答案\n一,√".encode("gb18030"))
    (tmp_path / "g").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "h").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(10))
    (tmp_path / "i").write_bytes(banks.PIXEL)
    (tmp_path / "j").write_bytes(b"\xff\xd8\xff\xe0" + bytes(10))
    (tmp_path / "k.xls").write_bytes(b"<html><table><tr><td>x</td></tr></table></html>")
    (tmp_path / "l").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "m").write_bytes(b"")
    kinds = [str(sniff(path).kind) for path in sorted(tmp_path.iterdir())]
    assert kinds == "xls xlsx docx zip rar csv pdf 7z png jpeg html unknown empty".split()  # noqa: SIM905
    assert sniff((tmp_path / "c.xlsx").read_bytes()[:4096]).kind is FileKind.DOCX


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "空"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(100), "RAR"),
        (b"%PDF-1.7 ...", "PDF"),
        (bytes(range(256)) * 20, "认不出"),
        (b"this is not a workbook at all", "损坏"),
        (b"PK\x03\x04" + bytes(200), "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "损坏"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "bank.xlsx").write_bytes(content)
    report = inspect_path(tmp_path / "bank.xlsx")
    assert not report.readable
    assert [(f.check, f.severity) for f in report.findings] == [("C01", "block")]
    assert word in report.findings[0].message


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
@pytest.mark.parametrize("kind", ["xlsx", "docx", "xls", "zip"])
def test_truncated_files(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"whole.{kind}"
    if kind == "xlsx":
        bank(path)
    elif kind == "docx":
        banks.write_docx(path, ["一、判断题", "1.甲。(√)"])
    elif kind == "xls":
        banks.write_xls(path, {"S": [banks.SIMPLE, *(banks.single(n) for n in range(300))]})
    else:
        banks.write_zip(path, {"a.csv": ("题干,答案\n" * 50).encode()})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    report = inspect_path(path)
    assert not report.readable
    assert report.findings[0].check == "C01"


def test_encrypted_office_files_are_named_so(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    path.write_bytes(banks.ole({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(5000)}))
    assert sniff(path).kind is FileKind.ENCRYPTED_OFFICE
    report = inspect_path(path)
    assert not report.readable
    assert "加密" in report.findings[0].message


def test_old_word_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "b.doc"
    path.write_bytes(banks.ole({"WordDocument": bytes(5000), "1Table": bytes(5000)}))
    assert sniff(path).kind is FileKind.DOC
    assert "另存为 .docx" in inspect_path(path).findings[0].message


def test_macros_are_refused_but_the_questions_still_counted(tmp_path: Path) -> None:
    path = banks.add_members(bank(tmp_path / "b.xlsx"), {"xl/vbaProject.bin": b"macro"})
    report = inspect_path(path)
    assert report.readable
    assert report.blocking
    assert len(report.questions) == 3
    assert "宏" in next(f.message for f in report.findings if f.check == "C01")


def test_external_links_are_told_and_dde_links_refused(tmp_path: Path) -> None:
    link = b'<externalLink xmlns="x"><externalBook/></externalLink>'
    path = banks.add_members(bank(tmp_path / "b.xlsx"), {"xl/externalLinks/externalLink1.xml": link})
    report = inspect_path(path)
    assert [(f.check, str(f.severity)) for f in report.findings if f.check == "C01"] == [("C01", "warn")]
    assert not report.blocking
    dde = b'<externalLink xmlns="x"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    path = banks.add_members(bank(tmp_path / "c.xlsx"), {"xl/externalLinks/externalLink1.xml": dde})
    assert not inspect_path(path).readable


def test_dde_formulas_are_refused_with_their_address(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(banks.SIMPLE)
    sheet.append(banks.single(1))
    sheet["C2"] = "=cmd|'/C calc'!A0"
    book.save(tmp_path / "b.xlsx")
    report = inspect_path(tmp_path / "b.xlsx")
    assert not report.readable
    assert "第2行C列" in report.findings[0].message
    (tmp_path / "b.csv").write_text("题干,答案\n=cmd|' /C calc'!A0,√\n", encoding="utf-8")
    report = inspect_path(tmp_path / "b.csv")
    assert [(f.check, f.row) for f in report.findings if f.severity == "block"] == [("C01", 2)]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_entity_bombs_are_refused(tmp_path: Path, part: str) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    path = banks.replace_members(bank(tmp_path / "b.xlsx"), {part: bomb})
    report = inspect_path(path)
    assert not report.readable
    assert "实体" in report.findings[0].message


def test_entity_bombs_in_word(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    path = banks.replace_members(banks.write_docx(tmp_path / "b.docx", ["x"]), {"word/document.xml": bomb})
    assert "实体" in inspect_path(path).findings[0].message


def test_a_cell_at_the_end_of_the_world_does_not_kill_the_process(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(banks.SIMPLE)
    sheet.append(banks.single(1))
    sheet["XFD1048576"] = "x"
    book.save(tmp_path / "b.xlsx")
    report = inspect_path(tmp_path / "b.xlsx")
    assert not report.readable
    assert "XFD1048576" in report.findings[0].message


def codes(path: Path, **limits: float) -> set[str]:
    return {problem.code for problem in check_archive(path, ArchiveLimits(**limits))}  # type: ignore[arg-type]


def test_archive_limits(tmp_path: Path) -> None:
    many = banks.write_zip(tmp_path / "many.zip", {f"{n}.txt": b"x" for n in range(30)})
    assert codes(many, max_members=29) == {"archive_count"}
    assert codes(many) == set()
    bomb = banks.write_zip(tmp_path / "bomb.zip", {"a.txt": bytes(30_000_000)})
    assert codes(bomb) == {"archive_ratio"}
    assert codes(bomb, max_ratio=1e9, max_total_bytes=20_000_000) == {"archive_total"}
    deep = banks.write_zip(tmp_path / "deep.zip", {"a/" * 12 + "b.txt": b"x"})
    assert codes(deep) == {"archive_depth"}
    evil = banks.write_zip(tmp_path / "evil.zip", {"../../etc/cron.d/x": b"x", "/abs": b"y", "C:\\x": b"z"})
    assert codes(evil) == {"archive_traversal"}
    nested = banks.write_zip(tmp_path / "nested.zip", {"inner.zip": many.read_bytes()})
    assert codes(nested) == {"archive_nested"}
    assert codes(nested, allow_nested=True) == set()


def test_sizes_that_lie_are_not_believed(tmp_path: Path) -> None:
    path = banks.write_zip(tmp_path / "lie.zip", {"a.txt": bytes(30_000_000)})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = struct.pack("<I", 100)
    path.write_bytes(bytes(data))
    assert codes(path) & {"archive_ratio", "archive_size_lie", "archive_corrupt"}
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].file_size == 100


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = banks.write_zip(tmp_path / "a.zip", {"题库.csv": b"x"})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    assert codes(path) == {"archive_encrypted"}
    assert not inspect_path(path).readable


def test_broken_streams_inside_an_archive(tmp_path: Path) -> None:
    path = banks.write_zip(tmp_path / "a.zip", {"a.csv": zlib.compress(bytes(1000)) * 20})
    data = bytearray(path.read_bytes())
    for at in range(60, 90):
        data[at] ^= 0xFF
    path.write_bytes(bytes(data))
    assert codes(path)


def test_a_cell_outside_an_xls_sheet_does_not_kill_the_process(tmp_path: Path) -> None:
    path = banks.write_xls(tmp_path / "b.xls", {"S": [banks.SIMPLE, banks.single(1), ["", "", "", "", "", "", 7.25]]})
    data = path.read_bytes()
    cell = struct.pack("<HHHH", 0x27E, 10, 2, 6)
    assert data.count(cell) == 1
    path.write_bytes(data.replace(cell, struct.pack("<HHHH", 0x27E, 10, 0xFFFF, 0xFFFF)))
    report = inspect_path(path)
    assert not report.readable
    assert "表格之外" in report.findings[0].message


def test_an_xls_with_a_password_is_named_so(tmp_path: Path) -> None:
    path = banks.write_xls(tmp_path / "b.xls", {"S": [banks.SIMPLE, banks.single(1)]})
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HH", 0x809, 16)) + 20
    data[at : at + 2] = struct.pack("<H", 0x2F)
    path.write_bytes(bytes(data))
    report = inspect_path(path)
    assert not report.readable
    assert "密码" in report.findings[0].message


def test_errors_in_xls_are_told(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("题库")
    for index, row in enumerate([banks.SIMPLE, banks.single(1), banks.single(2)]):
        for column, value in enumerate(row):
            if (index, column) != (2, 1):
                sheet.write(index, column, value)
    sheet.row(2).set_cell_error(1, "#REF!")
    book.save(str(tmp_path / "b.xls"))
    report = inspect_path(tmp_path / "b.xls")
    assert {(f.check, f.sheet, f.row, f.column) for f in report.findings if f.severity in ("warn", "error")} == {
        ("C03", "题库", 3, "B"),
        ("C22", "题库", 3, "B"),
    }
