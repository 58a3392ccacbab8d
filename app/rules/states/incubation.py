"""B6 工作承诺书 and B7 题库."""

from enum import StrEnum

from app.rules.core import AUTHORITY, EXPERT, N_, ORGANISATION, SYSTEM, Machine
from app.rules.core import Transition as T
from app.rules.states._make import action, bad, from_each, good, neutral, waiting


class CommitmentState(StrEnum):
    ISSUED = "issued"
    SIGNED = "signed"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    SUPERSEDED = "superseded"
    VOID = "void"


C = CommitmentState
_LIVE = (C.ISSUED, C.SIGNED, C.CONFIRMED, C.RETURNED)
_SIGN_GUARD = N_("法定代表人或授权签字人;所读文本与现行文本一致")

COMMITMENT = Machine(
    id="B6",
    subject="commitment",
    title=N_("孵化培育对象工作承诺书"),
    states={
        C.ISSUED: action(N_("待签署")),
        C.SIGNED: good(N_("已签署")),
        C.CONFIRMED: good(N_("已确认")),
        C.RETURNED: action(N_("退回重签")),
        C.SUPERSEDED: neutral(N_("已被新版替代")),
        C.VOID: neutral(N_("失效")),
    },
    table=(
        T("issue", None, C.ISSUED, SYSTEM | AUTHORITY, "R28", N_("下发承诺书")),
        *from_each("sign", (C.ISSUED, C.RETURNED), C.SIGNED, ORGANISATION, "R28", N_("签署承诺书"), _SIGN_GUARD),
        T("confirm", C.SIGNED, C.CONFIRMED, AUTHORITY, "R28", N_("确认承诺书"), N_("扫描件清晰、盖章、名称与证照一致")),
        *from_each("return", (C.SIGNED, C.CONFIRMED), C.RETURNED, AUTHORITY, "R28", N_("退回重签"), N_("须填理由")),
        *from_each("supersede", _LIVE, C.SUPERSEDED, SYSTEM | AUTHORITY, "R28", N_("换发新版"), N_("文本或名称变化")),
        *from_each("void", _LIVE, C.VOID, SYSTEM | AUTHORITY, "R28", N_("失效"), N_("申报已终结")),
    ),
)


class BankState(StrEnum):
    NOT_STARTED = "not_started"
    DRAFTING = "drafting"
    CHECKING = "checking"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    SUBMITTED = "submitted"
    DISPATCH_FAILED = "dispatch_failed"
    DEAD_LETTER = "dead_letter"
    DISPATCHED = "dispatched"
    ACCEPTED_FOR_PANEL = "accepted_for_panel"
    PANEL_ASSIGNED = "panel_assigned"
    UNDER_ASSESSMENT = "under_assessment"
    REVISION_REQUESTED = "revision_requested"
    PASSED = "passed"
    FAILED = "failed"
    SUPERSEDED = "superseded"


B = BankState
_UNDELIVERED = (B.SUBMITTED, B.DISPATCH_FAILED)
_ARRIVED = (B.DISPATCHED, B.ACCEPTED_FOR_PANEL)
_REPLACEABLE = (B.NOT_STARTED, B.DRAFTING, B.CHECKING, B.CHECK_PASSED, B.CHECK_FAILED, B.REVISION_REQUESTED)

QUESTION_BANK = Machine(
    id="B7",
    subject="question_bank",
    title=N_("题库"),
    states={
        B.NOT_STARTED: action(N_("未开始")),
        B.DRAFTING: action(N_("开发中")),
        B.CHECKING: waiting(N_("自动检查中")),
        B.CHECK_PASSED: action(N_("检查通过,待提交")),
        B.CHECK_FAILED: bad(N_("检查未通过")),
        B.SUBMITTED: waiting(N_("已提交")),
        B.DISPATCH_FAILED: waiting(N_("发送失败,重试中")),
        B.DEAD_LETTER: bad(N_("发送失败,待人工处理")),
        B.DISPATCHED: waiting(N_("已送达审核队列")),
        B.ACCEPTED_FOR_PANEL: waiting(N_("已接收,待组建评估组")),
        B.PANEL_ASSIGNED: waiting(N_("已分配评估组")),
        B.UNDER_ASSESSMENT: waiting(N_("评估中")),
        B.REVISION_REQUESTED: action(N_("修改后复核")),
        B.PASSED: good(N_("评估通过")),
        B.FAILED: bad(N_("评估未通过")),
        B.SUPERSEDED: neutral(N_("已被新版替代")),
    },
    table=(
        T("create", None, B.NOT_STARTED, SYSTEM | AUTHORITY, "R29", N_("建立题库任务")),
        *from_each(
            "upload",
            (B.NOT_STARTED, B.DRAFTING, B.CHECK_PASSED, B.CHECK_FAILED, B.REVISION_REQUESTED),
            B.DRAFTING,
            ORGANISATION,
            "R29",
            N_("上传题库"),
            N_("提交之前可换新版"),
        ),
        T("check", B.DRAFTING, B.CHECKING, ORGANISATION | SYSTEM, "R29", N_("自动检查")),
        T("pass_check", B.CHECKING, B.CHECK_PASSED, SYSTEM, "R29", N_("检查通过")),
        T("fail_check", B.CHECKING, B.CHECK_FAILED, SYSTEM, "R29", N_("检查未通过"), N_("存在阻止提交的问题")),
        T("submit", B.CHECK_PASSED, B.SUBMITTED, ORGANISATION, "R28", N_("提交题库"), N_("承诺书已签署,孵化期内")),
        *from_each("dispatch", _UNDELIVERED, B.DISPATCHED, SYSTEM, "R29", N_("送达审核队列")),
        *from_each("fail_dispatch", _UNDELIVERED, B.DISPATCH_FAILED, SYSTEM, "R29", N_("发送失败,自动重试")),
        T("give_up", B.DISPATCH_FAILED, B.DEAD_LETTER, SYSTEM, "R29", N_("转人工处理"), N_("已重试5次")),
        T(
            "retry_dispatch",
            B.DEAD_LETTER,
            B.SUBMITTED,
            ORGANISATION | AUTHORITY | SYSTEM,
            "R29",
            N_("重新发送"),
        ),
        T("accept_delivery", B.DISPATCHED, B.ACCEPTED_FOR_PANEL, AUTHORITY, "R32", N_("接收题库")),
        *from_each(
            "return_for_correction",
            _ARRIVED,
            B.DRAFTING,
            AUTHORITY,
            "R32",
            N_("退回更正"),
            N_("评估组组建之前,须填理由"),
        ),
        *from_each("assign_panel", _ARRIVED, B.PANEL_ASSIGNED, AUTHORITY, "R30", N_("分配题库评估组"), N_("3—5人")),
        T("dissolve_panel", B.PANEL_ASSIGNED, B.ACCEPTED_FOR_PANEL, AUTHORITY, "R31", N_("撤销评估组,重新组建")),
        T("start_assessment", B.PANEL_ASSIGNED, B.UNDER_ASSESSMENT, AUTHORITY | EXPERT, "R32", N_("开始评估")),
        T(
            "request_revision",
            B.UNDER_ASSESSMENT,
            B.REVISION_REQUESTED,
            AUTHORITY | EXPERT,
            "R32",
            N_("修改后复核"),
            N_("至多一轮,孵化期内"),
        ),
        T("pass", B.UNDER_ASSESSMENT, B.PASSED, AUTHORITY | EXPERT, "R33", N_("评估通过")),
        T("fail", B.UNDER_ASSESSMENT, B.FAILED, AUTHORITY | EXPERT, "R34", N_("评估未通过")),
        T("fail", B.REVISION_REQUESTED, B.FAILED, AUTHORITY, "R34", N_("评估未通过"), N_("期满未提交修改后题库")),
        *from_each("supersede", _REPLACEABLE, B.SUPERSEDED, ORGANISATION | SYSTEM, "R29", N_("被新版替代")),
    ),
)
