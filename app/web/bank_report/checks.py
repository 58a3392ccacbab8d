"""Each check (rules.md F3) in words: what it is called, what it looks at and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext


@dataclass(frozen=True)
class CheckWords:
    """One check as a clerk reads it. `needs_blueprint`: it says nothing where no blueprint (细目表) came along."""

    title: Any
    explanation: Any
    needs_blueprint: bool = False
    always_runs: bool = True


CHECKS: Mapping[str, CheckWords] = {
    "C01": CheckWords(
        lazy_gettext("文件可以读取"),
        lazy_gettext("文件能打开、没有加密,表格里有「题干」「答案」等列名。"),
    ),
    "C02": CheckWords(
        lazy_gettext("职业、等级与申报项一致"),
        lazy_gettext("封面、标题或工作表名写明的职业和等级,应当与申报项相同。"),
        always_runs=False,
    ),
    "C03": CheckWords(lazy_gettext("题干、答案不为空"), lazy_gettext("每道题都要有题干和答案。")),
    "C04": CheckWords(
        lazy_gettext("题型可以识别"), lazy_gettext("题型应当是单选题、多选题、判断题等可以识别的名称或代码。")
    ),
    "C05": CheckWords(
        lazy_gettext("单选题答案"), lazy_gettext("单选题只有一个答案字母,而且对应的选项有内容。")
    ),
    "C06": CheckWords(
        lazy_gettext("多选题答案"), lazy_gettext("多选题至少有两个答案字母,都在选项之内;不应大多是全选。")
    ),
    "C07": CheckWords(
        lazy_gettext("判断题答案"), lazy_gettext("判断题的答案应当是 √/×、对/错、正确/错误、A/B 或 T/F。")
    ),
    "C08": CheckWords(lazy_gettext("选项数量与重复"), lazy_gettext("选择题一般应有四个选项,选项之间不应相同。")),
    "C09": CheckWords(
        lazy_gettext("题干完全相同"), lazy_gettext("不计全角半角、空格、标点和括号,两道题的题干一样。")
    ),
    "C10": CheckWords(
        lazy_gettext("题干相近"), lazy_gettext("两道题的题干相似度达到 85% 以上,跨等级的也会找出来。")
    ),
    "C11": CheckWords(lazy_gettext("题干相同而答案不同"), lazy_gettext("同一道题给出了不同的答案,至少有一处有误。")),
    "C12": CheckWords(
        lazy_gettext("鉴定点代码"), lazy_gettext("鉴定点代码的格式应当正确,附有细目表时还应当能在其中找到。")
    ),
    "C13": CheckWords(
        lazy_gettext("鉴定点覆盖"), lazy_gettext("细目表中的每个鉴定点都应当有题目,重要的鉴定点优先。"), True
    ),
    "C14": CheckWords(
        lazy_gettext("鉴定比重"), lazy_gettext("各鉴定范围的题量占比,应当与细目表的鉴定比重接近。"), True
    ),
    "C15": CheckWords(
        lazy_gettext("职业道德、基础知识、相关知识"), lazy_gettext("这三个部分都应当有题目。"), True
    ),
    "C16": CheckWords(
        lazy_gettext("鉴定点重要程度"), lazy_gettext("X、Y、Z 三类鉴定点各占多少,共有多少个鉴定点,供参考。"), True
    ),
    "C17": CheckWords(
        lazy_gettext("答案分布"), lazy_gettext("A、B、C、D 和对错的占比不应悬殊,最长的选项不应常常就是答案。")
    ),
    "C18": CheckWords(
        lazy_gettext("难度与一致性"), lazy_gettext("难度和一致性应当填 1—5,不应空缺,也不应几乎都相同。")
    ),
    "C19": CheckWords(
        lazy_gettext("题量"), lazy_gettext("各题型的题量与要求的最少题量比较。"), always_runs=False
    ),
    "C20": CheckWords(
        lazy_gettext("组卷"), lazy_gettext("按组卷方案,能抽出多少套题目互不重复的试卷,供参考。"), always_runs=False
    ),
    "C21": CheckWords(
        lazy_gettext("措辞"), lazy_gettext("如「以上都对」一类的选项、没有提问的题干、已废止的法规名称。")
    ),
    "C22": CheckWords(
        lazy_gettext("残留内容"), lazy_gettext("题干里留着的答案、模板标记、错误值、乱码,以及没有检查的图片。")
    ),
    "C23": CheckWords(
        lazy_gettext("操作技能题"), lazy_gettext("准备单、试卷、评分表应当齐全,评分合计 100 分,写明时限和材料。"),
        always_runs=False,
    ),
    "C24": CheckWords(
        lazy_gettext("与其他单位题库重合"), lazy_gettext("只比对指纹,不显示任何一方的题目。"), always_runs=False
    ),
    "C25": CheckWords(
        lazy_gettext("与上一版相比"), lazy_gettext("新增、删除和修改了多少题,供参考。"), always_runs=False
    ),
    "C26": CheckWords(
        lazy_gettext("匿名与个人信息"), lazy_gettext("题库中出现了申报单位名称、身份证号、手机号等,供参考。")
    ),
}  # fmt: skip


def words_of(check: str, title: str = "") -> CheckWords:
    """The words of one check; a check that is newer than this table goes by the title stored with its finding."""
    return CHECKS.get(check) or CheckWords(title or check, "", always_runs=False)
