"""What a file of any purpose may hold inside: named and refused, or fine."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pikepdf
import pytest
import xlsxwriter
from docx import Document

from tests.factories.files import pdf
from uploads.content import examine
from uploads.reasons import text_of


def workbook() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("清单").write_row(0, 0, ["设备", "数量"])
    book.close()
    return out.getvalue()


def letter() -> bytes:
    out = io.BytesIO()
    document = Document()
    document.add_paragraph("佐证材料")
    document.save(out)
    return out.getvalue()


def changed(content: bytes, **members: tuple[str, str] | bytes) -> bytes:
    """The package with members added, or with one word of a member put in place of another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            change = members.get(info.filename)
            if isinstance(change, tuple):
                assert change[0].encode() in data
                data = data.replace(change[0].encode(), change[1].encode(), 1)
            new.writestr(info, data)
        for name, change in members.items():
            if isinstance(change, bytes):
                new.writestr(name, change)
    return out.getvalue()


FIELD = '<w:r><w:instrText xml:space="preserve">%s</w:instrText></w:r>'
BOMB = ("<?xml", '<!DOCTYPE lolz [<!ENTITY lol "lol">]><?xml')
TEMPLATE = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    b' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"'
    b' Target="https://example.org/a.dotm" TargetMode="External"/></Relationships>'
)
DDE_LINK = b'<externalLink xmlns="x"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("a.pdf", pdf(encryption=pikepdf.Encryption(user="a", owner="b")), "pdf_password", "该 PDF 设置了打开密码"),
        ("a.pdf", pdf(0), "pdf_empty", "没有任何一页"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(5000) + b"\n%%EOF", "pdf_corrupt", "该 PDF 已损坏"),
        ("a.pdf", pdf()[:200] + b"\n%%EOF", "pdf_corrupt", "重新导出"),
        ("a.xlsx", changed(workbook(), **{"xl/externalLinks/externalLink1.xml": DDE_LINK}), "dde", "DDE 链接"),
        ("a.xlsx", changed(workbook(), **{"xl/vbaProject.bin": b"x"}), "macros", "宏"),
        ("a.xlsx", changed(workbook(), **{"xl/workbook.xml": BOMB}), "xml_entities", "XML 实体声明"),
        ("a.docx", changed(letter(), **{"word/document.xml": BOMB}), "xml_entities", "XML 实体声明"),
        (
            "a.docx",
            changed(letter(), **{"word/document.xml": ("<w:p>", "<w:p>" + FIELD % "DDEA" + FIELD % 'UTO c:\\\\x "1"')}),
            "dde",
            "DDE 域",
        ),
        ("a.docx", changed(letter(), **{"word/_rels/settings.xml.rels": TEMPLATE}), "remote_template", "网络上的模板"),
        ("a.pdf", b"Rar!\x1a\x07\x01\x00" + bytes(200), "renamed", "RAR 压缩包"),
        ("a.docx", b"Rar!\x1a\x07\x01\x00" + bytes(200), "renamed", "请解开压缩包"),
    ],
)
def test_what_is_locked_broken_or_active_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, code: str, words: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    # In the workbooks of banks their reader finds it, with its row.
    for purpose in ("self_assessment", *(() if name.endswith("xlsx") else ("question_bank",))):
        reasons = examine(path, name, purpose).reasons
        assert [one["code"] for one in reasons] == [code]
        assert words in text_of(reasons[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", pdf()),
        ("a.pdf", pdf(3, encryption=pikepdf.Encryption(user="", owner="b"))),
        ("a.xlsx", workbook()),
        ("a.docx", letter()),
        ("a.docx", changed(letter(), **{"word/document.xml": ("<w:p>", "<w:p>" + FIELD % "PAGE ADDENDUM")})),
    ],
    ids=["plain pdf", "pdf that only forbids printing", "workbook", "letter", "harmless field"],
)
def test_what_opens_is_fine(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert examine(path, name, "self_assessment").reasons == []
