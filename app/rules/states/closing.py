"""B14 退出, B15 新增职业/级别, B16 双随机检查 with 违纪违规, B17 第三方评估机构."""

from enum import StrEnum

from app.rules.core import AUTHORITY, BUREAU, DEPARTMENT, EXPERT, N_, ORGANISATION, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class ExitState(StrEnum):
    INITIATED = "initiated"
    UNDER_REVIEW = "under_review"
    DECIDED = "decided"
    REJECTED = "rejected"
    REMOVED = "removed"
    CLOSING = "closing"
    CLOSED = "closed"


E = ExitState
EXIT_CASE = Machine(
    id="B14",
    subject="exit_case",
    title=N_("退出"),
    states={
        E.INITIATED: waiting(N_("启动")),
        E.UNDER_REVIEW: waiting(N_("退出审核")),
        E.DECIDED: waiting(N_("已决定")),
        E.REJECTED: neutral(N_("不予退出")),
        E.REMOVED: bad(N_("移出目录")),
        E.CLOSING: action(N_("收尾:上报合规数据")),
        E.CLOSED: good(N_("办结")),
    },
    table=(
        T("initiate", None, E.INITIATED, ORGANISATION | AUTHORITY | SYSTEM, "R62", N_("启动退出"), N_("须有事由")),
        T("review", E.INITIATED, E.UNDER_REVIEW, AUTHORITY, "R62", N_("退出审核")),
        T("skip_review", E.INITIATED, E.DECIDED, SYSTEM, "R50", N_("自动退出,免审核"), N_("仅限期满自动退出,留痕")),
        T("withdraw", E.INITIATED, E.REJECTED, ORGANISATION, "R62", N_("撤回退出申请"), N_("仅限自愿撤销备案")),
        T("withdraw", E.UNDER_REVIEW, E.REJECTED, ORGANISATION, "R62", N_("撤回退出申请"), N_("仅限自愿撤销备案")),
        T("decide", E.UNDER_REVIEW, E.DECIDED, AUTHORITY, "R62", N_("决定退出"), N_("事由、证据、依据齐备")),
        T("reject", E.UNDER_REVIEW, E.REJECTED, AUTHORITY, "R62", N_("不予退出"), N_("须填理由")),
        T("remove", E.DECIDED, E.REMOVED, AUTHORITY | SYSTEM, "R62", N_("移出目录")),
        T("start_closing", E.REMOVED, E.CLOSING, AUTHORITY | SYSTEM, "R65", N_("开始收尾")),
        T("close", E.CLOSING, E.CLOSED, AUTHORITY, "R65", N_("办结"), N_("收尾清单逐项完成或说明理由")),
        T("reverse", E.CLOSING, E.REJECTED, AUTHORITY, "R50", N_("更正自动退出"), N_("仅限工作差错,须填理由")),
    ),
)


class ExpansionState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    ACCEPTED = "accepted"
    UNDER_ASSESSMENT = "under_assessment"
    RECOMMENDED = "recommended"
    IN_PUBLICITY = "in_publicity"
    BANK_DEVELOPMENT = "bank_development"
    BANK_ASSESSMENT = "bank_assessment"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    REJECTED = "rejected"
    ELIMINATED = "eliminated"
    WITHDRAWN = "withdrawn"


X = ExpansionState
EXPANSION = Machine(
    id="B15",
    subject="expansion",
    title=N_("新增职业(工种)、级别"),
    states={
        X.DRAFT: action(N_("草稿")),
        X.SUBMITTED: waiting(N_("已提交")),
        X.SUPPLEMENT_REQUESTED: action(N_("待补正")),
        X.ACCEPTED: waiting(N_("已受理")),
        X.UNDER_ASSESSMENT: waiting(N_("评估中")),
        X.RECOMMENDED: good(N_("择优推荐")),
        X.IN_PUBLICITY: waiting(N_("公示中")),
        X.BANK_DEVELOPMENT: action(N_("题库开发")),
        X.BANK_ASSESSMENT: waiting(N_("题库评估")),
        X.ANNOUNCED: good(N_("已公布")),
        X.EFFECTIVE: good(N_("更新回执")),
        X.REJECTED: bad(N_("未通过")),
        X.ELIMINATED: bad(N_("自然淘汰")),
        X.WITHDRAWN: neutral(N_("撤回")),
    },
    table=(
        T("create", None, X.DRAFT, ORGANISATION, "R39", N_("起草申请"), N_("全年可起草")),
        T("submit", X.DRAFT, X.SUBMITTED, ORGANISATION, "R43", N_("提出申请"), N_("仅限一季度,条件均已具备")),
        T("request_supplement", X.SUBMITTED, X.SUPPLEMENT_REQUESTED, AUTHORITY, "R44", N_("一次性告知补正")),
        T("resubmit", X.SUPPLEMENT_REQUESTED, X.SUBMITTED, ORGANISATION, "R44", N_("提交补正"), N_("补正期限内")),
        T("accept", X.SUBMITTED, X.ACCEPTED, AUTHORITY, "R44", N_("受理")),
        T("form_panel", X.ACCEPTED, X.UNDER_ASSESSMENT, AUTHORITY, "R44", N_("组建评估组"), N_("3—5名专家")),
        T("recommend", X.UNDER_ASSESSMENT, X.RECOMMENDED, AUTHORITY, "R44", N_("择优推荐")),
        T("open_publicity", X.RECOMMENDED, X.IN_PUBLICITY, AUTHORITY, "R44", N_("开始公示"), N_("不少于5个工作日")),
        T("skip_publicity", X.RECOMMENDED, X.BANK_DEVELOPMENT, AUTHORITY, "R44", N_("免公示"), N_("仅在配置允许时")),
        T("void_publicity", X.IN_PUBLICITY, X.RECOMMENDED, AUTHORITY, "R44", N_("公示作废重做")),
        T("clear", X.IN_PUBLICITY, X.BANK_DEVELOPMENT, SYSTEM | AUTHORITY, "R44", N_("公示期满无异议")),
        T("submit_banks", X.BANK_DEVELOPMENT, X.BANK_ASSESSMENT, ORGANISATION | SYSTEM, "R44", N_("题库均已提交")),
        T("announce", X.BANK_ASSESSMENT, X.ANNOUNCED, DEPARTMENT, "R44", N_("公布"), N_("至少一项题库评估通过")),
        T("make_effective", X.ANNOUNCED, X.EFFECTIVE, AUTHORITY, "R44", N_("更新回执"), N_("有效期同现备案期")),
        *from_each(
            "reject",
            (X.SUBMITTED, X.SUPPLEMENT_REQUESTED, X.UNDER_ASSESSMENT, X.IN_PUBLICITY),
            X.REJECTED,
            AUTHORITY,
            "R44",
            N_("不予通过"),
            N_("须填理由"),
        ),
        *from_each(
            "eliminate",
            (X.BANK_DEVELOPMENT, X.BANK_ASSESSMENT),
            X.ELIMINATED,
            AUTHORITY | EXPERT | SYSTEM,
            "R34",
            N_("自然淘汰"),
            N_("题库均未通过"),
        ),
        *from_each(
            "withdraw",
            (X.DRAFT, X.SUBMITTED, X.SUPPLEMENT_REQUESTED, X.ACCEPTED, X.UNDER_ASSESSMENT, X.BANK_DEVELOPMENT),
            X.WITHDRAWN,
            ORGANISATION,
            "R39",
            N_("撤回申请"),
        ),
    ),
)


class InspectionState(StrEnum):
    PLANNED = "planned"
    DRAWN = "drawn"
    IN_PROGRESS = "in_progress"
    REPORTED = "reported"
    PUBLISHED = "published"


S = InspectionState
INSPECTION = Machine(
    id="B16",
    subject="inspection",
    title=N_("双随机检查"),
    states={
        S.PLANNED: neutral(N_("计划")),
        S.DRAWN: waiting(N_("已抽取")),
        S.IN_PROGRESS: waiting(N_("检查中")),
        S.REPORTED: waiting(N_("已形成结果")),
        S.PUBLISHED: good(N_("结果公开")),
    },
    table=(
        T("plan", None, S.PLANNED, AUTHORITY, "R66", N_("制定检查计划")),
        T("draw", S.PLANNED, S.DRAWN, AUTHORITY, "R66", N_("随机抽取"), N_("对象与人员均随机,留存种子")),
        T("start", S.DRAWN, S.IN_PROGRESS, AUTHORITY, "R66", N_("开始检查")),
        T("report", S.IN_PROGRESS, S.REPORTED, AUTHORITY, "R66", N_("形成检查结果")),
        T("publish", S.REPORTED, S.PUBLISHED, AUTHORITY, "R66", N_("公开结果")),
    ),
)


class ViolationState(StrEnum):
    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


V = ViolationState
VIOLATION_CASE = Machine(
    id="B16.1",
    subject="violation_case",
    title=N_("违纪违规"),
    states={
        V.RECORDED: waiting(N_("已登记")),
        V.CONFIRMED: bad(N_("已认定")),
        V.DISMISSED: neutral(N_("不成立")),
    },
    table=(
        T("record", None, V.RECORDED, AUTHORITY, "R62", N_("登记")),
        T("confirm", V.RECORDED, V.CONFIRMED, AUTHORITY, "R62", N_("认定"), N_("须有事实、陈述申辩、决定文书")),
        T("dismiss", V.RECORDED, V.DISMISSED, AUTHORITY, "R62", N_("不成立"), N_("须填理由")),
    ),
)


class EngagementState(StrEnum):
    PLANNED = "planned"
    PROCURING = "procuring"
    ENGAGED = "engaged"
    ENDED = "ended"


G = EngagementState
THIRD_PARTY_ENGAGEMENT = Machine(
    id="B17",
    subject="third_party_engagement",
    title=N_("第三方评估机构"),
    states={
        G.PLANNED: neutral(N_("计划")),
        G.PROCURING: waiting(N_("招标、邀标")),
        G.ENGAGED: good(N_("已聘用")),
        G.ENDED: neutral(N_("已结束")),
    },
    table=(
        T("plan", None, G.PLANNED, BUREAU | DEPARTMENT, "R67", N_("拟引入第三方")),
        T("procure", G.PLANNED, G.PROCURING, BUREAU | DEPARTMENT, "R67", N_("招标、邀标")),
        T("engage", G.PROCURING, G.ENGAGED, BUREAU | DEPARTMENT, "R67", N_("聘用"), N_("与申请单位无利害关系")),
        *from_each("end", (G.PLANNED, G.PROCURING, G.ENGAGED), G.ENDED, BUREAU | DEPARTMENT, "R67", N_("结束")),
    ),
)
