"""Stages of a hand-in in words: for the task list, the matrix and the subject's own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext

from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.progress import Progress, Stage
from app.rules.states import (
    APPLICATION_ITEM,
    QUESTION_BANK,
    RENEWAL_CYCLE,
    BankState,
    ItemState,
    RenewalState,
)

# What the bank's own state says better than its files: it is with the panel, or concluded.
_BANK_SPEAKS = frozenset(
    {
        BankState.ACCEPTED_FOR_PANEL,
        BankState.PANEL_ASSIGNED,
        BankState.UNDER_ASSESSMENT,
        BankState.REVISION_REQUESTED,
        BankState.PASSED,
        BankState.FAILED,
    }
)
_ITEM_WORKS = frozenset({ItemState.INCUBATING, ItemState.BANK_SUBMITTED, ItemState.BANK_UNDER_ASSESSMENT})

WORDS: dict[Stage, tuple[str, Any]] = {
    Stage.EMPTY: ("action", lazy_gettext("待上传")),
    Stage.RECEIVING: ("waiting", lazy_gettext("上传中")),
    Stage.CHECKING: ("waiting", lazy_gettext("检查中")),
    Stage.REJECTED: ("bad", lazy_gettext("检查未通过")),
    Stage.READY: ("action", lazy_gettext("检查通过,待提交")),
    Stage.SENDING: ("waiting", lazy_gettext("已提交,正在送达")),
    Stage.STUCK: ("bad", lazy_gettext("发送失败,待重新发送")),
    Stage.WITH_AUTHORITY: ("waiting", lazy_gettext("已送达,待审核")),
    Stage.ACCEPTED: ("good", lazy_gettext("已接收")),
    Stage.RETURNED: ("action", lazy_gettext("已退回,待更正")),
}
NOTES: dict[Stage, Any] = {
    Stage.EMPTY: lazy_gettext("上传题库文件,系统会自动检查。"),
    Stage.RECEIVING: lazy_gettext("文件正在上传,请不要关闭上传页面。"),
    Stage.CHECKING: lazy_gettext("文件已收到,正在自动检查,完成后即可提交。"),
    Stage.REJECTED: lazy_gettext("请按检查结果改正后重新上传。"),
    Stage.READY: lazy_gettext("请核对后提交。"),
    Stage.SENDING: lazy_gettext("正在送往审核队列,无需操作。"),
    Stage.STUCK: lazy_gettext("系统多次发送未成功,材料完好,可重新发送。"),
    Stage.WITH_AUTHORITY: lazy_gettext("等待审核,无需操作。"),
    Stage.ACCEPTED: lazy_gettext("材料已接收,等待评估。"),
    Stage.RETURNED: lazy_gettext("请按退回原因更正后重新提交。"),
}
RENEWAL_NOTES: dict[Stage, Any] = NOTES | {
    Stage.EMPTY: lazy_gettext("请对照评估标准开展自查自评,上传自评材料。"),
    Stage.CHECKING: lazy_gettext("文件已收到,正在检查,完成后即可提交。"),
    Stage.ACCEPTED: lazy_gettext("续期申请已接收,等待综合评估。"),
}
EXIT_NOTES: dict[Stage, Any] = NOTES | {
    Stage.EMPTY: lazy_gettext("请上报合规数据,完成退出后的收尾事项。"),
    Stage.CHECKING: lazy_gettext("文件已收到,正在检查,完成后即可提交。"),
    Stage.ACCEPTED: lazy_gettext("合规数据已接收。"),
}
# As long as the organisation hands in, its files say more than the cycle does.
_CYCLE_OF_FILES = frozenset(
    {RenewalState.OPEN, RenewalState.SELF_ASSESSING, RenewalState.SUPPLEMENT_REQUESTED, RenewalState.APPLIED}
)
NEEDS_ORGANISATION = frozenset({Stage.EMPTY, Stage.REJECTED, Stage.READY, Stage.STUCK, Stage.RETURNED})


@dataclass(frozen=True)
class Shown:
    """How a hand-in looks: tone and word of its tag, one sentence, and whether the organisation has to move."""

    tone: str
    word: str
    note: str
    ours: bool


def show_item(item: ApplicationItem, progress: Progress) -> Shown:
    """An application item's question bank."""
    if item.state not in _ITEM_WORKS:
        return _of_machine(APPLICATION_ITEM.tone(item.state), APPLICATION_ITEM.label(item.state))
    if item.bank_state in _BANK_SPEAKS:
        ours = item.bank_state == BankState.REVISION_REQUESTED
        return _of_machine(QUESTION_BANK.tone(item.bank_state), QUESTION_BANK.label(item.bank_state), ours=ours)
    return show_stage(progress.stage)


def show_cycle(state: str, progress: Progress) -> Shown:
    """A renewal cycle."""
    if state in _CYCLE_OF_FILES:
        return show_stage(progress.stage, RENEWAL_NOTES)
    return _of_machine(RENEWAL_CYCLE.tone(state), RENEWAL_CYCLE.label(state))


def deadline_of_cycle(state: str) -> str:
    """Which deadline a renewal cycle has now: that of the application, or of the supplement it was asked for."""
    return "supplement_due" if state == RenewalState.SUPPLEMENT_REQUESTED else "renewal_apply_close"


def show_stage(stage: Stage, notes: dict[Stage, Any] = NOTES) -> Shown:
    """Any hand-in by its stage, with one set of sentences."""
    tone, word = WORDS[stage]
    return Shown(tone, str(word), str(notes[stage]), stage in NEEDS_ORGANISATION)


def _of_machine(tone: str, label: str, *, ours: bool = False) -> Shown:
    return Shown(str(tone), gettext(label), "", ours)
