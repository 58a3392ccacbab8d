"""Points of the procedure at which a layer above acts in the same transaction: documents are issued there.

Services reach a milestone as their last act, everything flushed; who listens is said once, by the composition root.
A listener that raises a Refusal stops the step, as any rule does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenants.scope import Actor

Listener = Callable[..., None]


class Milestone(StrEnum):
    """Each names what its listeners get beside `actor` and `now`."""

    application_accepted = "application_accepted"  # application
    supplement_requested = "supplement_requested"  # application, request
    application_refused = "application_refused"  # application, reason
    publicity_published = "publicity_published"  # publicity
    publicity_void = "publicity_void"  # publicity, reason
    panel_concluded = "panel_concluded"  # panel
    commitment_signed = "commitment_signed"  # commitment, application
    commitment_confirmed = "commitment_confirmed"  # commitment, application
    commitment_returned = "commitment_returned"  # commitment, reason
    commitment_void = "commitment_void"  # commitment, reason
    receipt_issued = "receipt_issued"  # receipt, filing, application
    renewal_receipt_issued = "renewal_receipt_issued"  # receipt, cycle, dropped
    rectification_issued = "rectification_issued"  # rectification
    exit_closed = "exit_closed"  # case
    announcement_published = "announcement_published"  # announcement


_listeners: dict[Milestone, Listener] = {}


def listen(milestone: Milestone, listener: Listener) -> None:
    """Have `listener` called whenever the milestone is reached; saying it again replaces it."""
    _listeners[milestone] = listener


def reach(milestone: Milestone, *, actor: Actor, now: datetime, **subject: Any) -> None:
    """Tell whoever listens."""
    listener = _listeners.get(milestone)
    if listener is not None:
        listener(actor=actor, now=now, **subject)
