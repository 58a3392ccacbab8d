"""R1–R4: who is competent. The matrix of rules.md A1 as a literal table."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.rules.core import N_, Refusal
from app.rules.routing import CITIES, PROVINCE_CODE, authority_label

RULES = ("R1", "R2", "R3", "R4", "R61")


class Level(StrEnum):
    """The filing level (省级/市级)."""

    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"


LEVEL_LABELS: dict[str, str] = {Level.PROVINCIAL: N_("省级"), Level.MUNICIPAL: N_("市级")}


class Act(StrEnum):
    PLAN = "plan"
    PUBLISH_CALL = "publish_call"
    ACCEPT = "accept"
    ASSESS = "assess"
    PRELIMINARY_ASSESSMENT = "preliminary_assessment"
    FINAL_REVIEW = "final_review"
    RECOMMEND = "recommend"
    PUBLICISE = "publicise"
    GUIDE = "guide"
    ASSESS_BANK = "assess_bank"
    ANNOUNCE = "announce"
    REPORT_TO_MINISTRY = "report_to_ministry"
    ASSIGN_CODE = "assign_code"
    ISSUE_RECEIPT = "issue_receipt"
    RENEWAL_ASSESSMENT = "renewal_assessment"
    EXIT_REVIEW = "exit_review"
    RECTIFICATION_NOTICE = "rectification_notice"
    ANNOUNCE_RESULTS = "announce_results"


class Who(StrEnum):
    CITY = "city"
    PROVINCE = "province"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Competence:
    label: str
    municipal: Who
    provincial: Who
    rule: str


_C, _P, _N = Who.CITY, Who.PROVINCE, Who.NOBODY
MATRIX: dict[Act, Competence] = {
    Act.PLAN: Competence(N_("制定征集计划"), _C, _P, "R8"),
    Act.PUBLISH_CALL: Competence(N_("发布征集通告"), _P, _P, "R10"),
    Act.ACCEPT: Competence(N_("受理申报"), _C, _C, "R15"),
    Act.ASSESS: Competence(N_("遴选评估"), _C, _N, "R3"),
    Act.PRELIMINARY_ASSESSMENT: Competence(N_("遴选初评"), _N, _C, "R3"),
    Act.FINAL_REVIEW: Competence(N_("遴选复评"), _N, _P, "R2"),
    Act.RECOMMEND: Competence(N_("择优推荐"), _C, _P, "R22"),
    Act.PUBLICISE: Competence(N_("公示"), _C, _P, "R23"),
    Act.GUIDE: Competence(N_("孵化培育指导"), _C, _P, "R26"),
    Act.ASSESS_BANK: Competence(N_("题库评估"), _C, _P, "R32"),
    Act.ANNOUNCE: Competence(N_("公布"), _P, _P, "R35"),
    Act.REPORT_TO_MINISTRY: Competence(N_("报人力资源社会保障部备案"), _P, _P, "R36"),
    Act.ASSIGN_CODE: Competence(N_("赋予机构代码"), _C, _P, "R37"),
    Act.ISSUE_RECEIPT: Competence(N_("出具回执"), _C, _P, "R38"),
    Act.RENEWAL_ASSESSMENT: Competence(N_("续期评估"), _C, _P, "R3"),
    Act.EXIT_REVIEW: Competence(N_("退出审核"), _C, _P, "R62"),
    Act.RECTIFICATION_NOTICE: Competence(N_("下发整改通知书"), _C, _P, "R58"),
    Act.ANNOUNCE_RESULTS: Competence(N_("公布定期评估结果"), _P, _P, "R61"),
}


def competent_authority(level: str, city_code: str) -> str:
    """The authority at whose level an organisation is run: its city, or the department (R1)."""
    return PROVINCE_CODE if level == Level.PROVINCIAL else city_code


def find_competent(act: Act, level: str, city_code: str) -> str | None:
    """The authority that does this act for an organisation of this level in this city; None: nobody does."""
    competence = MATRIX[act]
    who = competence.provincial if level == Level.PROVINCIAL else competence.municipal
    if who is Who.NOBODY:
        return None
    return PROVINCE_CODE if who is Who.PROVINCE else city_code


def check_competent(act: Act, level: str, city_code: str, authority_code: str | None) -> None:
    """Refusal not_competent unless `authority_code` is the one the notice gives this act to."""
    competent = find_competent(act, level, city_code)
    if competent is not None and competent == authority_code:
        return
    competence = MATRIX[act]
    if competent is None:
        raise Refusal(
            "act_not_for_level",
            competence.rule,
            N_("“%(act)s”不适用于%(level)s社评组织,请按其级别的流程办理。"),
            act=competence.label,
            level=LEVEL_LABELS[level],
        )
    raise Refusal(
        "not_competent",
        competence.rule,
        N_("“%(act)s”由%(competent)s办理,请转交该单位。"),
        act=competence.label,
        competent=authority_label(competent),
        authority=authority_code,
    )


def check_known_authority(code: str) -> str:
    """R1: a city of the notice is a districted city; counties and anything else are refused."""
    if code == PROVINCE_CODE or code in CITIES:
        return code
    raise Refusal(
        "authority_unknown", "R1", N_("“%(authority)s”不是省厅或16个设区的市之一。请选择设区的市。"), authority=code
    )


def check_reported(level: str, reported_on: date | None) -> None:
    """R4: a city's results enter the provincial list only after the city has reported them."""
    if level == Level.MUNICIPAL and reported_on is None:
        raise Refusal(
            "not_reported",
            "R4",
            N_("市级结果须先向省厅上报,方可纳入全省公布名单。请先完成信息上报。"),
        )
