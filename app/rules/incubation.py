"""R25–R29: the incubation period (孵化培育期) and what must be done inside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.rules import clocks
from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import ItemState

RULES = ("R25", "R26", "R27", "R29")


@dataclass(frozen=True, slots=True)
class ItemProgress:
    """One item of an incubatee. `submitted_at` is when its bank went in, `assessed_at` when the panel concluded."""

    item: str
    state: str
    submitted_at: datetime | None = None
    assessed_at: datetime | None = None


_OPEN = frozenset({ItemState.INCUBATING, ItemState.BANK_SUBMITTED, ItemState.BANK_UNDER_ASSESSMENT})
_WITH_PANEL = frozenset({ItemState.BANK_SUBMITTED, ItemState.BANK_UNDER_ASSESSMENT})


MAX_DAYS = 180
"""R27: the notice's own ceiling, whatever is configured."""


def check_duration(start_on: date, due_on: date) -> None:
    """R27: whoever sets or moves the last day, it is never more than 180 days after the start."""
    days = (due_on - start_on).days
    if days > MAX_DAYS:
        raise Refusal(
            "incubation_too_long", "R27", N_("孵化培育期不超过180天,所设期限为%(days)d天。请改早截止日。"), days=days
        )
    if days < 1:
        raise Refusal("incubation_too_short", "R27", N_("孵化培育期截止日须晚于起始日。请改正。"))


def check_in_incubation(
    application_state: str, now: datetime, start_at: datetime, due_at: datetime, *, officer_exception: bool = False
) -> None:
    """R27/R29: bank work is done while incubating; after the last day only with an exception an officer recorded."""
    if now < start_at:
        raise Refusal("incubation_not_started", "R25", N_("孵化培育期尚未开始。公示期满无异议后方可提交题库。"))
    if application_state not in ("incubating", "incubation_overdue"):
        raise Refusal("not_incubating", "R29", N_("本单位当前不在孵化培育期,不能提交题库。请查看申报进度。"))
    check_not_over(now, due_at, officer_exception=officer_exception)


def check_not_over(now: datetime, due_at: datetime, *, officer_exception: bool = False) -> None:
    """R27: nothing is handed in after the last day, save by an exception that an officer recorded."""
    if clocks.is_over(due_at, now) and not officer_exception:
        raise Refusal(
            "incubation_over",
            "R27",
            N_("孵化培育期(不超过180天)已于%(last)s届满,不能再提交。请联系主管人力资源社会保障部门。"),
            last=_last_day(due_at).isoformat(),
        )


def _last_day(due_at: datetime) -> date:
    return clocks.local_date(due_at - timedelta(microseconds=1))


class OverdueVerdict(StrEnum):
    """What day 181 means for one item."""

    CONCLUDED = "concluded"
    PROTECTED = "protected"
    OVERDUE = "overdue"
    ELIMINATE = "eliminate"


def judge_overdue(item: ItemProgress, due_at: datetime, settings: Settings) -> OverdueVerdict:
    """R29/R34: one item after the last day.

    In time but not yet assessed is the authority's delay: the item is protected and flagged `overdue_by_authority`.
    The rest is overdue for an officer to decide, or eliminated where that is configured to be automatic.
    """
    if item.state not in _OPEN:
        return OverdueVerdict.CONCLUDED
    in_time = item.submitted_at is not None and item.submitted_at < due_at
    if in_time and item.state in _WITH_PANEL and settings.late_panel_protects_incubatee:
        return OverdueVerdict.PROTECTED
    return OverdueVerdict.ELIMINATE if settings.auto_eliminate_on_overdue else OverdueVerdict.OVERDUE


def find_overdue(
    items: Iterable[ItemProgress], now: datetime, due_at: datetime, settings: Settings
) -> dict[str, OverdueVerdict]:
    """Verdicts of every open item; {} while the period runs or when nothing is open."""
    if not clocks.is_over(due_at, now):
        return {}
    verdicts = {item.item: judge_overdue(item, due_at, settings) for item in items}
    return {key: verdict for key, verdict in verdicts.items() if verdict is not OverdueVerdict.CONCLUDED}


@dataclass(frozen=True, slots=True)
class Readiness:
    """The readiness matrix in numbers (R29): how many items are where, and which still need the organisation."""

    total: int
    passed: int
    with_panel: int
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return self.total > 0 and self.passed == self.total


def readiness(items: Sequence[ItemProgress]) -> Readiness:
    """Withdrawn, cancelled and eliminated items no longer count."""
    live = [item for item in items if item.state in _OPEN or item.state == ItemState.BANK_PASSED]
    return Readiness(
        total=len(live),
        passed=sum(item.state == ItemState.BANK_PASSED for item in live),
        with_panel=sum(item.state in _WITH_PANEL for item in live),
        missing=tuple(item.item for item in live if item.state == ItemState.INCUBATING),
    )


def check_guidance(topic: str, held_on: date, today: date) -> None:
    """R26: the guidance log is a record: it needs a topic and a day that has come."""
    if not topic.strip():
        raise Refusal("guidance_topic_missing", "R26", N_("请填写指导内容。"))
    if held_on > today:
        raise Refusal("guidance_in_future", "R26", N_("指导日期不能晚于今天。请填写实际日期。"))
