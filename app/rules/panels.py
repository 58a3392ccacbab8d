"""R17–R21, R30–R32, R51–R52: panels of every kind — size, composition, conflicts, methods, sheets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.rules.authority import Act, check_competent
from app.rules.core import N_, Refusal, raise_first
from app.rules.settings import Settings
from app.rules.states import MemberState, PanelKind

RULES = ("R17", "R18", "R19", "R20", "R21", "R30", "R31", "R51", "R52", "R64")

EXPERT_TYPES: dict[str, str] = {
    "evaluation_expert": N_("技能人才评价专家"),
    "technical_expert": N_("技术技能专家"),
    "method_expert": N_("方法专家"),
    "content_expert": N_("内容专家"),
    "practitioner_expert": N_("实际工作专家"),
    "policy_norm_specialist": N_("政策规范人员"),
    "other": N_("其他"),
}
SELECTION_METHODS: dict[str, str] = {
    "document_verification": N_("材料核验"),
    "site_visit": N_("现场察看"),
    "video_link": N_("视频连线"),
    "interview_consultation": N_("访谈咨询"),
    "inquiry_defence": N_("质询答辩"),
    "expert_argumentation": N_("专家论证"),
    "other": N_("其他"),
}
"""R20: 「可采取」, so any one of them will do."""
PERIODIC_METHODS: dict[str, str] = {
    "document_review": N_("资料审核"),
    "system_monitoring": N_("系统监测"),
    "on_site_check": N_("现场核查"),
    "discussion_inquiry": N_("座谈问询"),
    "other": N_("其他"),
}
"""R52."""


@dataclass(frozen=True, slots=True)
class PanelRule:
    """What the notice says of one kind of panel. `wanted`: the expert types it names."""

    size_rule: str
    composition_rule: str
    wanted: tuple[str, ...]
    methods: Mapping[str, str]
    method_rule: str
    act: Act


_SELECTION_TYPES = ("evaluation_expert", "technical_expert")
_BANK_TYPES = ("method_expert", "content_expert", "practitioner_expert")
_SPECIALIST = ("policy_norm_specialist",)
PANEL_RULES: dict[str, PanelRule] = {
    PanelKind.SELECTION: PanelRule("R19", "R18", _SELECTION_TYPES, SELECTION_METHODS, "R20", Act.ASSESS),
    PanelKind.SELECTION_PRELIMINARY: PanelRule(
        "R19", "R18", _SELECTION_TYPES, SELECTION_METHODS, "R20", Act.PRELIMINARY_ASSESSMENT
    ),
    PanelKind.SELECTION_FINAL: PanelRule("R19", "R18", _SELECTION_TYPES, SELECTION_METHODS, "R20", Act.FINAL_REVIEW),
    PanelKind.QUESTION_BANK: PanelRule("R31", "R30", _BANK_TYPES, {}, "R32", Act.ASSESS_BANK),
    PanelKind.PERIODIC: PanelRule("R51", "R51", _SPECIALIST, PERIODIC_METHODS, "R52", Act.RENEWAL_ASSESSMENT),
    PanelKind.REASSESSMENT: PanelRule("R51", "R51", _SPECIALIST, PERIODIC_METHODS, "R52", Act.RENEWAL_ASSESSMENT),
}


@dataclass(frozen=True, slots=True)
class Panelist:
    """One member. `employers` and `related` hold the USCCs of those the member works for or is otherwise tied to;
    `occupations` the codes of their field; `may_sign` is False for a third party's staff (R67)."""

    key: str
    name: str
    types: frozenset[str]
    state: str = MemberState.ACCEPTED
    employers: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    occupations: frozenset[str] = field(default_factory=frozenset)
    available: bool = True
    may_sign: bool = True


_ACTIVE = frozenset({MemberState.ACCEPTED, MemberState.SUBMITTED})


def active_members(members: Iterable[Panelist]) -> list[Panelist]:
    """Those who count: accepted or already submitted, not declined or recused."""
    return [member for member in members if member.state in _ACTIVE]


def panel_size_ok(count: int, settings: Settings) -> bool:
    """3–5, both bounds included (民法典 1259)."""
    return settings.panel_min <= count <= settings.panel_max


def check_panel_size(count: int, settings: Settings, kind: str = PanelKind.SELECTION) -> None:
    """R19/R31/R51. Refusal panel_size_wrong outside 3–5."""
    if panel_size_ok(count, settings):
        return
    advice = N_("请增补专家。") if count < settings.panel_min else N_("请减少专家。")
    raise Refusal(
        "panel_size_wrong",
        PANEL_RULES[kind].size_rule,
        N_("评估组应有%(min)d—%(max)d名成员,现有%(count)d名。%(advice)s"),
        min=settings.panel_min,
        max=settings.panel_max,
        count=count,
        advice=advice,
    )


def find_composition_gaps(kind: str, members: Iterable[Panelist]) -> list[Refusal]:
    """R18/R30/R51: the named expert types that nobody on the panel has."""
    rule = PANEL_RULES[kind]
    present = {expert_type for member in active_members(members) for expert_type in member.types}
    return [
        Refusal(
            "expert_type_missing",
            rule.composition_rule,
            N_("评估组中没有%(type)s。请增补一名,或说明由谁承担。"),
            type=EXPERT_TYPES[wanted],
            expert_type=wanted,
        )
        for wanted in rule.wanted
        if wanted not in present
    ]


def find_field_gaps(members: Iterable[Panelist], occupation_codes: Collection[str]) -> list[Refusal]:
    """R30: occupations for which no content expert of the panel has that field; a warning."""
    covered: set[str] = set()
    for member in active_members(members):
        if "content_expert" in member.types:
            covered |= member.occupations
    return [
        Refusal(
            "content_field_missing",
            "R30",
            N_("职业%(occupation)s没有对应专业的内容专家。请核对专家的职业领域。"),
            occupation=occupation,
        )
        for occupation in sorted(set(occupation_codes) - covered)
    ]


def find_conflicts(members: Iterable[Panelist], applicant_uscc: str) -> list[Refusal]:
    """R64: members employed by or tied to the applicant must stand aside (回避), and the unavailable cannot serve."""
    found = []
    for member in active_members(members):
        if applicant_uscc in member.employers:
            message, code = N_("%(name)s任职于申请单位,应当回避。请更换该成员。"), "conflict_employed"
        elif applicant_uscc in member.related:
            message, code = N_("%(name)s与申请单位有利害关系,应当回避。请更换该成员。"), "conflict_related"
        elif not member.available:
            message, code = N_("%(name)s当前不可参加评估。请更换该成员。"), "member_unavailable"
        else:
            continue
        found.append(Refusal(code, "R64", message, name=member.name, member=member.key))
    return found


def check_panel(kind: str, members: Sequence[Panelist], applicant_uscc: str, settings: Settings) -> list[Refusal]:
    """A panel about to be formed. Raises for size, duplicates and conflicts; returns composition gaps as warnings,
    or raises them too where the setting says block."""
    active = active_members(members)
    check_panel_size(len(active), settings, kind)
    if len({member.key for member in active}) != len(active):
        raise Refusal(
            "panel_member_twice", PANEL_RULES[kind].size_rule, N_("同一专家在评估组中出现两次。请删去重复的成员。")
        )
    raise_first(find_conflicts(active, applicant_uscc))
    gaps = find_composition_gaps(kind, active)
    bank = kind == PanelKind.QUESTION_BANK
    if (settings.bank_panel_composition_mode if bank else settings.panel_composition_mode) == "block":
        raise_first(gaps)
    return gaps


def check_panel_authority(kind: str, level: str, city_code: str, authority_code: str | None) -> None:
    """R17: panels are set up by the level that owns the act; a city's panel cannot do the final review (复评)."""
    try:
        check_competent(PANEL_RULES[kind].act, level, city_code, authority_code)
    except Refusal as refusal:
        raise Refusal(refusal.code, "R17", refusal.message, **refusal.params) from refusal


def check_methods(kind: str, methods: Collection[str]) -> None:
    """R20/R52: at least one known method is recorded before a panel concludes. Bank panels need none."""
    rule = PANEL_RULES[kind]
    if unknown := [method for method in methods if method not in rule.methods]:
        raise Refusal(
            "method_unknown",
            rule.method_rule,
            N_("“%(method)s”不是本类评估的方式。请从列表中选择。"),
            method=unknown[0],
        )
    if rule.methods and not methods:
        raise Refusal(
            "method_missing",
            rule.method_rule,
            N_("尚未记录评估方式。请至少记录一种,如%(example)s,并写明日期和参加人员。"),
            example=next(iter(rule.methods.values())),
        )


# Sheets -------------------------------------------------------------------------------------------------------------

MAX_SCORE = 100


def find_sheet_gaps(mandatory: Mapping[str, str], scores: Mapping[str, float | None]) -> list[Refusal]:
    """R21: blank or impossible scores of one expert's sheet; `mandatory` maps indicator code to its name."""
    found = []
    for code, name in mandatory.items():
        score = scores.get(code)
        if score is None:
            refusal_code, message = "indicator_blank", N_("指标“%(indicator)s”尚未评分。请评分后再提交。")
        elif not 0 <= score <= MAX_SCORE:
            refusal_code, message = "score_out_of_range", N_("指标“%(indicator)s”的评分应在0至100之间。请改正。")
        else:
            continue
        found.append(Refusal(refusal_code, "R21", message, indicator=name, indicator_code=code))
    return found


def check_sheet(
    mandatory: Mapping[str, str], scores: Mapping[str, float | None], *, template_version: str, panel_version: str
) -> None:
    """R21: a sheet goes in complete, on the template version that the panel was formed with."""
    if template_version != panel_version:
        raise Refusal(
            "template_changed",
            "R21",
            N_("评分表版本%(template)s与本次评估所用版本%(panel)s不一致。请刷新页面,在本次评估的版本上评分。"),
            template=template_version,
            panel=panel_version,
        )
    gaps = find_sheet_gaps(mandatory, scores)
    if len(gaps) > 1:
        raise Refusal(
            gaps[0].code,
            "R21",
            N_("还有%(count)d项指标未评分或评分有误:%(indicators)s。请补全后再提交。"),
            count=len(gaps),
            indicators="、".join(gap.params["indicator"] for gap in gaps),
        )
    raise_first(gaps)


def check_sheets_in(kind: str, members: Sequence[Panelist], settings: Settings) -> None:
    """R21/R32: every active member has submitted and there are still 3–5 of them; the absent must first have been
    taken off the panel with a reason."""
    active = active_members(members)
    check_panel_size(len(active), settings, kind)
    rule = "R32" if kind == PanelKind.QUESTION_BANK else "R21"
    if waiting := [member.name for member in active if member.state != MemberState.SUBMITTED]:
        raise Refusal(
            "sheets_missing",
            rule,
            N_("还有%(count)d名成员未提交评分表:%(names)s。请催办;确不能参加的,先移出评估组并说明原因。"),
            count=len(waiting),
            names="、".join(waiting),
        )
    if outsiders := [member.name for member in active if not member.may_sign]:
        raise Refusal(
            "third_party_signed",
            "R67",
            N_("%(names)s为第三方机构人员,只承担事务性工作,不能签署评估意见。请由评估组成员签署。"),
            names="、".join(outsiders),
        )


def weighted_score(weights: Mapping[str, float], scores: Mapping[str, float]) -> float:
    """One expert's mean, weighted; the template's weights need not sum to 100."""
    total = sum(weights.values())
    return sum(scores[code] * weight for code, weight in weights.items()) / total


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The panel's mean and the distance between its highest and lowest; (0, 0) for none."""
    if not values:
        return 0.0, 0.0
    return sum(values) / len(values), max(values) - min(values)
