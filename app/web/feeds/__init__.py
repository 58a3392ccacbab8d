"""Calendar feeds: the private address, and the page on which a person makes and revokes theirs."""

from __future__ import annotations

from app.web.feeds.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
