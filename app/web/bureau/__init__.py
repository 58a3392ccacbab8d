"""The desk of a city bureau, and of the department for the organisations it handles itself."""

from __future__ import annotations

from app.web.bureau import boards, plans, review
from app.web.bureau.base import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint", "boards", "plans", "review"]
