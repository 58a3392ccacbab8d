"""The table of the API's routes: one declaration registers the view, checks what comes in and describes both."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from app.rules.core import N_
from app.web.access import Access, Audience, Right
from app.web.api import contract
from app.web.api.contract import Problem
from app.web.api.examples import EXAMPLES
from app.web.api.schema import BadInput, Fault, components, dump, hints, is_required, parse, parse_query, schema_of

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Route:
    """One operation. `answers` gives the dataclass of each success status, None for an empty body."""

    method: str
    path: str
    name: str
    access: Access
    summary: str
    body: type | None
    query: type | None
    headers: Mapping[str, str]
    answers: Mapping[int, type | None]
    errors: tuple[int, ...]


blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
ACCESS: dict[str, Access] = {}
ROUTES: list[Route] = []
_ALWAYS = (400, 401, 403, 404, 503)

View = Callable[..., tuple[int, Any]]


def route(
    method: str,
    path: str,
    *,
    access: Access,
    summary: str,
    body: type | None = None,
    query: type | None = None,
    headers: Mapping[str, str] | None = None,
    answers: Mapping[int, type | None],
    errors: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Register a view that answers (status, dataclass); it is given `body` and `query` as their dataclasses."""

    def register(view: View) -> View:
        made = Route(method, path, view.__name__, access, summary, body, query, headers or {}, answers, errors)

        @functools.wraps(view)
        def wrapped(**arguments: Any) -> Response:
            if made.query:
                arguments["query"] = parse_query(made.query, request.args)
            if made.body:
                arguments["body"] = parse(made.body, _json())
            return _respond(made, *view(**arguments))

        ROUTES.append(made)
        ACCESS[f"{blueprint.name}.{made.name}"] = access
        blueprint.add_url_rule(path, endpoint=made.name, view_func=wrapped, methods=[method])
        return view

    return register


def _json() -> object:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise BadInput(Fault("", N_("请求体不是有效的 JSON。")), status=400) from None


def _respond(made: Route, status: int, answer: Any) -> Response:
    kind = made.answers[status]
    if kind is None:
        return Response(status=status)
    if not isinstance(answer, kind):
        raise TypeError(f"{made.name} is declared to answer {kind.__name__}, not {type(answer).__name__}")
    response = jsonify(dump(answer))
    response.status_code = status
    return response


# The OpenAPI document -----------------------------------------------------------------------------------------------

_PARAMETER = re.compile(r"<(?:uuid:)?(\w+)>")
_RIGHTS = {Right.view: "any member", Right.edit: "may edit", Right.decide: "officer", Right.manage: "may manage"}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of all routes."""
    paths: dict[str, Any] = {}
    for made in ROUTES:
        path = PREFIX + _PARAMETER.sub(r"{\1}", made.path)
        paths.setdefault(path, {})[made.method.lower()] = _operation(made)
    kinds = [kind for made in ROUTES for kind in (made.body, *made.answers.values()) if kind is not None]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "社评通 API",
            "version": "1",
            "description": "Uploads, dossiers and reviews under 鲁人社函〔2024〕120号. Programs send a bearer token"
            " (`sheping tokens create`); browsers their session's cookie and, to change something, X-CSRFToken."
            " Errors are application/problem+json. What is not yours does not exist (404).",
        },
        "servers": [{"url": current_app.config["SHEPING"].public_url}],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": components(*kinds, Problem),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": current_app.config["SESSION_COOKIE_NAME"]},
            },
        },
    }


def _operation(made: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": made.name,
        "summary": made.summary,
        "description": _who(made.access),
        "parameters": _parameters(made),
        "responses": {str(status): _answer(kind) for status, kind in made.answers.items()}
        | {str(status): _problem(status) for status in sorted({*_errors_of(made), *made.errors})},
    }
    if made.access.is_public:
        operation["security"] = []
    if made.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema_of(made.body)}}}
    return operation


def _errors_of(made: Route) -> tuple[int, ...]:
    if made.access.is_public:
        return ()
    return (*_ALWAYS, 422) if made.body or made.query else _ALWAYS


def _who(access: Access) -> str:
    if access.is_public:
        return "Public."
    who = ", ".join("authority" if audience is Audience.authority else str(audience) for audience in access.audiences)
    return f"For: {who} ({_RIGHTS[access.right]})."


def _parameters(made: Route) -> list[dict[str, Any]]:
    identifier = {"type": "string", "format": "uuid"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identifier} for name in _PARAMETER.findall(made.path)
    ]
    if made.query:
        required = {field.name for field in dataclasses.fields(made.query) if is_required(field)}
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": schema_of(kind)}
            for name, kind in hints(made.query).items()
        ]
    found += [
        {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in made.headers.items()
    ]
    return found


def _answer(kind: type | None) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done."}
    media: dict[str, Any] = {"schema": schema_of(kind)}
    if kind in EXAMPLES:
        media["example"] = dump(EXAMPLES[kind])
    return {"description": (kind.__doc__ or "").strip(), "content": {"application/json": media}}


_PROBLEMS = {
    400: "The request cannot be read (malformed JSON, a cursor that is not ours, a missing header or CSRF token).",
    401: "Nobody is signed in.",
    403: "The role does not carry the right.",
    404: "It does not exist, or is not yours.",
    409: "Somebody changed it meanwhile, or another one is open.",
    410: "The upload has expired or was given up; begin a new one.",
    413: "The file is larger than allowed.",
    422: "A value is wrong, or the notice does not allow it; `code` and `detail` say which, `rule` and `clause` why.",
    503: "A part of the service is down; nothing is lost, try again.",
}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[status],
        "content": {"application/problem+json": {"schema": schema_of(contract.Problem)}},
    }
