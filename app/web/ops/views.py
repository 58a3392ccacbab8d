"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import outbox
from app.config import Config, ConfigError
from app.db import db
from app.web.access import PUBLIC
from uploads import scanner
from uploads.custody.keys import configured_masters, is_on
from uploads.errors import PartDown
from uploads.store import ObjectStore

blueprint = Blueprint("ops", __name__)
ACCESS = {"ops.healthz": PUBLIC, "ops.readyz": PUBLIC, "ops.metrics": PUBLIC}
log = structlog.get_logger(__name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Each part by name: ok, or what is wrong; 503 when one that is needed is down. The scanner is optional."""
    settings: Config = current_app.config["SHEPING"]
    needed: dict[str, Callable[[], str]] = {
        "database": _database,
        "queue": lambda: _queue(settings),
        "object_store": _object_store,
        "custody": _custody,
    }
    parts = {name: _probe(name, probe) for name, probe in needed.items()}
    ready = all(state == "ok" for state in parts.values())
    parts["scanner"] = scanner.describe(settings.clamd_url)
    return jsonify(status="ok" if ready else "unavailable", parts=parts), 200 if ready else 503


def _probe(name: str, probe: Callable[[], str]) -> str:
    try:
        return probe()
    except (SQLAlchemyError, RedisError, PartDown, ConfigError, OSError) as error:
        log.warning("part_not_ready", part=name, reason=str(error))
        return f"down: {type(error).__name__}"


def _database() -> str:
    db.session.execute(text("select version_num from alembic_version"))
    return "ok"


def _queue(settings: Config) -> str:
    outbox.connect_redis(settings.redis_url, answer_seconds=3).ping()
    return "ok"


def _object_store() -> str:
    store: ObjectStore = current_app.extensions["sheping_store"]
    store.ping()
    return "ok"


def _custody() -> str:
    known = configured_masters()
    return "ok" if known.keys or not is_on() else "no master key (CUSTODY_KEYS)"


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus's text format; counts and durations only, never a name."""
    return Response(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
