"""Shorthands that keep the tables readable: a state with its label and tone, one step from several sources."""

from collections.abc import Iterable

from app.rules.core import ActorKind, StateInfo, Tone, Transition


def waiting(label: str) -> StateInfo:
    """Someone else, or a clock, has to move."""
    return StateInfo(label, Tone.WAITING)


def action(label: str) -> StateInfo:
    """The organisation has to act."""
    return StateInfo(label, Tone.ACTION)


def good(label: str) -> StateInfo:
    return StateInfo(label, Tone.GOOD)


def bad(label: str) -> StateInfo:
    return StateInfo(label, Tone.BAD)


def neutral(label: str) -> StateInfo:
    return StateInfo(label, Tone.NEUTRAL)


def from_each(
    event: str,
    sources: Iterable[str],
    target: str,
    actors: frozenset[ActorKind],
    rule: str,
    note: str,
    guard: str = "",
) -> tuple[Transition, ...]:
    return tuple(Transition(event, source, target, actors, rule, note, guard) for source in sources)
