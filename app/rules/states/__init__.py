"""The state machines B1–B17 of rules.md as literal tables, and the page docs/states.md drawn from them."""

from app.rules.core import Machine
from app.rules.states.applications import APPLICATION, APPLICATION_ITEM, ApplicationState, ItemState
from app.rules.states.calls import (
    CALL,
    COLLECTION_PLAN,
    NATIONAL_CONSULTATION,
    CallState,
    ConsultationState,
    PlanState,
)
from app.rules.states.closing import (
    EXIT_CASE,
    EXPANSION,
    INSPECTION,
    THIRD_PARTY_ENGAGEMENT,
    VIOLATION_CASE,
    EngagementState,
    ExitState,
    ExpansionState,
    InspectionState,
    ViolationState,
)
from app.rules.states.filings import (
    FILED_ITEM,
    FILING,
    FILING_PERIOD,
    VALID_FILINGS,
    FiledItemState,
    FilingState,
    PeriodState,
)
from app.rules.states.incubation import COMMITMENT, QUESTION_BANK, BankState, CommitmentState
from app.rules.states.panels import (
    OBJECTION,
    OPEN_OBJECTIONS,
    PANEL,
    PANEL_KIND_LABELS,
    PANEL_MEMBER,
    PUBLICITY,
    MemberState,
    ObjectionState,
    PanelKind,
    PanelState,
    PublicityState,
)
from app.rules.states.renewals import (
    APPLICATION_IN_PROGRESS,
    ASSESSMENT_PLAN,
    RECTIFICATION,
    RENEWAL_CYCLE,
    AssessmentPlanState,
    RectificationState,
    RenewalState,
)

__all__ = [
    "APPLICATION",
    "APPLICATION_IN_PROGRESS",
    "APPLICATION_ITEM",
    "ASSESSMENT_PLAN",
    "CALL",
    "COLLECTION_PLAN",
    "COMMITMENT",
    "EXIT_CASE",
    "EXPANSION",
    "FILED_ITEM",
    "FILING",
    "FILING_PERIOD",
    "INSPECTION",
    "MACHINES",
    "NATIONAL_CONSULTATION",
    "OBJECTION",
    "OPEN_OBJECTIONS",
    "PANEL",
    "PANEL_KIND_LABELS",
    "PANEL_MEMBER",
    "PUBLICITY",
    "QUESTION_BANK",
    "RECTIFICATION",
    "RENEWAL_CYCLE",
    "THIRD_PARTY_ENGAGEMENT",
    "VALID_FILINGS",
    "VIOLATION_CASE",
    "ApplicationState",
    "AssessmentPlanState",
    "BankState",
    "CallState",
    "CommitmentState",
    "ConsultationState",
    "EngagementState",
    "ExitState",
    "ExpansionState",
    "FiledItemState",
    "FilingState",
    "InspectionState",
    "ItemState",
    "MemberState",
    "ObjectionState",
    "PanelKind",
    "PanelState",
    "PeriodState",
    "PlanState",
    "PublicityState",
    "RectificationState",
    "RenewalState",
    "ViolationState",
    "render_markdown",
]

MACHINES: dict[str, Machine] = {
    machine.subject: machine
    for machine in (
        COLLECTION_PLAN,
        CALL,
        NATIONAL_CONSULTATION,
        APPLICATION,
        APPLICATION_ITEM,
        COMMITMENT,
        QUESTION_BANK,
        PANEL,
        PANEL_MEMBER,
        PUBLICITY,
        OBJECTION,
        FILING,
        FILING_PERIOD,
        FILED_ITEM,
        RENEWAL_CYCLE,
        ASSESSMENT_PLAN,
        RECTIFICATION,
        EXIT_CASE,
        EXPANSION,
        INSPECTION,
        VIOLATION_CASE,
        THIRD_PARTY_ENGAGEMENT,
    )
}

_INTRODUCTION = """# State machines

Generated from the tables in `app/rules/states/`; do not edit. A step that is not in a table is refused.
Rule numbers are those of `sheping rules list`; actors: organisation 机构, bureau 市局, department 省厅, expert 专家,
public 公众, system 系统.
"""


def render_markdown() -> str:
    """docs/states.md: a diagram and a table a machine, in the order of rules.md part B."""
    return "\n".join([_INTRODUCTION, *(_render(machine) for machine in MACHINES.values())])


def _render(machine: Machine) -> str:
    steps = [f"    {step.source or '[*]'} --> {step.target}: {step.note}" for step in machine.table]
    ends = [f"    {state} --> [*]" for state in machine.states if state in machine.terminal]
    names = [f"    {state}: {info.label}" for state, info in machine.states.items()]
    rows = [
        f"| {step.note} `{step.event}` | {step.source or '—'} | {step.target} | "
        f"{', '.join(sorted(step.actors))} | {step.rule} | {step.guard or '—'} |"
        for step in machine.table
    ]
    return "\n".join(
        [
            f"## {machine.id} {machine.title} (`{machine.subject}`)\n",
            "```mermaid",
            "stateDiagram-v2",
            *names,
            *steps,
            *ends,
            "```\n",
            "| step | from | to | actors | rule | guard or clock |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
