"""Development pages of the demo: the mails that the embedded mail server has taken."""

from __future__ import annotations

from app.web.dev.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
