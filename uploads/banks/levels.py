"""Skill levels (技能等级) as covers, sheet names and cells write them."""

from __future__ import annotations

import re

from uploads.banks.text import squeeze

LEVEL_LABELS: dict[str, str] = {
    "level_5": "五级/初级工",
    "level_4": "四级/中级工",
    "level_3": "三级/高级工",
    "level_2": "二级/技师",
    "level_1": "一级/高级技师",
    "special_technician": "特级技师",
    "chief_technician": "首席技师",
    "apprentice": "学徒工",
}
# Longest first: 高级技师 is neither 高级 nor 技师.
_NAMES: tuple[tuple[str, str], ...] = (
    ("首席技师", "chief_technician"),
    ("特级技师", "special_technician"),
    ("高级技师", "level_1"),
    ("学徒工", "apprentice"),
    ("高级工", "level_3"),
    ("中级工", "level_4"),
    ("初级工", "level_5"),
    ("技师", "level_2"),
    ("高级", "level_3"),
    ("中级", "level_4"),
    ("初级", "level_5"),
    ("一级", "level_1"),
    ("二级", "level_2"),
    ("三级", "level_3"),
    ("四级", "level_4"),
    ("五级", "level_5"),
)
_BY_NAME = dict(_NAMES)
# Words that begin like a level and are none: 技师学院, 高级技工学校, 一级建造师, 三级安全教育, 鉴定范围一级.
_NOT_AFTER = {
    "技师": "学院|协会|工作|学校|大师",
    "高级": "技工学校|技工院|技校|中学|职业|人才|研修|工程师|经济师|会计师|技术学",
    "中级": "人民|职业|工程师|经济师|会计师",
    "初级": "中学|职业中|会计",
}
_NOT_AFTER_NUMBER = (
    "建造|消防|注册|指标|鉴定|目录|知识|标题|范围|学科|单位|安全|教育|医院|医疗|配电|负荷|保养|漏电|代码|名称|比重"
)


def _bounded(name: str) -> str:
    if name[0] in "一二三四五":
        return rf"(?<!知识点)(?<!范围)(?<!第){name}(?!{_NOT_AFTER_NUMBER})"
    return rf"{name}(?!{_NOT_AFTER[name]})" if name in _NOT_AFTER else name


_ANY = re.compile("|".join(_bounded(name) for name, _ in _NAMES))
_ONE = _ANY.pattern
_TITLE = re.compile(
    rf"^(?:第?[一二三四五六七八九十]+(?:部分|章)?[、.])?[(（【]?(?:{_ONE})(?:[/、]?(?:{_ONE}))?[)）】]?(?:部分|题库|试题|试卷|理论.{{0,8}})?$"
)
_PLAIN = re.compile(r"(?:level[_ -]?|l)?([1-5])级?", re.I)


def find_levels(text: str) -> list[str]:
    """Every level a text names, in order, without repeats: 「电工(三级/高级工)」→ [level_3]."""
    found: list[str] = []
    for match in _ANY.finditer(squeeze(text)):
        level = _BY_NAME[match[0]]
        if level not in found:
            found.append(level)
    return found


def level_title(text: str) -> str:
    """The level that a line consists of, 「三级/高级工」 or 「二、中级部分」; empty for any other line."""
    flat = squeeze(text)
    levels = find_levels(flat) if len(flat) <= 24 and _TITLE.match(flat) else []
    return levels[0] if len(levels) == 1 else ""


def parse_level(text: str) -> str:
    """The level a cell or an option of the command states, or an empty string: 三级, 高级工, 3, level_3."""
    flat = squeeze(text)
    if flat.lower() in LEVEL_LABELS:
        return flat.lower()
    plain = _PLAIN.fullmatch(flat)
    if plain:
        return f"level_{plain[1]}"
    levels = find_levels(flat)
    return levels[0] if len(levels) == 1 else ""


def level_label(level: str) -> str:
    return LEVEL_LABELS.get(level, level)
