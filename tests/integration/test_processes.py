"""The processes behind the web: what a worker holds while it waits for jobs."""

from __future__ import annotations

import psycopg
import pytest
from click.testing import CliRunner
from rq import Worker
from sqlalchemy.engine import make_url

from app.cli import Context
from app.cli.processes import worker
from app.config import Config
from app.db import db
from app.factory import create_app


def _held(settings: Config) -> int:
    """How many connections the worker's role has at the server, beside those of the test's own application."""
    url = make_url(settings.sqlalchemy_url("owner")).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        found = connection.execute("select count(*) from pg_stat_activity where usename = 'sheping_worker'").fetchone()
    assert found is not None
    return int(found[0])


def test_a_waiting_worker_shares_no_connection_with_its_children(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A connection kept from the start is inherited by the process of each job: all of them fail once the database was
    # restarted, and until then its transaction stays open.
    before, seen = _held(settings), []

    def work(self: Worker, **_: object) -> None:
        seen.append((_held(settings), len(self.queues), db.engine.pool.checkedout()))

    monkeypatch.setattr(Worker, "work", work)
    made = CliRunner().invoke(worker, [], obj=Context(lambda role: create_app(role, settings)), catch_exceptions=False)
    assert made.exit_code == 0
    ((held, queues, checked_out),) = seen
    assert queues > 4, "it has asked for the bureaus' queues"
    assert (held, checked_out) == (before, 0)
