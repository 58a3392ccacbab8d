"""What the scheduler does besides the outbox, and how often."""

from __future__ import annotations

from app.lifecycle.scheduling import Periodic

PERIODIC: tuple[Periodic, ...] = ()
