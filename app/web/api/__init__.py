"""The JSON API under /api/v1: what the browser's upload code and other programs use (design.md section 8)."""

from __future__ import annotations

from app.rules.core import Refusal
from app.web.api import case_files, document, dossiers, problems, records, reviews, uploads
from app.web.api.routing import ACCESS, ROUTES, blueprint
from app.web.api.schema import BadInput

blueprint.register_error_handler(Refusal, problems.refused)
blueprint.register_error_handler(BadInput, problems.bad_input)

__all__ = ["ACCESS", "ROUTES", "blueprint", "case_files", "document", "dossiers", "records", "reviews", "uploads"]
