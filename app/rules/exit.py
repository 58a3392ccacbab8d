"""R50, R59, R60, R62, R65: the ways out of the directory, their review, and the tail every one of them has."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from app.rules.core import N_, ActorKind, Refusal
from app.rules.settings import Settings
from app.rules.states import ExitState, FilingState

RULES = ("R50", "R62", "R65")


class ExitCause(StrEnum):
    AUTOMATIC = "automatic"
    UNQUALIFIED = "unqualified"
    NO_ITEMS = "no_items"
    VOLUNTARY = "voluntary"
    VIOLATION = "violation"
    BANKRUPTCY_CLOSURE = "bankruptcy_closure"
    DEREGISTERED = "deregistered"
    EXTINCT_OTHER = "extinct_other"


CAUSE_LABELS: dict[str, str] = {
    ExitCause.AUTOMATIC: N_("期满自动退出"),
    ExitCause.UNQUALIFIED: N_("整改后仍不合格"),
    ExitCause.NO_ITEMS: N_("备案职业均不予续期"),
    ExitCause.VOLUNTARY: N_("自愿撤销备案"),
    ExitCause.VIOLATION: N_("违纪违规"),
    ExitCause.BANKRUPTCY_CLOSURE: N_("主体灭失(破产关闭)"),
    ExitCause.DEREGISTERED: N_("主体灭失(注销)"),
    ExitCause.EXTINCT_OTHER: N_("主体灭失(其他)"),
}
CAUSE_RULES: dict[str, str] = {
    ExitCause.AUTOMATIC: "R50",
    ExitCause.UNQUALIFIED: "R59",
    ExitCause.NO_ITEMS: "R60",
    **dict.fromkeys(
        (
            ExitCause.VOLUNTARY,
            ExitCause.VIOLATION,
            ExitCause.BANKRUPTCY_CLOSURE,
            ExitCause.DEREGISTERED,
            ExitCause.EXTINCT_OTHER,
        ),
        "R62",
    ),
}
FILING_EVENTS: dict[str, str] = {
    ExitCause.AUTOMATIC: "exit_automatically",
    ExitCause.UNQUALIFIED: "remove_unqualified",
    ExitCause.NO_ITEMS: "lapse_no_items",
}
"""The filing's event for a cause; R62's causes all revoke."""

CHECKLIST: dict[str, str] = {
    "compliance_data": N_("上报合规数据"),
    "candidates_in_progress": N_("在办考生安置"),
    "archives": N_("证书、档案移交"),
    "seals_and_receipt": N_("印章、回执交回"),
    "public_notice": N_("对外公告"),
}
"""R65: our default tail; what 合规数据 holds is undefined in the notice, so the list is configurable."""


COMPLIANCE_DATA = "compliance_data"
"""The entry that the organisation does itself, by a dossier; an officer's acceptance ticks it."""


def checklist_of(settings: Settings) -> dict[str, str]:
    """R65: the tail as configured, key → label; an entry in an authority's own words is its own label."""
    return {key: CHECKLIST.get(key, key) for key in settings.exit_checklist}


def filing_event(cause: str) -> str:
    return FILING_EVENTS.get(cause, "revoke")


def needs_review(cause: str) -> bool:
    """R2/R3: 退出审核 before every removal but the automatic one (R50), which is recorded instead."""
    return cause != ExitCause.AUTOMATIC


def check_can_initiate(cause: str, actor_kind: str) -> None:
    """R62: the organisation asks only for a voluntary exit; violations and extinction are the authority's to open;
    the automatic exit is the system's."""
    if cause not in CAUSE_LABELS:
        raise Refusal("exit_cause_unknown", "R62", N_("退出事由不在通知所列范围内。请从列表中选择。"))
    allowed = {
        ExitCause.VOLUNTARY: {ActorKind.ORGANISATION, ActorKind.BUREAU, ActorKind.DEPARTMENT},
        ExitCause.AUTOMATIC: {ActorKind.SYSTEM},
    }.get(ExitCause(cause), {ActorKind.BUREAU, ActorKind.DEPARTMENT})
    if actor_kind not in allowed:
        raise Refusal(
            "exit_not_by_actor",
            CAUSE_RULES[cause],
            N_("“%(cause)s”不由您所在的一方启动。机构可申请自愿撤销备案,其他事由请联系备案机关。"),
            cause=CAUSE_LABELS[cause],
        )


def check_can_decide(
    *,
    state: str,
    cause: str,
    facts: str,
    evidence_files: int,
    legal_basis: str,
    hearing_record: str = "",
    decision_no: str = "",
) -> None:
    """R62: reason, evidence and legal basis (「有关规定」) before a removal; a violation also needs the organisation's
    statement and a decision document."""
    if state != ExitState.UNDER_REVIEW:
        raise Refusal("exit_not_under_review", "R62", N_("退出事项尚未进入退出审核,不能决定。请先启动审核。"))
    given = {
        N_("事实情况"): facts.strip(),
        N_("证明材料"): evidence_files,
        N_("依据的有关规定"): legal_basis.strip(),
    }
    if cause == ExitCause.VIOLATION:
        given |= {N_("陈述申辩记录"): hearing_record.strip(), N_("决定文书文号"): decision_no.strip()}
    if missing := [label for label, value in given.items() if not value]:
        raise Refusal(
            "exit_decision_incomplete",
            "R62",
            N_("退出决定还缺:%(missing)s。请补全后再决定。"),
            missing="、".join(missing),
        )


def check_can_withdraw(cause: str) -> None:
    """Only a voluntary exit can be taken back by the organisation, before it is decided."""
    if cause != ExitCause.VOLUNTARY:
        raise Refusal("exit_not_voluntary", "R62", N_("只有自愿撤销备案的申请可以撤回。请联系备案机关。"))


def find_open_tail(
    done: Mapping[str, date | None], waived: Mapping[str, str], checklist: Mapping[str, str]
) -> list[str]:
    """R65: keys of the checklist neither done nor waived with a reason."""
    return [key for key in checklist if done.get(key) is None and not waived.get(key, "").strip()]


def check_can_close(
    done: Mapping[str, date | None], waived: Mapping[str, str], checklist: Mapping[str, str] | None = None
) -> None:
    """R65: no exit case is closed before its tail is done; applies to every cause."""
    wanted = CHECKLIST if checklist is None else checklist
    if open_keys := find_open_tail(done, waived, wanted):
        raise Refusal(
            "exit_tail_open",
            "R65",
            N_("收尾清单还有未完成的项目:%(open)s。请完成,或逐项说明免除理由。"),
            open="、".join(wanted[key] for key in open_keys),
        )


LEFT = frozenset(
    {
        FilingState.EXITED_AUTOMATIC,
        FilingState.REMOVED_UNQUALIFIED,
        FilingState.REVOKED,
        FilingState.LAPSED_NO_ITEMS,
    }
)
"""The filings whose organisation has left the directory."""


def check_not_left(filing_state: str) -> None:
    """R65: whoever has left hands in compliance data and reads the rest; a renewal is over, a new call is open."""
    if filing_state in LEFT:
        raise Refusal(
            "filing_left",
            "R65",
            N_(
                "贵单位的备案已退出目录,续期事项只能查看。"
                "合规数据和收尾请在“退出备案”页办理;如需再次备案,可参加下一批次申报。"
            ),
        )


def check_can_reopen(cause: str, reason: str) -> None:
    """R50: only an automatic exit is reversed, and only with the clerical error named."""
    if cause != ExitCause.AUTOMATIC:
        raise Refusal("exit_final", CAUSE_RULES[cause], N_("该退出事由不能恢复备案。可在下一批次重新申报。"))
    if not reason.strip():
        raise Refusal("reason_missing", "R50", N_("更正自动退出须写明工作差错的情况和理由。"))
