"""`/api/v1/openapi.json`: the table of routes as a document. It stands beside the table: it is free-form."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.web.access import PUBLIC
from app.web.api.routing import ACCESS, blueprint, openapi


@blueprint.get("/openapi.json")
def document() -> ResponseReturnValue:
    """What this API takes and gives."""
    return jsonify(openapi())


ACCESS["api.document"] = PUBLIC
