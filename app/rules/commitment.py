"""R28: the commitment (孵化培育对象工作承诺书, Annex 2) — its text as data, its hash, who may sign it and when."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import CommitmentState
from app.rules.templates import DRAFT_BANNER, TemplateKind

RULES = ("R26", "R28")

FIELDS: dict[str, str] = {
    "organisation": N_("机构名称"),
    "uscc": N_("统一社会信用代码"),
    "level": N_("省级或市级"),
    "start_on": N_("孵化培育期起始日"),
    "due_on": N_("孵化培育期截止日"),
}


@dataclass(frozen=True, slots=True)
class CommitmentTemplate:
    """One version of the text. `{name}` marks a field of FIELDS; `rules` cites, line by line, what it commits to."""

    version: str
    title: str
    body: str
    rules: tuple[str, ...]
    source: str = "drafted_from_notice"
    official: bool = False
    kind: str = TemplateKind.COMMITMENT

    @property
    def banner(self) -> str:
        return "" if self.official else DRAFT_BANNER


_DRAFT_1 = """\
社会培训评价组织孵化培育对象工作承诺书
(依据鲁人社函〔2024〕120号起草,待官方附件2文本替换)

本单位{organisation}(统一社会信用代码{uscc}),作为{level}社会培训评价组织孵化培育对象,孵化培育期自{start_on}至{due_on}\
(不超过180天),申报职业(工种)、等级见附表。现郑重承诺:
一、在孵化培育期内完成申报职业、工种、级别的题库开发与评估工作。
二、接受人力资源社会保障部门的评价相关工作指导。
三、接受题库评估组的评估;知悉未通过的,相应培育对象或申报职业、工种、等级予以自然淘汰,不纳入备案范围。
四、备案后服从备案期管理,按要求对照评估标准开展自查自评并提交续期申请;知悉未按要求提交的,不再进行定期评估,备案期满后自动退出目录。
五、知悉评估等次为不合格的,须在一个月内整改,整改后重新评估仍不合格的不予续期备案、移出目录;备案期内未开展评价工作的职业不予续期备案。
六、接受“双随机、一公开”及数字化监测等监督管理。
七、知悉自愿撤销备案、违纪违规、主体灭失的,撤销备案并移出目录;退出备案的,按要求上报合规数据,做好后续收尾工作。

法定代表人(签字):        单位(盖章):        日期:
"""

OPTIONAL_CLAUSES: dict[str, str] = {
    "truthfulness": N_("申报材料真实、准确、完整。"),
    "bank_secrecy": N_("对题库保密,不泄露、不出售试题。"),
    "no_subcontracting": N_("不转包、不分包评价活动。"),
}
"""Not in the notice; off unless the province adds them in a version of its own."""

TEMPLATES: dict[str, CommitmentTemplate] = {
    template.version: template
    for template in (
        CommitmentTemplate(
            version="draft-1",
            title=N_("社会培训评价组织孵化培育对象工作承诺书"),
            body=_DRAFT_1,
            rules=(
                *("R26", "R27", "R29", "R32", "R33", "R34", "R45", "R48", "R49", "R50"),
                *("R58", "R59", "R60", "R62", "R65", "R66"),
            ),
        ),
    )
}
CURRENT_VERSION = "draft-1"
_FIELD = re.compile(r"\{(\w+)\}")


def render(template: CommitmentTemplate, fields: Mapping[str, str], items: tuple[str, ...] = ()) -> str:
    """The text exactly as shown, hashed and signed; `items` become the appended table (附表), one a line.

    Refusal commitment_field_missing for a blank field: nobody signs a text with holes.
    """
    if missing := sorted({name for name in _FIELD.findall(template.body) if not fields.get(name, "").strip()}):
        raise Refusal(
            "commitment_field_missing",
            "R28",
            N_("承诺书还缺:%(missing)s。请补全机构和孵化培育期信息后再生成。"),
            missing="、".join(FIELDS.get(name, name) for name in missing),
        )
    # A function as replacement: the value is text, not a pattern, and is not expanded again.
    text = _FIELD.sub(lambda match: fields[match[1]].strip(), template.body)
    if items:
        text += "\n附表:申报职业(工种)、等级\n" + "".join(f"{n}. {item}\n" for n, item in enumerate(items, start=1))
    return text


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of the text in UTF-8 with LF line ends, so that a browser's CRLF does not change it."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


SIGNING_ROLES = frozenset({"signatory", "owner"})
"""法定代表人 or an authorised signatory; an editor may prepare but not sign."""


def check_can_sign(role: str | None, opened_hash: str, current_hash: str, state: str = CommitmentState.ISSUED) -> None:
    """R28: only an authorised signatory signs, only a text that is still the current one, only when asked to."""
    if role not in SIGNING_ROLES:
        raise Refusal(
            "not_a_signatory",
            "R28",
            N_("承诺书须由法定代表人或授权签字人签署,您没有签署权限。请由本单位授权签字人登录签署。"),
        )
    if state not in (CommitmentState.ISSUED, CommitmentState.RETURNED):
        raise Refusal("commitment_not_signable", "R28", N_("该承诺书当前不在待签署状态。请刷新页面查看最新状态。"))
    if not opened_hash or opened_hash != current_hash:
        raise Refusal(
            "commitment_text_changed", "R28", N_("承诺书文本在您打开之后已更新。请重新阅读最新文本后再签署。")
        )


def is_signed(state: str | None, settings: Settings) -> bool:
    if state == CommitmentState.CONFIRMED:
        return True
    return state == CommitmentState.SIGNED and not settings.commitment_needs_confirmation


def check_commitment_signed(state: str | None, settings: Settings) -> None:
    """R28: the gate in front of every bank. Refusal commitment_not_signed / commitment_not_confirmed."""
    if is_signed(state, settings):
        return
    if state == CommitmentState.SIGNED:
        raise Refusal(
            "commitment_not_confirmed",
            "R28",
            N_("工作承诺书已签署,尚待人力资源社会保障部门确认。确认后方可提交题库。"),
        )
    if state == CommitmentState.RETURNED:
        raise Refusal("commitment_not_signed", "R28", N_("工作承诺书被退回重签。请按退回理由重新签署后再提交题库。"))
    raise Refusal(
        "commitment_not_signed",
        "R28",
        N_("尚未签署《社会培训评价组织孵化培育对象工作承诺书》,不能提交题库。请由法定代表人或授权签字人先签署。"),
    )
