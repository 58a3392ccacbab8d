"""B4 申报 and B5 申报职业/工种/等级."""

from enum import StrEnum

from app.rules.core import AUTHORITY, BUREAU, DEPARTMENT, EXPERT, N_, ORGANISATION, PUBLIC, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"
    UNDER_ASSESSMENT = "under_assessment"
    UNDER_PRELIMINARY_ASSESSMENT = "under_preliminary_assessment"
    UNDER_FINAL_REVIEW = "under_final_review"
    PRELIMINARY_FAILED = "preliminary_failed"
    PANEL_CONCLUDED = "panel_concluded"
    RECOMMENDED = "recommended"
    NOT_RECOMMENDED = "not_recommended"
    IN_PUBLICITY = "in_publicity"
    PUBLICITY_OBJECTION = "publicity_objection"
    RECOMMENDATION_CANCELLED = "recommendation_cancelled"
    INCUBATING = "incubating"
    INCUBATION_OVERDUE = "incubation_overdue"
    ACCEPTANCE_PASSED = "acceptance_passed"
    NATURALLY_ELIMINATED = "naturally_eliminated"
    PENDING_ANNOUNCEMENT = "pending_announcement"
    ANNOUNCED = "announced"
    FILED = "filed"


A = ApplicationState
_BEFORE_RECOMMENDED = (
    A.DRAFT,
    A.SUBMITTED,
    A.SUPPLEMENT_REQUESTED,
    A.ACCEPTED,
    A.UNDER_ASSESSMENT,
    A.UNDER_PRELIMINARY_ASSESSMENT,
    A.UNDER_FINAL_REVIEW,
    A.PANEL_CONCLUDED,
)
_INCUBATION = (A.INCUBATING, A.INCUBATION_OVERDUE)
_PUBLICITY = (A.IN_PUBLICITY, A.PUBLICITY_OBJECTION)

APPLICATION = Machine(
    id="B4",
    subject="application",
    title=N_("申报"),
    states={
        A.DRAFT: action(N_("草稿")),
        A.SUBMITTED: waiting(N_("已提交")),
        A.SUPPLEMENT_REQUESTED: action(N_("待补正")),
        A.NOT_ACCEPTED: bad(N_("不予受理")),
        A.WITHDRAWN: neutral(N_("撤回申报")),
        A.ACCEPTED: waiting(N_("已受理")),
        A.UNDER_ASSESSMENT: waiting(N_("遴选评估中")),
        A.UNDER_PRELIMINARY_ASSESSMENT: waiting(N_("市级初评中")),
        A.UNDER_FINAL_REVIEW: waiting(N_("省级复评中")),
        A.PRELIMINARY_FAILED: bad(N_("初评未通过")),
        A.PANEL_CONCLUDED: waiting(N_("评估意见已出具")),
        A.RECOMMENDED: good(N_("择优推荐")),
        A.NOT_RECOMMENDED: bad(N_("未推荐")),
        A.IN_PUBLICITY: waiting(N_("公示中")),
        A.PUBLICITY_OBJECTION: waiting(N_("公示异议处理")),
        A.RECOMMENDATION_CANCELLED: bad(N_("取消推荐")),
        A.INCUBATING: action(N_("孵化培育期")),
        A.INCUBATION_OVERDUE: bad(N_("孵化期满未完成")),
        A.ACCEPTANCE_PASSED: good(N_("验收通过")),
        A.NATURALLY_ELIMINATED: bad(N_("自然淘汰")),
        A.PENDING_ANNOUNCEMENT: waiting(N_("待公布")),
        A.ANNOUNCED: good(N_("已公布")),
        A.FILED: good(N_("已备案")),
    },
    table=(
        T("create", None, A.DRAFT, ORGANISATION, "R12", N_("开始申报"), N_("通告受理中,申请级别相符")),
        T(
            "submit",
            A.DRAFT,
            A.SUBMITTED,
            ORGANISATION,
            "R15",
            N_("提交申报"),
            N_("向登记机关所在市;至少一项职业等级;材料齐备;截止前"),
        ),
        T("reroute", A.SUBMITTED, A.SUBMITTED, BUREAU, "R15", N_("转登记机关所在市"), N_("原市受理权限不符")),
        T("request_supplement", A.SUBMITTED, A.SUPPLEMENT_REQUESTED, BUREAU, "R15", N_("一次性告知补正")),
        T("resubmit", A.SUPPLEMENT_REQUESTED, A.SUBMITTED, ORGANISATION, "R15", N_("提交补正"), N_("补正期限内")),
        T("lapse", A.SUPPLEMENT_REQUESTED, A.NOT_ACCEPTED, BUREAU, "R15", N_("逾期未补正"), N_("期限已过,经办人确认")),
        T("accept", A.SUBMITTED, A.ACCEPTED, BUREAU, "R15", N_("受理")),
        T("refuse", A.SUBMITTED, A.NOT_ACCEPTED, BUREAU, "R15", N_("不予受理"), N_("须填理由")),
        *from_each("withdraw", _BEFORE_RECOMMENDED, A.WITHDRAWN, ORGANISATION, "R22", N_("撤回申报"), N_("推荐之前")),
        T("form_panel", A.ACCEPTED, A.UNDER_ASSESSMENT, BUREAU, "R17", N_("组建遴选评估组"), N_("市级;3—5名专家")),
        T(
            "form_preliminary_panel",
            A.ACCEPTED,
            A.UNDER_PRELIMINARY_ASSESSMENT,
            BUREAU,
            "R24",
            N_("组建初评评估组"),
            N_("省级;3—5名专家"),
        ),
        T(
            "pass_preliminary",
            A.UNDER_PRELIMINARY_ASSESSMENT,
            A.UNDER_FINAL_REVIEW,
            BUREAU,
            "R24",
            N_("初评通过,报省厅复评"),
            N_("初评意见已出具"),
        ),
        T("fail_preliminary", A.UNDER_PRELIMINARY_ASSESSMENT, A.PRELIMINARY_FAILED, BUREAU, "R24", N_("初评未通过")),
        T(
            "call_up",
            A.PRELIMINARY_FAILED,
            A.UNDER_FINAL_REVIEW,
            DEPARTMENT,
            "R24",
            N_("省厅调阅复评"),
            N_("须填理由,可由配置关闭"),
        ),
        *from_each(
            "conclude_panel",
            (A.UNDER_ASSESSMENT, A.UNDER_FINAL_REVIEW),
            A.PANEL_CONCLUDED,
            EXPERT | AUTHORITY | SYSTEM,
            "R21",
            N_("出具评估意见"),
            N_("全部评分表已提交"),
        ),
        T("recommend", A.PANEL_CONCLUDED, A.RECOMMENDED, AUTHORITY, "R22", N_("择优推荐"), N_("至少推荐一项")),
        T("not_recommend", A.PANEL_CONCLUDED, A.NOT_RECOMMENDED, AUTHORITY, "R22", N_("不予推荐"), N_("须填理由")),
        T("open_publicity", A.RECOMMENDED, A.IN_PUBLICITY, AUTHORITY, "R23", N_("开始公示"), N_("不少于5个工作日")),
        *from_each(
            "void_publicity", _PUBLICITY, A.RECOMMENDED, AUTHORITY, "R23", N_("公示作废重做"), N_("重新公示,重新计期")
        ),
        T(
            "objection",
            A.IN_PUBLICITY,
            A.PUBLICITY_OBJECTION,
            PUBLIC | ORGANISATION | AUTHORITY,
            "R25",
            N_("提出异议"),
            N_("公示期内"),
        ),
        T("resume", A.PUBLICITY_OBJECTION, A.IN_PUBLICITY, AUTHORITY, "R25", N_("异议办结,继续公示"), N_("公示期未满")),
        T("uphold", A.PUBLICITY_OBJECTION, A.RECOMMENDATION_CANCELLED, AUTHORITY, "R25", N_("异议成立,取消推荐")),
        *from_each(
            "clear",
            _PUBLICITY,
            A.INCUBATING,
            SYSTEM | AUTHORITY,
            "R25",
            N_("公示期满无异议,进入孵化"),
            N_("公示期已满且无未办结异议"),
        ),
        T("overdue", A.INCUBATING, A.INCUBATION_OVERDUE, SYSTEM, "R27", N_("孵化期满未完成"), N_("第181天仍有未结项")),
        *from_each(
            "pass_acceptance",
            _INCUBATION,
            A.ACCEPTANCE_PASSED,
            SYSTEM | AUTHORITY,
            "R33",
            N_("验收通过"),
            N_("各项均有结论且至少一项通过"),
        ),
        *from_each(
            "eliminate",
            _INCUBATION,
            A.NATURALLY_ELIMINATED,
            SYSTEM | AUTHORITY,
            "R34",
            N_("自然淘汰"),
            N_("各项均被淘汰"),
        ),
        *from_each("abandon", _INCUBATION, A.WITHDRAWN, ORGANISATION, "R29", N_("放弃培育"), N_("全部项目均已放弃")),
        T(
            "list",
            A.ACCEPTANCE_PASSED,
            A.PENDING_ANNOUNCEMENT,
            AUTHORITY,
            "R33",
            N_("纳入备案公布名单"),
            N_("市级结果已报省厅"),
        ),
        T("announce", A.PENDING_ANNOUNCEMENT, A.ANNOUNCED, DEPARTMENT, "R35", N_("省厅统一公布")),
        T("file", A.ANNOUNCED, A.FILED, AUTHORITY, "R38", N_("赋码并出具回执")),
    ),
    reopenable=frozenset({A.PRELIMINARY_FAILED}),
)


class ItemState(StrEnum):
    PROPOSED = "proposed"
    RECOMMENDED = "recommended"
    NOT_RECOMMENDED = "not_recommended"
    PUBLICISED = "publicised"
    CANCELLED = "cancelled"
    INCUBATING = "incubating"
    BANK_SUBMITTED = "bank_submitted"
    BANK_UNDER_ASSESSMENT = "bank_under_assessment"
    BANK_PASSED = "bank_passed"
    NATURALLY_ELIMINATED = "naturally_eliminated"
    LISTED_FOR_ANNOUNCEMENT = "listed_for_announcement"
    ANNOUNCED = "announced"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


I = ItemState  # noqa: E741
_IN_BANK_WORK = (I.INCUBATING, I.BANK_SUBMITTED, I.BANK_UNDER_ASSESSMENT)

APPLICATION_ITEM = Machine(
    id="B5",
    subject="application_item",
    title=N_("申报职业、工种、等级"),
    states={
        I.PROPOSED: neutral(N_("申报")),
        I.RECOMMENDED: good(N_("推荐")),
        I.NOT_RECOMMENDED: bad(N_("未推荐")),
        I.PUBLICISED: waiting(N_("公示")),
        I.CANCELLED: bad(N_("取消推荐")),
        I.INCUBATING: action(N_("孵化")),
        I.BANK_SUBMITTED: waiting(N_("题库已提交")),
        I.BANK_UNDER_ASSESSMENT: waiting(N_("题库评估中")),
        I.BANK_PASSED: good(N_("验收通过")),
        I.NATURALLY_ELIMINATED: bad(N_("自然淘汰")),
        I.LISTED_FOR_ANNOUNCEMENT: waiting(N_("纳入公布名单")),
        I.ANNOUNCED: good(N_("已公布")),
        I.FILED: good(N_("已备案")),
        I.WITHDRAWN: neutral(N_("已放弃")),
    },
    table=(
        T("propose", None, I.PROPOSED, ORGANISATION, "R29", N_("申报一项")),
        T("recommend", I.PROPOSED, I.RECOMMENDED, AUTHORITY, "R22", N_("推荐")),
        T("not_recommend", I.PROPOSED, I.NOT_RECOMMENDED, AUTHORITY, "R22", N_("不推荐"), N_("须填理由")),
        T("publicise", I.RECOMMENDED, I.PUBLICISED, AUTHORITY, "R23", N_("公示")),
        T("void_publicity", I.PUBLICISED, I.RECOMMENDED, AUTHORITY, "R23", N_("公示作废重做")),
        *from_each("cancel", (I.RECOMMENDED, I.PUBLICISED), I.CANCELLED, AUTHORITY, "R25", N_("异议成立,取消推荐")),
        T("incubate", I.PUBLICISED, I.INCUBATING, SYSTEM | AUTHORITY, "R25", N_("进入孵化")),
        T(
            "submit_bank",
            I.INCUBATING,
            I.BANK_SUBMITTED,
            ORGANISATION,
            "R29",
            N_("提交题库"),
            N_("承诺书已签,孵化期内"),
        ),
        T("return_bank", I.BANK_SUBMITTED, I.INCUBATING, AUTHORITY, "R32", N_("退回更正"), N_("评估组组建之前")),
        T(
            "start_bank_assessment",
            I.BANK_SUBMITTED,
            I.BANK_UNDER_ASSESSMENT,
            AUTHORITY | EXPERT,
            "R32",
            N_("开始评估"),
        ),
        T(
            "resubmit_bank",
            I.BANK_UNDER_ASSESSMENT,
            I.BANK_SUBMITTED,
            ORGANISATION,
            "R32",
            N_("提交修改后题库"),
            N_("修改后复核一轮"),
        ),
        T("pass_bank", I.BANK_UNDER_ASSESSMENT, I.BANK_PASSED, AUTHORITY | EXPERT, "R33", N_("题库评估通过")),
        *from_each(
            "eliminate",
            (*_IN_BANK_WORK, I.BANK_PASSED),
            I.NATURALLY_ELIMINATED,
            AUTHORITY | EXPERT | SYSTEM,
            "R34",
            N_("自然淘汰"),
            N_("未通过,或随职业、机构一并淘汰"),
        ),
        T("list", I.BANK_PASSED, I.LISTED_FOR_ANNOUNCEMENT, AUTHORITY, "R33", N_("纳入公布名单")),
        T("announce", I.LISTED_FOR_ANNOUNCEMENT, I.ANNOUNCED, DEPARTMENT, "R35", N_("公布")),
        T("file", I.ANNOUNCED, I.FILED, AUTHORITY, "R38", N_("备案")),
        *from_each(
            "withdraw",
            (I.PROPOSED, I.RECOMMENDED, I.PUBLICISED, *_IN_BANK_WORK),
            I.WITHDRAWN,
            ORGANISATION,
            "R29",
            N_("放弃该项"),
            N_("题库评估有结论之前"),
        ),
    ),
)
