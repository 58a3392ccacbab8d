"""What is active or locked inside a document: entities, DDE, remote templates in Office files; passwords on a PDF.

Question banks are read through by `uploads.banks`, which finds the same in workbooks; here are the files that nobody
reads until an officer opens them.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from defusedxml import DefusedXmlException

from uploads.banks import biff
from uploads.banks.archive import Problem
from uploads.banks.filetype import FileKind
from uploads.banks.ooxml import find_entity_bomb, relations, scan_workbook

_REFUSED = frozenset({"dde", "xml_entities"})
_WORD_PART = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml", re.I)
_INSTRUCTION = re.compile(rb"<w:instrText\b[^>]*>(.*?)</w:instrText>", re.S)
_SIMPLE = re.compile(rb"<w:fldSimple\b[^>]*?w:instr=\"([^\"]*)\"")
# A field's words may be cut into runs: they are joined before they are read.
_DDE_FIELD = re.compile(rb"(?<![A-Z])DDE(?:AUTO)?(?![A-Z])", re.I)
_MAX_PART = 64 * 1024 * 1024


def find_active(path: Path, kind: FileKind, *, read_as_bank: bool) -> Problem | None:
    """The first thing that makes a document of this kind unwelcome; None for one that is as it should be."""
    if kind is FileKind.PDF:
        return _in_pdf(path)
    if kind is FileKind.DOCX:
        return _in_word(path)
    if read_as_bank:
        return None
    scans: dict[FileKind, Callable[[Path], object]] = {FileKind.XLSX: scan_workbook, FileKind.XLS: biff.scan_workbook}
    if kind not in scans:
        return None
    problems: list[Problem] = scans[kind](path).problems  # type: ignore[attr-defined]
    return next((problem for problem in problems if problem.code in _REFUSED), None)


def _in_word(path: Path) -> Problem | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if bomb := find_entity_bomb(archive):
                return bomb
            if _has_remote_template(archive):
                return Problem("remote_template", "文件引用了网络上的模板(打开时会自动下载)")
            for name in archive.namelist():
                if _WORD_PART.fullmatch(name) and _has_dde_field(archive, name):
                    return Problem("dde", "文件含有 DDE 域(会启动外部程序)", member=name)
    except (zipfile.BadZipFile, zlib.error, DefusedXmlException, SyntaxError, KeyError, ValueError) as error:
        return Problem("truncated", f"文件内部结构损坏,无法读取({type(error).__name__})")
    return None


def _has_dde_field(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as stream:
        content = stream.read(_MAX_PART)
    return bool(_DDE_FIELD.search(b"".join(_INSTRUCTION.findall(content)))) or any(
        _DDE_FIELD.search(one) for one in _SIMPLE.findall(content)
    )


def _has_remote_template(archive: zipfile.ZipFile) -> bool:
    targets = relations(archive, "word/settings.xml").values()
    return any(kind == "attachedTemplate" and "://" in target for kind, target in targets)


def _in_pdf(path: Path) -> Problem | None:
    """A PDF that opens without a password is fine, also one that only forbids to print or to copy."""
    try:
        with pikepdf.open(path) as document:
            if len(document.pages) == 0:
                return Problem("pdf_empty", "该 PDF 没有任何一页")
    except pikepdf.PasswordError:
        return Problem("pdf_password", "该 PDF 设置了打开密码")
    except (pikepdf.PdfError, ValueError, RuntimeError, OSError):
        return Problem("pdf_corrupt", "该 PDF 已损坏,无法打开")
    return None
