"""What a received file really is: its type by its content, whether it is whole, and whether its purpose takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.rules.core import N_
from uploads.banks.archive import ArchiveLimits
from uploads.banks.filetype import FileKind, FileType, Problem, check_archive, sniff
from uploads.inside import find_active
from uploads.members import find_in_members
from uploads.models import CASE_PURPOSES, Purpose
from uploads.naming import extension_of
from uploads.pictures import find_fault
from uploads.reasons import reason

_TAIL = 64 * 1024

LABELS: dict[FileKind, str] = {
    FileKind.XLSX: N_("Excel 工作簿(.xlsx)"),
    FileKind.XLS: N_("旧版 Excel 工作簿(.xls)"),
    FileKind.XLSB: N_("Excel 二进制工作簿(.xlsb)"),
    FileKind.ODS: N_("OpenDocument 表格(.ods)"),
    FileKind.CSV: N_("纯文本表格(.csv)"),
    FileKind.DOCX: N_("Word 文档(.docx)"),
    FileKind.DOC: N_("旧版 Word 文档(.doc)"),
    FileKind.PDF: N_("PDF 文件(.pdf)"),
    FileKind.ZIP: N_("ZIP 压缩包(.zip)"),
    FileKind.RAR: N_("RAR 压缩包"),
    FileKind.SEVEN_ZIP: N_("7z 压缩包"),
    FileKind.PNG: N_("PNG 图片(.png)"),
    FileKind.JPEG: N_("JPEG 图片(.jpg)"),
    FileKind.HTML: N_("网页文件"),
    FileKind.ENCRYPTED_OFFICE: N_("加密的 Office 文件"),
    FileKind.EMPTY: N_("空文件"),
    FileKind.UNKNOWN: N_("无法识别的内容"),
}
_EXTENSIONS: dict[FileKind, tuple[str, ...]] = {
    FileKind.XLSX: ("xlsx",),
    FileKind.XLS: ("xls",),
    FileKind.CSV: ("csv",),
    FileKind.DOCX: ("docx",),
    FileKind.PDF: ("pdf",),
    FileKind.ZIP: ("zip",),
    FileKind.PNG: ("png",),
    FileKind.JPEG: ("jpg", "jpeg"),
}
_PICTURES = frozenset({FileKind.PNG, FileKind.JPEG})
_SHOWN = CASE_PURPOSES | {Purpose.commitment}
_ZIPPED = frozenset({FileKind.XLSX, FileKind.DOCX, FileKind.ZIP})
_ENDS: dict[FileKind, bytes] = {FileKind.PDF: b"%%EOF", FileKind.PNG: b"IEND", FileKind.JPEG: b"\xff\xd9"}

_WHAT_TO_DO: dict[FileKind, str] = {
    FileKind.RAR: N_("请解开压缩包,上传里面的文件,或改用 .zip 打包后重新上传。"),
    FileKind.SEVEN_ZIP: N_("请解开压缩包,上传里面的文件,或改用 .zip 打包后重新上传。"),
    FileKind.DOC: N_("请用 Word 或 WPS 打开,另存为 .docx 后重新上传。"),
    FileKind.XLSB: N_("请用 Excel 或 WPS 打开,另存为 .xlsx 后重新上传。"),
    FileKind.ODS: N_("请另存为 .xlsx 后重新上传。"),
    FileKind.HTML: N_("请用 Excel 或 WPS 打开,另存为 .xlsx 后重新上传。"),
    FileKind.UNKNOWN: N_("文件可能已损坏。请用原来的软件打开确认,重新导出后再上传。"),
}
_CHANGE_EXTENSION = N_("请把扩展名改为与内容一致,或另存为需要的格式后重新上传。")

# What to do about a problem that the reader of archives and types has found, by its code.
_REMEDIES: dict[str, str] = {
    "empty": N_("请检查文件内容后重新上传。"),
    "truncated": N_("请重新导出或重新下载这个文件,确认能打开后再上传。"),
    "archive_corrupt": N_("请重新导出或重新打包,确认能打开后再上传。"),
    "encrypted": "",
    "archive_encrypted": "",
    "macros": "",
    "archive_nested": "",
    "archive_size_lie": N_("请用压缩软件重新打包后再上传。"),
    "archive_ratio": N_("请用压缩软件重新打包后再上传。"),
    "archive_total": N_("请拆分成几个文件后重新上传。"),
    "archive_count": N_("请拆分成几个压缩包后重新上传。"),
    "archive_traversal": N_("请用压缩软件重新打包后再上传。"),
    "archive_depth": N_("请减少目录层数后重新打包上传。"),
    "pdf_password": N_("请用 WPS 或 Acrobat 打开,在“加密”中取消打开密码,另存后重新上传。"),
    "pdf_empty": N_("请重新导出,确认能看到内容后再上传。"),
    "pdf_corrupt": N_("请重新导出或重新扫描,确认能打开后再上传。"),
    "dde": N_("请删除这些链接或域后重新上传。"),
    "remote_template": N_("请用 Word 打开,在“文档模板和加载项”中改用 Normal 模板,另存后重新上传。"),
    "xml_entities": "",
    "member_program": N_("请从压缩包中删除它,重新打包后上传。"),
    "member_archive": N_("请解开后直接打包,再重新上传。"),
    "member_macros": N_("重新打包后上传。"),
    "member_encrypted": N_("重新打包后上传。"),
    "member_pdf_password": N_("请在 WPS 或 Acrobat 中取消打开密码,重新打包后上传。"),
    "member_dde": N_("请删除这些链接或域,重新打包后上传。"),
    "member_remote_template": N_("请改用 Normal 模板并另存,重新打包后上传。"),
}
_OTHERWISE = N_("请处理后重新上传。")


@dataclass(frozen=True)
class Verdict:
    """`kind` and MIME type by content; `reasons`, as they are stored, are empty for a file that may stay."""

    kind: FileKind
    mime: str
    reasons: list[dict[str, Any]] = field(default_factory=list)


def examine(path: Path, name: str, purpose: str, *, limits: ArchiveLimits | None = None) -> Verdict:
    """Judge a file by its content; `name` is only held against it. Reads archives through, in bounded memory."""
    found = sniff(path)
    reasons = _first(found, path, name, purpose)
    if not reasons and found.kind in _ZIPPED:
        problems = check_archive(path, limits)
        serious = [one for one in problems if one.fatal or (one.code == "archive_nested" and _is_bank(purpose))]
        reasons = [_of_problem(problem) for problem in serious]
    if not reasons and found.kind is FileKind.ZIP:
        reasons = [_of_problem(problem) for problem in find_in_members(path, limits)]
    if not reasons:
        active = find_active(path, found.kind, read_as_bank=_is_bank(purpose))
        reasons = [_of_problem(active)] if active else []
    if not reasons and found.kind in _PICTURES and purpose in _SHOWN:
        # These are shown on pages, small, or printed on a document: a picture that cannot be is told so now.
        fault = find_fault(path)
        reasons = [fault] if fault else []
    return Verdict(found.kind, found.mime, reasons)


def _is_bank(purpose: str) -> bool:
    return purpose == Purpose.question_bank


def _first(found: FileType, path: Path, name: str, purpose: str) -> list[dict[str, Any]]:
    """The first thing that is wrong; what follows from it would only confuse."""
    fatal = next((problem for problem in found.problems if problem.fatal), None)
    if fatal is not None:
        return [_of_problem(fatal)]
    kind, extension = found.kind, extension_of(name)
    params: dict[str, Any] = {
        "extension": f".{extension}",
        "kind": LABELS[kind],
        "advice": _WHAT_TO_DO.get(kind, _CHANGE_EXTENSION),
    }
    if extension not in _EXTENSIONS.get(kind, ()):
        return [reason("renamed", N_("文件名是 %(extension)s,内容却是%(kind)s。%(advice)s"), **params)]
    if kind in _PICTURES and _is_bank(purpose):
        return [reason("type_not_allowed", N_("%(kind)s不能作为题库。请上传表格、Word、PDF 或 ZIP。"), **params)]
    if not _is_whole(kind, path):
        return [reason("truncated", N_("%(kind)s不完整,结尾缺失。请重新导出或重新下载后再上传。"), **params)]
    macros = next((problem for problem in found.problems if problem.code == "macros"), None)
    return [_of_problem(macros)] if macros else []


def _of_problem(problem: Problem) -> dict[str, Any]:
    remedy = _REMEDIES.get(problem.code, _OTHERWISE)
    if not remedy:
        return reason(problem.code, N_("%(problem)s。"), location=problem.member or None, problem=problem.message)
    return reason(
        problem.code,
        N_("%(problem)s。%(advice)s"),
        location=problem.member or None,
        problem=problem.message,
        advice=remedy,
    )


def _is_whole(kind: FileKind, path: Path) -> bool:
    """Whether the end of a file that says where it ends is there."""
    mark = _ENDS.get(kind)
    if mark is None:
        return True
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _TAIL))
        return mark in stream.read()
