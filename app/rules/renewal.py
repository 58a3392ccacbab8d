"""R46–R57, R60–R61: the periodic assessment (定期评估) at the end of a filing period and the renewal (续期)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.rules import clocks
from app.rules.clocks import Clock, Day, DayKind
from app.rules.core import N_, Refusal
from app.rules.panels import find_sheet_gaps
from app.rules.settings import Settings
from app.rules.states import APPLICATION_IN_PROGRESS, VALID_FILINGS, FilingState, RenewalState

RULES = ("R46", "R47", "R48", "R49", "R50", "R54", "R55", "R56", "R57", "R60", "R61")


class Grade(StrEnum):
    """R55: 评估等次; there is no other."""

    EXCELLENT = "excellent"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"


GRADE_LABELS: dict[str, str] = {
    Grade.EXCELLENT: N_("优秀"),
    Grade.QUALIFIED: N_("合格"),
    Grade.UNQUALIFIED: N_("不合格"),
}
PLAN_CONTENTS: dict[str, str] = {
    "targets": N_("评估对象"),
    "contents": N_("评估内容"),
    "period": N_("评估时间"),
    "methods": N_("评估方式"),
}
"""R47: the four mandatory contents; beside them a plan names its application deadline and template version."""


# The plan -----------------------------------------------------------------------------------------------------------


def check_plan(fields: Mapping[str, str], apply_close_on: date | None, template_version: str) -> None:
    """R47: what an assessment plan (评估方案) needs before it is published."""
    missing = [label for key, label in PLAN_CONTENTS.items() if not fields.get(key, "").strip()]
    if apply_close_on is None:
        missing.append(N_("续期申请截止日"))
    if not template_version.strip():
        missing.append(N_("定期评估样表版本"))
    if missing:
        raise Refusal(
            "assessment_plan_incomplete",
            "R47",
            N_("评估方案还缺:%(missing)s。请补全后再发布。"),
            missing="、".join(missing),
        )


def is_plan_target(filing_state: str, valid_to: date, window_first: date, window_last: date) -> bool:
    """R47: the filings listed by themselves are the valid ones that end inside the plan's window."""
    return filing_state in VALID_FILINGS and window_first <= valid_to <= window_last


def is_window_open(valid_to: date, on: date, settings: Settings) -> bool:
    """R46: from 180 days before the end (by default) to the end itself."""
    return valid_to - timedelta(days=settings.renewal_open.amount) <= on <= valid_to


# The organisation's part --------------------------------------------------------------------------------------------


def find_self_assessment_gaps(
    mandatory: Mapping[str, str], scores: Mapping[str, float | None], evidence: Mapping[str, int]
) -> list[Refusal]:
    """R48: blank scores and indicators without a single piece of evidence; `evidence` counts files an indicator."""
    gaps = [Refusal(gap.code, "R48", gap.message, **gap.params) for gap in find_sheet_gaps(mandatory, scores)]
    gaps += [
        Refusal(
            "evidence_missing",
            "R48",
            N_("指标“%(indicator)s”没有佐证材料。请至少上传一份。"),
            indicator=name,
            indicator_code=code,
        )
        for code, name in mandatory.items()
        if not evidence.get(code)
    ]
    return gaps


def check_self_assessment(
    mandatory: Mapping[str, str],
    scores: Mapping[str, float | None],
    evidence: Mapping[str, int],
    *,
    template_version: str,
    plan_version: str,
) -> None:
    """R48: complete, against the same template version as the plan."""
    if template_version != plan_version:
        raise Refusal(
            "template_changed",
            "R48",
            N_("自评所用样表版本与评估方案不一致。请在方案所列版本上重新核对自评。"),
        )
    if gaps := find_self_assessment_gaps(mandatory, scores, evidence):
        raise Refusal(
            "self_assessment_incomplete",
            "R48",
            N_("自查自评还有%(count)d处未完成:%(indicators)s。请补全评分和佐证材料。"),
            count=len(gaps),
            indicators="、".join(dict.fromkeys(gap.params["indicator"] for gap in gaps)),
            gaps=tuple(gaps),
        )


def check_filing_authority(target_authority: str, filing_authority: str) -> None:
    """R49: a renewal goes to the authority that filed the organisation and to no other."""
    if target_authority != filing_authority:
        raise Refusal(
            "wrong_filing_authority", "R49", N_("续期申请应向备案人力资源社会保障部门提交。请改向原备案机关提交。")
        )


def check_can_apply(state: str, now: datetime, close_at: datetime) -> None:
    """R49/R50: while self-assessing and before the close; a late one only after an officer admitted it (which reopens
    the cycle with a later `close_at`)."""
    if state == RenewalState.NOT_APPLIED or clocks.is_over(close_at, now):
        raise Refusal(
            "renewal_closed",
            "R50",
            N_(
                "续期申请已于%(last)s截止。"
                "未按要求提交的不再评估,备案期满后自动退出目录。如有特殊情况,请立即联系备案机关。"
            ),
            last=clocks.local_date(close_at - timedelta(microseconds=1)).isoformat(),
        )
    if state not in (RenewalState.OPEN, RenewalState.SELF_ASSESSING):
        raise Refusal("renewal_not_open", "R49", N_("续期申请当前不在可提交的阶段。请刷新页面查看最新状态。"))


def check_can_admit_late(on: date, until: date, valid_to: date, reason: str, settings: Settings) -> None:
    """R50: an officer may admit a late application before the period ends, with a reason, until a day inside it."""
    if settings.late_renewal == "never":
        raise Refusal("late_renewal_never", "R50", N_("按现行设置,逾期续期申请不予受理。"))
    if on > valid_to:
        raise Refusal("filing_expired", "R50", N_("备案期已满,不能再受理续期申请。"))
    if not on <= until <= valid_to:
        raise Refusal(
            "late_until_wrong",
            "R50",
            N_("逾期申请的截止日须在今天至备案期末日%(last)s之间。请重新填写。"),
            last=valid_to.isoformat(),
        )
    if not reason.strip():
        raise Refusal("reason_missing", "R50", N_("准予逾期申请须填写理由。"))


def admitted_close(admitted_on: date, until: date) -> Clock:
    """R50: the last day that an officer stated, in place of the one that is counted back from the end."""
    lines = (
        Day(admitted_on, None, DayKind.START, N_("准予逾期申请之日")),
        Day(until, None, DayKind.DUE, N_("经办人准予的截止日,当日24时截止")),
    )
    return Clock("renewal_apply_close", admitted_on, until, clocks.end_of_day(until), False, "R50", lines)


def planned_close(published_on: date, until: date) -> Clock:
    """R47: the application deadline that an assessment plan names, in place of the one counted back from the end."""
    lines = (
        Day(published_on, None, DayKind.START, N_("评估方案发布之日")),
        Day(until, None, DayKind.DUE, N_("评估方案规定的续期申请截止日,当日24时截止")),
    )
    return Clock("renewal_apply_close", published_on, until, clocks.end_of_day(until), False, "R47", lines)


def check_plan_window(window_first: date, window_last: date, apply_close_on: date, today: date) -> None:
    """R47: the window of periods that end, and an application deadline that still lies ahead and before any of them
    ends. Refusal plan_dates_wrong."""
    if window_first > window_last:
        raise Refusal("plan_dates_wrong", "R47", N_("期满日范围的起始日不能晚于截止日。请改正。"))
    if not today <= apply_close_on <= window_first:
        raise Refusal(
            "plan_dates_wrong",
            "R47",
            N_("续期申请截止日须在今天与最早的备案期满日%(first)s之间。请改正。"),
            first=window_first.isoformat(),
        )


def is_admitted_close(kind: str, starts_on: date, due_on: date) -> bool:
    """Whether a deadline is such a day, or a plan's: a counted one starts from the end of the period, behind its last
    day."""
    return kind == "renewal_apply_close" and starts_on <= due_on


def check_can_lapse(state: str, now: datetime, due_at: datetime | None) -> None:
    """R50: an officer confirms that a supplement did not come, once its time is over."""
    if state != RenewalState.SUPPLEMENT_REQUESTED or due_at is None:
        raise Refusal("supplement_not_requested", "R49", N_("当前没有待补正的续期申请。请刷新页面查看最新状态。"))
    if not clocks.is_over(due_at, now):
        raise Refusal(
            "supplement_running",
            "R49",
            N_("补正期限至%(last)s,尚未届满,不能认定逾期未补正。"),
            last=clocks.local_date(due_at - timedelta(microseconds=1)).isoformat(),
        )


# What happens at the deadline and at the end ------------------------------------------------------------------------


class EndOfPeriod(StrEnum):
    """What the day after valid_to does to a filing."""

    NOTHING = "nothing"
    EXPIRE = "expire"
    EXIT = "exit_automatically"


def deadline_event(state: str) -> str | None:
    """At the close of applications: 'deadline' (→ not_applied), 'task' for an exempt one that awaits the officer
    (R57: it never falls into not_applied), or None."""
    if state in (RenewalState.OPEN, RenewalState.SELF_ASSESSING):
        return "deadline"
    return "task" if state == RenewalState.EXEMPT_ELIGIBLE else None


def end_of_period(filing_state: str, cycle_state: str | None, valid_to: date, now: datetime) -> EndOfPeriod:
    """R46/R50: idempotent. With an application in progress the filing waits; without one (also where no cycle was
    ever opened, `cycle_state` None) it leaves the directory. One that waits leaves, too, once its application has
    lapsed: 「未按要求」 includes what was not corrected. A mistake is undone by reopening with a reason.
    """
    if filing_state == FilingState.EXPIRED_PENDING_ASSESSMENT and cycle_state == RenewalState.NOT_APPLIED:
        return EndOfPeriod.EXIT
    if filing_state not in VALID_FILINGS or clocks.local_date(now) <= valid_to:
        return EndOfPeriod.NOTHING
    if cycle_state in APPLICATION_IN_PROGRESS:
        return EndOfPeriod.EXPIRE
    if cycle_state in (None, RenewalState.OPEN, RenewalState.SELF_ASSESSING, RenewalState.NOT_APPLIED):
        return EndOfPeriod.EXIT
    return EndOfPeriod.NOTHING


def check_can_open_assessment(cycle_state: str) -> None:
    """R50: no assessment for those who did not apply."""
    if cycle_state != RenewalState.APPLIED:
        raise Refusal(
            "no_renewal_application",
            "R50",
            N_("该机构没有已提交的续期申请,不对其进行定期评估。请先核对申请状态。"),
        )


# Grades -------------------------------------------------------------------------------------------------------------


def suggest_grade(score: float, settings: Settings) -> Grade:
    """R55: bands that only suggest; the bureau decides (R54)."""
    if score >= settings.grade_cut_excellent:
        return Grade.EXCELLENT
    return Grade.QUALIFIED if score >= settings.grade_cut_qualified else Grade.UNQUALIFIED


def check_grade(grade: str, suggested: str | None, reason: str, *, is_reassessment: bool, settings: Settings) -> Grade:
    """R54/R55/R59: the bureau's grade beside the panel's suggestion."""
    if grade not in GRADE_LABELS:
        raise Refusal("grade_unknown", "R55", N_("评估等次只有优秀、合格、不合格。请重新选择。"))
    if suggested is None:
        raise Refusal("suggestion_missing", "R54", N_("评估组尚未提出评估建议,不能评定等次。"))
    if is_reassessment and grade == Grade.EXCELLENT and not settings.reassessment_can_be_excellent:
        raise Refusal("reassessment_excellent", "R59", N_("整改后重新评估只能评定为合格或不合格。请重新选择。"))
    if grade != suggested and not reason.strip():
        raise Refusal(
            "reason_missing",
            "R54",
            N_("评定等次与评估组建议(%(suggested)s)不同,须填写理由。"),
            suggested=GRADE_LABELS[suggested],
        )
    return Grade(grade)


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """One completed filing period, oldest first: its grade, or None with `exempt`; `rectified` if the grade came from
    a reassessment."""

    grade: str | None
    exempt: bool = False
    rectified: bool = False


def exempt_eligible(history: Sequence[PastPeriod], settings: Settings) -> bool:
    """R57: the last two completed periods are both excellent.

    An exempt period does not count as excellent and breaks the run (E, E, exempt, must assess), unless
    `exempt_counts_as_excellent`. A grade after rectification is never excellent (R59).
    """
    last_two = history[-2:]
    return len(last_two) == 2 and all(_is_excellent(period, settings) for period in last_two)


def _is_excellent(period: PastPeriod, settings: Settings) -> bool:
    if period.exempt:
        return settings.exempt_counts_as_excellent
    return period.grade == Grade.EXCELLENT and (not period.rectified or settings.reassessment_can_be_excellent)


def check_exempt(history: Sequence[PastPeriod], settings: Settings) -> None:
    """R57: before a bureau confirms a renewal without assessment."""
    if not exempt_eligible(history, settings):
        raise Refusal("not_exempt", "R57", N_("该机构未连续两个备案期评估为优秀,不能免于评估。请按程序组织定期评估。"))


# Idle occupations ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FiledLevel:
    """One filed item at renewal. `candidates` completed assessments in the period; `kept_reason` is an officer's."""

    occupation: str
    work_type: str
    level: str
    candidates: int
    filed_on: date
    kept_reason: str = ""


def idle_occupations(items: Iterable[FiledLevel], valid_to: date, settings: Settings) -> list[str]:
    """R60: filed occupations without a completed assessment in the period, graded excellent and exempt ones included.

    An occupation filed late in the period is idle too (literal reading) unless a grace is configured or an officer
    kept it with a reason.
    """
    by_occupation: dict[str, list[FiledLevel]] = {}
    for item in items:
        by_occupation.setdefault(item.occupation, []).append(item)
    return sorted(
        occupation for occupation, levels in by_occupation.items() if not _is_kept(levels, valid_to, settings)
    )


def _is_kept(levels: Sequence[FiledLevel], valid_to: date, settings: Settings) -> bool:
    if sum(item.candidates for item in levels) >= settings.activity_min_candidates:
        return True
    if any(item.kept_reason.strip() for item in levels):
        return True
    grace = settings.new_item_idle_grace_months
    return grace > 0 and all(item.filed_on > clocks.add_months(valid_to, -grace) for item in levels)


def split_for_renewal(
    items: Sequence[FiledLevel], valid_to: date, settings: Settings
) -> tuple[list[FiledLevel], list[FiledLevel]]:
    """R60: (renewed, not renewed). Levels of a kept occupation are renewed even if idle, unless
    `idle_level_not_renewed`."""
    idle = set(idle_occupations(items, valid_to, settings))
    renewed: list[FiledLevel] = []
    dropped: list[FiledLevel] = []
    for item in items:
        level_idle = item.candidates < settings.activity_min_candidates and not item.kept_reason.strip()
        drop = item.occupation in idle or (settings.idle_level_not_renewed and level_idle)
        (dropped if drop else renewed).append(item)
    return renewed, dropped


# Receipt and results ------------------------------------------------------------------------------------------------


def check_can_issue_renewal_receipt(
    state: str, renewed_items: int, results_announced_on: date | None, settings: Settings
) -> None:
    """R56/R60/R61: a renewal receipt (续期备案回执) after the decision, for what is left to renew."""
    if state != RenewalState.RENEWAL_DECIDED:
        raise Refusal("renewal_not_decided", "R56", N_("尚未准予续期,不能发放续期备案回执。请先评定等次。"))
    if renewed_items == 0:
        raise Refusal("nothing_to_renew", "R60", N_("备案期内各职业均未开展评价,没有可续期的职业。请转入退出办理。"))
    if settings.renewal_receipt_after_announcement and results_announced_on is None:
        raise Refusal("results_not_announced", "R61", N_("省厅尚未公布定期评估结果,按现行设置须公布后发放回执。"))


RESULT_STATES = frozenset({RenewalState.RENEWAL_DECIDED, RenewalState.RENEWED, RenewalState.NOT_RENEWED})


def check_can_announce_results(states: Iterable[str]) -> None:
    """R61: the province announces results that are final."""
    if unfinished := sum(state not in RESULT_STATES for state in states):
        raise Refusal(
            "results_unfinished",
            "R61",
            N_("还有%(count)d家机构的评估结果未定。请从公布名单中移除,或待结果确定。"),
            count=unfinished,
        )
