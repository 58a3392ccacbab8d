"""Fixtures for every height of test: the real stack, one application a role, emptied between tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import psycopg.sql
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock, config, jobs
from app.cli.database import migrate
from app.config import Config
from app.db import db
from app.factory import create_app
from app.lifecycle.reference import seed_reference
from app.outbox import OutboxMessage
from tenants import scope
from tenants.scope import SYSTEM
from tests.factories.people import People

pytest_plugins = ["tests.stack"]

# What `db upgrade` puts there stays; everything else is emptied after each test.
REFERENCE = {"authorities", "calendar_days", "annex_templates", "alembic_version"}

# The running service of the browser's tests works off the same outbox, and Playwright leaves an event loop behind:
# what counts jobs or runs a loop of its own comes before both.
HEIGHTS = ("unit", "integration", "chaos", "browser")
# Two runs side by side take whole files from one list: what is long comes first, so that neither waits for the other's
# last file. One run alone goes from the quick to the slow.
SIDE_BY_SIDE = ("chaos", "integration", "unit", "browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests from the lowest height to the highest, each height in the order it was collected."""
    heights = SIDE_BY_SIDE if hasattr(config, "workerinput") else HEIGHTS
    root = Path(__file__).parent

    def height(item: pytest.Item) -> tuple[int, int]:
        folder = item.path.relative_to(root).parts[0] if item.path.is_relative_to(root) else ""
        uses = getattr(item, "fixturenames", ())
        # Whoever empties the running service, or moves its clock too, comes after those who know its accounts.
        empties = 2 if "stage" in uses else 1 if "clean" in uses else 0
        return heights.index(folder) if folder in heights else len(heights), empties if folder == "browser" else 0

    items.sort(key=height)


@pytest.fixture(scope="session")
def settings(stack_env: dict[str, str]) -> Config:
    """The settings of this test session's stack, migrated and with its reference data."""
    loaded = config.load(stack_env)
    migrate(loaded.sqlalchemy_url("owner"))
    app = create_app("worker", loaded, TESTING=True)
    with app.app_context(), scope.use(SYSTEM):
        seed_reference(now=clock.now())
        db.session.commit()
        db.engine.dispose()
    return loaded


def _application(role: str, settings: Config) -> Iterator[Flask]:
    app = create_app(role, settings, TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def _web_app(settings: Config) -> Iterator[Flask]:
    yield from _application("web", settings)


@pytest.fixture(scope="session")
def _worker_app(settings: Config) -> Iterator[Flask]:
    yield from _application("worker", settings)


@pytest.fixture
def clean(request: pytest.FixtureRequest, settings: Config, stack_env: dict[str, str]) -> Iterator[None]:
    """An empty database before the test's data and after it (the superuser empties it; nobody else could)."""
    yield
    empty(stack_env, in_use="browser" in request.path.parts)


def empty(stack_env: dict[str, str], *, in_use: bool) -> None:
    """Empty the database of this test session, but for the reference data. `in_use`: a running service is at work in
    it, so that no table is held while the next is waited for."""
    clock.forget_offset()
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        delete = psycopg.sql.SQL("delete from {};")
        wanted = [delete.format(psycopg.sql.Identifier(name)) for (name,) in names if name not in REFERENCE]
        connection.execute("set session_replication_role = replica")
        # Alone: one way to the server and back for some eighty tables, more than a thousand times in a run.
        for statement in wanted if in_use else [psycopg.sql.SQL("").join(wanted)]:
            connection.execute(statement)
        connection.execute("update authorities set paused_at = null, paused_reason = null where paused_at is not null")


@pytest.fixture
def app(_web_app: Flask, clean: None) -> Flask:
    """The web application, with the web role's rights."""
    return _web_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that nobody has signed in to."""
    return app.test_client()


@pytest.fixture
def worker_app(_worker_app: Flask, clean: None) -> Flask:
    """The application of workers and commands."""
    return _worker_app


@pytest.fixture
def system(worker_app: Flask) -> Iterator[Flask]:
    """Inside the worker's application as the system: where services are tested and data is made."""
    with worker_app.app_context(), scope.use(SYSTEM):
        yield worker_app
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def people(worker_app: Flask) -> People:
    """Makes organisations and persons, and signs them in."""
    return People(worker_app)


@pytest.fixture
def drain(worker_app: Flask) -> Callable[[], int]:
    """Run what waits in the outbox until nothing is left, as a worker would, in this process; answers how many."""

    def run() -> int:
        done = 0
        with worker_app.app_context(), scope.use(SYSTEM):
            while True:
                query = select(OutboxMessage.id).where(OutboxMessage.state.in_(("pending", "enqueued")))
                ids = list(db.session.scalars(query.order_by(OutboxMessage.id)))
                db.session.rollback()
                ran = sum(jobs.run_one(row_id) for row_id in ids)
                if not ran:
                    return done
                done += ran

    return run
