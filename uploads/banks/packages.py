"""Packages (.zip): theory, blueprint and skill files of one item, each read as if it had come alone."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from uploads.banks.archive import NESTED, ArchiveLimits, member_name
from uploads.banks.levels import find_levels
from uploads.banks.models import Finding, Severity, Statement
from uploads.banks.sheet_key import KeyTable, apply_key
from uploads.banks.sheets import Unreadable
from uploads.banks.skills import SkillFile, is_skill_name, read_skill
from uploads.banks.tables import Yield
from uploads.banks.word import open_document

_JUNK = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini", "~$")
_QUESTIONS = (".xlsx", ".xls", ".xlsm", ".csv", ".docx", ".doc")
_PAPERS = ("papers", "试卷")

Loader = Callable[[Path, str, Mapping[str, str], ArchiveLimits], Yield]


def read_package(path: Path, out: Yield, letters: Mapping[str, str], limits: ArchiveLimits, load: Loader) -> None:
    """All members, in the archive's order, each in a file without a name, which ends with the process. A member that
    cannot be read is a blocking finding; the others are still read."""
    keys: dict[str, KeyTable] = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = member_name(info).replace("\\", "/")
            if info.is_dir() or _is_junk(name) or name.lower().endswith(NESTED):
                continue
            with tempfile.TemporaryFile() as file:
                file.write(archive.read(info))
                file.flush()
                try:
                    _read_member(Path(f"/dev/fd/{file.fileno()}"), name, out, letters, limits, load)
                except Unreadable as error:
                    told = f"「{name}」:{error.problem.message}"
                    out.findings.append(Finding("C01", Severity.BLOCK, told, sheet=name))
            if out.keys:
                keys[name], out.keys = out.keys, []
    for name, key in keys.items():
        apply_key(key, name, out, letters)


def _is_junk(name: str) -> bool:
    low = name.lower()
    return low.startswith(_JUNK[0]) or PurePosixPath(low).name.startswith(_JUNK[1:])


def _read_member(
    place: Path, name: str, out: Yield, letters: Mapping[str, str], limits: ArchiveLimits, load: Loader
) -> None:
    suffix = PurePosixPath(name).suffix.lower()
    if is_skill_name(name):
        is_word = suffix == ".docx"
        out.skills.append(read_skill(place, name, open_document(place)) if is_word else SkillFile(name, readable=False))
        return
    if any(part in _PAPERS for part in PurePosixPath(name.lower()).parts[:-1]):
        out.note(name, None, f"「{name}」是组好的试卷,不计入题库", severity="info")
        return
    if suffix not in _QUESTIONS:
        out.note(name, None, f"「{name}」不是题库文件,未读取", severity="info")
        return
    part = load(place, name, letters, limits)
    _add(out, part, name)


def _add(out: Yield, part: Yield, name: str) -> None:
    """Take over what a member gave; its sheets are called 「member/sheet」."""
    for question in part.questions:
        question.sheet = _inside(name, question.sheet)
    levels = find_levels(name)
    if len(levels) == 1:
        for question in part.questions:
            question.level = question.level or levels[0]
    for finding in part.findings:
        out.findings.append(
            Finding(
                finding.check,
                finding.severity,
                f"「{name}」{finding.message}",
                _inside(name, finding.sheet),
                finding.row,
                finding.column,
                finding.related,
            )
        )
    for said in part.statements:
        out.statements.append(Statement(_inside(name, said.sheet), said.row, said.level, said.occupation, said.text))
    out.questions.extend(part.questions)
    out.blueprints.extend(part.blueprints)
    out.keys.extend(part.keys)
    out.headers += part.headers
    out.has_pictures |= part.has_pictures


def _inside(name: str, sheet: str) -> str:
    return f"{name}/{sheet}" if sheet else name
