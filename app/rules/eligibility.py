"""R12–R16: who may apply for which level, one live application each, one Shandong branch of a national organisation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.rules.authority import LEVEL_LABELS, Level
from app.rules.core import N_, Refusal
from app.rules.settings import Settings
from app.rules.states import ConsultationState
from app.rules.uscc import OrgTypeHint, org_type_hint

RULES = ("R12", "R13", "R14", "R16")


class Affiliation(StrEnum):
    """隶属: of the province (省属), of a city (市属), a private non-enterprise body, a national branch, or unlisted."""

    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    NATIONAL_BRANCH = "national_branch"
    UNLISTED = "unlisted"


class OrgType(StrEnum):
    ENTERPRISE = "enterprise"
    SCHOOL = "school"
    SOCIAL_GROUP = "social_group"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"


AFFILIATION_LABELS: dict[str, str] = {
    Affiliation.PROVINCIAL: N_("省属"),
    Affiliation.MUNICIPAL: N_("市属"),
    Affiliation.PRIVATE_NON_ENTERPRISE: N_("民办非企业"),
    Affiliation.NATIONAL_BRANCH: N_("全国性社评组织驻鲁分支机构"),
    Affiliation.UNLISTED: N_("其他"),
}
ORG_TYPE_LABELS: dict[str, str] = {
    OrgType.ENTERPRISE: N_("企业"),
    OrgType.SCHOOL: N_("院校"),
    OrgType.SOCIAL_GROUP: N_("社会团体"),
    OrgType.PRIVATE_NON_ENTERPRISE: N_("民办非企业"),
}
_MAY_CHOOSE_PROVINCIAL = frozenset({OrgType.ENTERPRISE, OrgType.SCHOOL, OrgType.SOCIAL_GROUP})


def eligible_levels(affiliation: str, org_type: str, settings: Settings) -> frozenset[Level]:
    """The levels an organisation may apply for; empty if it may not apply at all."""
    if affiliation == Affiliation.NATIONAL_BRANCH:
        return frozenset({Level(settings.national_branch_level)})
    if org_type == OrgType.PRIVATE_NON_ENTERPRISE or affiliation == Affiliation.PRIVATE_NON_ENTERPRISE:
        return frozenset({Level.MUNICIPAL})
    if affiliation == Affiliation.PROVINCIAL and org_type in _MAY_CHOOSE_PROVINCIAL:
        return frozenset({Level.PROVINCIAL, Level.MUNICIPAL})
    if affiliation == Affiliation.UNLISTED:
        return frozenset() if settings.unlisted_affiliation_level == "refuse" else frozenset({Level.MUNICIPAL})
    return frozenset({Level.MUNICIPAL})


def check_level(target: str, affiliation: str, org_type: str, settings: Settings) -> None:
    """Refusal level_not_eligible (R12 for what may choose, R13 for the rest)."""
    levels = eligible_levels(affiliation, org_type, settings)
    if target in levels:
        return
    if not levels:
        raise Refusal(
            "applicant_not_listed", "R13", N_("通知所列申报主体不含本单位类型。请对照征集通告的申报主体范围核对。")
        )
    raise Refusal(
        "level_not_eligible",
        "R13",
        N_("%(affiliation)s%(org_type)s不能申请%(target)s社评组织,可申请%(allowed)s社评组织。请改选级别。"),
        affiliation="" if affiliation == org_type else AFFILIATION_LABELS[affiliation],
        org_type=ORG_TYPE_LABELS[org_type],
        target=LEVEL_LABELS[target],
        allowed="、".join(LEVEL_LABELS[level] for level in sorted(levels)),
    )


def check_applicant_kind(uscc: str) -> None:
    """R13: individuals (个体工商户, codes 92…) are none of the applicants the notice lists."""
    if org_type_hint(uscc) is OrgTypeHint.INDIVIDUAL:
        raise Refusal(
            "individual_not_admitted",
            "R13",
            N_(
                "统一社会信用代码92开头为个体工商户,不属于可申请的企业、院校、社会团体、民办非企业。请以符合条件的单位申请。"
            ),
        )


def find_type_mismatch(uscc: str, org_type: str) -> list[Refusal]:
    """A warning that the officer may override with a reason: 52… is a private non-enterprise body, municipal only."""
    if org_type_hint(uscc) is OrgTypeHint.PRIVATE_NON_ENTERPRISE and org_type != OrgType.PRIVATE_NON_ENTERPRISE:
        return [
            Refusal(
                "type_mismatch_private_non_enterprise",
                "R13",
                N_(
                    "统一社会信用代码52开头为民办非企业单位,只能申请市级社评组织。若类型确有不同,请由经办人核实并填写理由。"
                ),
            )
        ]
    return []


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """What already stands for a USCC anywhere in the province: a live application or a valid filing."""

    kind: str  # "application" | "filing"
    uscc: str
    level: str
    authority: str
    reference: str
    batch: str = ""


def check_no_live_duplicate(uscc: str, level: str, existing: Iterable[LiveRecord], settings: Settings) -> None:
    """R12: one live application or filing an organisation; with `allow_dual_level` one a level."""
    for record in existing:
        if record.uscc != uscc or (settings.allow_dual_level and record.level != level):
            continue
        message = (
            N_("本单位已有有效备案(%(reference)s,%(authority)s),不能再次申报。新增职业、级别请在一季度提出新增申请。")
            if record.kind == "filing"
            else N_("本单位已有办理中的申报(%(reference)s,%(authority)s),不能重复申报。请继续办理该件,或撤回后再申报。")
        )
        raise Refusal(
            "live_duplicate",
            "R12",
            message,
            reference=record.reference,
            authority=record.authority,
            kind=record.kind,
        )


def check_branch_slot(parent: str, live_branches: Iterable[LiveRecord]) -> None:
    """R14: one Shandong branch a national organisation. `uscc` of the records is the parent's; a branch whose case
    has ended frees the slot and is not passed in."""
    for record in live_branches:
        if record.uscc == parent:
            raise Refusal(
                "branch_slot_taken",
                "R14",
                N_(
                    "该全国性社评组织已有一个驻鲁分支机构(%(reference)s,%(authority)s)。须待其撤回、淘汰或退出后方可另行申请。"
                ),
                reference=record.reference,
                authority=record.authority,
            )


def check_consultation(state: str | None, consented_on: date | None, submitted_on: date, settings: Settings) -> None:
    """R16: a branch submits only with the department's consent, given before and (if configured) not yet stale."""
    if state is None or consented_on is None or state in (ConsultationState.DRAFT, ConsultationState.SENT):
        raise Refusal(
            "consultation_missing",
            "R16",
            N_("驻鲁分支机构申报前,须由全国性社评组织函商省厅并获同意。请先办理函商,填写复函文号和日期。"),
        )
    if state == ConsultationState.DECLINED:
        raise Refusal(
            "consultation_declined", "R16", N_("省厅复函不同意设立驻鲁分支机构,不能申报。请与省厅沟通后重新函商。")
        )
    if consented_on > submitted_on:
        raise Refusal("consent_after_submission", "R16", N_("省厅复函日期晚于申报日期。请核对复函日期。"))
    valid_days = settings.consult_consent_valid_days
    if valid_days is not None and submitted_on > consented_on + timedelta(days=valid_days):
        raise Refusal("consent_stale", "R16", N_("省厅复函已超过%(days)d天有效期。请重新函商。"), days=valid_days)
