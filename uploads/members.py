"""What lies inside an archive that nobody reads before an officer opens it: judged member by member, by name.

The limits on number, depth and size are those of `check_archive`, which has read the archive through before; an archive
inside is held to what is left of them. Members are looked at in files without a name, which end with the process.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uploads.banks.archive import ArchiveLimits, Problem, check_archive, member_name
from uploads.banks.filetype import FileKind, sniff
from uploads.inside import find_active

# An archive in an archive in what was sent: deeper than this nobody would look.
MAX_NESTING = 2
# As many as a clerk mends at once.
MOST_TOLD = 10
_HEAD = 64 * 1024
_CHUNK = 1024 * 1024
_PROGRAM_NAME = re.compile(
    r"\.(?:exe|dll|scr|com|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|msi|msp|lnk|pif|cpl|jar|apk|reg|sh|app|iso|img|chm)$",
    re.I,
)
_PROGRAM_HEADS = (
    b"MZ",
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"L\0\0\0\x01\x14\2\0",
)
_MACRO_NAME = re.compile(r"\.(?:xlsm|xltm|xlam|docm|dotm|pptm|potm|ppsm)$", re.I)
_CLOSED = {FileKind.RAR: "RAR", FileKind.SEVEN_ZIP: "7z"}
_OPENED = frozenset({FileKind.XLSX, FileKind.DOCX, FileKind.XLS, FileKind.DOC, FileKind.XLSB, FileKind.PDF})


def find_in_members(path: Path, limits: ArchiveLimits | None = None, *, nesting: int = 1) -> list[Problem]:
    """What makes members of this archive unwelcome, each with its name; at most MOST_TOLD. `check_archive` found no
    fatal problem in it."""
    limits = limits or ArchiveLimits()
    found: list[Problem] = []
    with zipfile.ZipFile(path) as archive:
        left = dataclasses.replace(
            limits, max_total_bytes=limits.max_total_bytes - sum(info.file_size for info in archive.infolist())
        )
        for info in archive.infolist():
            if info.is_dir() or len(found) >= MOST_TOLD:
                continue
            problem = _judge(archive, info, left, nesting)
            if problem is not None:
                found.append(problem)
    return found


def _judge(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: ArchiveLimits, nesting: int) -> Problem | None:
    name = member_name(info)
    with archive.open(info) as stream:
        head = stream.read(_HEAD)
    if _PROGRAM_NAME.search(name) or (head.startswith(_PROGRAM_HEADS) and b"\0" in head[:256]):
        return Problem("member_program", f"压缩包内的「{name}」是程序或脚本,不能接收", member=name)
    if _MACRO_NAME.search(name):
        return _macros(name)
    kind = sniff(head).kind if head else FileKind.EMPTY
    if kind in _CLOSED:
        told = f"压缩包里还有 {_CLOSED[kind]} 压缩包「{name}」,无法检查其中的内容"
        return Problem("member_archive", told, member=name)
    if not _may_hide(kind, head):
        return None
    with _unnamed(archive, info) as place:
        return _look_into(place, name, left, nesting)


def _macros(name: str) -> Problem:
    return Problem("member_macros", f"压缩包内的「{name}」含有宏,请另存为不带宏的格式", member=name)


def _may_hide(kind: FileKind, head: bytes) -> bool:
    return kind in _OPENED or kind is FileKind.ZIP or head.startswith((b"PK", b"\xd0\xcf\x11\xe0"))


@contextmanager
def _unnamed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Path]:
    """The member's bytes under an address that only this process has."""
    with tempfile.TemporaryFile() as file, archive.open(info) as stream:
        while piece := stream.read(_CHUNK):
            file.write(piece)
        file.flush()
        yield Path(f"/dev/fd/{file.fileno()}")


def _look_into(place: Path, name: str, left: ArchiveLimits, nesting: int) -> Problem | None:
    found = sniff(place)
    if found.kind is FileKind.ENCRYPTED_OFFICE:
        return Problem("member_encrypted", f"压缩包内的「{name}」设有打开密码,请去掉密码", member=name)
    if any(problem.code == "macros" for problem in found.problems):
        return _macros(name)
    if found.kind is FileKind.ZIP:
        return _look_into_archive(place, name, left, nesting)
    active = find_active(place, found.kind, read_as_bank=False)
    if active is None or active.code in ("truncated", "pdf_corrupt", "pdf_empty"):
        # A broken attachment harms nobody: who opens it sees that it is broken.
        return None
    return Problem(f"member_{active.code}", f"压缩包内的「{name}」:{active.message}", member=name)


def _look_into_archive(place: Path, name: str, left: ArchiveLimits, nesting: int) -> Problem | None:
    if nesting > MAX_NESTING:
        return Problem("member_archive", f"压缩包「{name}」套得太深,请解开后直接打包", member=name)
    problems = [problem for problem in check_archive(place, left) if problem.fatal]
    problems = problems or find_in_members(place, left, nesting=nesting + 1)
    if not problems:
        return None
    first = problems[0]
    return dataclasses.replace(first, message=f"「{name}」:{first.message}", member=f"{name}/{first.member}")
