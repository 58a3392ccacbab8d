"""For operators and load balancers: is it alive, is each part ready, what do the numbers say."""

from __future__ import annotations

from app.web.ops.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
