"""The desk of an expert."""

from __future__ import annotations

from app.web.expert.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
