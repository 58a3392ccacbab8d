"""C23: the skill tasks of a package."""

from __future__ import annotations

from collections.abc import Iterator

from uploads.banks.bank import Bank
from uploads.banks.models import Finding, Severity
from uploads.banks.skills import find_faults, tasks
from uploads.banks.thresholds import Thresholds


def check_skills(bank: Bank, limits: Thresholds) -> Iterator[Finding]:
    """Three parts, a scoring sheet that sums to 100, a time limit, a list of materials."""
    for task in tasks(bank.skills):
        for told in find_faults(task):
            yield Finding("C23", Severity.WARN, told, sheet=task.files[0].name)
