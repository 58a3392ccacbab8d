"""The documents of a case: lists on the pages of both sides, downloads, and the whole case bound into one PDF."""

from __future__ import annotations

from app.web.case_documents.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
