"""B1 征集计划, B2 征集通告, B3 函商."""

from enum import StrEnum

from app.rules.core import AUTHORITY, DEPARTMENT, N_, ORGANISATION, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class PlanState(StrEnum):
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    INCORPORATED = "incorporated"
    WITHDRAWN = "withdrawn"


P = PlanState
COLLECTION_PLAN = Machine(
    id="B1",
    subject="collection_plan",
    title=N_("征集计划"),
    states={
        P.DRAFT: neutral(N_("拟定")),
        P.CONFIRMED: waiting(N_("确定")),
        P.INCORPORATED: good(N_("纳入通告")),
        P.WITHDRAWN: neutral(N_("撤回")),
    },
    table=(
        T("create", None, P.DRAFT, AUTHORITY, "R8", N_("拟定计划")),
        T("confirm", P.DRAFT, P.CONFIRMED, AUTHORITY, "R8", N_("确定计划"), N_("数量、职业范围、等级均已填写")),
        T("include", P.CONFIRMED, P.INCORPORATED, DEPARTMENT, "R10", N_("纳入省统一通告")),
        *from_each("withdraw", (P.DRAFT, P.CONFIRMED), P.WITHDRAWN, AUTHORITY, "R8", N_("撤回计划")),
    ),
)


class CallState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    OPEN = "open"
    CLOSED = "closed"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


C = CallState
CALL = Machine(
    id="B2",
    subject="call",
    title=N_("征集通告"),
    states={
        C.DRAFT: neutral(N_("起草")),
        C.PUBLISHED: waiting(N_("已发布")),
        C.OPEN: action(N_("受理申报")),
        C.CLOSED: waiting(N_("申报截止")),
        C.CONCLUDED: good(N_("本批次完成")),
        C.CANCELLED: bad(N_("撤销")),
    },
    table=(
        T("create", None, C.DRAFT, DEPARTMENT, "R10", N_("起草通告")),
        T("publish", C.DRAFT, C.PUBLISHED, DEPARTMENT, "R10", N_("发布通告"), N_("六项内容齐备,仅省厅可发布")),
        T("open", C.PUBLISHED, C.OPEN, SYSTEM, "R11", N_("开始受理申报"), N_("到达申报开始时刻")),
        T("close", C.OPEN, C.CLOSED, SYSTEM, "R11", N_("申报截止"), N_("到达申报截止时刻")),
        T("conclude", C.CLOSED, C.CONCLUDED, DEPARTMENT, "R11", N_("完成本批次"), N_("全部申报已办结")),
        *from_each("cancel", (C.PUBLISHED, C.OPEN), C.CANCELLED, DEPARTMENT, "R10", N_("撤销通告"), N_("须填理由")),
    ),
)


class ConsultationState(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    AGREED = "agreed"
    DECLINED = "declined"
    USED = "used"


N = ConsultationState
NATIONAL_CONSULTATION = Machine(
    id="B3",
    subject="national_consultation",
    title=N_("函商"),
    states={
        N.DRAFT: action(N_("起草来函")),
        N.SENT: waiting(N_("已来函")),
        N.AGREED: good(N_("同意")),
        N.DECLINED: bad(N_("不同意")),
        N.USED: neutral(N_("已用于申报")),
    },
    table=(
        T("create", None, N.DRAFT, ORGANISATION | DEPARTMENT, "R16", N_("起草来函")),
        T("send", N.DRAFT, N.SENT, ORGANISATION | DEPARTMENT, "R16", N_("来函")),
        T("agree", N.SENT, N.AGREED, DEPARTMENT, "R16", N_("复函同意"), N_("须填复函文号、日期")),
        T("decline", N.SENT, N.DECLINED, DEPARTMENT, "R16", N_("复函不同意"), N_("须填理由")),
        T("use", N.AGREED, N.USED, ORGANISATION | SYSTEM, "R16", N_("用于申报"), N_("一份复函只用于一件申报")),
    ),
)
