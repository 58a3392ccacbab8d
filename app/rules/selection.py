"""R22–R25: recommendation on merit, publicity (公示) and its objections, the two steps of provincial applicants."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.rules import clocks
from app.rules.clocks import Clock
from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import OPEN_OBJECTIONS, ApplicationState, ObjectionState, PanelState, PublicityState
from app.rules.workdays import Calendar

RULES = ("R22", "R23", "R24", "R25", "R64")

REMARKS: dict[str, str] = {
    "industry_representativeness": N_("产业代表性"),
    "evaluation_professionalism": N_("评价专业性"),
    "industry_authority": N_("行业权威性"),
}
"""R64: three qualitative remarks of a recommendation, unscored."""


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """The bureau's decision on one item beside the panel's opinion (None: the panel gave none)."""

    item: str
    panel_recommends: bool | None
    recommended: bool
    reason: str = ""


def check_recommendation(panel_state: str, decisions: Sequence[ItemDecision]) -> bool:
    """R22: whether the application is recommended (at least one item is).

    No decision without a concluded opinion; refusing an item or departing from the panel needs a reason.
    """
    if panel_state != PanelState.CONCLUDED:
        raise Refusal(
            "opinion_missing", "R22", N_("评估组尚未出具意见,不能推荐。请待全部评分表提交并出具意见后再决定。")
        )
    if not decisions:
        raise Refusal("decisions_missing", "R22", N_("尚未对任何申报项作出推荐与否的决定。请逐项决定。"))
    for decision in decisions:
        if decision.panel_recommends is None:
            raise Refusal(
                "opinion_missing", "R22", N_("“%(item)s”没有评估意见,不能决定。请评估组补充意见。"), item=decision.item
            )
        departs = decision.recommended != decision.panel_recommends
        if (departs or not decision.recommended) and not decision.reason.strip():
            message = (
                N_("“%(item)s”的决定与评估组意见不同,须填写理由。")
                if departs
                else N_("“%(item)s”未推荐,须填写理由,理由将告知申请单位。")
            )
            raise Refusal("reason_missing", "R22", message, item=decision.item)
    return any(decision.recommended for decision in decisions)


# Publicity ----------------------------------------------------------------------------------------------------------


def check_publicity_end(published_on: date, planned_end_on: date, calendar: Calendar, settings: Settings) -> Clock:
    """R23: the clock of a publicity whose officer typed `planned_end_on`.

    Refusal publicity_too_short shows how many working days the typed date gives and the earliest lawful date.
    A later date is kept as it is, even on a day off.
    """
    earliest = clocks.publicity_end(published_on, calendar, settings)
    if planned_end_on < earliest.due_on:
        first = published_on if settings.publicity_count_publish_day else published_on + timedelta(days=1)
        raise Refusal(
            "publicity_too_short",
            "R23",
            N_(
                "公示期不少于%(floor)d个工作日。"
                "至%(planned)s只有%(count)d个工作日,最早可于%(earliest)s结束,请改为该日或以后。"
            ),
            floor=settings.publicity_min_working_days,
            planned=planned_end_on.isoformat(),
            count=calendar.count_workdays(first, planned_end_on),
            earliest=earliest.due_on.isoformat(),
            earliest_on=earliest.due_on,
        )
    if planned_end_on == earliest.due_on:
        return earliest
    return Clock(
        kind=earliest.kind,
        starts_on=published_on,
        due_on=planned_end_on,
        due_at=clocks.end_of_day(planned_end_on),
        provisional=earliest.provisional,
        rule="R23",
        explanation=(
            *earliest.explanation[:-1],
            clocks.Day(planned_end_on, None, clocks.DayKind.DUE, N_("经办人设定的公示末日,截止于当日24时")),
        ),
    )


def check_can_object(publicity_due_at: datetime, now: datetime) -> None:
    """R25: an objection counts until the last instant of the last day."""
    if clocks.is_over(publicity_due_at, now):
        raise Refusal(
            "publicity_over", "R25", N_("公示期已满,不再受理公示异议。如有问题,可向主管人力资源社会保障部门反映。")
        )


def check_can_clear(publicity_due_at: datetime, now: datetime, objection_states: Collection[str]) -> None:
    """R25: into incubation only when the publicity is over and no objection is open or upheld against the whole."""
    if not clocks.is_over(publicity_due_at, now):
        raise Refusal(
            "publicity_running",
            "R23",
            N_("公示期至%(last)s24时届满,不能提前结束。"),
            last=clocks.local_date(publicity_due_at - timedelta(microseconds=1)).isoformat(),
        )
    if pending := sum(state in OPEN_OBJECTIONS for state in objection_states):
        raise Refusal(
            "objection_open", "R25", N_("还有%(count)d件异议未办结,不能进入孵化培育期。请先办结异议。"), count=pending
        )


def check_objection_decision(state: str, reason: str) -> None:
    """R25: an objection is decided after inquiry and with a reason."""
    if state != ObjectionState.INVESTIGATING:
        raise Refusal("objection_not_investigated", "R25", N_("异议尚未核查,不能认定。请先受理并核查。"))
    if not reason.strip():
        raise Refusal("reason_missing", "R25", N_("认定异议须填写理由,理由将答复异议人。"))


def check_can_uphold(publicity_state: str) -> None:
    """R25: what is upheld cancels items of a running publicity; a void one has none to cancel, the next one takes the
    objection over."""
    if publicity_state == PublicityState.VOID:
        raise Refusal(
            "publicity_is_void",
            "R25",
            N_("这项公示已作废,异议将随重新发布的公示继续办理。请先重新公示,再认定异议成立;核查情况可先记录。"),
        )


def surviving_items(items: Iterable[str], upheld_against: Collection[str]) -> list[str]:
    """R25: the items that proceed when objections are upheld for some; [] cancels the whole recommendation."""
    return [item for item in items if item not in upheld_against]


# Two-step review ----------------------------------------------------------------------------------------------------


def check_final_review_may_start(
    application_state: str, *, preliminary_concluded: bool, override_reason: str, settings: Settings
) -> None:
    """R24: no 复评 before the city's 初评; a failed one only if the province calls it up with a reason."""
    if not preliminary_concluded:
        raise Refusal("preliminary_missing", "R24", N_("市级初评尚未出具意见,省级复评不能开始。请待初评完成。"))
    if application_state != ApplicationState.PRELIMINARY_FAILED:
        return
    if not settings.province_may_override_preliminary:
        raise Refusal("preliminary_failed", "R24", N_("市级初评未通过,不进入省级复评。申请单位可参加下一批次。"))
    if not override_reason.strip():
        raise Refusal("reason_missing", "R24", N_("调阅初评未通过的申报须填写理由。"))


def find_missing_remarks(remarks: Mapping[str, str]) -> list[str]:
    """R64: remarks not yet written; a reminder to the officer, not a gate."""
    return [key for key in REMARKS if not remarks.get(key, "").strip()]
