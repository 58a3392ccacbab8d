"""R32 and D4: question banks are confidential. Who may open a submitted one, and between which two moments.

The notice puts a bank before its panel (「对培育对象开发的题库进行评估」) and before nobody else: it opens when the
panel is formed and closes when it has concluded. The automatic report holds no word of a question and is not sealed.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.rules.core import N_, Refusal
from app.rules.states import MemberState, PanelState

RULES = ("R32",)
OPEN_STATES = (PanelState.FORMED, PanelState.ASSESSING, PanelState.OPINIONS_IN)
SEATED_STATES = (MemberState.ACCEPTED, MemberState.SUBMITTED)


class Reader(StrEnum):
    """As whom somebody opens a bank."""

    ORGANISATION = "organisation"
    CASE_OFFICER = "case_officer"
    PANEL_MEMBER = "panel_member"


READER_LABELS: dict[str, str] = {
    Reader.ORGANISATION: N_("本单位"),
    Reader.CASE_OFFICER: N_("案件经办员"),
    Reader.PANEL_MEMBER: N_("题库评估组成员"),
}


class Manner(StrEnum):
    """How a bank is opened."""

    SCREEN = "screen"
    ORIGINAL = "original"
    WATERMARKED = "watermarked"


MANNER_LABELS: dict[str, str] = {
    Manner.SCREEN: N_("在线查看"),
    Manner.ORIGINAL: N_("下载原件"),
    Manner.WATERMARKED: N_("下载水印 PDF"),
}


@dataclass(frozen=True, slots=True)
class Asker:
    """What counts about who asks: their side, and their part in this bank's case.

    `may_edit`: a member of the organisation who works on its files, not one who only looks on. `seat_state` and
    `has_declared` are of the asker's own seat on the panel, `panel_state` of the bank's panel that is not dissolved.
    """

    is_owner: bool = False
    may_edit: bool = False
    is_authority: bool = False
    is_assigned: bool = False
    seat_state: str | None = None
    has_declared: bool = False
    panel_state: str | None = None


def check_can_open(asker: Asker) -> Reader:
    """As whom the asker may open the bank now. Refusals: bank_not_yours, bank_read_only_member, not_case_officer,
    not_seated, bank_sealed, bank_resealed."""
    if asker.is_owner:
        if not asker.may_edit:
            raise Refusal(
                "bank_read_only_member", "R32", N_("题库是保密材料,只读成员不能查看试题内容。检查报告可以查看。")
            )
        return Reader.ORGANISATION
    if asker.is_authority:
        if not asker.is_assigned:
            raise Refusal(
                "not_case_officer", "R32", N_("题库是保密材料,只有本案的经办员可以打开。其他人员可以查看检查报告。")
            )
        _check_window(asker.panel_state)
        return Reader.CASE_OFFICER
    if asker.seat_state is None:
        raise Refusal("bank_not_yours", "R32", N_("没有找到这份题库。"))
    if asker.seat_state not in SEATED_STATES or not asker.has_declared:
        raise Refusal("not_seated", "R64", N_("请先接受邀请并声明无需回避,再查看材料。"))
    _check_window(asker.panel_state)
    return Reader.PANEL_MEMBER


def _check_window(panel_state: str | None) -> None:
    if panel_state == PanelState.CONCLUDED:
        raise Refusal("bank_resealed", "R32", N_("评估组已出具意见,题库重新封存,不再开放查看。"))
    if panel_state not in OPEN_STATES:
        raise Refusal("bank_sealed", "R32", N_("题库评估组确定之前,题库处于封存状态,不能打开。可以查看检查报告。"))


def check_purpose(reader: str, purpose: str) -> str:
    """The purpose as it is written down; the organisation itself need not state one. Refusal purpose_missing."""
    text = " ".join(purpose.split())
    if reader != Reader.ORGANISATION and len(text) < 2:
        raise Refusal("purpose_missing", "R32", N_("请填写查看目的,申请单位会看到这条记录。"))
    return text[:200]


def check_can_download(reader: str, manner: str, switch_on: bool) -> None:
    """D4: panel members read on the screen; a copy, with their name on every page, only where the lead has allowed it,
    and the original never. Refusals: bank_original_refused, bank_download_off."""
    if manner == Manner.ORIGINAL and reader == Reader.PANEL_MEMBER:
        raise Refusal("bank_original_refused", "R32", N_("评估组成员在线查看题库,不能下载原件。"))
    if manner == Manner.WATERMARKED and reader != Reader.ORGANISATION and not switch_on:
        raise Refusal("bank_download_off", "R32", N_("本评估组未开放题库下载。如确有需要,请联系组织单位的科室负责人。"))


def check_can_switch(is_lead: bool, is_bank_panel: bool, panel_state: str, reason: str) -> None:
    """Only the authority's lead, with a reason, while the panel may read. Refusals: not_lead, not_bank_panel,
    panel_over, reason_missing."""
    if not is_lead:
        raise Refusal("not_lead", "R32", N_("只有科室负责人可以开放或关闭题库下载。"))
    if not is_bank_panel:
        raise Refusal("not_bank_panel", "R32", N_("只有题库评估组有题库下载的设置。"))
    if panel_state in (PanelState.CONCLUDED, PanelState.DISSOLVED):
        raise Refusal("panel_over", "R32", N_("评估组已结束,不能再更改题库下载的设置。"))
    if not reason.strip():
        raise Refusal("reason_missing", "R32", N_("请填写开放或关闭下载的理由,申请单位会看到。"))
