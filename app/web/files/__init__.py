"""Sealed files on their way out: opened piece by piece, never held whole."""

from __future__ import annotations

from app.web.files.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
