"""B8 评估组 with its members, and B9 公示 with its objections."""

from enum import StrEnum

from app.rules.core import AUTHORITY, EXPERT, N_, ORGANISATION, PUBLIC, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class PanelKind(StrEnum):
    SELECTION_PRELIMINARY = "selection_preliminary"
    SELECTION = "selection"
    SELECTION_FINAL = "selection_final"
    QUESTION_BANK = "question_bank"
    PERIODIC = "periodic"
    REASSESSMENT = "reassessment"


PANEL_KIND_LABELS: dict[str, str] = {
    PanelKind.SELECTION_PRELIMINARY: N_("初评"),
    PanelKind.SELECTION: N_("遴选"),
    PanelKind.SELECTION_FINAL: N_("复评"),
    PanelKind.QUESTION_BANK: N_("题库评估"),
    PanelKind.PERIODIC: N_("定期评估"),
    PanelKind.REASSESSMENT: N_("整改复评"),
}


class PanelState(StrEnum):
    FORMING = "forming"
    FORMED = "formed"
    ASSESSING = "assessing"
    OPINIONS_IN = "opinions_in"
    CONCLUDED = "concluded"
    DISSOLVED = "dissolved"


P = PanelState
PANEL = Machine(
    id="B8",
    subject="panel",
    title=N_("评估组"),
    states={
        P.FORMING: waiting(N_("组建中")),
        P.FORMED: waiting(N_("已组建")),
        P.ASSESSING: waiting(N_("评估中")),
        P.OPINIONS_IN: waiting(N_("意见收齐")),
        P.CONCLUDED: good(N_("已出具意见")),
        P.DISSOLVED: neutral(N_("撤销")),
    },
    table=(
        T("create", None, P.FORMING, AUTHORITY, "R17", N_("组建评估组")),
        T("form", P.FORMING, P.FORMED, AUTHORITY, "R19", N_("确定评估组"), N_("3—5名,无回避情形")),
        T("start", P.FORMED, P.ASSESSING, AUTHORITY | EXPERT, "R20", N_("开始评估")),
        T(
            "collect",
            P.ASSESSING,
            P.OPINIONS_IN,
            EXPERT | AUTHORITY | SYSTEM,
            "R21",
            N_("意见收齐"),
            N_("评分表均已提交"),
        ),
        T("resume", P.OPINIONS_IN, P.ASSESSING, EXPERT | AUTHORITY | SYSTEM, "R32", N_("修改后复核")),
        T("conclude", P.OPINIONS_IN, P.CONCLUDED, EXPERT | AUTHORITY, "R22", N_("出具评估意见"), N_("仍为3—5名")),
        *from_each(
            "reform",
            (P.FORMED, P.ASSESSING, P.OPINIONS_IN),
            P.FORMING,
            AUTHORITY | EXPERT | SYSTEM,
            "R19",
            N_("重新组建"),
            N_("有效成员不足3名"),
        ),
        *from_each("dissolve", (P.FORMING, P.FORMED, P.ASSESSING), P.DISSOLVED, AUTHORITY, "R17", N_("撤销评估组")),
    ),
)


class MemberState(StrEnum):
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    RECUSED = "recused"
    SUBMITTED = "submitted"


M = MemberState
PANEL_MEMBER = Machine(
    id="B8.1",
    subject="panel_member",
    title=N_("评估组成员"),
    states={
        M.INVITED: waiting(N_("已邀请")),
        M.ACCEPTED: action(N_("已接受")),
        M.DECLINED: neutral(N_("未接受")),
        M.RECUSED: neutral(N_("回避")),
        M.SUBMITTED: good(N_("已提交评分表")),
    },
    table=(
        T("invite", None, M.INVITED, AUTHORITY, "R18", N_("邀请专家")),
        T("accept", M.INVITED, M.ACCEPTED, EXPERT | AUTHORITY, "R18", N_("接受邀请")),
        *from_each("decline", (M.INVITED, M.ACCEPTED), M.DECLINED, EXPERT | AUTHORITY, "R19", N_("不参加")),
        *from_each("recuse", (M.INVITED, M.ACCEPTED), M.RECUSED, EXPERT | AUTHORITY, "R64", N_("回避")),
        T("submit", M.ACCEPTED, M.SUBMITTED, EXPERT, "R21", N_("提交评分表"), N_("必评指标均已评分")),
        T("reopen", M.SUBMITTED, M.ACCEPTED, AUTHORITY | EXPERT | SYSTEM, "R32", N_("重新评分"), N_("意见出具之前")),
    ),
)


class PublicityState(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    OBJECTION_PENDING = "objection_pending"
    ENDED_CLEAR = "ended_clear"
    ENDED_OBJECTION_DISMISSED = "ended_objection_dismissed"
    ENDED_OBJECTION_UPHELD = "ended_objection_upheld"
    VOID = "void"


U = PublicityState
_BY_ANYONE = PUBLIC | ORGANISATION | AUTHORITY
PUBLICITY = Machine(
    id="B9",
    subject="publicity",
    title=N_("公示"),
    states={
        U.SCHEDULED: neutral(N_("待发布")),
        U.OPEN: waiting(N_("公示中")),
        U.OBJECTION_PENDING: waiting(N_("异议处理中")),
        U.ENDED_CLEAR: good(N_("期满无异议")),
        U.ENDED_OBJECTION_DISMISSED: good(N_("异议不成立")),
        U.ENDED_OBJECTION_UPHELD: bad(N_("异议成立")),
        U.VOID: neutral(N_("作废")),
    },
    table=(
        T("schedule", None, U.SCHEDULED, AUTHORITY, "R23", N_("拟定公示")),
        T("publish", U.SCHEDULED, U.OPEN, AUTHORITY, "R23", N_("发布公示"), N_("不少于5个工作日")),
        T("objection", U.OPEN, U.OBJECTION_PENDING, _BY_ANYONE, "R25", N_("提出异议"), N_("公示期内")),
        T("resume", U.OBJECTION_PENDING, U.OPEN, AUTHORITY, "R25", N_("异议办结,继续公示"), N_("公示期未满")),
        T("end", U.OPEN, U.ENDED_CLEAR, SYSTEM | AUTHORITY, "R25", N_("公示期满"), N_("末日24时已过")),
        T(
            "dismiss",
            U.OBJECTION_PENDING,
            U.ENDED_OBJECTION_DISMISSED,
            AUTHORITY | SYSTEM,
            "R25",
            N_("异议不成立"),
            N_("公示期已满且异议均已办结"),
        ),
        T("uphold", U.OBJECTION_PENDING, U.ENDED_OBJECTION_UPHELD, AUTHORITY, "R25", N_("异议成立")),
        *from_each(
            "void",
            (U.SCHEDULED, U.OPEN, U.OBJECTION_PENDING),
            U.VOID,
            AUTHORITY,
            "R23",
            N_("公示作废"),
            N_("内容有误,须重新公示满期"),
        ),
    ),
)


class ObjectionState(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    INVESTIGATING = "investigating"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    REPLIED = "replied"


O = ObjectionState  # noqa: E741
OBJECTION = Machine(
    id="B9.1",
    subject="objection",
    title=N_("公示异议"),
    states={
        O.RECEIVED: waiting(N_("收到")),
        O.ACCEPTED: waiting(N_("已受理")),
        O.NOT_ACCEPTED: neutral(N_("不予受理")),
        O.INVESTIGATING: waiting(N_("核查中")),
        O.UPHELD: bad(N_("成立")),
        O.DISMISSED: neutral(N_("不成立")),
        O.REPLIED: good(N_("已答复")),
    },
    table=(
        T("lodge", None, O.RECEIVED, _BY_ANYONE, "R25", N_("提出异议")),
        T("accept", O.RECEIVED, O.ACCEPTED, AUTHORITY, "R25", N_("受理异议")),
        T("refuse", O.RECEIVED, O.NOT_ACCEPTED, AUTHORITY, "R25", N_("不予受理异议"), N_("须填理由")),
        T("investigate", O.ACCEPTED, O.INVESTIGATING, AUTHORITY, "R25", N_("核查")),
        T("uphold", O.INVESTIGATING, O.UPHELD, AUTHORITY, "R25", N_("认定成立"), N_("须填理由")),
        T("dismiss", O.INVESTIGATING, O.DISMISSED, AUTHORITY, "R25", N_("认定不成立"), N_("须填理由")),
        *from_each("reply", (O.UPHELD, O.DISMISSED, O.NOT_ACCEPTED), O.REPLIED, AUTHORITY, "R25", N_("答复异议人")),
    ),
)
OPEN_OBJECTIONS = frozenset({O.RECEIVED, O.ACCEPTED, O.INVESTIGATING})
"""R25: while one of these stands, nobody enters incubation."""
