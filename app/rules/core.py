"""What every rule module speaks: refusals that carry their clause, and literal transition tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.rules import clauses
from app.rules.clauses import Clause

__all__ = [
    "ANYONE",
    "AUTHORITY",
    "BUREAU",
    "DEPARTMENT",
    "EXPERT",
    "N_",
    "ORGANISATION",
    "PUBLIC",
    "SHANGHAI",
    "SYSTEM",
    "ActorKind",
    "Clause",
    "Machine",
    "Refusal",
    "StateInfo",
    "Tone",
    "Transition",
    "advance",
    "find_transition",
    "raise_first",
]

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Every date of the notice is a date here; the database keeps UTC."""


def N_(message: str) -> str:
    """Mark a message for gettext extraction; the edges translate it."""
    return message


class ActorKind(StrEnum):
    ORGANISATION = "organisation"
    BUREAU = "bureau"
    DEPARTMENT = "department"
    EXPERT = "expert"
    PUBLIC = "public"
    SYSTEM = "system"


ORGANISATION = frozenset({ActorKind.ORGANISATION})
BUREAU = frozenset({ActorKind.BUREAU})
DEPARTMENT = frozenset({ActorKind.DEPARTMENT})
EXPERT = frozenset({ActorKind.EXPERT})
PUBLIC = frozenset({ActorKind.PUBLIC})
SYSTEM = frozenset({ActorKind.SYSTEM})
AUTHORITY = BUREAU | DEPARTMENT
"""The competent level (R1): a city bureau for municipal organisations, the department for provincial ones.
Which of the two is the competent one for a record is R1's guard, `routing.check_competent`, not the table's."""
ANYONE = frozenset(ActorKind)


class Refusal(Exception):
    """The notice (or a configured default) does not allow it.

    `message` is a Chinese %-format msgid; `params` fill it; `rule` names the rule, whose clause a page links to.
    """

    def __init__(self, code: str, rule: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.rule = rule
        self.message = message
        self.params: dict[str, Any] = params

    @property
    def clause(self) -> Clause | None:
        return clauses.find(self.rule)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message.replace("%%", "%")

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, {self.rule!r}, {str(self)!r})"


def raise_first(refusals: Iterable[Refusal]) -> None:
    """Raise the first refusal of a `find_*` list, if any."""
    for refusal in refusals:
        raise refusal


class Tone(StrEnum):
    """How a status tag looks: who has to move, or how it ended."""

    WAITING = "waiting"
    ACTION = "action"
    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class StateInfo:
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted step. `source` None creates the subject. `note` is the step's Chinese name; `guard` says in
    Chinese what else must hold or which clock drives it (enforced by the subject's rule module, not by the table)."""

    event: str
    source: str | None
    target: str
    actors: frozenset[ActorKind]
    rule: str
    note: str
    guard: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """One state machine of rules.md part B: literal states, labels and transitions.

    `reopenable` states end the matter as terminal ones do, but an authority may reopen them with a reason.
    """

    id: str
    subject: str
    title: str
    states: Mapping[str, StateInfo]
    table: tuple[Transition, ...]
    reopenable: frozenset[str] = frozenset()

    @property
    def terminal(self) -> frozenset[str]:
        """States without an exit: what is terminal is read from the table, so the two cannot disagree."""
        return frozenset(self.states) - {step.source for step in self.table if step.source is not None}

    @property
    def settled(self) -> frozenset[str]:
        return self.terminal | self.reopenable

    def label(self, state: str) -> str:
        return self.states[state].label

    def tone(self, state: str) -> Tone:
        return self.states[state].tone

    def is_terminal(self, state: str) -> bool:
        return state in self.terminal

    def is_live(self, state: str) -> bool:
        """Not terminal and not ended-but-reopenable."""
        return state not in self.settled

    def find_steps(self, state: str | None, actor: str | None = None) -> tuple[Transition, ...]:
        """The steps open in `state`, optionally only those that `actor` may take."""
        return tuple(step for step in self.table if step.source == state and (actor is None or actor in step.actors))

    def can(self, state: str | None, event: str, actor_kind: str) -> bool:
        step = find_transition(self.table, state, event)
        return step is not None and actor_kind in step.actors

    def advance(self, state: str | None, event: str, actor_kind: str) -> str:
        """The state after `event`; Refusals as `core.advance`, with the state named in Chinese."""
        try:
            return advance(self.table, state, event, actor_kind)
        except Refusal as refusal:
            if state is not None and refusal.code == "transition_not_allowed":
                raise Refusal(
                    refusal.code,
                    refusal.rule,
                    N_("“%(title)s”当前为“%(label)s”,不能办理“%(step)s”。请刷新页面,按最新状态办理。"),
                    **(refusal.params | {"title": self.title, "label": self.label(state)}),
                ) from None
            raise


def find_transition(table: tuple[Transition, ...], state: str | None, event: str) -> Transition | None:
    return next((step for step in table if step.source == state and step.event == event), None)


def advance(table: tuple[Transition, ...], state: str | None, event: str, actor_kind: str) -> str:
    """The state after `event`.

    Raises Refusal 'transition_not_allowed' when the table has no such step from `state`, 'actor_not_allowed'
    when it has, but not for this kind of actor.
    """
    step = find_transition(table, state, event)
    if step is None:
        known = next((other for other in table if other.event == event), None)
        raise Refusal(
            "transition_not_allowed",
            known.rule if known else "",
            N_("当前状态不能办理“%(step)s”。请刷新页面,按最新状态办理。"),
            step=known.note if known else event,
            event=event,
            state=state or "",
        )
    if actor_kind not in step.actors:
        raise Refusal(
            "actor_not_allowed",
            step.rule,
            N_("“%(step)s”不由您所在的一方办理。请查看本事项页面上“当前由谁办理”。"),
            step=step.note,
            event=event,
            state=state or "",
            actor=str(actor_kind),
        )
    return step.target
