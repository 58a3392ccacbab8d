"""The clocks of the notice (B18). Each answers a `Clock` that explains itself day by day.

General counting (民法典 200–203): the first day is not counted; a period of months ends on the corresponding date,
or on the month's last day where there is none; it ends at 24:00. Whether a last day that is not worked rolls over is a
setting of each clock, because the notice's 「不超过」 must not be stretched by a general rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from app.rules.core import N_, SHANGHAI, Refusal
from app.rules.counting import (
    DAY,
    Clock,
    Day,
    DayKind,
    add_months,
    add_years,
    count_back,
    count_days,
    count_span,
    count_workdays,
    end_of_day,
    is_over,
    local_date,
    make_clock,
    midnight,
    roll,
)
from app.rules.settings import Settings
from app.rules.workdays import Calendar

# What is asked of a clock stands in `counting`; whoever uses clocks need not know.
__all__ = ["Clock", "Day", "DayKind", "add_months", "add_years", "end_of_day", "is_over", "local_date", "midnight"]
RULES = ("R4", "R11", "R23", "R25", "R27", "R28", "R29", "R39", "R43", "R45", "R46", "R49", "R50", "R58", "R65")
AUTO_EXIT_TIME = time(0, 5)
"""R50: the automatic exit is carried out five minutes into the day after the last day."""


# Selection and publicity --------------------------------------------------------------------------------------------


def publicity_end(published_on: date, calendar: Calendar, settings: Settings, working_days: int | None = None) -> Clock:
    """R23: the last day of 公示, at least the fifth working day; the day of publication is not counted.

    Refusal publicity_too_short if fewer `working_days` are asked for than the floor.
    """
    floor = settings.publicity_min_working_days
    count = floor if working_days is None else working_days
    if count < floor:
        raise Refusal(
            "publicity_too_short",
            "R23",
            N_("公示期不少于%(floor)d个工作日,不能设为%(count)d个。请设为%(floor)d个或更长。"),
            floor=floor,
            count=count,
        )
    return count_workdays(
        "publicity_end", published_on, count, calendar, "R23", count_start=settings.publicity_count_publish_day
    )


def objection_handling_due(received_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R25: our default for deciding an objection to a publicity."""
    return count_span("objection_handling_due", received_on, settings.objection_handling_days, calendar, "R25")


def supplement_due(requested_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """D7: our default for 补正."""
    return count_span("supplement_due", requested_on, settings.supplement_due, calendar, "R15")


def city_report_due(cleared_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R4: our default for a city to report its cleared results to the province."""
    return count_span("city_report_due", cleared_on, settings.city_report_due, calendar, "R4")


# Incubation ---------------------------------------------------------------------------------------------------------


def incubation_start(publicity_last_on: date, dismissed_on: date | None = None) -> date:
    """R25: the day after the publicity's last day, or the day its last objection was dismissed if that is later."""
    after = publicity_last_on + DAY
    return after if dismissed_on is None else max(after, dismissed_on)


def incubation_due(start: date, calendar: Calendar, settings: Settings) -> Clock:
    """R27: 「不超过180天」, calendar days, the start day not counted, no roll-over unless configured."""
    clock = count_days("incubation_due", start, settings.incubation_max_days, "R27")
    return roll(clock, calendar) if settings.incubation_roll_holiday else clock


def commitment_sign_due(start: date, calendar: Calendar, settings: Settings) -> Clock:
    """R28: a reminder only; the notice sets no time for signing."""
    return count_span("commitment_sign_due", start, settings.commitment_sign_due, calendar, "R28")


def bank_submit_by(due_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R29: the day by which banks should be in, so that the panel can finish inside the incubation ending `due_on`."""
    return count_back("bank_submit_by", due_on, settings.bank_submit_by.amount, "R29")


# Filing period and renewal ------------------------------------------------------------------------------------------


def filing_end(valid_from: date, calendar: Calendar, settings: Settings, years: int | None = None) -> Clock:
    """R45: valid_to = (valid_from − 1 day) + 3 years, the last valid day included."""
    term = settings.filing_term_years if years is None else years
    eve = valid_from - DAY
    due_on = add_years(eve, term)
    lines = [
        Day(valid_from, None, DayKind.START, N_("备案期首日")),
        Day(due_on, None, DayKind.NOMINAL, N_("首日前一日起满%(years)d年"), {"years": term}),
        Day(due_on, None, DayKind.DUE, N_("截止于当日24时")),
    ]
    return make_clock("filing_end", valid_from, due_on, "R45", lines)


def auto_exit_due(valid_to: date, calendar: Calendar, settings: Settings) -> Clock:
    """R50: the day after the last valid day. Unlike other clocks `due_at` is when it takes effect: 00:05 that day."""
    day = valid_to + DAY
    lines = (
        Day(valid_to, None, DayKind.START, N_("备案期末日,当日仍有效")),
        Day(day, None, DayKind.DUE, N_("备案期满次日,自动退出目录")),
    )
    return Clock("auto_exit_due", valid_to, day, datetime.combine(day, AUTO_EXIT_TIME, SHANGHAI), False, "R50", lines)


def renewal_open_on(valid_to: date, calendar: Calendar, settings: Settings) -> Clock:
    """R46: the day the renewal window opens; here `due_at` is 00:00 of that day."""
    clock = count_back("renewal_open_on", valid_to, settings.renewal_open.amount, "R46")
    lines = (*clock.explanation[:-1], Day(clock.due_on, None, DayKind.DUE, N_("当日0时开启")))
    return Clock(clock.kind, valid_to, clock.due_on, midnight(clock.due_on), False, "R46", lines)


def renewal_apply_close(valid_to: date, calendar: Calendar, settings: Settings) -> Clock:
    """R49: the default last day for a renewal application, unless the assessment plan says another."""
    return count_back("renewal_apply_close", valid_to, settings.renewal_apply_close.amount, "R49")


def rectification_due(delivered_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R58: one calendar month from delivery; the corresponding date or the month's last; rolls over a day off."""
    months = settings.rectification_months
    due_on = add_months(delivered_on, months)
    clamped = due_on.day != delivered_on.day
    message = N_("满%(months)d个月,当月无对应日,以月末日为末日") if clamped else N_("满%(months)d个月的对应日")
    lines = [
        Day(delivered_on, None, DayKind.START, N_("送达日,不计入")),
        Day(due_on, None, DayKind.NOMINAL, message, {"months": months}),
        Day(due_on, None, DayKind.DUE, N_("截止于当日24时")),
    ]
    clock = make_clock("rectification_due", delivered_on, due_on, "R58", lines)
    return roll(clock, calendar) if settings.rectification_roll_holiday else clock


def exit_data_due(removed_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R65: our default for reporting the compliance data (合规数据) after leaving the directory."""
    return count_span("exit_data_due", removed_on, settings.exit_data_due, calendar, "R65")


# Expansion ----------------------------------------------------------------------------------------------------------

_Q1_LAST_MONTH = 3


def q1_window(year: int) -> tuple[datetime, datetime]:
    """R43: from 01-01 00:00 to 03-31 24:00 in Asia/Shanghai; half-open, no roll-over."""
    return midnight(date(year, 1, 1)), end_of_day(date(year, 3, 31))


def in_q1(instant: datetime) -> bool:
    return local_date(instant).month <= _Q1_LAST_MONTH


def q1_close(day: date, calendar: Calendar, settings: Settings) -> Clock:
    """R43: the last day of the first quarter that `day` is in, or of the next one."""
    year = day.year if day.month <= _Q1_LAST_MONTH else day.year + 1
    first, last = date(year, 1, 1), date(year, 3, 31)
    lines = [
        Day(first, None, DayKind.START, N_("一季度首日,当日0时起可提出申请")),
        Day(last, None, DayKind.DUE, N_("截止于当日24时")),
    ]
    return make_clock("q1_window", first, last, "R43", lines)


def one_year_on(started_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R39: the first day on which one year of normal operation is reached (「1年以上」 includes the year itself)."""
    day = add_years(started_on, 1)
    lines = (
        Day(started_on, None, DayKind.START, N_("首次开展认定之日")),
        Day(day, None, DayKind.DUE, N_("当日0时起满一年")),
    )
    return Clock("one_year_on", started_on, day, midnight(day), False, "R39", lines)


# Stated by a document --------------------------------------------------------------------------------------------


def call_close(closes_on: date, calendar: Calendar, settings: Settings, closes_at: datetime | None = None) -> Clock:
    """R11: the end of the period in which a call takes applications, as the call itself states it."""
    return _stated("call_close", closes_on, "R11", closes_at)


def call_complete_by(complete_by: date, calendar: Calendar, settings: Settings) -> Clock:
    """R11: the day by which a batch is to be completed (完成时限), as the call itself states it."""
    return _stated("call_complete_by", complete_by, "R11", None)


def panel_work_due(limit_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R29, R11: a panel concludes inside the incubation it assesses, or by the day its call names."""
    return _stated("panel_work_due", limit_on, "R29", None)


def _stated(kind: str, on: date, rule: str, at: datetime | None) -> Clock:
    lines = (
        Day(on, None, DayKind.START, N_("文件载明的日期,不因节假日顺延")),
        Day(on, None, DayKind.DUE, N_("截止于当日24时") if at is None else N_("截止于文件载明的时刻")),
    )
    return Clock(kind, on, on, at or end_of_day(on), False, rule, lines)


# Registry -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClockKind:
    """`start_label` says which date the clock is asked with; `is_deadline` is False where something opens."""

    name: str
    label: str
    start_label: str
    rule: str
    compute: Callable[[date, Calendar, Settings], Clock]
    is_deadline: bool = True


KINDS: dict[str, ClockKind] = {
    kind.name: kind
    for kind in (
        ClockKind("publicity_end", N_("公示末日"), N_("发布日"), "R23", publicity_end),
        ClockKind("incubation_due", N_("孵化培育期末日"), N_("孵化起始日"), "R27", incubation_due),
        ClockKind("filing_end", N_("备案期末日"), N_("备案期首日"), "R45", filing_end),
        ClockKind("rectification_due", N_("整改末日"), N_("整改通知书送达日"), "R58", rectification_due),
        ClockKind("auto_exit_due", N_("自动退出日"), N_("备案期末日"), "R50", auto_exit_due),
        ClockKind("bank_submit_by", N_("题库提交期限"), N_("孵化培育期末日"), "R29", bank_submit_by),
        ClockKind("commitment_sign_due", N_("承诺书签署期限"), N_("孵化起始日"), "R28", commitment_sign_due),
        ClockKind("renewal_open_on", N_("续期窗口开启日"), N_("备案期末日"), "R46", renewal_open_on, False),
        ClockKind("renewal_apply_close", N_("续期申请截止日"), N_("备案期末日"), "R49", renewal_apply_close),
        ClockKind("supplement_due", N_("补正期限"), N_("补正通知日"), "R15", supplement_due),
        ClockKind("objection_handling_due", N_("异议处理期限"), N_("异议收到日"), "R25", objection_handling_due),
        ClockKind("city_report_due", N_("结果上报期限"), N_("验收评估通过日"), "R4", city_report_due),
        ClockKind("exit_data_due", N_("合规数据上报期限"), N_("移出目录日"), "R65", exit_data_due),
        ClockKind("q1_window", N_("一季度申请末日"), N_("一季度首日"), "R43", q1_close),
        ClockKind("call_close", N_("申报截止日"), N_("通告载明的截止日"), "R11", call_close),
        ClockKind("call_complete_by", N_("本批次完成时限"), N_("通告载明的完成日"), "R11", call_complete_by),
        ClockKind("panel_work_due", N_("评估组工作时限"), N_("孵化培育期末日或本批次完成时限"), "R29", panel_work_due),
        ClockKind("one_year_on", N_("开展认定满一年之日"), N_("首次开展认定之日"), "R39", one_year_on, False),
    )
}


def date_of(kind: str, start: date, calendar: Calendar, settings: Settings) -> Clock:
    """The clock of a kind by name, as `sheping rules date KIND DATE` asks. Refusal clock_unknown for another name."""
    if kind not in KINDS:
        raise Refusal(
            "clock_unknown", "", N_("没有名为“%(kind)s”的时限。可用:%(known)s。"), kind=kind, known="、".join(KINDS)
        )
    return KINDS[kind].compute(start, calendar, settings)
