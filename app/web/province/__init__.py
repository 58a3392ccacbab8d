"""The department's overview of the whole province."""

from __future__ import annotations

from app.web.province.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
