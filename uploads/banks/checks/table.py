"""Every check by its id, in the order in which they run and are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from uploads.banks.bank import Bank
from uploads.banks.checks import duplicates, structure
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
    Check("C03", "题干、答案不为空", structure.check_blanks),
    Check("C04", "题型可以识别", structure.check_types),
    Check("C05", "单选题答案", structure.check_single_choice),
    Check("C06", "多选题答案", structure.check_multiple_choice),
    Check("C07", "判断题答案", structure.check_true_false),
    Check("C08", "选项", structure.check_options),
    Check("C09", "重复、相近、答案矛盾(C09–C11)", duplicates.find_duplicates),
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
