"""What a file is, by its content and never by its name."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import olefile

from uploads.banks.archive import ArchiveLimits, Problem, check_archive

__all__ = ["ArchiveLimits", "FileKind", "FileType", "Problem", "check_archive", "sniff"]

_HEAD = 1 << 16
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class FileKind(StrEnum):
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    CSV = "csv"
    DOCX = "docx"
    DOC = "doc"
    PDF = "pdf"
    ZIP = "zip"
    RAR = "rar"
    SEVEN_ZIP = "7z"
    PNG = "png"
    JPEG = "jpeg"
    HTML = "html"
    ENCRYPTED_OFFICE = "encrypted-office"
    EMPTY = "empty"
    UNKNOWN = "unknown"


MIMES: dict[FileKind, str] = {
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.XLS: "application/vnd.ms-excel",
    FileKind.XLSB: "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    FileKind.ODS: "application/vnd.oasis.opendocument.spreadsheet",
    FileKind.CSV: "text/csv",
    FileKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileKind.DOC: "application/msword",
    FileKind.PDF: "application/pdf",
    FileKind.ZIP: "application/zip",
    FileKind.RAR: "application/vnd.rar",
    FileKind.SEVEN_ZIP: "application/x-7z-compressed",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
    FileKind.HTML: "text/html",
    FileKind.ENCRYPTED_OFFICE: "application/x-ole-storage",
    FileKind.EMPTY: "application/x-empty",
    FileKind.UNKNOWN: "application/octet-stream",
}

_MAGIC: tuple[tuple[bytes, FileKind], ...] = (
    (b"%PDF-", FileKind.PDF),
    (b"Rar!\x1a\x07", FileKind.RAR),
    (b"7z\xbc\xaf\x27\x1c", FileKind.SEVEN_ZIP),
    (b"\x89PNG\r\n\x1a\n", FileKind.PNG),
    (b"\xff\xd8\xff", FileKind.JPEG),
)


@dataclass(frozen=True, slots=True)
class FileType:
    """Kind and MIME type as found in the bytes; `problems` name what makes the file unwelcome."""

    kind: FileKind
    mime: str
    problems: list[Problem] = field(default_factory=list)


def _typed(kind: FileKind, *problems: Problem) -> FileType:
    return FileType(kind, MIMES[kind], list(problems))


def sniff(source: str | Path | bytes) -> FileType:
    """Type by content. Give a path for the full answer; with only the head of a file, containers are told apart less
    exactly and encryption or macros deep inside stay unseen."""
    if isinstance(source, bytes):
        return _sniff_head(source, None)
    path = Path(source)
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    return _sniff_head(head, path)


def _sniff_head(head: bytes, path: Path | None) -> FileType:
    if not head:
        return _typed(FileKind.EMPTY, Problem("empty", "文件是空的(0字节)"))
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return _typed(kind)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _sniff_zip(head, path)
    if head.startswith(_OLE):
        return _sniff_ole(path)
    return _sniff_text(head, path is not None and path.stat().st_size > len(head))


def _zip_kind(names: set[str]) -> FileKind:
    if "xl/workbook.xml" in names:
        return FileKind.XLSX
    if "xl/workbook.bin" in names:
        return FileKind.XLSB
    if "word/document.xml" in names:
        return FileKind.DOCX
    if "content.xml" in names and "mimetype" in names:
        return FileKind.ODS
    if "[Content_Types].xml" in names:
        if any(name.startswith("word/") for name in names):
            return FileKind.DOCX
        if any(name.startswith("xl/") for name in names):
            return FileKind.XLSX
    return FileKind.ZIP


def _sniff_zip(head: bytes, path: Path | None) -> FileType:
    if path is None:
        for mark, kind in ((b"xl/", FileKind.XLSX), (b"word/", FileKind.DOCX)):
            if b"[Content_Types].xml" in head and mark in head:
                return _typed(kind)
        return _typed(FileKind.ZIP)
    try:
        with zipfile.ZipFile(path) as archive:
            names = {info.filename.replace("\\", "/") for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        problem = Problem("truncated", "文件不完整或已损坏,无法打开")
        return _typed(_sniff_zip(head, None).kind, problem)
    kind = _zip_kind(names)
    problems = []
    if kind is not FileKind.ZIP and any(name.lower().endswith("vbaproject.bin") for name in names):
        problems.append(Problem("macros", "文件含有宏(VBA),请另存为不带宏的 .xlsx 或 .docx", fatal=False))
    return _typed(kind, *problems)


def _sniff_ole(path: Path | None) -> FileType:
    if path is None:
        return _typed(FileKind.UNKNOWN)
    try:
        with olefile.OleFileIO(str(path)) as ole:
            streams = {"/".join(entry).lower() for entry in ole.listdir()}
    except (OSError, ValueError, IndexError, TypeError, RecursionError, OverflowError, MemoryError):
        return _typed(FileKind.UNKNOWN, Problem("truncated", "文件不完整或已损坏,无法打开"))
    if "encryptedpackage" in streams:
        problem = Problem("encrypted", "文件设有打开密码(已加密),请在 Excel 或 Word 里去掉密码后重新上传")
        return _typed(FileKind.ENCRYPTED_OFFICE, problem)
    macros = [Problem("macros", "文件含有宏(VBA),请另存为不带宏的 .xlsx", fatal=False)]
    has_macros = any(name.startswith(("_vba_project_cur", "macros/")) for name in streams)
    if "workbook" in streams or "book" in streams:
        return _typed(FileKind.XLS, *(macros if has_macros else []))
    if "worddocument" in streams:
        return _typed(FileKind.DOC, *(macros if has_macros else []))
    return _typed(FileKind.UNKNOWN)


def _sniff_text(head: bytes, cut: bool) -> FileType:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _typed(FileKind.CSV)
    if b"\0" in head:
        return _typed(FileKind.UNKNOWN)
    start = head[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<?xml", b"<meta", b"<head")):
        return _typed(FileKind.HTML)
    for encoding in ("utf-8", "gb18030"):
        for tail in range(4 if cut else 1):
            try:
                text = head[: len(head) - tail].decode(encoding)
            except UnicodeDecodeError:
                continue
            return _typed(FileKind.CSV) if _is_plain(text) else _typed(FileKind.UNKNOWN)
    # Mostly readable text with a few broken bytes is still a text file: it is read, and the bytes are reported.
    rough = head.decode("gb18030", errors="replace")
    broken = rough.count("\ufffd")
    return _typed(FileKind.CSV if _is_plain(rough) and broken * 50 < len(rough) else FileKind.UNKNOWN)


def _is_plain(text: str) -> bool:
    control = sum(1 for char in text if ord(char) < 32 and char not in "\t\n\r\f\v")
    return control * 200 <= len(text)
