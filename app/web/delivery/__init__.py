"""Notices whose mail could not be delivered, for the authority whose business they are."""

from __future__ import annotations

from app.web.delivery.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
