"""Custody as people see it: what was destroyed and by which rule, and whom a bureau names for security."""

from __future__ import annotations

from app.web.custody.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
