"""R63, R66–R67: double-random inspections (双随机、一公开) that can be replayed, and third-party evaluators."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.rules.authority import Level
from app.rules.core import N_, Refusal
from app.rules.routing import PROVINCE_CODE
from app.rules.settings import Settings
from app.rules.states import InspectionState

RULES = ("R63", "R66", "R67")


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawn inspection plan: who is inspected by whom. Same seed and pools, same draw — whatever the machine."""

    seed: str
    pairs: tuple[tuple[str, tuple[str, ...]], ...]


def _rank(seed: str, role: str, key: str) -> str:
    """A key's place in the shuffle: SHA-256 of seed, role and key, so that a draw can be checked with any tool."""
    return hashlib.sha256(f"{seed}|{role}|{key}".encode()).hexdigest()


def draw(
    seed: str,
    organisations: Collection[str],
    inspectors: Collection[str],
    *,
    sample: int,
    inspectors_each: int = 2,
    conflicts: Collection[tuple[str, str]] = (),
) -> Draw:
    """R66: `sample` organisations at random, each with `inspectors_each` random inspectors, avoiding conflict pairs
    (organisation, inspector). The order of the pools does not matter; duplicates do not raise a chance.

    Refusals: draw_pool_small, draw_inspectors_few (after conflicts), draw_seed_missing.
    """
    if not seed.strip():
        raise Refusal("draw_seed_missing", "R66", N_("抽取须有随机种子并留存。请填写或生成种子。"))
    pool = sorted(set(organisations), key=lambda key: _rank(seed, "organisation", key))
    if not 1 <= sample <= len(pool):
        raise Refusal(
            "draw_pool_small",
            "R66",
            N_("抽取数量应在1至%(pool)d之间(检查对象名录库现有%(pool)d家)。请改正。"),
            pool=len(pool),
        )
    barred = set(conflicts)
    load = dict.fromkeys(inspectors, 0)
    pairs = []
    for organisation in pool[:sample]:
        free = [inspector for inspector in load if (organisation, inspector) not in barred]
        if len(free) < inspectors_each:
            raise Refusal(
                "draw_inspectors_few",
                "R66",
                N_("回避后可用的检查人员不足%(each)d名。请补充检查人员名录库。"),
                each=inspectors_each,
                organisation=organisation,
            )
        # Least loaded first, so that one inspector does not get them all; chance decides among equals.
        free.sort(key=lambda inspector: (load[inspector], _rank(seed, organisation, inspector)))
        chosen = tuple(sorted(free[:inspectors_each]))
        for inspector in chosen:
            load[inspector] += 1
        pairs.append((organisation, chosen))
    return Draw(seed, tuple(pairs))


def check_replay(recorded: Draw, replayed: Draw) -> None:
    """R66: a stored draw must be what its seed and pools give; a difference means that it was edited."""
    if recorded != replayed:
        raise Refusal("draw_not_reproducible", "R66", N_("抽取结果与留存的种子、名录库不符,可能被改动。请核查记录。"))


def may_inspect(authority_code: str, level: str, filing_city: str, settings: Settings) -> bool:
    """R66 「属地管理、分级负责」: the department anywhere; a city its own, and provincial ones in it if configured."""
    if authority_code == PROVINCE_CODE:
        return True
    own = authority_code == filing_city
    return own and (level == Level.MUNICIPAL or settings.territorial_supervision)


def check_can_publish_result(state: str, finding: str) -> None:
    """R66 「一公开」: a result is written before it is published; and nothing closes unpublished."""
    if state != InspectionState.REPORTED or not finding.strip():
        raise Refusal("inspection_not_reported", "R66", N_("尚未形成检查结果,不能公开。请先填写检查结果。"))


# Third parties ------------------------------------------------------------------------------------------------------


class ThirdPartyTask(StrEnum):
    SCHEDULE = "schedule"
    COLLECT = "collect"
    DRAFT = "draft"
    SIGN_OPINION = "sign_opinion"
    SET_GRADE = "set_grade"
    DECIDE = "decide"


_ROUTINE = frozenset({ThirdPartyTask.SCHEDULE, ThirdPartyTask.COLLECT, ThirdPartyTask.DRAFT})
ENGAGEMENT_METHODS: dict[str, str] = {
    "open_tender": N_("招标"),
    "invited_tender": N_("邀标"),
    "other": N_("其他"),
}


def check_third_party_task(task: str) -> None:
    """R67: 「承担评估的具体事务性工作」 — schedule, collect, draft; never sign, grade or decide."""
    if task not in _ROUTINE:
        raise Refusal(
            "third_party_not_routine",
            "R67",
            N_("第三方评估机构只承担评估的事务性工作,不能签署意见、评定等次或作出决定。请由评估组或主管部门办理。"),
        )


def check_engagement(method: str, contract_no: str, third_party_uscc: str, ties: Mapping[str, Sequence[str]]) -> None:
    """R67: engaged by tender, with a contract, and not tied to an applicant it would work on (`ties`: USCC → names)."""
    if method not in ENGAGEMENT_METHODS:
        raise Refusal("engagement_method_unknown", "R67", N_("请选择引入方式:招标、邀标或其他。"))
    if not contract_no.strip():
        raise Refusal("engagement_contract_missing", "R67", N_("请填写合同编号。"))
    if tied := ties.get(third_party_uscc):
        raise Refusal(
            "engagement_conflict",
            "R67",
            N_("该第三方机构与%(names)s有利害关系,不能承担其评估事务。请更换或回避。"),
            names="、".join(tied),
        )


def joint_queue(level: str, city_code: str) -> tuple[str, ...]:
    """R63 「省市联动」: who sees a case beside the competent authority — the department sees every city's."""
    return (PROVINCE_CODE,) if level == Level.PROVINCIAL else (city_code, PROVINCE_CODE)
