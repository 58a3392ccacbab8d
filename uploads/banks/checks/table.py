"""Every check by its id, in the order in which they run and are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from uploads.banks.bank import Bank
from uploads.banks.checks import balance, coverage, duplicates, skills, statements, structure, wording
from uploads.banks.models import Finding
from uploads.banks.thresholds import Thresholds

CheckFunction = Callable[[Bank, Thresholds], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """`title` is what a report calls the check; C01 is made while reading and has no function of its own."""

    id: str
    title: str
    run: CheckFunction | None = None


CHECKS: tuple[Check, ...] = (
    Check("C01", "文件可以读取"),
    Check("C02", "等级与申报项一致", statements.check_level),
    Check("C02", "职业与申报项一致", statements.check_occupation),
    Check("C03", "题干、答案不为空", structure.check_blanks),
    Check("C04", "题型可以识别", structure.check_types),
    Check("C05", "单选题答案", structure.check_single_choice),
    Check("C06", "多选题答案", structure.check_multiple_choice),
    Check("C07", "判断题答案", structure.check_true_false),
    Check("C08", "选项", structure.check_options),
    Check("C09", "重复、相近、答案矛盾(C09–C11)", duplicates.find_duplicates),
    Check("C12", "鉴定点代码", coverage.check_points),
    Check("C13", "鉴定点覆盖", coverage.check_coverage),
    Check("C14", "鉴定比重", coverage.check_weights),
    Check("C15", "职业道德、基础知识、相关知识", coverage.check_parts),
    Check("C16", "重要程度", coverage.check_importance),
    Check("C17", "答案分布", balance.check_answer_balance),
    Check("C18", "难度与一致性", balance.check_scales),
    Check("C19", "题量", balance.check_numbers),
    Check("C20", "组卷", balance.check_composability),
    Check("C21", "措辞", wording.check_wording),
    Check("C21", "提问", wording.check_asking),
    Check("C22", "残留内容", wording.check_artefacts),
    Check("C23", "操作技能", skills.check_skills),
    Check("C26", "匿名与个人信息", wording.check_privacy),
)
TITLES: dict[str, str] = {check.id: check.title for check in CHECKS}


def run_checks(bank: Bank, limits: Thresholds, told: Callable[[str], None]) -> list[Finding]:
    """Findings of all checks; `told` hears the id of each check before it runs."""
    findings: list[Finding] = []
    for check in CHECKS:
        if check.run is not None:
            told(check.id)
            findings.extend(check.run(bank, limits))
    return findings
