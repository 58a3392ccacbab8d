"""The work commitment of an incubatee (孵化培育对象工作承诺书, annex 2): its text, its hash, who may sign it (R28).

The official annex is not public; the text is drafted from the notice and labelled so until the province replaces it (R68).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from app.rules.core import N_, Refusal

RULES = ("R28",)
DRAFT_LABEL = N_("依据通知起草,待官方附件替换")
SIGNING_ROLES = frozenset({"owner", "signatory"})
FIELDS = ("organisation", "uscc", "level", "start", "due", "items")


@dataclass(frozen=True, slots=True)
class AnnexText:
    """One version of the annex. `body` holds $organisation, $uscc, $level, $start, $due and $items."""

    version: int
    source: str
    official: bool
    body: str


TEMPLATES: tuple[AnnexText, ...] = (
    AnnexText(
        version=1,
        source="drafted_from_notice",
        official=False,
        body="""社会培训评价组织孵化培育对象工作承诺书
(依据鲁人社函〔2024〕120号起草,待官方附件2文本替换)

本单位$organisation(统一社会信用代码$uscc),作为$level社会培训评价组织孵化培育对象,孵化培育期自$start至$due(不超过180天),申报职业(工种)、等级见附表。现郑重承诺:
一、在孵化培育期内完成申报职业、工种、级别的题库开发与评估工作。(R27、R29)
二、接受人力资源社会保障部门的评价相关工作指导。(R26)
三、接受题库评估组的评估;知悉未通过的,相应培育对象或申报职业、工种、等级予以自然淘汰,不纳入备案范围。(R32–R34)
四、备案后服从备案期管理,按要求对照评估标准开展自查自评并提交续期申请;知悉未按要求提交的,不再进行定期评估,备案期满后自动退出目录。(R45–R50)
五、知悉评估等次为不合格的,须在一个月内整改,整改后重新评估仍不合格的不予续期备案、移出目录;备案期内未开展评价工作的职业不予续期备案。(R58–R60)
六、接受“双随机、一公开”及数字化监测等监督管理。(R66)
七、知悉自愿撤销备案、违纪违规、主体灭失的,撤销备案并移出目录;退出备案的,按要求上报合规数据,做好后续收尾工作。(R62、R65)

附表 申报职业(工种)、等级:
$items

法定代表人(签字):        单位(盖章):        日期:
""",
    ),
)


def render(body: str, fields: Mapping[str, str]) -> str:
    """The text that is shown, hashed and signed: one and the same. KeyError for a field that was not given."""
    return Template(body).substitute({name: fields[name] for name in FIELDS})


def text_sha256(text: str) -> str:
    """SHA-256 in hex of the text as shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_can_sign(*, role: str, opened_sha256: str, current_sha256: str) -> None:
    """Only the owner or a signatory signs, and only the text that was opened. Refusal not_signatory, text_changed."""
    if role not in SIGNING_ROLES:
        raise Refusal(
            "not_signatory", "R28", N_("承诺书须由法定代表人或授权签署人签署。请联系本单位负责人或签署人登录后签署。")
        )
    if opened_sha256 != current_sha256:
        raise Refusal("text_changed", "R28", N_("承诺书文本在您打开后已有变化。请阅读新的文本后再签署。"))


def check_commitment_signed(state: str | None, *, needs_confirmation: bool = False) -> None:
    """A question bank is submitted only under a signed commitment (R28). Refusal commitment_unsigned."""
    accepted = {"confirmed"} if needs_confirmation else {"signed", "confirmed"}
    if state not in accepted:
        raise Refusal(
            "commitment_unsigned",
            "R28",
            N_("尚未签署《社会培训评价组织孵化培育对象工作承诺书》,不能提交题库。请先由签署人签署承诺书。"),
        )
