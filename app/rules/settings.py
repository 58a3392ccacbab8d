"""Where the notice is silent: the configuration keys of rules.md, with defaults, floors, ceilings and fixed values."""

from dataclasses import dataclass, fields
from datetime import time
from enum import StrEnum
from typing import Any

from app.rules import ladders
from app.rules.core import N_


class Unit(StrEnum):
    DAY = "d"
    WORKING_DAY = "wd"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: calendar days ('30d') or working days ('10wd')."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a day in Asia/Shanghai, over midnight where `end` is before `start`; none when both are the same."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def holds(self, moment: time) -> bool:
        """Whether the moment of a day lies in these hours; the end does not."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True, slots=True)
class Settings:
    """What applies to one authority. Defaults are rules.md's; the notice's own numbers are fixed, floored or ceiled."""

    allow_county_delegate: bool = False
    province_authority_city: str = "370100"
    applications_require_open_call: bool = True
    plan_quota_mode: str = "warn"
    close_time_rule: str = "end_of_day"
    unlisted_affiliation_level: str = "municipal"
    allow_dual_level: bool = False
    national_branch_level: str = "municipal"
    consult_consent_valid_days: int | None = None
    supplement_due: Span = Span(10, Unit.WORKING_DAY)
    panel_min: int = 3
    panel_max: int = 5
    panel_composition_mode: str = "warn"
    bank_panel_composition_mode: str = "warn"
    selection_pass_line: int | None = None
    province_may_override_preliminary: bool = True
    publicity_min_working_days: int = 5
    publicity_count_publish_day: bool = False
    objection_handling_days: Span = Span(15, Unit.WORKING_DAY)
    city_report_due: Span = Span(10, Unit.WORKING_DAY)
    incubation_max_days: int = 180
    incubation_roll_holiday: bool = False
    commitment_sign_due: Span = Span(10, Unit.WORKING_DAY)
    commitment_needs_confirmation: bool = False
    bank_submit_by: Span = Span(30, Unit.DAY)
    bank_retake_limit: int = 0
    bank_revision_rounds: int = 1
    bank_conclusion_rule: str = "panel_leader_records_consensus"
    bank_pass_line: int | None = None
    late_panel_protects_incubatee: bool = True
    auto_eliminate_on_overdue: bool = False
    submission_blocking_checks: tuple[str, ...] = ("C03", "C04", "C05", "C07")
    receipt_requires_ministry_report: bool = False
    code_autogenerate: bool = False
    filing_term_years: int = 3
    valid_from_basis: str = "receipt_issued_on"
    one_year_basis: str = "first_assessment"
    violation_lookback: str = "current_filing_period"
    level_expansion_requires_one_year: bool = True
    level_expansion_in_q1: bool = True
    expansion_occupation_soft_cap: int = 2
    expansion_cap_mode: str = "warn"
    expansion_requires_publicity: bool = True
    expansion_requires_incubation: bool = False
    renewal_open: Span = Span(180, Unit.DAY)
    renewal_apply_close: Span = Span(60, Unit.DAY)
    operate_while_pending: bool = False
    late_renewal: str = "officer_may_accept_with_reason"
    exempt_counts_as_excellent: bool = False
    exempt_requires_application: str = "confirm"
    grade_cut_excellent: int = 90
    grade_cut_qualified: int = 60
    rectification_months: int = 1
    rectification_basis: str = "delivered_on"
    rectification_roll_holiday: bool = True
    rectification_extension: bool = False
    reassessment_can_be_excellent: bool = False
    activity_min_candidates: int = 1
    idle_level_not_renewed: bool = False
    new_item_idle_grace_months: int = 0
    renewal_receipt_after_announcement: bool = False
    exit_data_due: Span = Span(30, Unit.DAY)
    exit_checklist: tuple[str, ...] = (
        "compliance_data", "candidates_in_progress", "archives", "seals_and_receipt", "public_notice",
    )  # fmt: skip
    bank_retention_days: int = 365
    territorial_supervision: bool = True
    reminder_offsets: tuple[int, ...] = ladders.LADDER
    reminder_offsets_by_kind: tuple[ladders.LadderOfKind, ...] = ()
    escalation_days: tuple[int, ...] = (3, 1)
    quiet_hours: Hours = Hours(time(20), time(8))
    digest_at: time = time(9, 15)


@dataclass(frozen=True, slots=True)
class Spec:
    """What may be configured. `fixed`: the notice's own value. `floor`/`ceiling` bound a number or a Span's amount."""

    key: str
    kind: str
    default: Any
    rule: str
    label: str
    fixed: bool = False
    floor: int | None = None
    ceiling: int | None = None
    choices: tuple[str, ...] = ()
    city_overridable: bool = False
    nullable: bool = False


_DEFAULTS = Settings()
_MODES = ("warn", "block")
# The sixteen cities; 371200 莱芜 has been part of 济南 since 2019.
_CITIES = tuple(f"37{number:02}00" for number in range(1, 18) if number != 12)


def _kind(value: object, nullable: bool) -> str:
    if nullable or (isinstance(value, int) and not isinstance(value, bool)):
        return "int"
    if isinstance(value, tuple):
        if not value:
            return "ladders"
        return "ints" if isinstance(value[0], int) else "strings"
    return {bool: "bool", str: "str", Span: "span", Hours: "hours", time: "time"}[type(value)]


def _spec(key: str, rule: str, label: str, **bounds: Any) -> Spec:
    default = getattr(_DEFAULTS, key)
    kind = _kind(default, bounds.get("nullable", False))
    if kind in ("int", "span") and "floor" not in bounds:
        bounds["floor"] = 1 if kind == "span" else 0
    return Spec(key=key, kind=kind, default=default, rule=rule, label=label, **bounds)


SPEC: dict[str, Spec] = {
    spec.key: spec
    for spec in (
        _spec("allow_county_delegate", "R1", N_("是否允许委托县级办理"), fixed=True),
        _spec("province_authority_city", "R15", N_("登记机关为省级机关时的受理市"), choices=_CITIES),
        _spec("applications_require_open_call", "R5", N_("申报是否必须属于已发布批次")),
        _spec("plan_quota_mode", "R8", N_("超出计划数量时的处理"), choices=_MODES),
        _spec("close_time_rule", "R11", N_("申报截止时刻"), choices=("end_of_day", "office_hours")),
        _spec("unlisted_affiliation_level", "R13", N_("通知未列明主体的申请级别"), choices=("municipal", "refuse")),
        _spec("allow_dual_level", "R12", N_("同一批次是否可同时申请省、市两级")),
        _spec("national_branch_level", "R14", N_("驻鲁分支机构的级别"), choices=("municipal", "provincial")),
        _spec("consult_consent_valid_days", "R16", N_("函商同意的有效天数(空为不限)"), nullable=True, floor=1),
        _spec("supplement_due", "R15", N_("补正期限")),
        _spec("panel_min", "R19", N_("评估组最少人数"), fixed=True),
        _spec("panel_max", "R19", N_("评估组最多人数"), fixed=True),
        _spec("panel_composition_mode", "R18", N_("遴选评估组专家类型不全时的处理"), choices=_MODES),
        _spec("bank_panel_composition_mode", "R30", N_("题库评估组专家类型不全时的处理"), choices=_MODES),
        _spec("selection_pass_line", "R21", N_("遴选评估参考分数线(空为不设)"), nullable=True, ceiling=100),
        _spec("province_may_override_preliminary", "R24", N_("初评未通过时省厅可否调阅复评")),
        _spec("publicity_min_working_days", "R23", N_("公示最少工作日"), floor=5),
        _spec("publicity_count_publish_day", "R23", N_("公示发布当日是否计入")),
        _spec("objection_handling_days", "R25", N_("公示异议处理期限")),
        _spec("city_report_due", "R4", N_("市局向省厅上报结果期限")),
        _spec("incubation_max_days", "R27", N_("孵化培育期天数上限"), floor=1, ceiling=180),
        _spec("incubation_roll_holiday", "R27", N_("孵化期末日遇节假日是否顺延")),
        _spec("commitment_sign_due", "R28", N_("承诺书签署提醒期限")),
        _spec("commitment_needs_confirmation", "R28", N_("提交题库前承诺书是否须经确认")),
        _spec("bank_submit_by", "R29", N_("题库提交期限(孵化期末日前)"), ceiling=179, city_overridable=True),
        _spec("bank_retake_limit", "R34", N_("题库未通过后可再评次数"), fixed=True),
        _spec("bank_revision_rounds", "R32", N_("题库修改后复核轮次"), ceiling=1),
        _spec(
            "bank_conclusion_rule",
            "R32",
            N_("题库评估结论形成方式"),
            choices=("panel_leader_records_consensus", "majority"),
        ),
        _spec("bank_pass_line", "R32", N_("题库评估参考分数线(空为不设)"), nullable=True, ceiling=100),
        _spec("late_panel_protects_incubatee", "R29", N_("评估组超期时是否保护培育对象")),
        _spec("auto_eliminate_on_overdue", "R34", N_("孵化期满是否自动淘汰")),
        _spec("submission_blocking_checks", "R29", N_("阻止题库提交的检查项")),
        _spec("receipt_requires_ministry_report", "R36", N_("出具回执前是否须已报人社部")),
        _spec("code_autogenerate", "R37", N_("是否自动建议机构代码")),
        _spec("filing_term_years", "R45", N_("备案期年数"), floor=1),
        _spec("valid_from_basis", "R45", N_("备案期起算依据"), choices=("receipt_issued_on", "announced_on")),
        _spec(
            "one_year_basis", "R39", N_("开展认定满一年的起算依据"), choices=("first_assessment", "filing_valid_from")
        ),
        _spec("violation_lookback", "R39", N_("违纪违规的追溯范围"), choices=("current_filing_period", "ever")),
        _spec("level_expansion_requires_one_year", "R40", N_("新增级别是否也须满一年且无违规")),
        _spec("level_expansion_in_q1", "R43", N_("新增级别是否也限一季度")),
        _spec("expansion_occupation_soft_cap", "R41", N_("每年新增职业一般个数"), floor=1),
        _spec("expansion_cap_mode", "R41", N_("超出一般个数时的处理"), choices=_MODES),
        _spec("expansion_requires_publicity", "R44", N_("新增职业是否公示")),
        _spec("expansion_requires_incubation", "R44", N_("新增职业是否须孵化培育")),
        _spec("renewal_open", "R46", N_("续期窗口开启(期满前)")),
        _spec("renewal_apply_close", "R49", N_("续期申请截止(期满前)")),
        _spec("operate_while_pending", "R46", N_("期满待评估期间可否开展认定")),
        _spec("late_renewal", "R50", N_("逾期续期申请"), choices=("officer_may_accept_with_reason", "never")),
        _spec("exempt_counts_as_excellent", "R57", N_("免评备案期是否计作优秀")),
        _spec("exempt_requires_application", "R57", N_("免评机构是否须确认"), choices=("confirm", "none")),
        _spec("grade_cut_excellent", "R55", N_("建议优秀的分数"), ceiling=100),
        _spec("grade_cut_qualified", "R55", N_("建议合格的分数"), ceiling=100),
        _spec("rectification_months", "R58", N_("整改期限(月)"), fixed=True),
        _spec("rectification_basis", "R58", N_("整改期限起算依据"), choices=("delivered_on", "issued_on")),
        _spec("rectification_roll_holiday", "R58", N_("整改末日遇节假日是否顺延")),
        _spec("rectification_extension", "R58", N_("整改期限可否延长"), fixed=True),
        _spec("reassessment_can_be_excellent", "R59", N_("整改后重新评估可否评为优秀")),
        _spec("activity_min_candidates", "R60", N_("视为已开展评价的最少人数"), floor=1),
        _spec("idle_level_not_renewed", "R60", N_("未开展评价的级别是否不予续期")),
        _spec("new_item_idle_grace_months", "R60", N_("新增职业免查月数")),
        _spec("renewal_receipt_after_announcement", "R61", N_("续期回执是否须等省厅公布")),
        _spec("exit_data_due", "R65", N_("退出后上报合规数据期限")),
        _spec("exit_checklist", "R65", N_("退出收尾清单(可增加自拟事项)")),
        _spec("bank_retention_days", "R65", N_("题库在事项终止后保留的天数(期满销毁)"), floor=30),
        _spec("territorial_supervision", "R66", N_("市局可否检查辖区内省级组织")),
        _spec("reminder_offsets", "R50", N_("期限前提醒的天数")),
        _spec("reminder_offsets_by_kind", "R50", N_("各类期限另设的提醒天数"), city_overridable=True),
        _spec("escalation_days", "R50", N_("逾期提醒后升级提醒的天数(另一负责人、主管部门)"), city_overridable=True),
        _spec("quiet_hours", "R50", N_("提醒邮件静默时段"), city_overridable=True),
        _spec("digest_at", "R50", N_("工作日汇总邮件发送时刻"), city_overridable=True),
    )
}

SETTING_KEYS: tuple[str, ...] = tuple(item.name for item in fields(Settings))
