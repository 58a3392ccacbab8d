"""The desk of experts."""

from __future__ import annotations

from app.web.expert import banks
from app.web.expert.views import ACCESS, blueprint

ACCESS |= banks.ACCESS

__all__ = ["ACCESS", "banks", "blueprint"]
