"""R5–R11: the plan, the call and when it takes applications."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time

from app.rules.clocks import end_of_day
from app.rules.core import N_, SHANGHAI, ActorKind, Refusal, raise_first
from app.rules.settings import Settings
from app.rules.states import CallState

RULES = ("R5", "R6", "R8", "R9", "R10", "R11")

CALL_SECTIONS: dict[str, str] = {
    "applicant_scope": N_("申报主体范围"),
    "applicant_conditions": N_("申报主体条件"),
    "priority_occupations": N_("重点征集职业"),
    "application_requirements": N_("申报要求"),
    "assessment_process": N_("评估流程"),
    "completion_deadline": N_("完成时限"),
}
"""R11: the six mandatory contents of a call."""

PLAN_CONTENTS: dict[str, str] = {
    "quota": N_("数量"),
    "occupations": N_("职业范围"),
    "levels": N_("等级"),
}
"""R8: the three mandatory contents of a plan."""

PRIORITY_TAGS: dict[str, str] = {
    "urgent_shortage": N_("急需紧缺"),
    "digital": N_("数字信息"),
    "green": N_("绿色环保"),
    "new_employment_form": N_("新就业形态"),
    "other": N_("其他"),
}
"""R9: the directions a collection should favour."""

OFFICE_CLOSING = time(17, 0)


def check_plan(quota: int | None, occupations: Collection[str], levels: Collection[str]) -> None:
    """R8: quantity, occupations and levels are all needed before a plan is confirmed."""
    given = {"quota": bool(quota and quota > 0), "occupations": bool(occupations), "levels": bool(levels)}
    if missing := [PLAN_CONTENTS[key] for key, present in given.items() if not present]:
        raise Refusal(
            "plan_incomplete",
            "R8",
            N_("征集计划还缺:%(missing)s。请补全社评组织的数量、职业范围和等级后再确定。"),
            missing="、".join(missing),
        )


def find_quota_excess(quota: int, recommended: int, settings: Settings) -> list[Refusal]:
    """R8: more recommended than planned. A warning, or (`plan_quota_mode=block`) raised."""
    if recommended <= quota:
        return []
    excess = Refusal(
        "quota_exceeded",
        "R8",
        N_("拟推荐%(recommended)d家,超过征集计划的%(quota)d家。请说明理由,或调整推荐名单。"),
        quota=quota,
        recommended=recommended,
    )
    if settings.plan_quota_mode == "block":
        raise excess
    return [excess]


def priority_share(tags_by_occupation: Mapping[str, Collection[str]]) -> float:
    """R9: the share (0–1) of occupations in one of the named directions; 0 for no occupations. For show only."""
    if not tags_by_occupation:
        return 0.0
    favoured = [tags for tags in tags_by_occupation.values() if set(tags) & (PRIORITY_TAGS.keys() - {"other"})]
    return len(favoured) / len(tags_by_occupation)


def find_missing_sections(sections: Mapping[str, str]) -> list[str]:
    """R11: the keys of CALL_SECTIONS that are empty."""
    return [key for key in CALL_SECTIONS if not sections.get(key, "").strip()]


def check_completion(complete_by: date | None, close_at: datetime | None) -> None:
    """R11: 完成时限 is a date, so that a deadline can run to it, and not before the last day of applying."""
    if complete_by is None:
        raise Refusal(
            "completion_date_missing",
            "R11",
            N_("征集通告还缺完成时限的日期。请填写本批次全部工作应完成的日期,期限看板和提醒按它计算。"),
        )
    if close_at is not None and end_of_day(complete_by) < close_at:
        raise Refusal(
            "completion_before_close",
            "R11",
            N_("完成时限(%(complete_by)s)早于申报截止(%(close_at)s)。请填写申报截止当日或之后的日期。"),
            complete_by=complete_by.isoformat(),
            close_at=close_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        )


def check_can_publish(
    actor_kind: str,
    sections: Mapping[str, str],
    open_at: datetime | None,
    close_at: datetime | None,
    complete_by: date | None,
) -> None:
    """R10 and R11: only the department publishes, with six sections, a period that ends after it begins, and the date
    by which the batch is to be completed."""
    if actor_kind != ActorKind.DEPARTMENT:
        raise Refusal(
            "call_only_by_department",
            "R10",
            N_("征集通告由省厅统一发布。市局请将征集计划提交省厅纳入统一通告。"),
        )
    if missing := find_missing_sections(sections):
        raise Refusal(
            "call_incomplete",
            "R11",
            N_("征集通告还缺:%(missing)s。请补全六项内容后再发布。"),
            missing="、".join(CALL_SECTIONS[key] for key in missing),
            sections=tuple(missing),
        )
    if open_at is None or close_at is None or close_at <= open_at:
        raise Refusal(
            "call_period_wrong", "R11", N_("申报开始和截止时间未填或先后颠倒。请填写晚于开始时间的截止时间。")
        )
    check_completion(complete_by, close_at)


def close_at_of(close_on: date, settings: Settings) -> datetime:
    """R11: applications close at 24:00 of the last day, unless the office's closing time is configured."""
    if settings.close_time_rule == "office_hours":
        return datetime.combine(close_on, OFFICE_CLOSING, SHANGHAI)
    return end_of_day(close_on)


def find_application_obstacles(state: str, open_at: datetime, close_at: datetime, now: datetime) -> list[Refusal]:
    """R5: why an application cannot be submitted to this call at `now`; judged by the server's clock, not the state
    alone, because the closing job may run a minute late."""
    server_time = now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if state in (CallState.DRAFT, CallState.CANCELLED, CallState.CONCLUDED):
        return [Refusal("call_not_open", "R5", N_("该批次征集通告未在受理申报。请选择正在受理的批次。"))]
    if now < open_at:
        return [
            Refusal(
                "call_not_yet_open",
                "R5",
                N_("本批次申报尚未开始(服务器时间%(server_time)s)。请在%(open_at)s之后提交,草稿可先保存。"),
                server_time=server_time,
                open_at=open_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
            )
        ]
    if now >= close_at or state == CallState.CLOSED:
        return [
            Refusal(
                "call_closed",
                "R11",
                N_("本批次申报已于%(close_at)s截止(服务器时间%(server_time)s)。草稿已保留,可用于下一批次。"),
                server_time=server_time,
                close_at=close_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
            )
        ]
    return []


def check_can_submit_to(state: str, open_at: datetime, close_at: datetime, now: datetime) -> None:
    raise_first(find_application_obstacles(state, open_at, close_at, now))


def check_submission(*, call_id: object | None, items: Sequence[object], settings: Settings) -> None:
    """R5: an application belongs to a published batch and asks for at least one item."""
    if call_id is None and settings.applications_require_open_call:
        raise Refusal("call_missing", "R5", N_("申报须属于省厅已发布的一个征集批次。请从正在受理的批次开始申报。"))
    if not items:
        raise Refusal("items_missing", "R29", N_("尚未选择申报的职业、工种、等级。请至少添加一项。"))
    if len(set(items)) != len(items):
        raise Refusal("items_duplicate", "R29", N_("申报的职业、工种、等级有重复。请删去重复的一项。"))
