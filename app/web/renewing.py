"""A renewal as the steps that both sides look at: self-assessment, application, assessment, grade, receipt (B12)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from app.lifecycle.renewals.models import RenewalCycle
from app.rules.renewal import GRADE_LABELS, Grade
from app.rules.states import RenewalState
from app.web.dates import cn_date

R = RenewalState
Stage = tuple[Any, tuple[str, ...]]
_ASSESSED: tuple[Stage, ...] = (
    (lazy_gettext("自查自评"), (R.OPEN, R.SELF_ASSESSING)),
    (lazy_gettext("续期申请"), (R.APPLIED, R.SUPPLEMENT_REQUESTED)),
    (lazy_gettext("综合评估"), (R.UNDER_ASSESSMENT,)),
    (lazy_gettext("评定等次"), (R.SUGGESTED, R.GRADED)),
)
_RECTIFIED: Stage = (lazy_gettext("整改和重新评估"), (R.RECTIFYING,))
_RENEWED: Stage = (lazy_gettext("续期备案回执"), (R.RENEWAL_DECIDED,))
_EXEMPT: Stage = (lazy_gettext("确认免于评估"), (R.EXEMPT_ELIGIBLE,))
_OVER = (R.NOT_APPLIED, R.AUTO_EXITED, R.NOT_RENEWED)
GRADE_TONES: dict[str, str] = {Grade.EXCELLENT: "good", Grade.QUALIFIED: "good", Grade.UNQUALIFIED: "bad"}


def steps_of(cycle: RenewalCycle) -> list[dict[str, Any]]:
    """The steps for the stepper; none for a renewal that came to nothing. `cycle.period` is loaded."""
    if cycle.state in _OVER:
        return []
    stages = _stages(cycle)
    at = next((place for place, (_, states) in enumerate(stages) if cycle.state in states), len(stages))
    return [
        {
            "label": label,
            "state": "done" if place < at else "current" if place == at else "todo",
            "note": _note(cycle, states) if place < at else None,
        }
        for place, (label, states) in enumerate(stages)
    ]


def _stages(cycle: RenewalCycle) -> list[Stage]:
    if cycle.period.exempt or cycle.state == R.EXEMPT_ELIGIBLE:
        return [_EXEMPT, _RENEWED]
    return [*_ASSESSED, *([_RECTIFIED] if cycle.grade == Grade.UNQUALIFIED else []), _RENEWED]


def _note(cycle: RenewalCycle, states: tuple[str, ...]) -> str | None:
    if R.APPLIED in states and cycle.applied_at is not None:
        return cn_date(cycle.applied_at)
    if R.SUGGESTED in states and cycle.grade is not None:
        return str(gettext(GRADE_LABELS[cycle.grade]))
    if R.RECTIFYING in states and cycle.reassessed_grade is not None:
        return str(gettext(GRADE_LABELS[cycle.reassessed_grade]))
    return None
