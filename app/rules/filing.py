"""R7, R33–R38, R45–R46: announcement, institution code, receipt, the filing period and the directory."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from app.rules import clocks
from app.rules.core import N_, ActorKind, Refusal
from app.rules.settings import Settings
from app.rules.states import VALID_FILINGS, FilingState
from app.rules.workdays import Calendar

RULES = ("R7", "R35", "R36", "R37", "R38", "R45", "R46")

CODE_PATTERN = re.compile(r"^S\d{4}37\d{6}$")
"""R37/D5: S + 4 (national number, 0000 if first filed at the province) + 37 + 6 set by the province."""
NO_NATIONAL_NUMBER = "0000"


def check_can_announce(actor_kind: str, items: Collection[object], title: str) -> None:
    """R35: only the department announces (公布), and a list is not empty."""
    if actor_kind != ActorKind.DEPARTMENT:
        raise Refusal(
            "announcement_only_by_department", "R35", N_("社评组织及职业(工种)目录由省厅统一公布。市局请上报结果。")
        )
    if not items:
        raise Refusal("announcement_empty", "R35", N_("公布名单为空。请先纳入验收通过的培育对象。"))
    if not title.strip():
        raise Refusal("announcement_title_missing", "R35", N_("请填写公布名单的标题。"))


def check_ministry_report(reported_on: date | None, document_no: str, *, announced_on: date, today: date) -> None:
    """R36: a report to the ministry is recorded with its date and document number; it blocks nothing by itself.

    What is recorded has happened: not before the list was announced, for that is what is reported, nor in the future.
    """
    if reported_on is None or not document_no.strip():
        raise Refusal("ministry_report_incomplete", "R36", N_("请填写报人力资源社会保障部备案的日期和文号。"))
    if not announced_on <= reported_on <= today:
        raise Refusal(
            "ministry_report_date",
            "R36",
            N_("报送日期应在公布日期(%(announced_on)s)之后、今天(%(today)s)之前,含当日。请核对。"),
            announced_on=announced_on.isoformat(),
            today=today.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class CodeParts:
    national: str
    province: str
    sequence: str

    @property
    def is_national_branch(self) -> bool:
        return self.national != NO_NATIONAL_NUMBER


def normalise_institution_code(text: str) -> str:
    return re.sub(r"[\s\-]", "", text).upper()


def check_institution_code(text: str, taken: Collection[str], current: str | None = None) -> str:
    """R37: the code to assign, normalised.

    Refusals: institution_code_format, institution_code_taken (codes of exited organisations included: never reused),
    institution_code_fixed (an organisation keeps its code for life, renewals included).
    """
    code = normalise_institution_code(text)
    if not CODE_PATTERN.match(code):
        raise Refusal(
            "institution_code_format",
            "R37",
            N_("机构代码“%(text)s”格式不符。应为S+4位数字+37+6位数字,共13位,如S000037000072。请核对。"),
            text=text,
        )
    if current is not None and code != current:
        raise Refusal(
            "institution_code_fixed",
            "R37",
            N_("该机构已有机构代码%(current)s,续期和变更均沿用,不能改为%(new)s。"),
            current=current,
            new=code,
        )
    if current is None and code in taken:
        raise Refusal(
            "institution_code_taken",
            "R37",
            N_("机构代码%(taken)s已被使用(含已退出机构),不能重复。请换一个号码。"),
            taken=code,
        )
    return code


def parse_institution_code(code: str) -> CodeParts:
    return CodeParts(national=code[1:5], province=code[5:7], sequence=code[7:])


def suggest_code(taken: Collection[str]) -> str:
    """The next free provincial sequence number; shown only with `code_autogenerate` on."""
    used = [int(code[7:]) for code in taken if CODE_PATTERN.match(code)]
    return f"S{NO_NATIONAL_NUMBER}37{max(used, default=0) + 1:06d}"


def check_can_issue_receipt(
    *,
    announced_on: date | None,
    institution_code: str | None,
    ministry_reported_on: date | None,
    items: Collection[object],
    current_receipts: int,
    settings: Settings,
) -> None:
    """R38: a receipt (回执) after announcement and code, for at least one item, one current receipt at a time."""
    if announced_on is None:
        raise Refusal("receipt_before_announcement", "R38", N_("省厅尚未公布,不能出具回执。请待统一公布后办理。"))
    if not institution_code:
        raise Refusal("receipt_before_code", "R38", N_("尚未赋予机构代码,不能出具回执。请先录入机构代码。"))
    if settings.receipt_requires_ministry_report and ministry_reported_on is None:
        raise Refusal("receipt_before_ministry", "R36", N_("尚未报人力资源社会保障部备案,不能出具回执。"))
    if not items:
        raise Refusal("receipt_without_items", "R38", N_("没有可备案的职业、工种、等级,不能出具回执。"))
    if current_receipts:
        raise Refusal("receipt_exists", "R38", N_("该机构已有有效回执。续期或新增请在原备案上换发。"))


def period_start(*, receipt_issued_on: date, announced_on: date, settings: Settings) -> date:
    """R45: the first day of the first period by `valid_from_basis`."""
    return announced_on if settings.valid_from_basis == "announced_on" else receipt_issued_on


def next_period(valid_to: date, calendar: Calendar, settings: Settings) -> tuple[date, date]:
    """R45/R56: a renewed period begins the day after the old one ends, however late it was decided."""
    start = valid_to + timedelta(days=1)
    return start, clocks.filing_end(start, calendar, settings).due_on


def check_term(years: int, reason: str, settings: Settings) -> None:
    """R45: 「一般为三年」; another term needs a reason."""
    if years < 1:
        raise Refusal("term_invalid", "R45", N_("备案期至少一年。请改正。"))
    if years != settings.filing_term_years and not reason.strip():
        raise Refusal(
            "reason_missing",
            "R45",
            N_("备案期一般为%(usual)d年,设为%(years)d年须填写理由。"),
            usual=settings.filing_term_years,
            years=years,
        )


def check_can_operate(
    state: str, valid_from: date, valid_to: date, on: date, settings: Settings, *, interim_permission: bool = False
) -> None:
    """R38/R46: assessments may be run from valid_from to valid_to, both included; afterwards only while an assessment
    is pending and the bureau has recorded a permission, or where `operate_while_pending` is on."""
    if on < valid_from:
        raise Refusal(
            "not_yet_valid", "R38", N_("备案自%(first)s起有效,此前不能开展认定。"), first=valid_from.isoformat()
        )
    if state in VALID_FILINGS and on <= valid_to:
        return
    pending = state == FilingState.EXPIRED_PENDING_ASSESSMENT
    if pending and (interim_permission or settings.operate_while_pending):
        return
    raise Refusal(
        "filing_not_valid",
        "R46",
        N_("备案已于%(last)s期满或终止,不能开展认定。请完成续期,或联系备案机关。")
        if not pending
        else N_("备案已于%(last)s期满,续期评估尚未完成,期间不能开展认定。确有需要请向备案机关申请临时许可。"),
        last=valid_to.isoformat(),
    )


# Directory ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """R7: derived from a filing, never edited by hand. `left_on` and `leave_reason` keep the history."""

    institution_code: str
    entered_on: date
    left_on: date | None
    leave_reason: str


LEAVE_REASONS: dict[str, str] = {
    FilingState.EXITED_AUTOMATIC: N_("期满自动退出"),
    FilingState.REMOVED_UNQUALIFIED: N_("整改后仍不合格,不予续期"),
    FilingState.REVOKED: N_("撤销备案"),
    FilingState.LAPSED_NO_ITEMS: N_("备案职业均不予续期"),
}


def directory_entry(institution_code: str, state: str, entered_on: date, ended_on: date | None) -> DirectoryEntry:
    """R7: in the directory while valid or pending its assessment; out by a change of state, with its reason."""
    reason = LEAVE_REASONS.get(state, "")
    if reason and ended_on is None:
        raise ValueError(f"a filing that ended ({state}) needs the date it left the directory")
    return DirectoryEntry(institution_code, entered_on, ended_on if reason else None, reason)


def is_listed(entry: DirectoryEntry, on: date) -> bool:
    """Whether the public directory of a day shows it; the day of leaving no longer does."""
    return entry.entered_on <= on and (entry.left_on is None or on < entry.left_on)
