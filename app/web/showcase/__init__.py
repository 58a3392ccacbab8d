"""`/dev/components`: every component of the visual language with sample values. Of the demo only."""

from __future__ import annotations

from app.web.showcase.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
