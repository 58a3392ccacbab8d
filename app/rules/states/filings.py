"""B10 备案 with its periods, and B11 备案职业/工种/等级."""

from enum import StrEnum

from app.rules.core import AUTHORITY, DEPARTMENT, N_, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class FilingState(StrEnum):
    ANNOUNCED = "announced"
    CODE_ASSIGNED = "code_assigned"
    ACTIVE = "active"
    RENEWAL_DUE = "renewal_due"
    EXPIRED_PENDING_ASSESSMENT = "expired_pending_assessment"
    EXITED_AUTOMATIC = "exited_automatic"
    REMOVED_UNQUALIFIED = "removed_unqualified"
    REVOKED = "revoked"
    LAPSED_NO_ITEMS = "lapsed_no_items"


F = FilingState
VALID_FILINGS = frozenset({F.ACTIVE, F.RENEWAL_DUE})
"""In the directory and allowed to run assessments."""
_IN_PERIOD = (F.ACTIVE, F.RENEWAL_DUE)
_KEPT = (*_IN_PERIOD, F.EXPIRED_PENDING_ASSESSMENT)

FILING = Machine(
    id="B10",
    subject="filing",
    title=N_("备案"),
    states={
        F.ANNOUNCED: waiting(N_("已公布")),
        F.CODE_ASSIGNED: waiting(N_("已赋码")),
        F.ACTIVE: good(N_("备案有效")),
        F.RENEWAL_DUE: action(N_("备案有效,续期窗口")),
        F.EXPIRED_PENDING_ASSESSMENT: waiting(N_("期满待评估")),
        F.EXITED_AUTOMATIC: bad(N_("期满自动退出")),
        F.REMOVED_UNQUALIFIED: bad(N_("不予续期,移出目录")),
        F.REVOKED: bad(N_("撤销备案")),
        F.LAPSED_NO_ITEMS: bad(N_("职业均不予续期")),
    },
    table=(
        T("announce", None, F.ANNOUNCED, DEPARTMENT, "R35", N_("公布")),
        T("import_legacy", None, F.ACTIVE, AUTHORITY, "R45", N_("导入既有备案"), N_("2024年11月前已备案的机构")),
        T("assign_code", F.ANNOUNCED, F.CODE_ASSIGNED, AUTHORITY, "R37", N_("赋予机构代码"), N_("全省唯一")),
        T("issue_receipt", F.CODE_ASSIGNED, F.ACTIVE, AUTHORITY, "R38", N_("出具回执")),
        T("open_renewal", F.ACTIVE, F.RENEWAL_DUE, SYSTEM, "R46", N_("进入续期窗口"), N_("期满前180天")),
        *from_each("renew", _KEPT, F.ACTIVE, AUTHORITY, "R56", N_("续期备案"), N_("新备案期自期满次日起")),
        *from_each(
            "expire",
            _IN_PERIOD,
            F.EXPIRED_PENDING_ASSESSMENT,
            SYSTEM,
            "R46",
            N_("期满待评估"),
            N_("期满次日,续期申请办理中"),
        ),
        *from_each(
            "exit_automatically",
            _KEPT,
            F.EXITED_AUTOMATIC,
            SYSTEM,
            "R50",
            N_("期满自动退出"),
            N_("期满次日,未按要求提交续期申请,或逾期未补正"),
        ),
        T("reopen", F.EXITED_AUTOMATIC, F.ACTIVE, AUTHORITY, "R50", N_("更正自动退出"), N_("仅限工作差错,须填理由")),
        *from_each("remove_unqualified", _KEPT, F.REMOVED_UNQUALIFIED, AUTHORITY, "R59", N_("不予续期,移出目录")),
        *from_each("revoke", _KEPT, F.REVOKED, AUTHORITY, "R62", N_("撤销备案"), N_("退出审核已决定")),
        *from_each("lapse_no_items", _KEPT, F.LAPSED_NO_ITEMS, AUTHORITY, "R60", N_("职业均不予续期")),
    ),
    reopenable=frozenset({F.EXITED_AUTOMATIC}),
)


class PeriodState(StrEnum):
    CURRENT = "current"
    COMPLETED = "completed"


FILING_PERIOD = Machine(
    id="B10.1",
    subject="filing_period",
    title=N_("备案期"),
    states={
        PeriodState.CURRENT: good(N_("当前备案期")),
        PeriodState.COMPLETED: neutral(N_("已结束")),
    },
    table=(
        T("start", None, PeriodState.CURRENT, AUTHORITY, "R45", N_("开始备案期")),
        T("complete", PeriodState.CURRENT, PeriodState.COMPLETED, AUTHORITY | SYSTEM, "R45", N_("结束备案期")),
    ),
)


class FiledItemState(StrEnum):
    ACTIVE = "active"
    RENEWED = "renewed"
    NOT_RENEWED = "not_renewed"
    ENDED_WITH_FILING = "ended_with_filing"


I = FiledItemState  # noqa: E741
_VALID = (I.ACTIVE, I.RENEWED)
FILED_ITEM = Machine(
    id="B11",
    subject="filed_item",
    title=N_("备案职业、工种、等级"),
    states={
        I.ACTIVE: good(N_("有效")),
        I.RENEWED: good(N_("续期")),
        I.NOT_RENEWED: bad(N_("不予续期")),
        I.ENDED_WITH_FILING: neutral(N_("随机构退出")),
    },
    table=(
        T("file", None, I.ACTIVE, AUTHORITY, "R38", N_("备案")),
        *from_each("renew", _VALID, I.RENEWED, AUTHORITY, "R56", N_("续期")),
        *from_each("not_renew", _VALID, I.NOT_RENEWED, AUTHORITY, "R60", N_("不予续期"), N_("备案期内未开展评价")),
        *from_each("end_with_filing", _VALID, I.ENDED_WITH_FILING, AUTHORITY | SYSTEM, "R65", N_("随机构退出")),
        T("reopen", I.ENDED_WITH_FILING, I.ACTIVE, AUTHORITY, "R50", N_("随机构恢复"), N_("更正自动退出")),
    ),
    reopenable=frozenset({I.ENDED_WITH_FILING}),
)
