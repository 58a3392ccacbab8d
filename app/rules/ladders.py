"""The ladder of reminders of each kind of deadline: the notice's steps, which nobody undercuts, and what is added.

rules.md R50 and B18: 90, 60, 30, 15, 7, 3 and 1 days before. Only the kinds below are the product's own help on the way
to a statutory date, and may have a shorter ladder.
"""

from collections.abc import Iterable, Mapping

LADDER = (90, 60, 30, 15, 7, 3, 1)
OPTIONAL_KINDS = frozenset({"commitment_sign_due", "bank_submit_by", "q1_window"})
"""Kinds whose mails are no statutory ones: a person may switch them off, an authority may thin them out."""
INFORMATION_KINDS = frozenset({"q1_window"})
"""What may be done by then and need not be: a window that closes unused (R43) is no failure. Nobody has missed it,
nobody is reminded after it, and no board of what is overdue shows it. Each is optional."""
STATUTORY_KINDS = frozenset(
    {
        "call_close",
        "call_complete_by",
        "panel_work_due",
        "publicity_end",
        "renewal_open_on",
        "incubation_due",
        "filing_end",
        "rectification_due",
        "auto_exit_due",
        "renewal_apply_close",
        "supplement_due",
        "objection_handling_due",
        "city_report_due",
        "exit_data_due",
    }
)
KNOWN_KINDS = OPTIONAL_KINDS | STATUTORY_KINDS
LadderOfKind = tuple[str, tuple[int, ...]]
FURTHEST_DAYS = 365


def find_missing(offsets: Iterable[int]) -> tuple[int, ...]:
    """The steps of the notice's ladder that `offsets` leaves out."""
    given = set(offsets)
    return tuple(step for step in LADDER if step not in given)


def merged(province: Iterable[LadderOfKind], city: Iterable[LadderOfKind]) -> tuple[LadderOfKind, ...]:
    """A city's ladders beside the province's: kind by kind, the city's own wins."""
    ladders: Mapping[str, tuple[int, ...]] = {**dict(province), **dict(city)}
    return tuple(sorted(ladders.items()))
