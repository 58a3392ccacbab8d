"""B12 续期 under an 评估方案, and B13 整改."""

from enum import StrEnum

from app.rules.core import AUTHORITY, EXPERT, N_, ORGANISATION, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class AssessmentPlanState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


L = AssessmentPlanState
ASSESSMENT_PLAN = Machine(
    id="B12.1",
    subject="assessment_plan",
    title=N_("评估方案"),
    states={
        L.DRAFT: neutral(N_("拟定")),
        L.PUBLISHED: waiting(N_("已发布")),
        L.CLOSED: good(N_("已结束")),
    },
    table=(
        T("create", None, L.DRAFT, AUTHORITY, "R47", N_("制定评估方案")),
        T("publish", L.DRAFT, L.PUBLISHED, AUTHORITY, "R47", N_("发布评估方案"), N_("对象、内容、时间、方式齐备")),
        T("close", L.PUBLISHED, L.CLOSED, AUTHORITY, "R61", N_("结束评估方案")),
    ),
)


class RenewalState(StrEnum):
    OPEN = "open"
    EXEMPT_ELIGIBLE = "exempt_eligible"
    SELF_ASSESSING = "self_assessing"
    APPLIED = "applied"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    NOT_APPLIED = "not_applied"
    AUTO_EXITED = "auto_exited"
    UNDER_ASSESSMENT = "under_assessment"
    SUGGESTED = "suggested"
    GRADED = "graded"
    RECTIFYING = "rectifying"
    RENEWAL_DECIDED = "renewal_decided"
    NOT_RENEWED = "not_renewed"
    RENEWED = "renewed"


R = RenewalState
_UNDECIDED = (
    R.OPEN,
    R.EXEMPT_ELIGIBLE,
    R.SELF_ASSESSING,
    R.APPLIED,
    R.SUPPLEMENT_REQUESTED,
    R.NOT_APPLIED,
    R.UNDER_ASSESSMENT,
    R.SUGGESTED,
    R.GRADED,
    R.RECTIFYING,
    R.RENEWAL_DECIDED,
)
RENEWAL_CYCLE = Machine(
    id="B12",
    subject="renewal_cycle",
    title=N_("续期"),
    states={
        R.OPEN: action(N_("自查自评")),
        R.EXEMPT_ELIGIBLE: waiting(N_("可免于评估")),
        R.SELF_ASSESSING: action(N_("自评填写中")),
        R.APPLIED: waiting(N_("已申请续期")),
        R.SUPPLEMENT_REQUESTED: action(N_("待补正")),
        R.NOT_APPLIED: bad(N_("未按要求申请")),
        R.AUTO_EXITED: bad(N_("期满自动退出")),
        R.UNDER_ASSESSMENT: waiting(N_("综合评估中")),
        R.SUGGESTED: waiting(N_("评估建议")),
        R.GRADED: good(N_("已定等次")),
        R.RECTIFYING: action(N_("整改中")),
        R.RENEWAL_DECIDED: good(N_("准予续期")),
        R.NOT_RENEWED: bad(N_("不予续期")),
        R.RENEWED: good(N_("续期备案")),
    },
    table=(
        T("open", None, R.OPEN, AUTHORITY | SYSTEM, "R47", N_("开启续期"), N_("方案已发布,期满日在方案范围内")),
        T("find_exempt", R.OPEN, R.EXEMPT_ELIGIBLE, SYSTEM, "R57", N_("列为可免评"), N_("连续两个备案期优秀")),
        T("confirm_exempt", R.EXEMPT_ELIGIBLE, R.RENEWAL_DECIDED, AUTHORITY, "R57", N_("确认免评续期")),
        T("decline_exempt", R.EXEMPT_ELIGIBLE, R.OPEN, AUTHORITY, "R57", N_("仍予评估"), N_("须填理由")),
        T("save", R.OPEN, R.SELF_ASSESSING, ORGANISATION, "R48", N_("填写自评")),
        T("save", R.SELF_ASSESSING, R.SELF_ASSESSING, ORGANISATION, "R48", N_("填写自评")),
        T(
            "submit",
            R.SELF_ASSESSING,
            R.APPLIED,
            ORGANISATION,
            "R49",
            N_("提交续期申请"),
            N_("各指标均已自评;向备案机关;截止前"),
        ),
        *from_each("deadline", (R.OPEN, R.SELF_ASSESSING), R.NOT_APPLIED, SYSTEM, "R50", N_("逾期未申请")),
        T("admit_late", R.NOT_APPLIED, R.SELF_ASSESSING, AUTHORITY, "R50", N_("准予逾期申请"), N_("期满之前,须填理由")),
        T("exit", R.NOT_APPLIED, R.AUTO_EXITED, SYSTEM, "R50", N_("期满自动退出"), N_("期满次日")),
        T(
            "reinstate",
            R.AUTO_EXITED,
            R.SUPPLEMENT_REQUESTED,
            AUTHORITY,
            "R50",
            N_("更正自动退出,补交续期申请"),
            N_("仅限工作差错,须填理由"),
        ),
        T("return", R.APPLIED, R.SUPPLEMENT_REQUESTED, AUTHORITY, "R49", N_("退回补正")),
        T("resubmit", R.SUPPLEMENT_REQUESTED, R.APPLIED, ORGANISATION, "R49", N_("提交补正"), N_("补正期限内")),
        T("lapse", R.SUPPLEMENT_REQUESTED, R.NOT_APPLIED, AUTHORITY, "R50", N_("逾期未补正"), N_("经办人确认")),
        T("form_panel", R.APPLIED, R.UNDER_ASSESSMENT, AUTHORITY, "R51", N_("受理并组建评估组"), N_("3—5人")),
        T(
            "conclude",
            R.UNDER_ASSESSMENT,
            R.SUGGESTED,
            EXPERT | AUTHORITY,
            "R54",
            N_("提出评估建议"),
            N_("评分表均已提交"),
        ),
        T("grade", R.SUGGESTED, R.GRADED, AUTHORITY, "R55", N_("评定优秀或合格"), N_("与建议不同须填理由")),
        T("grade_unqualified", R.SUGGESTED, R.RECTIFYING, AUTHORITY, "R58", N_("评定不合格,下发整改通知书")),
        T("decide", R.GRADED, R.RENEWAL_DECIDED, AUTHORITY, "R56", N_("准予续期"), N_("未开展评价的职业不予续期")),
        T("reassess_qualified", R.RECTIFYING, R.RENEWAL_DECIDED, AUTHORITY, "R59", N_("重新评估合格")),
        T("reassess_unqualified", R.RECTIFYING, R.NOT_RENEWED, AUTHORITY, "R59", N_("重新评估仍不合格")),
        T("issue_receipt", R.RENEWAL_DECIDED, R.RENEWED, AUTHORITY, "R56", N_("发放续期备案回执")),
        T("lapse_no_items", R.RENEWAL_DECIDED, R.NOT_RENEWED, AUTHORITY, "R60", N_("职业均不予续期")),
        *from_each("close_on_exit", _UNDECIDED, R.NOT_RENEWED, AUTHORITY | SYSTEM, "R62", N_("因撤销备案终止续期")),
    ),
    reopenable=frozenset({R.AUTO_EXITED}),
)
APPLICATION_IN_PROGRESS = frozenset(
    {
        R.APPLIED,
        R.SUPPLEMENT_REQUESTED,
        R.UNDER_ASSESSMENT,
        R.SUGGESTED,
        R.GRADED,
        R.RECTIFYING,
        R.RENEWAL_DECIDED,
        R.EXEMPT_ELIGIBLE,
    }
)
"""R46: with one of these at valid_to the filing waits for its assessment instead of leaving (R50)."""


class RectificationState(StrEnum):
    ISSUED = "issued"
    DELIVERED = "delivered"
    REPORT_SUBMITTED = "report_submitted"
    OVERDUE = "overdue"
    REASSESSING = "reassessing"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"


C = RectificationState
RECTIFICATION = Machine(
    id="B13",
    subject="rectification",
    title=N_("整改"),
    states={
        C.ISSUED: waiting(N_("已下发")),
        C.DELIVERED: action(N_("已送达")),
        C.REPORT_SUBMITTED: waiting(N_("整改报告已提交")),
        C.OVERDUE: bad(N_("逾期未报")),
        C.REASSESSING: waiting(N_("重新评估")),
        C.QUALIFIED: good(N_("合格")),
        C.UNQUALIFIED: bad(N_("仍不合格")),
    },
    table=(
        T("issue", None, C.ISSUED, AUTHORITY, "R58", N_("下发整改通知书"), N_("须列明问题")),
        T(
            "deliver",
            C.ISSUED,
            C.DELIVERED,
            ORGANISATION | AUTHORITY | SYSTEM,
            "R58",
            N_("送达"),
            N_("自送达次日起一个月"),
        ),
        T("submit_report", C.DELIVERED, C.REPORT_SUBMITTED, ORGANISATION, "R58", N_("提交整改报告"), N_("期限内")),
        T("overdue", C.DELIVERED, C.OVERDUE, SYSTEM, "R58", N_("逾期未报")),
        T("extend", C.OVERDUE, C.DELIVERED, SYSTEM, "R58", N_("期限顺延"), N_("放假安排公布后末日顺延")),
        *from_each(
            "reassess",
            (C.REPORT_SUBMITTED, C.OVERDUE),
            C.REASSESSING,
            AUTHORITY,
            "R59",
            N_("重新评估"),
            N_("新组评估组3—5人,仅一次"),
        ),
        T("record_unqualified", C.OVERDUE, C.UNQUALIFIED, AUTHORITY, "R59", N_("认定仍不合格"), N_("逾期未报整改报告")),
        T("qualify", C.REASSESSING, C.QUALIFIED, AUTHORITY, "R59", N_("认定合格")),
        T("disqualify", C.REASSESSING, C.UNQUALIFIED, AUTHORITY, "R59", N_("认定仍不合格")),
    ),
)
