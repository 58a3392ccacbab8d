"""A part is down: the person is told in words, the form is not lost, health says which part."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.db import db
from app.factory import create_app

UNREACHABLE = "127.0.0.1:1"


@pytest.fixture
def database_gone(settings: Config) -> Iterator[Flask]:
    gone = Config(**{**settings.__dict__, "database_url": f"postgresql://sheping_web:x@{UNREACHABLE}/sheping"})
    app = create_app("web", gone, TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_without_the_database_a_page_says_so(database_gone: Flask) -> None:
    client = database_gone.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "a-token-of-an-earlier-day"
    answer = client.get("/account/profile")
    assert answer.status_code == 503
    assert "服务暂时不可用" in answer.text
    assert answer.headers["X-Error-Code"] == "database_down"


def test_without_the_database_the_api_answers_in_json(database_gone: Flask) -> None:
    answer = database_gone.test_client().get("/api/v1/items", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 503
    assert answer.json["code"] == "database_down"


def test_health_names_the_part_that_is_down(database_gone: Flask) -> None:
    client = database_gone.test_client()
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["parts"]["database"].startswith("down")
    assert ready.json["parts"]["object_store"] == "ok"


def test_health_without_queue_and_store(settings: Config, clean: None) -> None:
    gone = Config(
        **{**settings.__dict__, "redis_url": f"redis://{UNREACHABLE}", "s3_endpoint": f"http://{UNREACHABLE}"}
    )
    app = create_app("web", gone, TESTING=True)
    parts = app.test_client().get("/readyz").json["parts"]
    assert parts["queue"].startswith("down")
    assert parts["object_store"].startswith("down")
    assert parts["database"] == "ok"
    with app.app_context():
        db.engine.dispose()


def test_parts_that_take_a_call_and_never_answer_are_down_soon(settings: Config, clean: None) -> None:
    """A hung server is worse than a dead one: whoever asks must not hang with it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = f"127.0.0.1:{silent.getsockname()[1]}"
        app = create_app(
            "web",
            Config(**{**settings.__dict__, "redis_url": f"redis://{hung}", "s3_endpoint": f"http://{hung}"}),
            TESTING=True,
        )
        began = time.monotonic()
        ready = app.test_client().get("/readyz")
        assert time.monotonic() - began < 20
    assert ready.status_code == 503
    assert ready.json["parts"]["queue"].startswith("down")
    assert ready.json["parts"]["object_store"].startswith("down")
    with app.app_context():
        db.engine.dispose()


def test_a_character_no_field_can_hold_is_refused_and_nothing_breaks(client: FlaskClient) -> None:
    assert client.get("/directory?q=%00").status_code == 400
    assert client.post("/objections", data={"code": "AB\x00C"}).status_code == 422
    assert client.post("/api/v1/uploads", json={"name": "a\x00b"}).status_code == 401
