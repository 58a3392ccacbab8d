"""What an organisation sends to a bureau: for each kind of dossier, the rule that lets it be submitted, its deadline.

These are the gates the upload service asks, with plain values, before a dossier is sealed (R27–R29, R48–R50, R58, R65).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.rules import banks, calls, clocks, commitment, incubation, renewal
from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import ApplicationState, BankState, ExitState, ItemState, RectificationState, RenewalState

RULES = ("R15", "R28", "R29", "R49", "R58", "R65")

_DEFAULTS = Settings()


class DossierKind(StrEnum):
    FILING_MATERIALS = "filing_materials"
    COMMITMENT = "commitment"
    QUESTION_BANK = "question_bank"
    SELF_ASSESSMENT = "self_assessment"
    SUPPLEMENT = "supplement"
    RECTIFICATION_REPORT = "rectification_report"
    EXIT_DATA = "exit_data"
    EXPANSION_MATERIALS = "expansion_materials"


@dataclass(frozen=True, slots=True)
class DossierRule:
    """`rule` is what lets it be submitted; `clock` the kind of `clocks.KINDS` that limits it ('' if another instant
    does, such as the call's close); `needs` says in Chinese what must stand first."""

    label: str
    rule: str
    clock: str
    needs: str


DOSSIERS: dict[str, DossierRule] = {
    DossierKind.FILING_MATERIALS: DossierRule(
        N_("备案申报材料"), "R15", "", N_("征集通告受理期内,向登记机关所在市提交")
    ),
    DossierKind.COMMITMENT: DossierRule(
        N_("工作承诺书"), "R28", "commitment_sign_due", N_("授权签字人已签署,盖章扫描件清晰")
    ),
    DossierKind.QUESTION_BANK: DossierRule(
        N_("题库"), "R29", "bank_submit_by", N_("工作承诺书已签署,孵化培育期内,自动检查无阻止项")
    ),
    DossierKind.SELF_ASSESSMENT: DossierRule(
        N_("自查自评和续期申请"), "R49", "renewal_apply_close", N_("各指标均已自评并有佐证,向备案机关提交")
    ),
    DossierKind.SUPPLEMENT: DossierRule(N_("补正材料"), "R15", "supplement_due", N_("已收到补正通知,逐项补齐")),
    DossierKind.RECTIFICATION_REPORT: DossierRule(
        N_("整改报告"), "R58", "rectification_due", N_("整改通知书已送达,逐项说明整改情况")
    ),
    DossierKind.EXIT_DATA: DossierRule(N_("退出合规数据"), "R65", "exit_data_due", N_("已移出目录,处于收尾阶段")),
    DossierKind.EXPANSION_MATERIALS: DossierRule(
        N_("新增职业(工种)、级别申请材料"), "R43", "q1_window", N_("一季度内,新增条件均已具备")
    ),
}


def check_can_submit_filing(
    call_state: str, open_at: datetime, close_at: datetime, now: datetime, application_state: str
) -> None:
    """R5/R11: the application's materials, from a draft, while the call takes applications."""
    if application_state != ApplicationState.DRAFT:
        raise Refusal("application_not_draft", "R15", N_("申报已提交,不能重复提交。如需更正,请等待补正通知或先撤回。"))
    calls.check_can_submit_to(call_state, open_at, close_at, now)


def check_can_submit_bank(
    commitment_state: str | None,
    item_state: str,
    now: datetime,
    due_at: datetime,
    bank_submit_by: datetime | None,
    settings: Settings = _DEFAULTS,
    *,
    bank_state: str = BankState.CHECK_PASSED,
    failed_checks: Collection[str] = (),
    officer_exception: bool = False,
) -> list[Refusal]:
    """The gate of the main job: one item's bank.

    In this order, so that the first thing to do comes first: the commitment is signed (R28), the item is in
    incubation (R29), the 180 days are not over (R27), no blocking fault is left. `bank_submit_by` is ours, so passing
    it returns a warning and does not stop. A revision (修改后复核) comes with the item under assessment.
    """
    commitment.check_commitment_signed(commitment_state, settings)
    revising = item_state == ItemState.BANK_UNDER_ASSESSMENT
    if item_state != ItemState.INCUBATING and not revising:
        raise Refusal(
            "item_not_in_incubation",
            "R29",
            N_("该申报项当前不在题库开发阶段,不能提交题库。请查看该项的最新状态。"),
            item_state=item_state,
        )
    incubation.check_not_over(now, due_at, officer_exception=officer_exception)
    if bank_state != BankState.CHECK_PASSED:
        raise Refusal(
            "bank_not_checked", "R29", N_("题库尚未通过自动检查,不能提交。请等待检查完成,或按报告改正后重新上传。")
        )
    banks.check_no_blocking_checks(failed_checks, settings)
    if bank_submit_by is not None and clocks.is_over(bank_submit_by, now) and not revising:
        return [
            Refusal(
                "bank_submitted_late",
                "R29",
                N_("已超过建议的题库提交期限,评估组可能来不及在孵化培育期内完成评估。仍可提交,请尽快。"),
            )
        ]
    return []


def check_can_submit_self_assessment(
    cycle_state: str,
    now: datetime,
    close_at: datetime,
    target_authority: str,
    filing_authority: str,
) -> None:
    """R48–R50: to the authority that filed the organisation, while self-assessing, before the close."""
    renewal.check_filing_authority(target_authority, filing_authority)
    renewal.check_can_apply(cycle_state, now, close_at)


def check_can_submit_supplement(state: str, now: datetime, due_at: datetime) -> None:
    """补正 of an application or a renewal. A late one is for the officer to confirm as lapsed, not for us to hide."""
    if state not in (ApplicationState.SUPPLEMENT_REQUESTED, RenewalState.SUPPLEMENT_REQUESTED):
        raise Refusal("supplement_not_requested", "R15", N_("当前没有待补正的事项。请刷新页面查看最新状态。"))
    if clocks.is_over(due_at, now):
        raise Refusal("supplement_over", "R15", N_("补正期限已过。请联系受理的人力资源社会保障部门。"))


def check_can_submit_commitment(state: str) -> None:
    """R28: the stamped scan goes with a signed commitment; a bureau then confirms it."""
    if state != "signed":
        raise Refusal("commitment_not_signed", "R28", N_("请先由授权签字人签署承诺书,再提交盖章扫描件。"))


def check_can_submit_rectification(state: str, now: datetime, due_at: datetime) -> None:
    """R58: delivered and inside the month."""
    if state != RectificationState.DELIVERED:
        raise rectification_not_open()
    if clocks.is_over(due_at, now):
        raise Refusal("rectification_over", "R58", N_("整改期限为一个月,已届满,不能再提交。请等待重新评估。"))


def rectification_not_open() -> Refusal:
    """R58: the notice is not delivered yet, or the report is in already."""
    return Refusal("rectification_not_open", "R58", N_("当前没有待提交的整改报告。请刷新页面查看最新状态。"))


def check_can_submit_exit_data(state: str) -> None:
    """R65: after removal until the case is closed; late data is still wanted, so no deadline stops it."""
    if state not in (ExitState.REMOVED, ExitState.CLOSING):
        raise Refusal("exit_not_closing", "R65", N_("当前不在退出收尾阶段,不能上报合规数据。请查看退出进度。"))
