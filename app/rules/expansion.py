"""R39–R44: new occupations (新增职业) and new levels (新增级别) of a filed organisation."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.rules import clocks
from app.rules.clocks import in_q1, local_date, q1_window
from app.rules.core import N_, Refusal, raise_first
from app.rules.settings import Settings
from app.rules.states import VALID_FILINGS

RULES = ("R39", "R40", "R41", "R42", "R43", "R44")

__all__ = [
    "RULES",
    "Standing",
    "can_expand_level",
    "can_expand_occupation",
    "check_in_q1",
    "check_level_expansion",
    "check_occupation_expansion",
    "find_cap_excess",
    "find_level_obstacles",
    "find_occupation_obstacles",
    "find_unjustified_tags",
    "in_q1",
    "path_after_recommendation",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a filed organisation's record says on a day.

    `activity` counts completed assessments' candidates of the current period for every filed occupation (code →
    number); `violations` are the days of confirmed violations.
    """

    filing_state: str
    valid_from: date
    valid_to: date
    first_assessment_on: date | None
    activity: Mapping[str, int]
    violations: Collection[date] = ()
    names: Mapping[str, str] | None = None

    def name(self, occupation: str) -> str:
        return (self.names or {}).get(occupation, occupation)


def check_in_q1(now: datetime) -> None:
    """R43: submitted between 01-01 00:00 and 03-31 24:00 in Asia/Shanghai; drafts are free all year."""
    if in_q1(now):
        return
    opens = q1_window(local_date(now).year + 1)[0]
    raise Refusal(
        "outside_first_quarter",
        "R43",
        N_("新增申请只能在每年一季度(1月1日至3月31日)提出。草稿已保留,请在%(opens)s起提交。"),
        opens=local_date(opens).isoformat(),
    )


def _find_period(standing: Standing, on: date) -> list[Refusal]:
    if standing.filing_state in VALID_FILINGS and standing.valid_from <= on <= standing.valid_to:
        return []
    return [
        Refusal(
            "outside_filing_period",
            "R39",
            N_("新增须在当前备案期内申请,现备案期为%(first)s至%(last)s。请先完成续期。"),
            first=standing.valid_from.isoformat(),
            last=standing.valid_to.isoformat(),
        )
    ]


def _find_year(standing: Standing, on: date, settings: Settings, rule: str) -> list[Refusal]:
    by_filing = settings.one_year_basis == "filing_valid_from"
    start = standing.valid_from if by_filing else standing.first_assessment_on
    if start is None:
        return [Refusal("no_assessment_yet", rule, N_("尚未开展认定工作,须正常开展认定满1年后方可申请新增。"))]
    reached = clocks.add_years(start, 1)
    if on >= reached:
        return []
    return [
        Refusal(
            "less_than_one_year",
            rule,
            N_("须正常开展认定工作1年以上。自%(start)s起算,%(reached)s满一年,请届时申请。"),
            start=start.isoformat(),
            reached=reached.isoformat(),
        )
    ]


def _find_violations(standing: Standing, settings: Settings, rule: str) -> list[Refusal]:
    current_only = settings.violation_lookback == "current_filing_period"
    counted = [day for day in standing.violations if not current_only or day >= standing.valid_from]
    if not counted:
        return []
    return [
        Refusal(
            "violation_on_record",
            rule,
            N_("有已认定的违纪违规记录(%(days)s),不符合新增条件。如有异议请联系备案机关。"),
            days="、".join(day.isoformat() for day in sorted(counted)),
        )
    ]


def find_occupation_obstacles(standing: Standing, now: datetime, settings: Settings) -> list[Refusal]:
    """R39: every reason why a new occupation cannot be applied for now, with the idle occupations by name."""
    on = local_date(now)
    found = [
        *_find_period(standing, on),
        *_find_year(standing, on, settings, "R39"),
        *_find_violations(standing, settings, "R39"),
    ]
    idle = [code for code, count in standing.activity.items() if count < settings.activity_min_candidates]
    if idle:
        found.append(
            Refusal(
                "idle_occupations",
                "R39",
                N_("备案职业须均已开展评价,下列职业尚未开展:%(occupations)s。请先开展评价后再申请新增职业。"),
                occupations="、".join(standing.name(code) for code in sorted(idle)),
                idle=tuple(sorted(idle)),
            )
        )
    return found


def find_level_obstacles(standing: Standing, occupation: str, now: datetime, settings: Settings) -> list[Refusal]:
    """R40: every reason why a new level of a filed occupation cannot be applied for now."""
    on = local_date(now)
    found = _find_period(standing, on)
    if settings.level_expansion_requires_one_year:
        found += _find_year(standing, on, settings, "R40") + _find_violations(standing, settings, "R40")
    if standing.activity.get(occupation, 0) < settings.activity_min_candidates:
        known = occupation in standing.activity
        found.append(
            Refusal(
                "occupation_idle" if known else "occupation_not_filed",
                "R40",
                N_("职业“%(occupation)s”尚未开展评价,不能新增级别。请先开展该职业的评价。")
                if known
                else N_("职业“%(occupation)s”不在备案范围内,不能新增级别。请按新增职业申请。"),
                occupation=standing.name(occupation),
            )
        )
    return found


def _find_window(now: datetime, bound: bool) -> list[Refusal]:
    if not bound:
        return []
    try:
        check_in_q1(now)
    except Refusal as refusal:
        return [refusal]
    return []


def can_expand_occupation(standing: Standing, now: datetime, settings: Settings) -> bool:
    """R39 and R43 together."""
    return in_q1(now) and not find_occupation_obstacles(standing, now, settings)


def can_expand_level(standing: Standing, occupation: str, now: datetime, settings: Settings) -> bool:
    """R40 and, if levels are bound to it, R43."""
    window = _find_window(now, settings.level_expansion_in_q1)
    return not window and not find_level_obstacles(standing, occupation, now, settings)


def check_occupation_expansion(standing: Standing, now: datetime, settings: Settings) -> None:
    raise_first([*_find_window(now, True), *find_occupation_obstacles(standing, now, settings)])


def check_level_expansion(standing: Standing, occupation: str, now: datetime, settings: Settings) -> None:
    window = _find_window(now, settings.level_expansion_in_q1)
    raise_first([*window, *find_level_obstacles(standing, occupation, now, settings)])


def find_cap_excess(new_this_year: int, justification: str, settings: Settings) -> list[Refusal]:
    """R41: 「一般1—2个」. More needs a justification and warns; raises without one, or always in mode block."""
    cap = settings.expansion_occupation_soft_cap
    if new_this_year <= cap:
        return []
    if settings.expansion_cap_mode == "block":
        raise Refusal(
            "expansion_cap",
            "R41",
            N_("新增职业每年至多%(cap)d个,现为%(count)d个。请减少。"),
            cap=cap,
            count=new_this_year,
        )
    excess = Refusal(
        "expansion_cap",
        "R41",
        N_("新增职业一般1—2个,本年度现为%(count)d个。请说明理由,或减少新增职业。"),
        count=new_this_year,
    )
    if not justification.strip():
        raise excess
    return [excess]


_PRIORITY = frozenset({"urgent_shortage", "digital", "green", "new_employment_form", "new_occupation"})


def find_unjustified_tags(tags: Mapping[str, Collection[str]], justifications: Mapping[str, str]) -> list[Refusal]:
    """R42: a new occupation outside the favoured directions needs a word of justification."""
    return [
        Refusal(
            "priority_unjustified",
            "R42",
            N_("新增职业应以急需紧缺、新职业等为重点方向。请为“%(occupation)s”填写新增理由。"),
            occupation=occupation,
        )
        for occupation, given in tags.items()
        if not set(given) & _PRIORITY and not justifications.get(occupation, "").strip()
    ]


def path_after_recommendation(settings: Settings) -> str:
    """R44 「参照征集遴选流程」: the event that follows a recommendation (bank acceptance always follows)."""
    return "open_publicity" if settings.expansion_requires_publicity else "skip_publicity"


def valid_to_of_new_items(filing_valid_to: date, existing: Iterable[date] = ()) -> date:
    """R44: a new item ends with the organisation's current period, never later than what is filed already."""
    return min([filing_valid_to, *existing])
