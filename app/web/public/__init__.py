"""What everybody may see: the front page and the notice itself."""

from __future__ import annotations

from app.web.public.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
