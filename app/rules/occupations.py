"""D2 skill levels and D3 occupation codes (2022大典: 大类-中类-小类-细类)."""

import re
import unicodedata
from dataclasses import dataclass

from app.rules.core import N_, Refusal

RULES = ("R29",)


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """`digit` is the certificate's (a lower digit is a higher skill: never compare digits); `rank` orders the skill.
    `offered` is the default for evaluation organisations."""

    id: str
    label: str
    digit: str
    rank: int
    offered: bool


SKILL_LEVELS: dict[str, SkillLevel] = {
    level.id: level
    for level in (
        SkillLevel("apprentice", N_("学徒工"), "", 0, False),
        SkillLevel("level_5", N_("五级/初级工"), "5", 1, True),
        SkillLevel("level_4", N_("四级/中级工"), "4", 2, True),
        SkillLevel("level_3", N_("三级/高级工"), "3", 3, True),
        SkillLevel("level_2", N_("二级/技师"), "2", 4, True),
        SkillLevel("level_1", N_("一级/高级技师"), "1", 5, True),
        SkillLevel("special_technician", N_("特级技师"), "", 6, False),
        SkillLevel("chief_technician", N_("首席技师"), "", 7, False),
    )
}
OFFERED_LEVELS: tuple[str, ...] = tuple(level.id for level in SKILL_LEVELS.values() if level.offered)

CODE_PATTERN = re.compile(r"^[1-8]-\d{2}-\d{2}-\d{2}$")
_DASHES = re.compile(r"[-‐‑‒–—―−─_~.·/\s]+")
_LOOSE = re.compile(r"^(\d)-(\d{1,2})-(\d{1,2})-(\d{1,2})$")
_BARE = re.compile(r"^(\d)(\d{2})(\d{2})(\d{2})$")
SKILL_CLASSES = frozenset("3456")


def normalise_code(text: str) -> str:
    """The code as printed: full-width digits and dashes made plain, missing zeros and dashes put back.

    Refusal occupation_code_invalid if no code can be read ('6-31-01' lacks a group and is not guessed).
    """
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text).strip()).strip("-")
    match = _LOOSE.match(plain) or _BARE.match(plain)
    code = "-".join([match[1], *(part.zfill(2) for part in match.groups()[1:])]) if match else plain
    if not CODE_PATTERN.match(code):
        raise Refusal(
            "occupation_code_invalid",
            "R29",
            N_(
                "职业编码“%(text)s”无法识别。应为“大类-中类-小类-细类”,如6-31-01-03。请按职业分类大典填写,或按名称查找。"
            ),
            text=text,
        )
    return code


def find_code_doubts(code: str) -> list[Refusal]:
    """A warning: skill occupations lie in 大类 3–6."""
    if code[0] in SKILL_CLASSES:
        return []
    return [
        Refusal(
            "occupation_not_skill_class",
            "R29",
            N_("职业编码%(occupation)s属第%(major)s大类,技能类职业一般在第三至第六大类。请核对编码。"),
            occupation=code,
            major=code[0],
        )
    ]


def check_skill_level(level: str) -> SkillLevel:
    """Refusal skill_level_not_offered for an unknown level or one that evaluation organisations do not offer."""
    known = SKILL_LEVELS.get(level)
    if known is None or not known.offered:
        raise Refusal(
            "skill_level_not_offered",
            "R29",
            N_("“%(level)s”不是社评组织可申报的等级。请从五级/初级工至一级/高级技师中选择。"),
            level=known.label if known else level,
        )
    return known


def sort_levels(levels: list[str]) -> list[str]:
    """Lowest skill first."""
    return sorted(levels, key=lambda level: SKILL_LEVELS[level].rank)


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One 申报项: occupation, work type (a 工种 has no code of its own; '' if none) and skill level."""

    occupation_code: str
    work_type: str
    level: str

    def label(self, occupation_name: str = "") -> str:
        parts = [occupation_name or self.occupation_code, self.work_type, SKILL_LEVELS[self.level].label]
        return "/".join(part for part in parts if part)
