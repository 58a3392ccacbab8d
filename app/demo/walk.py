"""One organisation's way from its first draft towards its filing: who acts, when, and how far."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.demo.history import History, at
from app.lifecycle import casework
from app.lifecycle.applications.models import Application
from app.lifecycle.calls.models import Call
from tenants.scope import Actor

ELECTRICIAN, GRID = "6-31-01-03", "3-01-04-02"


@dataclass
class Sides:
    """Who acts for the authorities, and the experts' accounts; `guest` is the expert whom a visitor signs in as."""

    history: History
    officers: dict[str, Actor]
    department: Actor
    experts: dict[uuid.UUID, Actor] = field(default_factory=dict)
    guest: uuid.UUID | None = None


@dataclass
class Walk:
    """The way of one organisation; `sides.history` says when today is.

    The days are: `submit` handed in, `publish` publicity begins (or, for who never gets there, when it would have),
    `ends` the last day of publicity if later than the least, `banks` handed in. `until` names the state to stop in.
    """

    sides: Sides
    name: str
    owner: Actor
    city: str
    call: Callable[[], Call]
    until: str
    submit: date
    publish: date
    level: str = "municipal"
    items: Sequence[tuple[str, Sequence[str]]] = ((ELECTRICIAN, ("level_3", "level_4")),)
    ends: date | None = None
    banks: date | None = None
    signs: bool = True
    supplements: bool = False
    sheets_in: int = 1
    application_id: uuid.UUID = field(default_factory=lambda: uuid.UUID(int=0))
    _last: datetime | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether its panel is left in the middle of its work."""
        return self.until in ("under_assessment", "under_preliminary_assessment")

    @property
    def officer(self) -> Actor:
        """The city's officer."""
        return self.sides.officers[self.city]

    @property
    def competent(self) -> Actor:
        """Whoever runs the organisation's level (R2, R3)."""
        return self.sides.department if self.level == "provincial" else self.officer

    def between(self, share: float) -> date:
        """A working day that far between handing in and publication."""
        return self.sides.history.workday(self.submit + (self.publish - self.submit) * share)

    def when(self, day: date, hour: int) -> datetime:
        """That hour of that day, or an hour after the step before where that was later."""
        wanted = at(day, hour)
        self._last = wanted if self._last is None else max(wanted, self._last + timedelta(hours=1))
        return self._last

    def case(self) -> Application:
        """The application, held."""
        return casework.locked_case(self.application_id)
