"""One deadline: why it falls on its day, day by day, and what it was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import g, render_template, url_for
from flask_babel import gettext, lazy_gettext

from app.clock import SHANGHAI
from app.lifecycle.deadlines import explaining, queries
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline, DeadlineChange
from app.reminders.wording import wording_of
from app.rules import clocks
from app.rules.clocks import Day
from app.rules.core import N_
from app.web.deadlines import charts
from app.web.wording import DEADLINE_STATES, deadline_label

# Days that are ours, not the notice's: the page says so.
DEFAULTS = {
    "commitment_sign_due": N_("提醒日,通知未规定签署时限;天数由配置决定。"),
    "bank_submit_by": N_("通知未规定,为题库评估预留时间;天数由配置决定。"),
    "supplement_due": N_("通知未规定补正时限;天数由配置决定。"),
    "objection_handling_due": N_("通知未规定异议处理时限;天数由配置决定。"),
    "city_report_due": N_("通知未规定上报时限;天数由配置决定。"),
    "renewal_open_on": N_("通知未规定窗口开启日;天数由配置决定。"),
    "renewal_apply_close": N_("评估方案未另定时按配置的天数计算。"),
    "exit_data_due": N_("通知未规定上报时限;天数由配置决定。"),
}
_REASONS = {
    "set": lazy_gettext("设定"),
    "recomputed": lazy_gettext("事项变化,重新计算"),
    "admitted": lazy_gettext("准予逾期申请"),
    "planned": lazy_gettext("评估方案已发布"),
    "due": lazy_gettext("到期未完成"),
    "met": lazy_gettext("已完成"),
    "missed": lazy_gettext("重新计为逾期"),
    "open": lazy_gettext("重新进行"),
    "cancelled": lazy_gettext("事项已终结,不再需要办理"),
    "closed": lazy_gettext("本次窗口已关闭"),
    "calendar": lazy_gettext("工作日历变更"),
    "setting": lazy_gettext("配置变更"),
}


@dataclass(frozen=True)
class Step:
    """One line of the count."""

    on: date
    number: int | None
    text: str
    provisional: bool


@dataclass(frozen=True)
class Past:
    """One entry of the history, newest first."""

    at: datetime
    why: str
    was_on: date | None
    became_on: date | None
    state: str
    was_state: str


def page_of(deadline: Deadline, *, board: str, one: str, action: str | None = None) -> str:
    """The page of a single deadline. `board` is the endpoint to go back to, `one` that of its neighbours in the same
    case, `action` what the link to its subject says."""
    today = g.now.astimezone(SHANGHAI).date()
    calendar = load_calendar()
    clock = explaining.clock_of(deadline, calendar, load_settings(deadline.authority_code))
    words = wording_of(deadline.kind)
    siblings = queries.list_of_case(deadline.case_id) if deadline.case_id else [deadline]
    axis = charts.axis_for(siblings, today)
    return render_template(
        "deadlines/page.html",
        deadline=deadline,
        label=deadline_label(deadline.kind),
        deadline_states=DEADLINE_STATES,
        state=DEADLINE_STATES[deadline.state],
        days_left=(deadline.due_on - today).days,
        total_days=max((deadline.due_on - deadline.starts_on).days, 0) or None,
        start_label=gettext(clocks.KINDS[deadline.kind].start_label) if deadline.kind in clocks.KINDS else "",
        todo=gettext(words.todo),
        missed=gettext(words.missed),
        of_authority=words.of_authority,
        default=gettext(DEFAULTS[deadline.kind]) if deadline.kind in DEFAULTS else "",
        steps=[_step(line) for line in clock.explanation] if clock else [],
        months=explaining.months_of(clock, calendar) if clock else [],
        cut=clock is not None and abs((clock.due_on - clock.starts_on).days) > explaining.LONGEST_GRID,
        past=[_past(change) for change in queries.list_changes(deadline.id)],
        axis=axis,
        lanes=charts.by_deadline(siblings, axis, href=lambda key: url_for(one, deadline_id=key)),
        board=board,
        action=action,
    )


def _step(line: Day) -> Step:
    said = gettext(line.message, **line.params) if line.params else gettext(line.message)
    return Step(line.on, line.number, said, line.provisional)


def _past(change: DeadlineChange) -> Past:
    cause, _, what = change.reason.partition(":")
    why = str(_REASONS.get(cause, change.reason))
    return Past(
        change.at,
        gettext("%(cause)s(%(what)s)", cause=why, what=gettext(what)) if what else why,
        _day(change.before),
        _day(change.after),
        change.after.get("state", ""),
        change.before.get("state", ""),
    )


def _day(picture: dict[str, Any]) -> date | None:
    return date.fromisoformat(picture["due_on"]) if picture.get("due_on") else None
