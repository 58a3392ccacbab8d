"""The three kinds of process: `sheping web`, `sheping worker`, `sheping scheduler`."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click
import structlog
from rq import Queue, Worker
from rq.worker import DequeueStrategy

from app import outbox
from app.cli import CommandFailed, Context, pass_context
from app.config import ROOT, Config
from app.db import db
from app.documents import jobs as document_jobs
from app.embedded.state import why_taken
from app.lifecycle.scheduling import Scheduler
from app.reminders.schedule import PERIODIC
from tenants.queries import bureau_queues

log = structlog.get_logger(__name__)
GENERAL_QUEUES = ("intake", "mail", "default", "documents")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    default=lambda: int(os.environ.get("PORT", "8000")),
    show_default="PORT or 8000",
    type=click.IntRange(1, 65535),
)
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=16, show_default=True, help="Threads a process.")
def web(host: str, port: int, workers: int, threads: int) -> None:
    """Serve HTTP with granian."""
    # It shares a port with whoever has it already, and each would answer some of the requests.
    if reason := why_taken(host, port):
        raise CommandFailed(f"cannot listen on {host}:{port}: {reason}; stop what is there or choose another --port")
    arguments = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers),
                 "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning", "wsgi:app"]  # fmt: skip
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "granian", *arguments])  # noqa: S606 - our own interpreter


@click.command()
@click.option("--queues", default="", help="Comma-separated; `bureaus` means every bureau's. Default: all.")
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
@pass_context
def worker(context: Context, queues: str, burst: bool) -> None:
    """Run the jobs of the given queues, taking turns between them so that one city never delays another."""
    with context.as_system() as app:
        settings: Config = app.config["SHEPING"]
        names = _queue_names(queues)
        # Every job runs in a forked child: a connection kept here would be shared by all of them, stay in its
        # transaction for as long as the worker lives, and be dead for good after a restart of the database.
        db.session.remove()
        db.engine.dispose()
        redis = outbox.connect_redis(settings.redis_url)
        rq_worker = Worker(
            [Queue(name, connection=redis, serializer="json") for name in names],
            connection=redis,
            serializer="json",
            worker_ttl=60,
            maintenance_interval=30,
            default_result_ttl=0,
        )
        log.info("worker_ready", queues=len(names))
        rq_worker.work(burst=burst, logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)


def _queue_names(wanted: str) -> list[str]:
    bureaus = bureau_queues()
    if not wanted:
        return [*GENERAL_QUEUES, *bureaus]
    asked = [part.strip() for part in wanted.split(",") if part.strip()]
    known = {*GENERAL_QUEUES, *bureaus, "bureaus"}
    if unknown := [name for name in asked if name not in known]:
        raise CommandFailed(
            f"no such queue: {', '.join(unknown)}; the queues are {', '.join(GENERAL_QUEUES)}, bureaus (every one's)"
            f" and {', '.join(bureaus)}"
        )
    # Named twice, a queue would take two turns.
    return list(dict.fromkeys(name for one in asked for name in (bureaus if one == "bureaus" else [one])))


@click.command()
@pass_context
def scheduler(context: Context) -> None:
    """Relay the outbox, sweep what is stuck, follow the clocks, send reminders. Any number may run."""
    with context.as_system() as app:
        settings: Config = app.config["SHEPING"]
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Scheduler(outbox.connect_redis(settings.redis_url), (*PERIODIC, *document_jobs.PERIODIC), stop=stop).run()
