"""Zip files that strangers send: limits, names, members, without ever unpacking to disk."""

from __future__ import annotations

import copy
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_CHUNK = 1 << 18
NESTED = (".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".jar")


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much may come out of an archive. Bytes are those really decompressed, not those the header claims."""

    max_members: int = 2_000
    max_depth: int = 8
    max_total_bytes: int = 512 * 1024 * 1024
    max_member_bytes: int = 384 * 1024 * 1024
    max_ratio: float = 200.0
    ratio_floor_bytes: int = 8 * 1024 * 1024
    allow_nested: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, by a stable code and in a clerk's words; `fatal` means: do not read it."""

    code: str
    message: str
    fatal: bool = True
    member: str = ""


def member_name(info: zipfile.ZipInfo) -> str:
    """The name as its author saw it: UTF-8 when flagged or valid, else GBK as Chinese Windows writes it."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _is_traversal(name: str) -> bool:
    path = name.replace("\\", "/")
    return path.startswith("/") or path[1:2] == ":" or "\0" in name or ".." in PurePosixPath(path).parts


def _count_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, ceiling: int) -> int:
    """Decompress and count, at most to `ceiling` + one chunk; the size in the header is not believed."""
    honest = copy.copy(info)
    honest.file_size = 1 << 62
    total = 0
    with archive.open(honest) as stream:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > ceiling:
                break
    return total


def _name_problems(infos: list[zipfile.ZipInfo], limits: ArchiveLimits) -> list[Problem]:
    problems = []
    for info in infos:
        name = member_name(info)
        if _is_traversal(name):
            problems.append(Problem("archive_traversal", f"压缩包内的文件名「{name}」试图跳出目录", member=name))
        elif len(PurePosixPath(name).parts) > limits.max_depth:
            problems.append(Problem("archive_depth", f"压缩包目录超过{limits.max_depth}层:「{name}」", member=name))
        if info.flag_bits & 0x1:
            told = f"压缩包内的「{name}」已加密,请去掉密码后重新上传"
            problems.append(Problem("archive_encrypted", told, member=name))
        if name.lower().endswith(NESTED) and not limits.allow_nested:
            problems.append(
                Problem("archive_nested", f"压缩包里还有压缩包「{name}」,请解开后直接打包", fatal=False, member=name)
            )
    return problems


def _size_problem(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Problem | None:
    total = 0
    for info in infos:
        if info.is_dir() or info.flag_bits & 0x1:
            continue
        name = member_name(info)
        ceiling = min(limits.max_member_bytes, limits.max_total_bytes - total)
        size = _count_bytes(archive, info, ceiling)
        total += size
        if size > ceiling:
            told = f"解压后的内容超过{limits.max_total_bytes >> 20} MB(读到「{name}」)"
            return Problem("archive_total", told, member=name)
        if size > limits.ratio_floor_bytes and size > limits.max_ratio * max(info.compress_size, 1):
            return Problem("archive_ratio", f"「{name}」的压缩比超过{limits.max_ratio:.0f}倍,疑为压缩炸弹", member=name)
        if size != info.file_size:
            return Problem("archive_size_lie", f"「{name}」声明的大小与实际不符,压缩包不可信", member=name)
    return None


def check_archive(path: str | Path, limits: ArchiveLimits | None = None) -> list[Problem]:
    """Everything wrong with a zip (also .xlsx and .docx), found by really decompressing it, in bounded memory."""
    limits = limits or ArchiveLimits()
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > limits.max_members:
                return [Problem("archive_count", f"压缩包内有{len(infos)}个文件,超过{limits.max_members}个")]
            problems = _name_problems(infos, limits)
            size_problem = _size_problem(archive, infos, limits)
            return [*problems, size_problem] if size_problem else problems
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError):
        return [Problem("archive_corrupt", "压缩结构已损坏或不完整,无法打开")]


def read_members(path: str | Path, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """Name and bytes of the members asked for; only after `check_archive` has found no fatal problem."""
    with zipfile.ZipFile(path) as archive:
        chosen = [(member_name(info), info) for info in archive.infolist() if not info.is_dir()]
        return [(name, archive.read(info)) for name, info in chosen if wanted(name)]
