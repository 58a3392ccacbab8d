"""What the directory's pages on paper say: the conditions in words, and the entries by who holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from app.clock import SHANGHAI
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.directory.queries import DirectoryFilter
from app.rules.authority import LEVEL_LABELS
from app.rules.occupations import SKILL_LEVELS
from app.rules.routing import CITIES


def facts_of(wanted: DirectoryFilter, entries: Sequence[DirectoryEntry], *, now: datetime) -> list[tuple[str, str]]:
    """When it was asked, for what, and how much was found; label and value."""
    at = now.astimezone(SHANGHAI)
    conditions = (
        ("机构", wanted.text),
        ("职业、工种", wanted.occupation),
        ("等级", SKILL_LEVELS[wanted.skill_level].label if wanted.skill_level else ""),
        ("所在市", CITIES[wanted.city].name if wanted.city else ""),
        ("级别", LEVEL_LABELS[wanted.level] if wanted.level else ""),
    )
    told = ";".join(f"{label}:{value}" for label, value in conditions if value)
    holders = len({entry.institution_code for entry in entries})
    return [
        ("查询时间", f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}(北京时间)"),
        ("查询条件", f"{'含已移出' if wanted.history else '现行目录'}{';' + told if told else ',全部机构'}"),
        ("查询结果", f"共{holders}家机构、{len(entries)}项职业(工种)等级"),
        ("说明", "本表按查询时的目录生成,不编文号、不加盖印章;现行情况请扫描右上角二维码查看。"),
    ]


def holders_of(entries: Sequence[DirectoryEntry]) -> list[dict[str, Any]]:
    """The entries, in their order, as lines under their holders; the levels of an occupation together."""
    return [
        {
            "name": (found := list(group))[0].organisation_name,
            "code": code,
            "uscc": found[0].uscc,
            "city": found[0].city_name,
            "level": LEVEL_LABELS[found[0].level],
            "rows": [_line(list(one)) for _, one in groupby(found, key=_same_line)],
        }
        for code, group in groupby(entries, key=lambda entry: entry.institution_code)
    ]


def _same_line(entry: DirectoryEntry) -> tuple[object, ...]:
    return (
        entry.occupation_code, entry.occupation_name, entry.work_type, entry.valid_from, entry.valid_to, entry.left_on,
        entry.leave_reason,
    )  # fmt: skip


def _line(entries: Sequence[DirectoryEntry]) -> dict[str, str]:
    first = entries[0]
    levels = sorted((SKILL_LEVELS[entry.skill_level] for entry in entries), key=lambda level: level.rank, reverse=True)
    return {
        "code": first.occupation_code,
        "occupation": first.occupation_name,
        "work_type": first.work_type or "",
        "levels": "、".join(level.label for level in levels),
        "from": first.valid_from.isoformat(),
        "to": first.valid_to.isoformat(),
        "left": first.left_on.isoformat() if first.left_on else "",
        "reason": first.leave_reason or "",
    }
