"""The API as its own document describes it: every route in it, every example and every real answer of its shape."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from app import clock
from app.web.api.examples import EXAMPLES
from app.web.api.routing import PREFIX, ROUTES, openapi
from app.web.api.schema import dump
from tenants.scope import Role
from tests.factories.files import Sender
from tests.factories.lifecycle import Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_uploads_intake import good_bank


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    return dict(answer.get_json())


def _problems(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = schema | {"components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    for template, methods in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return dict(methods[method.lower()])
    raise AssertionError(f"{method} {path} is not in the document")


class Checked:
    """A client whose every answer is held against the document."""

    def __init__(self, document: dict[str, Any], client: FlaskClient, headers: dict[str, str]) -> None:
        self._document, self._client, self._headers = document, client, headers

    def __call__(self, method: str, path: str, **given: Any) -> Any:
        headers = self._headers | given.pop("headers", {})
        answer = self._client.open(PREFIX + path, method=method, headers=headers, **given)
        operation = _operation(self._document, method, (PREFIX + path).partition("?")[0])
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, f"{method} {path} answered {answer.status_code}, which is not described"
        for kind, media in described.get("content", {}).items():
            assert answer.mimetype == kind
            assert _problems(self._document, media["schema"], answer.get_json()) == [], (method, path)
        return answer


@pytest.fixture
def owner(people: People) -> Person:
    return people.member(people.organisation(), Role.owner)


@pytest.fixture
def api(document: dict[str, Any], app: Flask, people: People, owner: Person) -> Checked:
    return Checked(document, app.test_client(), people.bearer(owner))


# The document --------------------------------------------------------------------------------------------------------


def test_every_route_of_the_api_is_in_the_document(app: Flask, document: dict[str, Any]) -> None:
    missing = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.endpoint != "api.document":
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            missing += [
                f"{method} {path}"
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
                if method.lower() not in document["paths"].get(path, {})
            ]
    assert missing == []


def test_the_interface_of_the_issue_is_there(document: dict[str, Any]) -> None:
    wanted = {
        ("post", "/uploads"),
        ("get", "/uploads"),
        ("get", "/uploads/{upload_id}"),
        ("delete", "/uploads/{upload_id}"),
        ("get", "/uploads/{upload_id}/parts"),
        ("post", "/uploads/{upload_id}/complete"),
        ("post", "/uploads/{upload_id}/abort"),
        ("post", "/dossiers"),
        ("get", "/dossiers/{dossier_id}"),
        ("get", "/reviews"),
        ("post", "/reviews/{task_id}/decision"),
        ("get", "/items"),
        ("get", "/deadlines"),
    }
    there = {(method, path.removeprefix(PREFIX)) for path, methods in document["paths"].items() for method in methods}
    assert wanted <= there


def test_every_answer_has_an_example_of_its_shape(document: dict[str, Any]) -> None:
    for made in ROUTES:
        for kind in made.answers.values():
            if kind is not None:
                assert kind in EXAMPLES, kind
                schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
                assert _problems(document, schema, dump(EXAMPLES[kind])) == []


def test_the_document_is_sound(app: Flask, document: dict[str, Any]) -> None:
    text = str(document)
    names = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert names <= document["components"]["schemas"].keys()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    with app.app_context():
        assert openapi() == document
    operations = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(operations) == len(set(operations))


# Real answers --------------------------------------------------------------------------------------------------------


def test_real_answers_are_of_the_shape_described(
    app: Flask, document: dict[str, Any], api: Checked, people: People, owner: Person, worker_app: Flask
) -> None:
    work: Callable[[], int] = runner(worker_app)
    assert owner.organisation_id is not None
    incubatee = Lifecycle(people).incubatee(owner.organisation_id, signer=owner.actor)
    item = str(incubatee.item_ids[0])
    content = good_bank()
    body = {"name": "题库.xlsx", "size": len(content), "purpose": "question_bank", "subject_id": item}
    ticket = api("POST", "/uploads", json=body).get_json()
    assert set(ticket) == {"id", "part_size", "parts", "expires_at"}
    assert set(ticket["parts"][0]) == {"number", "url"}
    api("GET", f"/uploads/{ticket['id']}/parts")
    parts = Sender(app.test_client(), {}).send(ticket, content)
    assert api("POST", f"/uploads/{ticket['id']}/complete", json={"parts": parts}).status_code == 202
    work()
    status = api("GET", f"/uploads/{ticket['id']}").get_json()
    assert {"id", "state", "size", "sha256", "sm3", "type", "reasons", "report"} <= status.keys()
    assert status["state"] == "checked"
    assert len(api("GET", "/uploads?purpose=question_bank").get_json()["items"]) == 1
    handed_in = {"kind": "question_bank", "subject_id": item, "upload_ids": [ticket["id"]]}
    key = {"Idempotency-Key": "k1"}
    receipt = api("POST", "/dossiers", json=handed_in, headers=key)
    assert receipt.status_code == 201
    assert set(receipt.get_json()) == {"id", "number", "state", "manifest_sha256"}
    work()
    dossier = api("GET", f"/dossiers/{receipt.get_json()['id']}").get_json()
    assert set(dossier["events"][0]) == {"name", "at", "role"}
    assert [row["bank_state"] for row in api("GET", "/items").get_json()["items"]].count("dispatched") == 1
    deadlines = api("GET", "/deadlines").get_json()["items"]
    assert {row["kind"] for row in deadlines} == {"incubation_due", "bank_submit_by"}
    assert deadlines == sorted(deadlines, key=lambda row: row["due_at"])
    officer = Checked(document, app.test_client(), people.bearer(people.official("370200")))
    task = officer("GET", "/reviews?state=waiting").get_json()["items"][0]
    assert officer("GET", f"/dossiers/{task['dossier_id']}").status_code == 200
    assert officer("GET", "/deadlines").get_json()["items"]
    decision = {"decision": "return", "reason": "缺答案"}
    assert officer("POST", f"/reviews/{task['id']}/decision", json=decision).get_json()["state"] == "returned"
    assert api("POST", f"/uploads/{ticket['id']}/recheck").status_code == 422
    assert api("POST", f"/uploads/{ticket['id']}/abort").status_code == 409
    assert api("DELETE", f"/uploads/{ticket['id']}").status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "locations"),
    [
        (b"{", 400, [""]),
        (b"\xff\xfe", 400, [""]),
        (b"[" * 100_000, 400, [""]),
        (b"[]", 422, [""]),
        (b"null", 422, [""]),
        (b"{}", 422, ["name", "size", "purpose"]),
        (b'{"name": 1, "size": "10", "purpose": []}', 422, ["name", "size", "purpose"]),
        (b'{"name": "a.pdf", "size": true, "purpose": "question_bank"}', 422, ["size"]),
        (b'{"name": "a.pdf", "size": 1.5, "purpose": "question_bank"}', 422, ["size"]),
        (b'{"name": "a.pdf", "size": 9e99, "purpose": "question_bank"}', 422, ["size"]),
        (b'{"name": "a.pdf", "size": 1, "purpose": "question_bank", "subject_id": "x"}', 422, ["subject_id"]),
        (b'{"name": "", "size": 1, "purpose": "question_bank"}', 422, ["name"]),
    ],
)
def test_requests_of_the_wrong_shape_name_every_fault(
    api: Checked, body: bytes, status: int, locations: list[str]
) -> None:
    answer = api("POST", "/uploads", data=body, content_type="application/json")
    assert answer.status_code == status
    assert [error["location"] for error in answer.get_json()["errors"]] == locations


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"parts": []}, "parts"),
        ({"parts": [{"number": 1}]}, "parts[0].etag"),
        ({"parts": [{"number": 0, "etag": "x"}]}, "parts[0].number"),
        ({"parts": [{"number": 1, "etag": "a\x00b"}]}, "parts[0].etag"),
        ({"parts": [{"number": 1, "etag": "\ud800"}]}, "parts[0].etag"),
    ],
)
def test_faults_inside_lists_are_located(api: Checked, body: dict[str, Any], location: str) -> None:
    answer = api("POST", f"/uploads/{uuid.uuid4()}/complete", json=body)
    assert (answer.status_code, answer.get_json()["errors"][0]["location"]) == (422, location)


def test_what_is_unknown_does_not_exist(api: Checked, client: FlaskClient) -> None:
    nothing = uuid.uuid4()
    for method, path in (
        ("GET", f"/uploads/{nothing}"),
        ("DELETE", f"/uploads/{nothing}"),
        ("POST", f"/uploads/{nothing}/abort"),
        ("POST", f"/uploads/{nothing}/recheck"),
        ("GET", f"/uploads/{nothing}/parts"),
        ("GET", f"/dossiers/{nothing}"),
        ("GET", "/reviews"),
    ):
        answer = api(method, path)
        assert answer.status_code == 404, (method, path)
    assert api("POST", f"/uploads/{nothing}/complete", json={"parts": [{"number": 1, "etag": "x"}]}).status_code == 404
    for path in ("/api/v1/uploads/not-an-id", "/api/v1/nowhere", "/api/v2/uploads"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    wrong_method = client.put("/api/v1/uploads")
    assert (wrong_method.status_code, wrong_method.mimetype) == (405, "application/problem+json")


def test_a_cursor_nobody_gave_is_refused(api: Checked) -> None:
    assert api("GET", "/uploads?cursor=abc").status_code == 400
    assert api("GET", "/uploads?limit=0").status_code == 422
    assert api("GET", "/uploads?limit=201").status_code == 422
    assert api("GET", "/uploads?limit=many").status_code == 422
    assert api("GET", "/uploads?purpose=nothing").status_code == 422


def test_the_cursor_of_one_list_opens_no_other(api: Checked) -> None:
    for number in range(3):
        api("POST", "/uploads", json={"name": f"{number}.pdf", "size": 1, "purpose": "question_bank"})
    cursor = api("GET", "/uploads?limit=1").get_json()["next_cursor"]
    assert api("GET", f"/uploads?limit=1&cursor={cursor}").status_code == 200
    assert api("GET", f"/items?cursor={cursor}").status_code == 400


def test_a_dossier_needs_an_idempotency_key(api: Checked) -> None:
    body = {"kind": "question_bank", "subject_id": str(uuid.uuid4()), "upload_ids": [str(uuid.uuid4())]}
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 201}):
        answer = api("POST", "/dossiers", json=body, headers=headers)
        assert answer.status_code == 400
        assert answer.get_json()["errors"][0]["location"] == "Idempotency-Key"


def test_without_a_token_one_is_asked_for(client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = client.get(f"{PREFIX}/items", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_needs_the_csrf_token_and_a_bearer_does_not(app: Flask, people: People, owner: Person) -> None:
    body = {"name": "a.pdf", "size": 1, "purpose": "question_bank"}
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        browser = people.sign_in(app.test_client(), owner)
        refused = browser.post(f"{PREFIX}/uploads", json=body)
        assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
        assert app.test_client().post(f"{PREFIX}/uploads", json=body, headers=people.bearer(owner)).status_code == 201
        assert browser.get(f"{PREFIX}/uploads").status_code == 200
        if token := refused.headers.get("X-CSRFToken"):
            assert browser.post(f"{PREFIX}/uploads", json=body, headers={"X-CSRFToken": token}).status_code == 201
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_while_the_store_is_down_the_api_says_so(api: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    from uploads.errors import PartDown
    from uploads.store import ObjectStore

    ticket = api("POST", "/uploads", json={"name": "a.pdf", "size": 1, "purpose": "question_bank"}).get_json()

    def down(self: ObjectStore, *place: Any) -> Any:
        raise PartDown("object_store", "connection refused")

    for name in ("start_multipart", "list_parts"):
        monkeypatch.setattr(ObjectStore, name, down)
    assert api("POST", "/uploads", json={"name": "a.pdf", "size": 1, "purpose": "question_bank"}).status_code == 503
    assert api("GET", f"/uploads/{ticket['id']}/parts").status_code == 503
    parts = [{"number": 1, "etag": "x"}]
    assert api("POST", f"/uploads/{ticket['id']}/complete", json={"parts": parts}).status_code == 503
    assert api("GET", f"/uploads/{ticket['id']}").get_json()["state"] == "receiving"


def test_now_is_in_the_answers_as_utc(api: Checked) -> None:
    ticket = api("POST", "/uploads", json={"name": "a.pdf", "size": 1, "purpose": "question_bank"}).get_json()
    assert ticket["expires_at"].endswith("Z")
    assert ticket["expires_at"] > clock.now().isoformat()[:19]
