"""Every endpoint × every kind of user: who is let in, who is told it does not exist, who lacks the right."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.web.access import Access, Audience
from tenants.scope import Role
from tests.factories.people import People, Person

# Endpoints that end the session or whose answer depends on a secret in the address: tried in their own tests.
ENDS_SESSION = {"account.sign_out", "account.sign_out_everywhere"}


def _rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def _address(rule: Rule) -> str:
    names = {name: _sample(converter) for name, converter in rule._converters.items()}
    _, url = rule.build(names, append_unknown=False) or ("", "")
    return url


def _sample(converter: object) -> object:
    kind = type(converter).__name__.removesuffix("Converter").lower()
    if kind == "any":
        return min(converter.items)  # type: ignore[attr-defined]
    return {"uuid": uuid.UUID(int=7), "integer": 7}.get(kind, "x")


def test_every_endpoint_is_in_the_access_table(app: Flask) -> None:
    table: dict[str, Access] = app.extensions["sheping_access"]
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints - table.keys() == set()
    assert table.keys() - endpoints == set(), "listed, but there is no such endpoint"


@pytest.fixture
def everyone(people: People) -> dict[str, Person]:
    mine = people.organisation()
    return {
        "owner": people.member(mine, Role.owner),
        "signatory": people.member(mine, Role.signatory),
        "editor": people.member(mine, Role.editor),
        "viewer": people.member(mine, Role.viewer),
        "officer": people.official("370200", Role.officer),
        "lead": people.official("370200", Role.lead),
        "department": people.official("370000", Role.officer),
        "expert": people.expert(),
        "nobody": people.nobody(),
    }


@pytest.mark.parametrize(
    "who", ["owner", "signatory", "editor", "viewer", "officer", "lead", "department", "expert", "nobody"]
)
def test_each_kind_of_user_on_each_endpoint(app: Flask, people: People, everyone: dict[str, Person], who: str) -> None:
    table: dict[str, Access] = app.extensions["sheping_access"]
    person, client = everyone[who], app.test_client()
    people.sign_in(client, person)
    wrong = []
    for rule, method in _rules(app):
        if rule.endpoint in ENDS_SESSION:
            continue
        access = table[rule.endpoint]
        status = client.open(_address(rule), method=method).status_code
        expected = _expected(access, person)
        if (expected and status != expected) or (not expected and not _is_let_in(status, rule)):
            wrong.append(f"{method} {rule.rule} as {who}: {status}, expected {expected or 'to be let in'}")
    assert wrong == []


def _expected(access: Access, person: Person) -> int | None:
    """404 for outsiders, 403 for insiders without the right, None for those to be let in."""
    if access.is_public:
        return None
    if not access.admits(person.kind):
        return 404
    return None if access.permits(person.role) else 403


def _is_let_in(status: int, rule: Rule) -> bool:
    # A made-up id gives 404 also to those who may; a form without its fields is refused by the view itself.
    return status < 500 and status not in {401, 403} and (status != 404 or bool(rule.arguments))


def test_nobody_signed_in_is_sent_to_the_sign_in_page(app: Flask, client: FlaskClient) -> None:
    table: dict[str, Access] = app.extensions["sheping_access"]
    wrong = []
    for rule, method in _rules(app):
        access = table[rule.endpoint]
        if access.is_public:
            continue
        answer = client.open(_address(rule), method=method)
        fine = (
            answer.status_code == 401
            if rule.rule.startswith("/api/")
            else (answer.status_code == 303 and "/sign-in" in answer.headers["Location"])
        )
        if not fine:
            wrong.append(f"{method} {rule.rule}: {answer.status_code} {answer.headers.get('Location', '')}")
    assert wrong == []


def test_demo_pages_exist_only_in_a_demo(app: Flask, client: FlaskClient) -> None:
    table: dict[str, Access] = app.extensions["sheping_access"]
    settings = app.config["SHEPING"]
    pages = [
        rule for rule, method in _rules(app) if Audience.demo in table[rule.endpoint].audiences and method == "GET"
    ]
    app.config["SHEPING"] = type(settings)(**{**settings.__dict__, "demo": False})
    try:
        assert [rule.rule for rule in pages if client.get(_address(rule)).status_code != 404] == []
    finally:
        app.config["SHEPING"] = settings
