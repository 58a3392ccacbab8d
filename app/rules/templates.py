"""Annexes 1, 3 and 4 as versioned data, drafted from the notice until the official ones are uploaded (R21, R32, R53).

The notice gives no weights, sub-items or pass lines: every number here is ours. Annex 2 is in `commitment.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.rules.core import N_, Refusal

RULES = ("R21", "R32", "R53", "R68")

DRAFT_BANNER = N_("依据通知起草,待官方附件替换")


class TemplateKind(StrEnum):
    SELECTION = "selection"
    COMMITMENT = "commitment"
    QUESTION_BANK = "question_bank"
    PERIODIC = "periodic"


ANNEX_NO: dict[str, int] = {
    TemplateKind.SELECTION: 1,
    TemplateKind.COMMITMENT: 2,
    TemplateKind.QUESTION_BANK: 3,
    TemplateKind.PERIODIC: 4,
}


@dataclass(frozen=True, slots=True)
class Indicator:
    code: str
    label: str
    weight: int
    prompts: tuple[str, ...]
    scorer: str = ""


@dataclass(frozen=True, slots=True)
class SheetTemplate:
    """A score sheet. `gates` are checked yes/no and not scored; `remarks` are written and not scored."""

    kind: str
    version: str
    title: str
    indicators: tuple[Indicator, ...]
    gates: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    source: str = "drafted_from_notice"
    official: bool = False

    @property
    def banner(self) -> str:
        return "" if self.official else DRAFT_BANNER

    @property
    def mandatory(self) -> dict[str, str]:
        return {indicator.code: indicator.label for indicator in self.indicators}

    @property
    def weights(self) -> dict[str, float]:
        return {indicator.code: float(indicator.weight) for indicator in self.indicators}


SELECTION_SHEET = SheetTemplate(
    kind=TemplateKind.SELECTION,
    version="draft-1",
    title=N_("社会培训评价组织遴选评估参考条件"),
    gates=(
        N_("申报主体类型与层级相符"),
        N_("登记机关所在市"),
        N_("全国性组织函商同意且唯一"),
        N_("在征集通告范围内"),
    ),
    indicators=(
        Indicator("S1", N_("评价场地"), 20, (N_("与申报职业、等级的匹配"), N_("理论、技能场地证明材料"))),
        Indicator("S2", N_("设施设备"), 20, (N_("设备清单与申报职业逐项对应"), N_("可用状态"))),
        Indicator("S3", N_("题库建设"), 20, (N_("题库开发计划"), N_("已有基础"), N_("人员安排"))),
        Indicator("S4", N_("考评员队伍"), 20, (N_("按职业等级列名"), N_("资格"), N_("专兼职"))),
        Indicator("S5", N_("督导员队伍"), 20, (N_("按职业等级列名"), N_("资格"), N_("专兼职"))),
    ),
    remarks=(N_("产业代表性"), N_("评价专业性"), N_("行业权威性")),
)
QUESTION_BANK_SHEET = SheetTemplate(
    kind=TemplateKind.QUESTION_BANK,
    version="draft-1",
    title=N_("社会培训评价组织题库评估参考标准"),
    gates=(N_("题库与申报职业、工种、等级一致"), N_("已附自动检查报告")),
    indicators=(
        Indicator(
            "Q1",
            N_("方法"),
            30,
            (
                N_("有鉴定要素细目表或命题双向表"),
                N_("题型、题量、难度标注齐备"),
                N_("组卷方案可执行"),
                N_("评分标准明确"),
            ),
            "method_expert",
        ),
        Indicator(
            "Q2",
            N_("内容"),
            40,
            (
                N_("与国家职业标准(或评价规范)的等级要求一致"),
                N_("知识点覆盖"),
                N_("表述、答案正确"),
                N_("无过时标准"),
            ),
            "content_expert",
        ),
        Indicator(
            "Q3",
            N_("实际工作"),
            30,
            (N_("操作技能题贴近岗位"), N_("场地设备材料可实现"), N_("安全要求明确")),
            "practitioner_expert",
        ),
    ),
)
PERIODIC_SHEET = SheetTemplate(
    kind=TemplateKind.PERIODIC,
    version="draft-1",
    title=N_("社会培训评价组织定期评估参考样表"),
    indicators=(
        Indicator("P1", N_("制度建设"), 15, (N_("制度清单及执行记录"),)),
        Indicator("P2", N_("队伍建设"), 15, (N_("考评员、督导员、专职人员名册与培训"),)),
        Indicator("P3", N_("题库建设"), 20, (N_("题库更新记录"), N_("按备案职业等级的题库在用情况"))),
        Indicator("P4", N_("认定实施"), 20, (N_("按职业、等级的批次、人数、合格率"), N_("未开展职业清单"))),
        Indicator("P5", N_("质量管控"), 20, (N_("内外部督导"), N_("双随机检查结果"), N_("违规记录"))),
        Indicator("P6", N_("舆情反馈"), 10, (N_("投诉举报、舆情处置"),)),
    ),
)
SHEETS: dict[str, SheetTemplate] = {
    sheet.kind: sheet for sheet in (SELECTION_SHEET, QUESTION_BANK_SHEET, PERIODIC_SHEET)
}

PERIODIC_AREAS: tuple[str, ...] = (
    N_("制度建设"),
    N_("队伍建设"),
    N_("题库建设"),
    N_("认定实施"),
    N_("质量管控"),
    N_("舆情反馈"),
)
"""R53: what any template of Annex 4, official or ours, must contain."""


def check_periodic_template(labels: Collection[str]) -> None:
    """R53: an uploaded Annex 4 must still cover the six areas the notice names."""
    if missing := [area for area in PERIODIC_AREAS if not any(area in label for label in labels)]:
        raise Refusal(
            "template_areas_missing",
            "R53",
            N_("定期评估样表缺少:%(missing)s。通知规定的六项内容缺一不可,请补全。"),
            missing="、".join(missing),
        )


def check_template_editable(used_by: int) -> None:
    """R21: a template that a panel or a self-assessment has used is frozen; a change is a new version."""
    if used_by:
        raise Refusal(
            "template_frozen",
            "R21",
            N_("该版本已用于%(count)d次评估,不能修改。请另建新版本。"),
            count=used_by,
        )


def check_new_version(kind: str, version: str, existing: Mapping[str, Collection[str]]) -> None:
    """R68: versions of a kind are distinct; the official annex comes as a new one."""
    if version in existing.get(kind, ()):
        raise Refusal(
            "template_version_taken", "R68", N_("版本号“%(version)s”已存在。请使用新的版本号。"), version=version
        )
