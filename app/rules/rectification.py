"""R58–R59: the rectification notice (整改通知书), one month, exactly one reassessment."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.rules import clocks
from app.rules.clocks import Clock
from app.rules.core import N_, Refusal
from app.rules.counting import count_workdays
from app.rules.renewal import Grade
from app.rules.settings import Settings
from app.rules.states import RectificationState
from app.rules.workdays import Calendar

RULES = ("R58", "R59")
MOST_DEFECTS = 30
LONGEST_DEFECT = 500


class Delivery(StrEnum):
    """How a notice was served (送达). The notice names no way; ours are those of civil procedure, told apart because
    the month counts from each of them."""

    READ = "read"
    DIRECT = "direct"
    POST = "post"
    LEFT = "left"
    PUBLIC = "public"
    OTHER = "other"
    ISSUE = "issue"


DELIVERY_LABELS: dict[str, str] = {
    Delivery.READ: N_("系统内签收"),
    Delivery.DIRECT: N_("直接送达"),
    Delivery.POST: N_("邮寄送达"),
    Delivery.LEFT: N_("留置送达"),
    Delivery.PUBLIC: N_("公告送达"),
    Delivery.OTHER: N_("其他方式送达"),
    Delivery.ISSUE: N_("自下发之日起算"),
}
RECORDED_WAYS = (Delivery.DIRECT, Delivery.POST, Delivery.LEFT, Delivery.PUBLIC, Delivery.OTHER)
"""What an officer may record; reading it in the system records itself, and counting from issue is a setting."""


UNTAKEN_WORKING_DAYS = 5
"""Ours: after so many working days without delivery both sides are asked after a notice, and again after as many."""


def is_untaken(state: str, issued_on: date, asked_after_on: date | None, now: datetime, calendar: Calendar) -> bool:
    """R58: a notice that nobody took starts no month, so that somebody must see to its delivery."""
    if state != RectificationState.ISSUED:
        return False
    waited = count_workdays("", asked_after_on or issued_on, UNTAKEN_WORKING_DAYS, calendar, "R58")
    return waited.due_on < clocks.local_date(now)


def check_way(how: str, note: str) -> None:
    """Service outside the system is recorded with its way and its proof (number of the receipt, who took it)."""
    if how not in RECORDED_WAYS:
        raise Refusal("delivery_way_unknown", "R58", N_("请选择送达方式。"))
    if not note.strip():
        raise Refusal("delivery_note_missing", "R58", N_("请填写送达凭证,如回证编号、签收人或邮件单号。"))


def check_notice(defects: Sequence[str]) -> None:
    """R58: a notice lists its defects, one by one; so many and so long as a notice can print and a reader answer."""
    listed = [defect for defect in defects if defect.strip()]
    if not listed:
        raise Refusal("defects_missing", "R58", N_("整改通知书须列明存在的问题。请至少填写一项。"))
    if len(listed) > MOST_DEFECTS:
        raise Refusal(
            "defects_too_many", "R58", N_("整改通知书最多列%(most)s项问题。请合并同类问题。"), most=MOST_DEFECTS
        )
    if max(len(defect.strip()) for defect in listed) > LONGEST_DEFECT:
        raise Refusal("defect_too_long", "R58", N_("每项问题不超过%(most)s字。请分项填写。"), most=LONGEST_DEFECT)


def start_clock(*, issued_on: date, delivered_on: date | None, calendar: Calendar, settings: Settings) -> Clock | None:
    """R58: the one-month clock from delivery, or from issue where that is configured; None while not yet delivered."""
    basis = issued_on if settings.rectification_basis == "issued_on" else delivered_on
    return None if basis is None else clocks.rectification_due(basis, calendar, settings)


def check_delivery(issued_on: date, delivered_on: date, today: date) -> None:
    if not issued_on <= delivered_on <= today:
        raise Refusal("delivery_date_wrong", "R58", N_("送达日期不能早于下发日期,也不能晚于今天。请填写实际送达日期。"))


def check_report(
    state: str, now: datetime, due_at: datetime, defects: Sequence[str], answers: Mapping[str, str]
) -> None:
    """R58: the report answers every defect and comes in time; there is no extension."""
    if state != RectificationState.DELIVERED or clocks.is_over(due_at, now):
        raise Refusal(
            "rectification_over",
            "R58",
            N_("整改期限为一个月,已于%(last)s届满,不能再提交整改报告。请等待重新评估。"),
            last=clocks.local_date(due_at - timedelta(microseconds=1)).isoformat(),
        )
    if unanswered := [defect for defect in defects if not answers.get(defect, "").strip()]:
        raise Refusal(
            "defects_unanswered",
            "R58",
            N_("还有%(count)d项问题未说明整改情况:%(defects)s。请逐项填写。"),
            count=len(unanswered),
            defects="、".join(unanswered),
        )


def is_overdue(state: str, now: datetime, due_at: datetime) -> bool:
    return state == RectificationState.DELIVERED and clocks.is_over(due_at, now)


def is_extended(state: str, now: datetime, due_at: datetime) -> bool:
    """The published holidays gave the month a later last day, and nothing was decided meanwhile: it runs again."""
    return state == RectificationState.OVERDUE and not clocks.is_over(due_at, now)


def check_can_record_unqualified(state: str, reason: str) -> None:
    """R59: without a report by the last day the authority, and nothing by itself, records it as still unqualified."""
    if state != RectificationState.OVERDUE:
        raise Refusal("rectification_not_overdue", "R59", N_("只有逾期未提交整改报告的,才能直接认定仍不合格。"))
    if not reason.strip():
        raise Refusal("reason_missing", "R59", N_("请填写理由。理由会告知对方并记入办理过程。"))


def check_can_reassess(state: str, reassessments: int, now: datetime, due_at: datetime) -> None:
    """R59: once, after the report or after the month; an early report may be reassessed early."""
    if reassessments:
        raise Refusal("reassessed_already", "R59", N_("整改后只重新评估一次,已评估过。请据结果决定是否续期。"))
    if state == RectificationState.DELIVERED and not clocks.is_over(due_at, now):
        raise Refusal("rectification_running", "R58", N_("整改期限未满且整改报告未提交,不能重新评估。"))
    if state not in (RectificationState.REPORT_SUBMITTED, RectificationState.OVERDUE, RectificationState.DELIVERED):
        raise Refusal("reassessment_not_possible", "R59", N_("整改事项当前不能重新评估。请刷新页面查看最新状态。"))


def reassessment_event(grade: str) -> str:
    """R59: the renewal cycle's event for a reassessment's grade."""
    return "reassess_unqualified" if grade == Grade.UNQUALIFIED else "reassess_qualified"
