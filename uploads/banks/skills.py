"""The skill part of a package: one task = 准备通知单 + 试卷 + 评分记录表 (C23)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from uploads.banks.text import squeeze

_PARTS = {
    "准备通知单": re.compile(r"准备通知单|考核准备|准备单|考场准备|考生准备"),
    "考核试卷": re.compile(r"考核试卷|技能试卷|操作试卷|试卷|考核试题|技能试题"),
    "评分记录表": re.compile(r"评分记录|评分表|评分标准|评分细则|评分"),
}
_TIME = re.compile(
    r"(?:考核|考试|操作|完成|规定|准备)?(?:时间|时限|用时|时长)\s*[:]?\s*(?:为|共)?\s*\d+\s*(?:分钟|小时|min|h)", re.I
)
_MATERIALS = re.compile(r"材料|工具|设备|器材|仪器|仪表|量具|物料")
_POINTS = re.compile(r"配分|分值|标准分|满分")
_TOTAL = re.compile(r"合计|总计|总分|小计")
_PART_NAMES = re.compile(
    r"(?:考核)?准备通知单|准备单|(?:考核|技能|操作)?试[卷题]|评分(?:记录)?表?(?:标准)?|[-_—\s()（）.、]+"
)


@dataclass(slots=True)
class SkillFile:
    """A document of the skill part: its name in the package, its text, and its tables as rows of cells."""

    name: str
    text: str = ""
    tables: list[list[list[str]]] = field(default_factory=list)
    readable: bool = True


@dataclass(slots=True)
class SkillTask:
    name: str
    files: list[SkillFile] = field(default_factory=list)


def read_skill(path: Path, name: str, document: Any) -> SkillFile:
    """From an open Word document."""
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    cells = (cell for table in tables for row in table for cell in row)
    text = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    return SkillFile(name, text, tables)


def is_skill_name(name: str) -> bool:
    """Whether a member of a package belongs to the skill part, by its folder."""
    return any(re.search(r"^skills?$|技能|实操|操作", part, re.I) for part in PurePosixPath(name).parts[:-1])


def tasks(files: Sequence[SkillFile]) -> list[SkillTask]:
    """Files grouped into tasks: by their folder below the skill folder, else by their names without the part's name."""
    found: dict[str, SkillTask] = {}
    for file in files:
        path = PurePosixPath(file.name)
        folders = [part for part in path.parts[:-1] if not re.search(r"^skills?$|技能|实操|操作", part, re.I)]
        key = folders[-1] if folders else _PART_NAMES.sub("", path.stem) or path.stem
        found.setdefault(key, SkillTask(key)).files.append(file)
    return list(found.values())


def find_faults(task: SkillTask) -> Iterator[str]:
    """What a task lacks, in a clerk's words."""
    unread = [file.name for file in task.files if not file.readable]
    if unread:
        yield f"技能题「{task.name}」的文件「{'、'.join(unread)}」不是 .docx,内容没有检查"
        if len(unread) == len(task.files):
            return
    text = "\n".join([*(file.name for file in task.files), *(file.text for file in task.files)])
    missing = [name for name, pattern in _PARTS.items() if not pattern.search(text)]
    if missing and not unread:
        yield f"技能题「{task.name}」缺少{'、'.join(missing)}"
    if not _TIME.search(squeeze(text)):
        yield f"技能题「{task.name}」没有写明考核时间"
    if not _MATERIALS.search(text):
        yield f"技能题「{task.name}」没有材料、工具或设备清单"
    total = _points(task)
    if total is not None and abs(total - 100) > 0.01:
        yield f"技能题「{task.name}」评分表的配分合计是{total:g}分,应为100分"


def _points(task: SkillTask) -> float | None:
    """The sum of the scoring sheet's points, without its total rows; None where there is no such column."""
    found: float | None = None
    for table in (table for file in task.files for table in file.tables):
        column = next((index for row in table[:3] for index, cell in enumerate(row) if _POINTS.search(cell)), None)
        if column is None:
            continue
        for row in table:
            cell = squeeze(row[column]) if column < len(row) else ""
            number = re.fullmatch(r"(\d+(?:\.\d+)?)分?", cell)
            if number and not any(_TOTAL.search(text) for text in row):
                found = (found or 0.0) + float(number[1])
    return found
