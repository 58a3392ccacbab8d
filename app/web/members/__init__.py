"""The members of an organisation or of an authority: one set of pages for both."""

from __future__ import annotations

from app.web.members.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
