"""R29–R34: one question bank an item, the panel's conclusion, one revision round, natural elimination."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from app.rules import clocks, panels
from app.rules.core import N_, Refusal
from app.rules.occupations import Item
from app.rules.panels import Panelist
from app.rules.settings import Settings
from app.rules.states import BankState, ItemState, PanelKind

RULES = ("R29", "R32", "R33", "R34")


class Conclusion(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    REVISE = "revise"


CONCLUSION_LABELS: dict[str, str] = {
    Conclusion.PASS: N_("通过"),
    Conclusion.FAIL: N_("不通过"),
    Conclusion.REVISE: N_("修改后复核"),
}


def check_no_blocking_checks(failed_checks: Iterable[str], settings: Settings) -> None:
    """Automatic checks assist the panel; only the configured ones stop a submission. C01 and C02 reject the file."""
    blocking = sorted(set(failed_checks) & {"C01", "C02", *settings.submission_blocking_checks})
    if blocking:
        raise Refusal(
            "bank_checks_block",
            "R29",
            N_("题库自动检查发现必须改正的问题(%(checks)s)。请按检查报告逐行改正后重新上传。"),
            checks="、".join(blocking),
        )


def majority(votes: Iterable[str]) -> str | None:
    """The conclusion more than half of the votes share; None without one. Shown beside the leader's record."""
    counted = Counter(votes)
    if not counted:
        return None
    conclusion, most = counted.most_common(1)[0]
    return conclusion if most * 2 > counted.total() else None


def check_conclusion(
    members: Sequence[Panelist],
    votes: Mapping[str, str],
    conclusion: str,
    settings: Settings,
    *,
    opinion: str,
    departure_reason: str = "",
) -> Conclusion:
    """R32: the panel's conclusion for one item. `votes` maps member key to their own conclusion.

    All sheets in, 3–5 members, a written opinion. With `bank_conclusion_rule=majority` the majority binds; otherwise
    the leader records the consensus and explains a departure from the majority.
    """
    panels.check_sheets_in(PanelKind.QUESTION_BANK, members, settings)
    if conclusion not in (Conclusion.PASS, Conclusion.FAIL):
        raise Refusal("conclusion_unknown", "R32", N_("题库评估结论只能是通过或不通过。请重新选择。"))
    if not opinion.strip():
        raise Refusal("opinion_missing", "R32", N_("尚未填写评估意见。请填写后再出具结论。"))
    active = {member.key for member in panels.active_members(members)}
    agreed = majority(vote for key, vote in votes.items() if key in active)
    if agreed is not None and agreed != conclusion:
        if settings.bank_conclusion_rule == "majority":
            raise Refusal(
                "conclusion_against_majority",
                "R32",
                N_("多数成员的结论是“%(majority)s”,结论应与多数一致。请核对。"),
                majority=CONCLUSION_LABELS[agreed],
            )
        if not departure_reason.strip():
            raise Refusal(
                "reason_missing",
                "R32",
                N_("结论与多数成员意见(%(majority)s)不同,须写明形成共识的理由。"),
                majority=CONCLUSION_LABELS[agreed],
            )
    return Conclusion(conclusion)


def check_can_request_revision(rounds_used: int, now: datetime, due_at: datetime, settings: Settings) -> None:
    """R32: 修改后复核 once, before concluding, and inside the incubation period."""
    if rounds_used >= settings.bank_revision_rounds:
        raise Refusal(
            "revision_spent",
            "R32",
            N_("修改后复核至多%(rounds)d轮,已用完。请出具通过或不通过的结论。"),
            rounds=settings.bank_revision_rounds,
        )
    if clocks.is_over(due_at, now):
        raise Refusal("revision_after_due", "R27", N_("孵化培育期已满,不能再要求修改。请出具通过或不通过的结论。"))


def check_can_return(bank_state: str, reason: str) -> None:
    """A delivered bank goes back for correction only before a panel is seated, with a reason."""
    if bank_state not in (BankState.DISPATCHED, BankState.ACCEPTED_FOR_PANEL):
        raise Refusal(
            "bank_with_panel", "R32", N_("题库已分配评估组,不能再退回更正。如需修改,请由评估组提出“修改后复核”。")
        )
    if not reason.strip():
        raise Refusal("reason_missing", "R32", N_("退回更正须填写理由,理由将告知申请单位。"))


def check_can_replace(bank_state: str) -> None:
    """A version may be replaced until it is submitted; afterwards only in a revision round or when returned."""
    if bank_state not in (
        BankState.NOT_STARTED,
        BankState.DRAFTING,
        BankState.CHECK_PASSED,
        BankState.CHECK_FAILED,
        BankState.REVISION_REQUESTED,
    ):
        raise Refusal(
            "bank_locked", "R32", N_("题库已提交,不能更换版本。如需更正,请联系主管部门退回,或等待“修改后复核”。")
        )


# Elimination --------------------------------------------------------------------------------------------------------


class EliminationScope(StrEnum):
    ORGANISATION = "organisation"
    OCCUPATION = "occupation"
    WORK_TYPE = "work_type"
    SKILL_LEVEL = "skill_level"


SCOPE_LABELS: dict[str, str] = {
    EliminationScope.ORGANISATION: N_("培育对象"),
    EliminationScope.OCCUPATION: N_("职业"),
    EliminationScope.WORK_TYPE: N_("工种"),
    EliminationScope.SKILL_LEVEL: N_("等级"),
}
_SETTLED = frozenset(
    {ItemState.NOT_RECOMMENDED, ItemState.CANCELLED, ItemState.WITHDRAWN, ItemState.NATURALLY_ELIMINATED}
)


def in_scope(item: Item, scope: str, target: Item) -> bool:
    """Whether eliminating `target` at `scope` takes `item` with it."""
    if scope == EliminationScope.ORGANISATION:
        return True
    if item.occupation_code != target.occupation_code:
        return False
    if scope == EliminationScope.OCCUPATION:
        return True
    if item.work_type != target.work_type:
        return False
    return scope == EliminationScope.WORK_TYPE or item.level == target.level


def cascade(items: Mapping[Item, str], scope: str, target: Item) -> list[Item]:
    """R34: the items to eliminate, given each item's state: everything in scope that is not already settled."""
    return [item for item, state in items.items() if state not in _SETTLED and in_scope(item, scope, target)]


def application_outcome(item_states: Collection[str]) -> str | None:
    """R33/R34: the application's event once every item is settled: 'pass_acceptance', 'eliminate', 'abandon' (all
    withdrawn by the organisation), or None while any item is open."""
    passed = {ItemState.BANK_PASSED, ItemState.LISTED_FOR_ANNOUNCEMENT, ItemState.ANNOUNCED, ItemState.FILED}
    concerned = [s for s in item_states if s not in (ItemState.NOT_RECOMMENDED, ItemState.CANCELLED)]
    if not concerned or any(state not in _SETTLED and state not in passed for state in concerned):
        return None
    if any(state in passed for state in concerned):
        return "pass_acceptance"
    return "eliminate" if ItemState.NATURALLY_ELIMINATED in concerned else "abandon"


def listable(items: Mapping[Item, str]) -> list[Item]:
    """R33: only what passed goes on the list for announcement."""
    return sorted(item for item, state in items.items() if state == ItemState.BANK_PASSED)


def check_listable(items: Mapping[Item, str]) -> list[Item]:
    """R33: Refusal nothing_to_list when no item passed."""
    passed = listable(items)
    if not passed:
        raise Refusal("nothing_to_list", "R33", N_("没有题库评估通过的申报项,不能纳入备案公布名单。"))
    return passed
